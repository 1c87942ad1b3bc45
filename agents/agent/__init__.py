"""The agent itself: its hyper-parameters, its environment, its episodes, how it predicts, and its file."""
