"""A file becomes a picture, safely: decoding, colour, orientation, limits; pictures and tensors."""
