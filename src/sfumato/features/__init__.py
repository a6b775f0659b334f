"""What pictures are compared in: descriptors without any training, and published networks."""
