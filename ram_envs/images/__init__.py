"""Images with labels: MNIST, a user's own, and the distortions of training images."""
