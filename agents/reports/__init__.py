"""What commands print: tables of errors, the paper's tables."""
