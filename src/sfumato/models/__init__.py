"""Models: directories and Hub repositories that can generate."""

from sfumato.models.configuration import ModelConfig, SamplerSettings
from sfumato.models.generation import Generation, Progress
from sfumato.models.generative import GenerativeModel as Model
from sfumato.models.inpainting import inpaint, outpaint
from sfumato.models.interpolation import interpolated, passing
from sfumato.models.model import build_denoiser
from sfumato.models.pictures import as_tensor, to_pictures
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
    "as_tensor",
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
    "to_pictures",
    "upscale",
    "upscale_work",
]
