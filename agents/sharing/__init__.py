"""What leaves the project, and who looks on: programs for other runtimes, directories with a card, trackers of runs."""
