"""The dynamics of each task, written once, batched."""
