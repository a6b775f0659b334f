"""From the recipe in a work's file: the same work again, or variations of it."""

from __future__ import annotations

from dataclasses import replace

from PIL import Image

from sfumato.errors import SfumatoError
from sfumato.models.abilities import check_prompts
from sfumato.models.canvas import canvas_of
from sfumato.models.configuration import ModelConfig
from sfumato.models.generation import Generation
from sfumato.models.model import Model
from sfumato.policy.policy import Policy
from sfumato.works import Recipe, Work
from sfumato.works.edits import Enlarge, Reconstruct
from sfumato.works.prompts import chosen
from sfumato.works.request import CanvasShape, Request, Slerp, whole_seed
from sfumato.works.values import MOST_SLERPS, Stage


def reproduction(
    model: Model,
    recipe: Recipe,
    changes: Request | None = None,
    *,
    picture: Image.Image | None = None,
    mask: Image.Image | None = None,
    strength: float | None = None,
    policy: Policy | None = None,
) -> Generation:
    """What makes the work of a recipe once more; what is set in the changes, and another strength, differs.

    picture, mask: those that the work began with, where it did; policy: by default that of this computer. On the same
    machine, with the same versions and without changes, the pixels are the same. Raises SfumatoError for another model
    than the recipe's, a picture or a mask that is missing or another one, values out of range, and words that a policy
    does not allow or has kept out of the file.
    """
    check_model(model, recipe)
    request = recipe.request
    asked = request.with_changes(changes or Request())
    if isinstance(request.edit, Enlarge):
        model = model.enlarger
    shape = request.canvas if asked.stage == request.stage else _shape_at(model.config, request, asked.stage)
    canvas = canvas_of(model.config.at(asked.stage), shape, request.edit, picture, mask, strength)
    generation = Generation.of(model, asked, canvas=canvas, origin=recipe.origin, policy=policy)
    check_prompts(generation.policy, [generation.told.prompt_of(asked.position)])
    # With anything changed it is a work of its own, in whose place none was refused.
    is_changed = strength is not None or changes_work(request, changes or Request())
    return generation if is_changed else replace(generation, attempt=recipe.attempt)


def _shape_at(config: ModelConfig, request: Request, stage: Stage) -> CanvasShape:
    """That of the work of another stage: of the small one that a work is the enlargement of, or the other way round.
    Raises SfumatoError for a work that began with a picture, of which each stage has its own."""
    if request.edit is not None:
        raise SfumatoError(
            f"stage {stage}: the work began with a picture, as large as works of stage {request.stage} are; begin with "
            "that picture anew"
        )
    factor = config.enlargement
    sides = {name: side for name in ("width", "height") if (side := getattr(request.canvas, name)) is not None}
    scaled = {name: -(-side // factor) if stage == "base" else side * factor for name, side in sides.items()}
    return request.canvas.model_copy(update=scaled)


def changes_work(request: Request, changes: Request) -> bool:
    """Whether a work's request is another one with these changes. Words that its file does not hold, and that are told
    as they were, change nothing."""
    asked = request.with_changes(changes)
    if asked.prompt is not None:
        chosen_one = chosen(asked.prompt, asked.position, asked.series_seed)
        asked = asked.model_copy(update={"prompt": chosen_one})
    return (asked if request.withheld is None else asked.withholding_words()) != request


def reproduce(
    model: Model,
    recipe: Recipe,
    *,
    picture: Image.Image | None = None,
    mask: Image.Image | None = None,
    strength: float | None = None,
    **changes: object,
) -> Work:
    """The work of a recipe once more; see ``reproduction``, and ``Request.of`` for the changes."""
    asked = reproduction(model, recipe, Request.of(**changes), picture=picture, mask=mask, strength=strength)
    return asked.asking(retries=0).work()


def variations(
    model: Model,
    recipe: Recipe,
    fraction: float,
    *,
    seed: int = 0,
    changes: Request | None = None,
    picture: Image.Image | None = None,
    mask: Image.Image | None = None,
) -> Generation:
    """Works whose noise is the recipe's, turned towards others of another seed.

    fraction: of the quarter turn between them: 0 is the work itself, 1 a work of ``seed``. Raises SfumatoError as
    `reproduction` does, for a fraction outside 0..1, and for an autoencoder's recipe.
    """
    if not 0 <= fraction <= 1:
        raise SfumatoError(f"variations {fraction:g}: from 0 (the work itself) to 1 (another work) is needed")
    made = recipe.request
    if isinstance(made.edit, Reconstruct):
        raise SfumatoError(f"the model '{recipe.model.name}' is an autoencoder: no picture has variations in it")
    if len(made.slerps) >= MOST_SLERPS:
        raise SfumatoError(
            f"the work is a variation of {MOST_SLERPS} variations, and no more are kept; take an earlier one"
        )
    turned = Slerp(seed=whole_seed(seed), number=0, fraction=fraction)
    request = made.model_copy(update={"slerps": (*made.slerps, turned)})
    turned_recipe = recipe.model_copy(update={"request": request, "attempt": 0})
    return reproduction(model, turned_recipe, changes, picture=picture, mask=mask)


def check_model(model: Model, recipe: Recipe) -> None:
    """Raises SfumatoError where the recipe names another model."""
    if recipe.model.digest != model.weights_digest:
        raise SfumatoError(
            f"the work was made with '{recipe.model.name}' (weights {recipe.model.digest[:10]}), and "
            f"'{model.config.name}' is another (weights {model.weights_digest[:10]}); name the model that made it"
        )
    changed_by = () if model.named is None else model.named.loras
    if [(each.digest, each.weight) for each in recipe.model.loras] != [(one.digest, one.weight) for one in changed_by]:
        needed = " ".join(f"--lora {each.name}.safetensors:{each.weight:g}" for each in recipe.model.loras)
        said = f"give its LoRA files, in their order, as in {needed}" if needed else "leave out --lora"
        raise SfumatoError(f"the work was made by '{recipe.model.name}' with other LoRA files than these; {said}")
