"""What the owner of a computer lets be made on it: limits in a file, and filters that works must pass."""
