"""What an agent reaches, and what controls reach beside it."""
