"""Pictures of any size, on disk as pyramids of which the retina reads only what it looks at."""
