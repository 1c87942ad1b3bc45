"""The games of `ram play`, and their screens."""
