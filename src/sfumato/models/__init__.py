"""Models: directories and Hub repositories that can generate."""

from sfumato.models.configuration import ModelConfig, SamplerSettings
from sfumato.models.generation import Generation, Progress
from sfumato.models.inpainting import inpaint, outpaint
from sfumato.models.interpolation import interpolated, passing
from sfumato.models.model import Model, build_denoiser
from sfumato.models.place import locate_model
from sfumato.models.reimagining import reimagine
from sfumato.models.remaking import enlarge_again, relatives, remake
from sfumato.models.upscaling import enlarging, upscale, upscale_work

__all__ = [
    "Generation",
    "Model",
    "ModelConfig",
    "Progress",
    "SamplerSettings",
    "build_denoiser",
    "enlarge_again",
    "enlarging",
    "inpaint",
    "interpolated",
    "locate_model",
    "outpaint",
    "passing",
    "reimagine",
    "relatives",
    "remake",
    "upscale",
    "upscale_work",
]
