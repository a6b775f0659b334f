"""A work of the gallery made once more from its recipe, as it is or with changes."""

from __future__ import annotations

from collections.abc import Generator
from contextlib import closing
from dataclasses import replace
from typing import Final

from PIL import Image

from sfumato.devices import device_again
from sfumato.errors import SfumatoError
from sfumato.models import Generation, Model
from sfumato.models.again import making_again
from sfumato.models.chain import told_last_work
from sfumato.models.reproduction import changes_work
from sfumato.provenance.credentials import Input
from sfumato.studio.jobs.specs import Again, Inpaint, Outpaint, Reimagine
from sfumato.studio.jobs.work import Work as Entered
from sfumato.studio.workers.handling import Context, Happening
from sfumato.studio.workers.making import Pace, loading, shows
from sfumato.studio.workers.references import Given, opened, opened_mask
from sfumato.studio.workers.rows import kept
from sfumato.works import Recipe, Work, read_work
from sfumato.works.comparing import compared
from sfumato.works.refusal import LIMITS, Refusal, nothing_left
from sfumato.works.request import Request

MOST_EARLIER: Final = 64  # works that a work was made from, one after the other


def again(asked: Again, context: Context) -> Generator[Happening, None, None]:
    """The work once more; where nothing is changed, the result says whether the pixels are the same."""
    if 0 in context.there:
        return
    yield loading()
    entered = context.gallery.work(asked.work)
    work = read_work(context.gallery.path_of(entered))
    picture, mask = begun_with(entered, work.recipe, context)
    device = str(device_again("auto", work.recipe.environment.device))
    ids: dict[str, str] = {}

    def model_of(part: Recipe) -> Model:
        ids[part.model.digest], model = context.models.of_recipe(part, device)
        return model

    changes = Request.of(**asked.asked)
    steps = making_again(work.recipe, model_of, changes, picture=None if picture is None else picture.image, mask=mask)
    made = yield from told_last_work(steps, one_work)
    inputs: tuple[Input, ...] = () if picture is None else picture.inputs
    context.result["works"] = 1
    if not changes_work(work.recipe.first.request, changes):
        same, said = compared(work, made)
        context.result["again"] = {"same": same, "said": said}
    model_id = ids.get(made.recipe.first.model.digest, "")
    yield kept(context, replace(made, inputs=inputs or made.inputs), 0, model_id=model_id, parent=asked.work)


def one_work(generation: Generation) -> Generator[Happening, None, Work]:
    """The work of a generation's own request. Raises SfumatoError where it is not let out."""
    refused, pace = list[Refusal](), Pace(1, 0)
    with closing(generation.events(previews=shows(generation))) as events:  # type: ignore[type-var]
        for progress in events:
            refused += progress.refused
            yield pace.step(progress, len(progress.works), generation.request.position)
            if progress.works:
                return progress.works[0]
    raise nothing_left(refused, LIMITS)


def begun_with(entered: Entered, recipe: Recipe, context: Context) -> tuple[Given | None, Image.Image | None]:
    """The picture and the mask that a work began with, as the job that made it was given them; None for a work from
    noise. Raises SfumatoError where they are not here any more."""
    if recipe.first.request.edit is None:
        return None, None
    for _ in range(MOST_EARLIER):
        asked = None if entered.job is None else context.queue.job(entered.job).asked
        if not isinstance(asked, Again):
            break
        entered = context.gallery.work(asked.work)
    if not isinstance(asked, Reimagine | Inpaint | Outpaint):
        raise SfumatoError(
            "the work began with a picture, which is not in its file, and the studio does not know it; "
            "begin with that picture anew"
        )
    mask = opened_mask(asked, context) if isinstance(asked, Inpaint) else None
    return opened(asked.picture, context), mask
