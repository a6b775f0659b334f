"""Models: directories and Hub repositories that can generate."""

from sfumato.images.tensors import to_pictures
from sfumato.models.building import build_denoiser
from sfumato.models.configuration import ModelConfig
from sfumato.models.generation import Generation
from sfumato.models.interpolation import interpolated, passing
from sfumato.models.place import locate_model
from sfumato.models.progress import Progress
from sfumato.models.reproduction import reproduce, reproduction, variations
from sfumato.models.verbs import GenerativeModel as Model
from sfumato.models.verbs import enlarging, inpaint, outpaint, reimagine, upscale
from sfumato.works.request import Request
from sfumato.works.sampler_settings import SamplerSettings

__all__ = [
    "Generation",
    "Model",
    "ModelConfig",
    "Progress",
    "Request",
    "SamplerSettings",
    "build_denoiser",
    "enlarging",
    "inpaint",
    "interpolated",
    "locate_model",
    "outpaint",
    "passing",
    "reimagine",
    "reproduce",
    "reproduction",
    "to_pictures",
    "upscale",
    "variations",
]
