"""A picture made again by a model: in one pass by an autoencoder, from half-way noise by a diffusion model."""

from __future__ import annotations

from typing import Unpack

import torch
from PIL import Image
from torch import Tensor

import sfumato
from sfumato.models.configuration import SamplerChoices
from sfumato.models.finite import check_finite
from sfumato.models.generation import Generation
from sfumato.models.ground import Ground
from sfumato.models.model import Model
from sfumato.models.pictures import as_tensor, picture_digest, to_pictures
from sfumato.works import Recipe, Work

STRENGTH = 0.6
ONE_PASS = "one pass"


def reimagine(
    model: Model,
    picture: Image.Image,
    *,
    strength: float = STRENGTH,
    seed: int = 0,
    label: str | None = None,
    away: str | None = None,
    **asked: Unpack[SamplerChoices],
) -> Work:
    """One work that takes a picture for its beginning. picture: any size, cropped at its centre to the model's.

    An autoencoder answers in one pass, and looks at no other argument. A diffusion model noises the picture and refines
    it again (SDEdit: Meng et al. 2022, arXiv:2108.01073); strength, 0..1: the share of its steps that it takes, 1 to
    begin with pure noise. Raises SfumatoError for a model that takes no picture (a GAN) and for values out of range.
    """
    if model.config.objective == "reconstruction":
        return in_one_pass(model, as_tensor(picture, model.config.size))
    generation = Generation.of(
        model,
        seed=seed,
        label=label,
        away=away,
        ground=Ground.refining(model.config, picture, strength),
        **asked,
    )
    return next(generation.works(1))


@torch.inference_mode()
def in_one_pass(model: Model, picture: Tensor) -> Work:
    """What an autoencoder makes of a picture, [3, size, size] in -1..1.

    Raises SfumatoError where that is no number.
    """
    config, device = model.config, model.device
    made = model.codec.decode(model.denoiser(model.codec.encode(picture[None].to(device)), 1.0))
    check_finite(made, config)
    recipe = Recipe(
        model=config.name,
        model_digest=model.weights_digest,
        seed=0,
        sampler=ONE_PASS,
        steps=1,
        schedule="none",
        size=(config.size, config.size),
        input_digest=picture_digest(picture),
        device=device.type,
        sfumato_version=sfumato.__version__,
        torch_version=torch.__version__,
    )
    return Work(to_pictures(made)[0], recipe)
