"""Gymnasium's rules around any task: single and vector environments."""
