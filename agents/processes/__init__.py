"""What a run owes to the operating system: signals that end it, and the processes that share its work."""
