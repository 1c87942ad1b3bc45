"""What leaves the project: agents as programs for other runtimes."""
