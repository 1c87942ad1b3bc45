"""The glimpse sensor (section 3.1 of the paper), and where it looks."""
