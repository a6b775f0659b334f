"""From the recipe in a work's file: the same work again, or its relatives."""

from __future__ import annotations

from dataclasses import replace
from typing import Any, SupportsIndex, Unpack

from PIL import Image

from sfumato.diffusion.randomness import SeededNoise, Slerp
from sfumato.errors import SfumatoError
from sfumato.models.configuration import SamplerChoices, given
from sfumato.models.generation import Generation, whole_seed
from sfumato.models.ground import Ground, Margins
from sfumato.models.model import Model
from sfumato.models.reimagining import ONE_PASS, in_one_pass
from sfumato.models.steering import Composition, Palette, Steering
from sfumato.works import Recipe, Work
from sfumato.works.recipe import MOST_TURNS


def remake(
    model: Model,
    recipe: Recipe,
    *,
    picture: Image.Image | None = None,
    mask: Image.Image | None = None,
    label: str | None = None,
    away: str | None = None,
    strength: float | None = None,
    **changes: Unpack[SamplerChoices],
) -> Work:
    """The work of a recipe once more; what is not None is changed on the way.

    picture, mask: those that the work began with, where it did. On the same machine, with the same versions and without
    changes, the pixels are the same. Raises SfumatoError for another model than the recipe's, a picture or a mask that
    is missing or another one, and values out of range.
    """
    ground = ground_of(model, recipe, picture, mask, strength)
    if recipe.sampler == ONE_PASS:
        assert ground.picture is not None, "what answers in one pass answers to a picture"
        return in_one_pass(model, ground.picture)
    generation, index = repetition(model, recipe, ground, label=label, away=away, **changes)
    return next(generation.works(1, first=index))


def repetition(
    model: Model,
    recipe: Recipe,
    ground: Ground,
    *,
    label: str | None = None,
    away: str | None = None,
    **changes: Unpack[SamplerChoices],
) -> tuple[Generation, int]:
    """What makes the work of a recipe once more, step by step, and the work's number in it.

    ground: see `ground_of`. Raises SfumatoError for an autoencoder's recipe, and as `remake` does.
    """
    if recipe.sampler == ONE_PASS:
        raise SfumatoError(f"the model '{recipe.model}' is an autoencoder: it answers in one pass, without steps")
    noise = noise_of(recipe)
    asked: dict[str, Any] = choices_of(recipe) | given({"label": label, "away": away, **changes})
    generation = Generation.of(model, seed=recipe.seed, noises=lambda index: noise, ground=ground, **asked)
    return generation, number_of(noise)


def enlarge_again(model: Model, recipe: Recipe, work: Work) -> Work:
    """An enlarged work once more, from the smaller one made once more, which may have been changed on the way.

    recipe: of the enlarged one, which stays as it is. Raises SfumatoError for another upscaler than the recipe's.
    """
    generation, index = enlarging_again(model, recipe, work)
    return next(generation.works(1, first=index))


def enlarging_again(model: Model, recipe: Recipe, work: Work) -> tuple[Generation, int]:
    """What does so, step by step, and the larger work's number in it."""
    check_model(model, recipe)
    return repetition(model, recipe, Ground.enlarging(model.config, work.image, work.recipe, tile=recipe.tile))


def relatives(
    model: Model,
    recipe: Recipe,
    share: float,
    *,
    seed: SupportsIndex = 0,
    picture: Image.Image | None = None,
    mask: Image.Image | None = None,
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
        raise SfumatoError(f"the model '{recipe.model}' is an autoencoder: no picture has relatives in it")
    if len(recipe.turns) >= MOST_TURNS:
        raise SfumatoError(
            f"the work is a relative of {MOST_TURNS} relatives, and no more are kept; take an earlier one"
        )
    origin, other = noise_of(recipe), whole_seed(seed)
    asked: dict[str, Any] = choices_of(recipe) | given({"label": label, "away": away, **changes})
    return Generation.of(
        model,
        seed=other,
        noises=lambda index: replace(origin, slerps=(*origin.slerps, Slerp(other, index, share))),
        ground=ground_of(model, recipe, picture, mask),
        **asked,
    )


def noise_of(recipe: Recipe) -> SeededNoise:
    """The noise that the work was made of."""
    return SeededNoise(recipe.seed, recipe.index, tuple(Slerp(*turn) for turn in recipe.turns))


def number_of(noise: SeededNoise) -> int:
    """The work's number among those made with it, which says its place in its batch."""
    return noise.slerps[-1].index if noise.slerps else noise.index


def choices_of(recipe: Recipe) -> dict[str, Any]:
    """What was asked of the model but for the ground, as ``Generation.of`` takes it."""
    named = ("label", "away", "sampler", "schedule", "steps", "sigma_min", "sigma_max", "noise_high", "sharpness")
    guidance = ("guidance", "guidance_kind", "guidance_low", "guidance_high", "guidance_chroma")
    guided = recipe.guidance_kind != "none"
    return {
        **{name: getattr(recipe, name) for name in named},
        **({name: getattr(recipe, name) for name in guidance} if guided else {"guidance": 1.0}),
        "precision": recipe.dtype,
        "steering": _steering(recipe),
    }


def ground_of(
    model: Model,
    recipe: Recipe,
    picture: Image.Image | None = None,
    mask: Image.Image | None = None,
    strength: float | None = None,
) -> Ground:
    """What the work was painted on. Raises SfumatoError as `remake` does."""
    check_model(model, recipe)
    if strength is not None and (recipe.strength is None or recipe.margins is not None):
        raise SfumatoError(f"strength {strength:g}: the work is none that a picture was refined to; leave it out")
    for name, image, digest in (("picture", picture, recipe.input_digest), ("mask", mask, recipe.mask_digest)):
        if digest is None and image is not None:
            raise SfumatoError(f"the work was made without a {name}, and one was given; leave it out")
        if digest is not None and image is None:
            raise SfumatoError(
                f"the work began with a {name}, which is not in its file; give that {name} as well (--{name})"
            )
    if picture is None:
        return Ground.plain(model.config, *recipe.size, tile=recipe.tile)
    strength = strength or recipe.strength or 1.0
    if model.config.objective == "upscaling":
        ground = Ground.enlarging(model.config, picture, recipe.origin, tile=recipe.tile)
    elif recipe.margins is not None:
        ground = Ground.extended(model.config, picture, Margins(*recipe.margins))
    elif mask is not None:
        ground = Ground.masked(model.config, picture, mask, strength)
    elif recipe.inverted:
        ground = Ground.editing(model.config, picture, strength, recipe.source)
    else:
        ground = Ground.refining(model.config, picture, strength)
    digests = {
        "picture": (ground.input_digest, recipe.input_digest),
        "mask": (ground.mask_digest, recipe.mask_digest),
    }
    for name, (one, other) in digests.items():
        if one != other:
            raise SfumatoError(
                f"the {name} is not the one that the work began with (its digest differs); give that one"
            )
    return ground


def check_model(model: Model, recipe: Recipe) -> None:
    """Raises SfumatoError where the recipe names another model."""
    if recipe.model_digest != model.weights_digest:
        raise SfumatoError(
            f"the work was made with '{recipe.model}' (weights {recipe.model_digest[:10]}), and "
            f"'{model.config.name}' is another (weights {model.weights_digest[:10]}); name the model that made it"
        )


def _steering(recipe: Recipe) -> Steering:
    palette = composition = None
    if recipe.palette:
        palette = Palette(recipe.palette, recipe.palette_shares, recipe.palette_strength or 0.0)
    if recipe.composition is not None:
        composition = Composition(recipe.composition, recipe.composition_strength or 0.0)
    return Steering(palette, composition)
