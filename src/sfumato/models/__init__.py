"""Models: directories and Hub repositories that can generate."""

from sfumato.models.configuration import ModelConfig, SamplerSettings
from sfumato.models.generation import Generation, Progress, as_tensor, to_pictures
from sfumato.models.model import Model, build_denoiser
from sfumato.models.place import locate_model
from sfumato.models.reimagining import reimagine

__all__ = [
    "Generation",
    "Model",
    "ModelConfig",
    "Progress",
    "SamplerSettings",
    "as_tensor",
    "build_denoiser",
    "locate_model",
    "reimagine",
    "to_pictures",
]
