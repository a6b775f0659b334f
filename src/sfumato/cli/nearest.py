"""sfumato nearest: the training pictures that a work is nearest to, named, credited and shown beside it."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer
from rich.console import Console

from sfumato.cli import options
from sfumato.cli.bar import say
from sfumato.errors import SfumatoError
from sfumato.images.decoding import open_picture

if TYPE_CHECKING:
    from PIL import Image

    from sfumato.dataset import Dataset
    from sfumato.likeness import Finding, Likeness, Neighbour
    from sfumato.models import Model

BESIDE = 256  # pixels, the side at which pictures are shown side by side


def nearest(
    work: Annotated[Path, typer.Argument(help="A work, or with --model any picture.")],
    output: Annotated[Path | None, typer.Option("-o", "--output", help="The PNG that shows them side by side.")] = None,
    model: options.MadeWith = None,
    force: options.Force = False,
) -> None:
    """Say which training pictures a work is nearest to, and whether it is a near copy of one.

    They are shown side by side where the pictures that the model learned from are at hand.
    """
    from sfumato.cli.output import check_free, check_is_not, check_made_up, made_up
    from sfumato.images.tensors import as_canvas

    if output is None:
        output = made_up(work, "-nearest.png")
        check_made_up(output, force=force)
    elif output.suffix.lower() != ".png":
        raise SfumatoError(f"{output}: the pictures are shown in a PNG; give a name that ends in .png")
    else:
        check_is_not(output, work, "the work")
        check_free([output], force=force)
    picture = open_picture(work)
    models = _models(work, model)
    (finding,) = _known_to(models, work).judge(as_canvas(picture)[None])
    console = Console(highlight=False)
    say(console, f"{work}: {finding.sentence}")
    shown = [(one, found) for one in finding.nearest if (found := _at_hand(one, models)) is not None]
    if not shown:
        say(console, "The pictures that the model learned from are not beside it, so none is shown.")
        return
    _save_sheet(output, picture, finding, shown, models, force=force)
    say(console, f"side by side: {output}")


def _models(work: Path, named: str | None) -> Sequence[Model]:
    """The one that is named; else all that the work was made with. Raises SfumatoError where there is none."""
    from sfumato.cli.again import model_of
    from sfumato.models import Model
    from sfumato.works import read_work

    if named is not None:
        return [Model.from_pretrained(named, device="cpu")]
    recipe = read_work(work).recipe
    return [model_of(part, work, [], "cpu") for part in (recipe.first, *recipe.enlargements)]


def _known_to(models: Sequence[Model], work: Path) -> Likeness:
    first, *others = (model.likeness for model in models)
    if first is None:
        raise SfumatoError(
            f"{work}: what '{models[0].config.name}' learned from is not known, as it carries no index of its training "
            "pictures; 'sfumato evaluate' compares with pictures that you name"
        )
    return first.joined(others)


def _at_hand(neighbour: Neighbour, models: Sequence[Model]) -> Image.Image | None:
    """A training picture, where one of the models lies in its run and the run's pictures are there."""
    from sfumato.images.tensors import picture_digest
    from sfumato.text import restored_path

    for model in models:
        dataset = dataset_beside(restored_path(model.place))
        if dataset is None or neighbour.file not in dataset.files:
            continue
        place = dataset.files.index(neighbour.file)
        # Of one with random crops a square is known; of any other all of it, and another's may have the same name.
        whole = max(int(dataset.heights[place]), int(dataset.widths[place])) == dataset.size
        if not whole or picture_digest(dataset.images([place])[0]) == neighbour.digest:
            return dataset.picture(place)
    return None


def dataset_beside(model: Path) -> Dataset | None:
    """The dataset of the run that the model is, or lies in; None where there is none that can be read."""
    from sfumato.dataset import Dataset
    from sfumato.training import Run, is_run

    run = model if is_run(model) else model.parent if model.name == "model" else None
    if run is None or not is_run(run):
        return None
    try:
        return Dataset.open(Run.open(run).dataset)
    except SfumatoError:
        return None


def _save_sheet(
    output: Path,
    picture: Image.Image,
    finding: Finding,
    shown: Sequence[tuple[Neighbour, Image.Image]],
    models: Sequence[Model],
    *,
    force: bool,
) -> None:
    from PIL import Image

    from sfumato.provenance.mark import COMPOSITE
    from sfumato.works.saving import Product, save
    from sfumato.works.sheet import contact_sheet

    side = max(BESIDE, *picture.size) if max(picture.size) < 2 * BESIDE else BESIDE
    images = []
    for image in (picture, *(image for _, image in shown)):
        factor = side / max(image.size)
        mode = Image.Resampling.NEAREST if factor >= 2 else Image.Resampling.LANCZOS
        images.append(image.resize((max(1, round(image.width * factor)), max(1, round(image.height * factor))), mode))
    said = "near copy" if finding.is_near_copy else "no near copy found"
    labels = [f"the work: {said}", *(f"{one.similarity:.2f} {one.credit}" for one, _ in shown)]
    sheet = contact_sheet(images, columns=len(images), scale=1, labels=labels)
    save(Product([sheet], source_type=COMPOSITE, sources=models[0].sources([finding])), output, force=force)
