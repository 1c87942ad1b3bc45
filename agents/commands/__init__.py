"""The commands of `ram`: one module each, with its options."""
