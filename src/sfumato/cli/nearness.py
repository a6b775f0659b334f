"""The sentence on how near new works are to the pictures that their model learned from."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from sfumato.errors import SfumatoError
from sfumato.images.tensors import as_tensor
from sfumato.text import counted

if TYPE_CHECKING:
    from PIL import Image

    from sfumato.dataset import Dataset

MOST_COMPARED = 20_000_000  # pixels of training pictures, which take about a second


def said_of_nearness(model: str, works: Sequence[Image.Image], names: Sequence[str]) -> str:
    """'' where the pictures that the model learned from are not beside it.

    model: as it was asked for; works: those to compare; names: of their files.
    """
    import torch

    from sfumato.evaluation.copies import nearness

    dataset = _learned_from(Path(model))
    if dataset is None:
        return ""
    pixels = len(dataset.train) * dataset.size**2
    if pixels > MOST_COMPARED:
        learned = counted(len(dataset.train), "picture")
        return f"Not compared with the {learned} learned from; 'sfumato evaluate' does that."
    images = torch.stack([as_tensor(work, min(dataset.size, *work.size)) for work in works])
    found = nearness(images, dataset)
    copies = f"none of {found.works:,} is a near copy"
    if found.copies:
        copies = f"{found.copies:,} of {found.works:,} {'is a near copy' if found.copies == 1 else 'are near copies'}"
    elif found.works == 1:
        copies = "it is not a near copy"
    return (
        f"Nearest to a picture learned from: {names[found.work]} to {dataset.files[found.picture]} "
        f"(correlation {found.correlation:.2f}); {copies}."
    )


def _learned_from(model: Path) -> Dataset | None:
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
