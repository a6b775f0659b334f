"""Who signed a picture, whether it was changed since, what made it, and which training pictures it is near to."""

from __future__ import annotations

from collections.abc import Generator
from contextlib import suppress
from pathlib import Path
from typing import Any, Final

from sfumato.devices import device_again
from sfumato.errors import SfumatoError
from sfumato.images.decoding import open_picture
from sfumato.images.tensors import as_canvas
from sfumato.likeness import Finding, Likeness
from sfumato.models.again import making_again
from sfumato.models.chain import told_last_work
from sfumato.models.place import LIKENESS
from sfumato.policy.policy import Policy
from sfumato.studio.jobs.specs import OfCollection, OfWork, PictureReference, Verify
from sfumato.studio.models import StudioModel, models_of
from sfumato.studio.server.learned_pictures import LearnedPictures, said_of
from sfumato.studio.uploads import Upload
from sfumato.studio.workers.again import begun_with, one_work
from sfumato.studio.workers.handling import Context, Happening, Step
from sfumato.studio.workers.references import picture_file
from sfumato.works import Recipe, Work
from sfumato.works.comparing import compared
from sfumato.works.examining import Examination, examined

MOST_COMPARED: Final = 50  # models, where nothing says which one made the picture


def verify(asked: Verify, context: Context) -> Generator[Happening, None, None]:
    """The evidence is the job's result: a sentence, lines for people, and the same as data."""
    yield Step({"stage": "verifying"})
    path = path_of(asked.picture, context)
    found = examined(path)
    context.result |= {
        "sentence": found.sentence,
        "status": found.credentials.status,
        "details": found.lines,
        "recipe": None,
        "mark": None,
        "saved": [],
        "nearest": [],
        "finding": None,
        "again": None,
        **found.facts,
    }
    yield Step({"stage": "comparing"})
    context.result |= _nearness(path, found, context)
    if asked.again:
        yield from _again(asked.picture, found.work, context)


def path_of(reference: PictureReference, context: Context) -> Path:
    """The file itself, of which every byte counts. Raises SfumatoError for a picture that is in a zip."""
    if isinstance(reference, OfWork):
        return context.gallery.path_of(context.gallery.work(reference.work))
    if isinstance(reference, OfCollection):
        return picture_file(reference, context)
    return Upload.open(context.place, reference.upload).path_of(reference.file)


def _nearness(path: Path, found: Examination, context: Context) -> dict[str, Any]:
    """The nearest training pictures, of the models that its recipe names, or that of the saved work which bears its
    mark, or else of all that the studio has; nothing for a file that is no picture."""
    try:
        picture = as_canvas(open_picture(path))[None]
    except SfumatoError:
        return {}
    models = models_of(context.place, context.roots)
    recipe = found.work.recipe if found.work is not None else next((each.recipe for each in found.saved), None)
    if recipe is not None:
        wanted = {part.model.digest for part in (recipe.first, *recipe.enlargements)}
        models = [model for model in models if _digest(model) in wanted]
    best: tuple[StudioModel, Finding] | None = None
    for model in models[:MOST_COMPARED]:
        with suppress(SfumatoError, OSError):  # it has none, or one of another version
            (finding,) = Likeness.read(model.path / LIKENESS).judge(picture)
            if finding.nearest and (best is None or _nearer(finding, best[1])):
                best = model, finding
    if best is None:
        return {}
    model, finding = best
    learned = None if model.run is None else LearnedPictures.of(context.place, model.run)
    facts = finding.facts()
    nearest = [said_of(each) if learned is None else learned.beside(each) for each in facts["nearest"]]
    said = {"sentence": finding.sentence, "found": facts["found"], "model": model.id, "model_name": model.name}
    return {"nearest": nearest, "finding": said}


def _nearer(one: Finding, other: Finding) -> bool:
    return one.score - one.threshold > other.score - other.threshold


def _digest(model: StudioModel) -> str:
    try:
        return model.digest
    except OSError:
        return ""


def _again(reference: PictureReference, work: Work | None, context: Context) -> Generator[Happening, None, None]:
    """Make it once more, and compare: nothing of it is kept."""
    if work is None:
        context.result["again"] = {"same": False, "said": "it cannot be, as it carries no recipe"}
        return
    device = str(device_again("auto", work.recipe.environment.device))
    try:
        picture = mask = None
        if isinstance(reference, OfWork):
            given, mask = begun_with(context.gallery.work(reference.work), work.recipe, context)
            picture = None if given is None else given.image

        def model_of(part: Recipe) -> Any:
            return context.models.of_recipe(part, device)[1]

        steps = making_again(work.recipe, model_of, picture=picture, mask=mask, policy=Policy.none())
        made = yield from told_last_work(steps, one_work)
        same, said = compared(work, made)
    except SfumatoError as error:
        same, said = False, f"it cannot be: {error}"
    context.result["again"] = {"same": same, "said": said}
