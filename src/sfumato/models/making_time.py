"""How long a work will take, with all that becomes of it, from a few evaluations that are timed before."""

from __future__ import annotations

import time
from contextlib import closing

from PIL import Image

from sfumato.models.effort import looks, stage_looks
from sfumato.models.generation import Generation
from sfumato.models.model import Model
from sfumato.models.printing import Route
from sfumato.models.sampling import batch_size
from sfumato.models.verbs import enlarging

WINDOWS = 2  # of an upscaler, beside one another, that are looked at to time it


def seconds_each(generation: Generation, route: Route) -> float | None:
    """About so many for each work of a full batch; None for a pre-trained model, of which one step is work already."""
    if generation.model.pretrained is not None:
        return None
    together = batch_size(generation.model, generation.canvas)
    own, *larger = (sum(steps) / together for steps in stage_looks(generation))
    seconds = own * _seconds_a_look(generation)
    for upscaler, seen in zip(generation.model.upscalers, larger, strict=True):
        seconds += seen * _seconds_a_look(_in_small(upscaler, generation))
    for one in route.enlargements:
        whole = enlarging(one.upscaler, Image.new("RGB", one.begins), policy=generation.policy)
        seconds += sum(looks(whole)) * _seconds_a_look(_in_small(one.upscaler, generation))
    return seconds


def _in_small(upscaler: Model, generation: Generation) -> Generation:
    """What enlarges a picture that takes few windows."""
    side = WINDOWS * -(-upscaler.config.size // upscaler.config.factor)
    return enlarging(upscaler, Image.new("RGB", (side, side)), policy=generation.policy)


def _seconds_a_look(generation: Generation) -> float:
    """Of its first step: the second of two, as a machine's first takes longer than any other."""
    spent = 0.0
    for _ in range(2):
        began = time.perf_counter()
        with closing(generation.events()) as events:  # type: ignore[type-var]
            next(events)
        spent = time.perf_counter() - began
    return spent / looks(generation)[0]
