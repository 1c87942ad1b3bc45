"""MNIST, as its authors published it."""
