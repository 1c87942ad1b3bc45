"""RAM: the paper's networks (section 3.1), joined into a policy."""
