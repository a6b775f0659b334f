"""sfumato: from a folder of art to a diffusion model and new works, on the machine that you have."""

__version__ = "0.1.0"
