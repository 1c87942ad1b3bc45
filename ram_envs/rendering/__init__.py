"""Pictures of episodes, and the window that shows them; pygame is loaded when something is painted."""
