"""Works to evaluate: the first ones of a model, or a folder of pictures as one batch at one size."""

from __future__ import annotations

import hashlib
import os
import warnings
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import torch
from PIL import Image
from torch import Tensor

from sfumato.errors import SfumatoError
from sfumato.images.colour import Colour
from sfumato.images.decoding import read_picture
from sfumato.images.files import FORMATS, read_file
from sfumato.images.tensors import as_tensor
from sfumato.images.unusable import UnusableError
from sfumato.models import Generation, Model
from sfumato.policy.policy import Policy
from sfumato.provenance.mark import RECIPE_KEY
from sfumato.text import counted
from sfumato.works.work import Work, read_work

SMALLEST_SIZE, LARGEST_SIZE, MULTIPLE = 32, 256, 8
SUFFIXES = {".png", ".jpg", ".jpeg", ".webp", ".gif", ".bmp", ".tif", ".tiff", ".avif"}


@dataclass(frozen=True, eq=False)
class WorksToEvaluate:
    """images: [N, 3, size, size] in -1..1, as 8 bits hold them; classes: N names as they were asked for, None where
    that is not known; name: for people; facts: where they come from, for people; digests: for the record."""

    images: Tensor
    classes: Sequence[str | None]
    name: str
    facts: Mapping[str, str]
    digests: Mapping[str, str]


def picture_files(folder: Path) -> list[Path]:
    """All files with a picture's ending below a folder, hidden ones, pipes and the like left out, sorted by name.

    Raises SfumatoError where there are none.
    """
    found = []
    for root, folders, files in os.walk(folder):
        folders[:] = [name for name in folders if not name.startswith(".")]
        found += [Path(root, name) for name in files if not name.startswith(".")]
    # A pipe would have its reader wait for ever.
    found = sorted(path for path in found if path.suffix.lower() in SUFFIXES and path.is_file())
    if not found:
        raise SfumatoError(f"{folder}: holds neither a model nor pictures; give what 'train' or 'generate' made")
    return found


def common_size(files: Sequence[Path]) -> int:
    """The largest training size that none of these pictures must be enlarged to. Raises SfumatoError below 32."""
    shortest, where = LARGEST_SIZE, Path()
    for path in files:
        try:
            with warnings.catch_warnings():
                warnings.simplefilter("ignore")  # of what is wrong with a file, reading it will tell
                with Image.open(path, formats=FORMATS) as image:
                    side = min(image.size)
        except (OSError, ValueError, SyntaxError, Image.DecompressionBombError):
            continue
        if side < shortest:
            shortest, where = side, path
    if shortest < SMALLEST_SIZE:
        raise SfumatoError(f"{where}: has a side of {shortest} pixels; an evaluation needs {SMALLEST_SIZE} or more")
    return shortest - shortest % MULTIPLE


def read_folder(folder: Path, files: Sequence[Path], size: int, background: Colour) -> WorksToEvaluate:
    """The pictures cropped at their centres and scaled to ``size``, over the background where they are transparent.

    A picture's class is the label in its recipe, if it is a work, or else the first folder that it lies in. Files that
    cannot be used are counted. Raises SfumatoError where none can, or where one would have to be enlarged.
    """
    images, classes = [], []
    for path in files:
        try:
            with warnings.catch_warnings():
                warnings.simplefilter("ignore")
                image = read_picture(read_file(path), background).image
        except UnusableError:
            continue
        if min(image.size) < size:
            raise SfumatoError(
                f"{path}: is {image.width} x {image.height} pixels, and {size} are compared; "
                f"leave it out, or choose a smaller --size"
            )
        images.append(as_tensor(image, size))
        classes.append(_class(path, folder))
    if not images:
        raise SfumatoError(
            f"{folder}: {counted(len(files), 'file')}, and none is a picture that can be used; give other works"
        )
    batch = torch.stack(images)
    levels = ((batch + 1) * 127.5).round().byte()
    left_out = f", {counted(len(files) - len(images), 'file')} left out" if len(files) > len(images) else ""
    return WorksToEvaluate(
        batch,
        classes,
        folder.resolve().name,
        {"Works": f"{counted(len(images), 'picture')} of a folder{left_out}"},
        {"works": hashlib.sha256(levels.numpy().tobytes()).hexdigest()},
    )


def _class(path: Path, folder: Path) -> str | None:
    try:
        with Image.open(path, formats=FORMATS) as image:
            is_work = RECIPE_KEY in image.info
        if is_work:
            return read_work(path).recipe.first.request.label
    except (SfumatoError, OSError, ValueError, SyntaxError):
        pass  # another program's PNG
    parts = path.relative_to(folder).parts
    return parts[0] if len(parts) > 1 else None


def generated(model: Model, count: int, seed: int) -> WorksToEvaluate:
    """The first ``count`` works of a seed. Raises SfumatoError where the model generates none."""
    generation = Generation.of(model, seed=seed, policy=Policy.none()).choosing(keep_empty=False)
    return works_of(generation, list(generation.works(count)))


def works_of(generation: Generation, works: Sequence[Work]) -> WorksToEvaluate:
    """The first works of a generation."""
    model, settings = generation.model, generation.settings
    images = torch.stack([as_tensor(work.image, model.config.side) for work in works])
    is_detailed = settings.detail_below and generation.guidance_kind != "none"
    return WorksToEvaluate(
        images,
        [work.recipe.request.label for work in works],
        model.config.name,
        {
            "Works": f"the first {len(works):,} of seed {generation.request.seed}"
            + (", those that were all but empty drawn again" if generation.choice.redraws else ""),
            "Sampling": f"{settings.sampler}, {counted(settings.steps, 'step')}, {settings.schedule}, "
            f"guidance {settings.guidance if generation.guidance_kind != 'none' else 1.0:g}"
            + (f", {settings.guidance_of_detail:g} below sigma {settings.detail_below:g}" if is_detailed else ""),
        },
        {"model": model.weights_digest},
    )
