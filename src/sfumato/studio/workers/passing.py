"""From one work to another, as an animation."""

from __future__ import annotations

import time
from collections.abc import Generator
from contextlib import closing
from typing import Final

from PIL import Image

from sfumato.devices import device_again
from sfumato.errors import SfumatoError
from sfumato.images.tensors import to_pictures
from sfumato.models.interpolation import passing
from sfumato.studio.jobs.specs import Interpolate
from sfumato.studio.jobs.work import NewWork
from sfumato.studio.workers.handling import Context, Happening, Made, Step
from sfumato.studio.workers.making import loading
from sfumato.text import counted
from sfumato.works import read_work, save_animation
from sfumato.works.video import most_frames

_NAME: Final = "0000.webp"


def interpolate(asked: Interpolate, context: Context) -> Generator[Happening, None, None]:
    """A way from one work to another of the same model, as a WebP that every browser shows."""
    if asked.frames > (most := most_frames(asked.seconds)):
        raise SfumatoError(
            f"{counted(asked.seconds, 'second')} have room for {most} at most; ask for fewer, or for longer"
        )
    if 0 in context.there:
        return
    yield loading()
    one, other = (
        read_work(context.gallery.path_of(context.gallery.work(end.work))).recipe.first
        for end in (asked.first, asked.second)
    )
    id, model = context.models.of_recipe(one, str(device_again("auto", one.environment.device)))
    began = time.monotonic()
    with closing(passing(model, one, other, asked.frames)) as events:  # type: ignore[type-var]
        for event in events:
            seconds = (time.monotonic() - began) / event.batch * (event.batches - event.batch)
            yield Step(
                {
                    "stage": "sampling",
                    "done": event.batch,
                    "total": event.batches,
                    "unit": "batch",
                    "remaining_seconds": round(seconds, 1),
                }
            )
    assert event.frames is not None, "the last event has the pictures"
    path = context.works / _NAME
    sources = model.sources(event.findings)
    save_animation(to_pictures(event.frames), path, seconds=asked.seconds, sources=sources, force=True)
    with Image.open(path) as shown:
        width, height = shown.size
    near = [finding for finding in event.findings if finding is not None]
    row = NewWork(
        file=context.relative(path),
        kind="interpolate",
        width=width,
        height=height,
        model_id=id,
        model=one.model.name,
        model_digest=one.model.digest,
        label=one.request.label,
        prompt=one.request.prompt,
        near_copy=any(finding.is_near_copy for finding in near) if near else None,
        parent=asked.first.work,
    )
    context.result["works"] = 1
    yield Made(0, row)
