"""What a training would be, in one sentence."""

from __future__ import annotations

from collections.abc import Generator
from typing import Final

import torch

from sfumato.collection import Collection
from sfumato.dataset.splitting import held_out
from sfumato.devices import device_named
from sfumato.errors import SfumatoError
from sfumato.studio.jobs.specs import Plan
from sfumato.studio.workers.handling import Context, Happening, Step
from sfumato.training import staged, suitable_size
from sfumato.training.plan import Measured
from sfumato.training.plan import plan as planned

HELD_OUT: Final = 0.1  # as data sets are prepared for a training
FEWEST: Final = 8
# A slider is moved many times, and this machine is measured once for each network.
_measured: Final[Measured] = {}


def plan(asked: Plan, context: Context) -> Generator[Happening, None, None]:
    """The sentence, and the figures in it."""
    yield Step({"stage": "measuring"})
    collection = Collection.open(context.place.collections / asked.collection)
    sides = [min(picture.width, picture.height) for picture in collection.pictures]
    size = asked.size or suitable_size(sides, asked.minutes)
    pictures = [picture for picture in collection.pictures if min(picture.width, picture.height) >= size]
    if len(pictures) < FEWEST:
        raise SfumatoError(
            f"{len(pictures)} of the collection's pictures have {size} pixels a side, and {FEWEST} are the fewest to "
            "learn from; choose a smaller size, or add pictures"
        )
    classes = sorted({picture.category for picture in pictures if picture.category})
    labels = [classes.index(picture.category) if picture.category else -1 for picture in pictures]
    apart = int(held_out([picture.group for picture in pictures], labels, HELD_OUT, 0).sum())
    device = device_named("auto")
    choices = staged({"minutes": asked.minutes, "size": size})
    threads = torch.get_num_threads()
    try:
        made = planned(
            choices,
            classes=len(classes),
            pictures=len(pictures) - apart,
            held_out=apart,
            device=device,
            measured=_measured,
        )
    finally:
        torch.set_num_threads(threads)
    context.result |= {
        "sentence": made.sentence,
        "size": size,
        "pictures": len(pictures),
        "held_out": apart,
        "steps": made.settings.steps,
        "parameters": made.parameters,
        "minutes": made.settings.minutes,
    }
