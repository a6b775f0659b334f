"""Pre-trained text-to-picture models, as diffusers keeps them, behind the one contract D(x, sigma, condition)."""
