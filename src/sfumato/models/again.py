"""The work of a recipe made once more, by each of the models that it names."""

from __future__ import annotations

from collections.abc import Callable

from PIL import Image

from sfumato.errors import SfumatoError
from sfumato.models.chain import Chain, last_work
from sfumato.models.generation import Generation
from sfumato.models.model import Model
from sfumato.models.reproduction import reproduction
from sfumato.models.verbs import enlarging_again
from sfumato.policy.policy import Policy
from sfumato.works import Recipe, Work
from sfumato.works.request import Request


def made_again(
    recipe: Recipe,
    model_of: Callable[[Recipe], Model],
    make: Callable[[Generation], Work],
    changes: Request | None = None,
    *,
    picture: Image.Image | None = None,
    mask: Image.Image | None = None,
    strength: float | None = None,
    policy: Policy | None = None,
) -> Work:
    """The work once more, and each enlargement of it by an upscaler, the same but for what is changed.

    model_of: gives the model of a recipe, whose origin is not asked for; all are there before anything is made. make:
    makes the one work of a generation. picture, mask: those that the work began with; of one that began with noise and
    was enlarged since, the picture may be the one before its last enlargement, which is then all that is made; policy:
    by default that of this computer. Raises SfumatoError as `reproduction`, model_of and make do.
    """
    chain = making_again(recipe, model_of, changes, picture=picture, mask=mask, strength=strength, policy=policy)
    return last_work(chain, make)


def making_again(
    recipe: Recipe,
    model_of: Callable[[Recipe], Model],
    changes: Request | None = None,
    *,
    picture: Image.Image | None = None,
    mask: Image.Image | None = None,
    strength: float | None = None,
    policy: Policy | None = None,
) -> Chain:
    """The same, one work after the other: yields what makes each, is sent that work, and returns the last one."""
    begun, enlargements = recipe.first, recipe.enlargements
    if picture is not None and begun.request.edit is None:
        begun, enlargements = recipe, ()
    stage = begun.request.with_changes(changes or Request()).stage
    if stage != begun.request.stage and any(part.reduction for part in (begun, *enlargements)):
        raise SfumatoError(
            f"stage {stage}: the work was made smaller for a print, which a work of another size is not cut to; "
            "make a new one in place of this one again"
        )
    model, *upscalers = [model_of(part) for part in (begun, *enlargements)]
    generation = reproduction(model, begun, changes, picture=picture, mask=mask, strength=strength, policy=policy)
    work = (yield generation.asking(retries=0)).reduced_as_in(begun)  # with the next seed it would be another
    for larger, upscaler in zip(enlargements, upscalers, strict=True):
        generation = enlarging_again(upscaler, larger, work.as_in(begun), policy=policy)
        work = (yield generation.asking(retries=0)).reduced_as_in(larger)
        begun = larger
    return work
