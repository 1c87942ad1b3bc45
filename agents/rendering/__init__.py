"""Episodes as pictures, videos and figures."""
