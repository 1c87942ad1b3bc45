"""REINFORCE and the hybrid loss (section 3.2), from hyper-parameters to checkpoints."""
