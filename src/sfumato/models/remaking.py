"""From the recipe in a work's file: the same work again, or its relatives."""

from __future__ import annotations

import dataclasses
from typing import Any, Unpack

from PIL import Image
from torch import Tensor

from sfumato.diffusion.randomness import SeededNoise, Turn
from sfumato.errors import SfumatoError
from sfumato.models.configuration import SamplerChoices
from sfumato.models.generation import Generation
from sfumato.models.model import Model
from sfumato.models.pictures import as_tensor, picture_digest
from sfumato.models.reimagining import ONE_PASS, in_one_pass
from sfumato.works import Recipe, Work


def remake(
    model: Model,
    recipe: Recipe,
    *,
    picture: Image.Image | None = None,
    label: str | None = None,
    away: str | None = None,
    strength: float | None = None,
    **changes: Unpack[SamplerChoices],
) -> Work:
    """The work of a recipe once more; what is not None is changed on the way.

    picture: the one that the work began with, where it did. On the same machine, with the same versions and without
    changes, the pixels are the same. Raises SfumatoError for another model than the recipe's, a picture that is missing
    or another one, and values out of range.
    """
    shown = _picture(model, recipe, picture)
    if recipe.sampler == ONE_PASS:
        assert shown is not None, "what answers in one pass answers to a picture"
        return in_one_pass(model, shown)
    noise = noise_of(recipe)
    asked: dict[str, Any] = {"label": label, "away": away, "strength": strength, **changes}
    generation = Generation.of(
        model,
        seed=recipe.seed,
        noises=lambda index: noise,
        picture=shown,
        **(choices_of(recipe) | {name: value for name, value in asked.items() if value is not None}),
    )
    # In the place that it had in its batch.
    return next(generation.works(1, first=noise.turns[-1].index if noise.turns else noise.index))


def relatives(
    model: Model,
    recipe: Recipe,
    share: float,
    *,
    seed: int = 0,
    picture: Image.Image | None = None,
    label: str | None = None,
    away: str | None = None,
    **changes: Unpack[SamplerChoices],
) -> Generation:
    """Works whose noise is the recipe's, turned towards others of another seed.

    share: of the quarter turn between them: 0 is the work itself, 1 a work of ``seed``. What is not None is changed on
    the way. Raises SfumatoError as `remake` does, for a share outside 0..1, and for an autoencoder's recipe.
    """
    if not 0 <= share <= 1:
        raise SfumatoError(f"variations {share:g}: from 0 (the work itself) to 1 (another work) is needed")
    if recipe.sampler == ONE_PASS:
        raise SfumatoError(
            f"the model '{recipe.model}' is an autoencoder: it makes a picture in one way, without noise"
        )
    origin = noise_of(recipe)
    asked: dict[str, Any] = {"label": label, "away": away, **changes}
    return Generation.of(
        model,
        seed=seed,
        noises=lambda index: dataclasses.replace(origin, turns=(*origin.turns, Turn(seed, index, share))),
        picture=_picture(model, recipe, picture),
        **(choices_of(recipe) | {name: value for name, value in asked.items() if value is not None}),
    )


def noise_of(recipe: Recipe) -> SeededNoise:
    """The noise that the work was made of."""
    return SeededNoise(recipe.seed, recipe.index, tuple(Turn(*turn) for turn in recipe.turns))


def choices_of(recipe: Recipe) -> dict[str, Any]:
    """What was asked of the model, as ``Generation.of`` takes it."""
    named = ("label", "away", "sampler", "schedule", "steps", "sigma_min", "sigma_max", "sharpness")
    guidance = ("guidance", "guidance_kind", "guidance_low", "guidance_high")
    guided = recipe.guidance_kind != "none"
    return {
        **{name: getattr(recipe, name) for name in named},
        **({name: getattr(recipe, name) for name in guidance} if guided else {"guidance": 1.0}),
        "strength": recipe.strength or 1.0,
        "precision": recipe.dtype,
    }


def check_model(model: Model, recipe: Recipe) -> None:
    """Raises SfumatoError where the recipe names another model."""
    if recipe.model_digest != model.weights_digest:
        raise SfumatoError(
            f"the work was made with '{recipe.model}' (weights {recipe.model_digest[:10]}), and "
            f"'{model.config.name}' is another (weights {model.weights_digest[:10]}); name the model that made it"
        )


def _picture(model: Model, recipe: Recipe, picture: Image.Image | None) -> Tensor | None:
    """What the work began with, as the model sees it. Raises SfumatoError for another model, or another picture."""
    check_model(model, recipe)
    if recipe.input_digest is None:
        if picture is not None:
            raise SfumatoError("the work began with noise alone, and a picture was given; leave it out")
        return None
    if picture is None:
        raise SfumatoError("the work began with a picture, which is not in its file; give that picture as well")
    shown = as_tensor(picture, model.config.size)
    if picture_digest(shown) != recipe.input_digest:
        raise SfumatoError("the picture is not the one that the work began with (its digest differs); give that one")
    return shown
