"""How an agent learns: REINFORCE and the hybrid loss (section 3.2), the optimisers, and the run."""
