"""Who takes part in the benchmark: each algorithm behind one interface, trained within one budget."""
