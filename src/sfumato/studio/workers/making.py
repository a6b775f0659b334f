"""Works: from noise, from a picture, from part of one; in a series, of which only those are made that are missing."""

from __future__ import annotations

import time
from collections.abc import Generator, Iterator, Sequence
from contextlib import closing
from dataclasses import replace
from functools import partial
from typing import Final

from sfumato.models import Generation, enlarging
from sfumato.models.canvas import Canvas, extended_canvas, masked_canvas, plain_canvas
from sfumato.models.chain import told_last_work
from sfumato.models.printing import Route, printing
from sfumato.models.progress import Progress
from sfumato.models.verbs import finishing, generating, reimagining, steering_from
from sfumato.policy.policy import Policy
from sfumato.provenance.credentials import Input
from sfumato.studio.jobs.specs import Generate, Inpaint, Making, Outpaint, Reimagine, Upscale
from sfumato.studio.workers.handling import Context, Happening, Step, told_of
from sfumato.studio.workers.previews import joined, layout
from sfumato.studio.workers.references import opened, opened_mask, steering_of
from sfumato.studio.workers.rows import kept
from sfumato.works import Work, read_work
from sfumato.works.refusal import Refusal, nothing_left, said_of_refusals
from sfumato.works.request import Request

REMEDY: Final = "ask once more with another seed"


def generate(asked: Generate, context: Context) -> Iterator[Happening]:
    """Works from noise."""
    yield loading()
    model = context.models.opened(asked.model)
    of = None if asked.of is None else read_work(context.gallery.path_of(context.gallery.work(asked.of.work)))
    steering = steering_of(asked, context)
    request, route = asked.request, None
    if asked.print_size is not None:
        upscaler = None if asked.upscaler is None else context.models.opened(asked.upscaler)
        request, route = printing(asked.print_size, request, model, upscaler)
    generation = generating(model, request, variations=asked.variations, of=of, **steering)
    generation = generation.choosing(asked.best_of, keep_empty=False)
    yield from series(generation, asked, context, parent=None if asked.of is None else asked.of.work, route=route)


def reimagine(asked: Reimagine, context: Context) -> Iterator[Happening]:
    """A picture refined."""
    yield loading()
    model, given = context.models.opened(asked.model), opened(asked.picture, context)
    request = _steered(asked, context, plain_canvas(model.config.at(asked.request.stage)))
    generation = reimagining(
        model, request, given.image, strength=asked.strength, edit=asked.invert, source=asked.source
    )
    yield from series(generation, asked, context, inputs=given.inputs, parent=given.work)


def inpaint(asked: Inpaint, context: Context) -> Iterator[Happening]:
    """What the mask shows white made anew."""
    yield loading()
    model, given = context.models.opened(asked.model), opened(asked.picture, context)
    canvas = masked_canvas(
        model.config.at(asked.request.stage), given.image, opened_mask(asked, context), asked.strength
    )
    generation = Generation.of(model, _steered(asked, context, canvas), canvas=canvas)
    yield from series(generation, asked, context, inputs=given.inputs, parent=given.work)


def outpaint(asked: Outpaint, context: Context) -> Iterator[Happening]:
    """A picture continued beyond its edges."""
    yield loading()
    model, given = context.models.opened(asked.model), opened(asked.picture, context)
    canvas = extended_canvas(model.config.at(asked.request.stage), given.image, asked.margins)
    generation = Generation.of(model, _steered(asked, context, canvas), canvas=canvas)
    yield from series(generation, asked, context, inputs=given.inputs, parent=given.work)


def upscale(asked: Upscale, context: Context) -> Iterator[Happening]:
    """A picture enlarged."""
    yield loading()
    model, given = context.models.opened(asked.model), opened(asked.picture, context)
    tile = bool(asked.request.canvas.tile)
    generation = enlarging(model, given.as_work() or given.image, asked.request, tile=tile)
    yield from series(generation, asked, context, inputs=given.inputs, parent=given.work)


def loading() -> Step:
    """While the model is opened, nothing is counted."""
    return Step({"stage": "loading", "done": 0})


def _steered(asked: Making, context: Context, canvas: Canvas) -> Request:
    return asked.request.with_changes(steering_from(canvas, **steering_of(asked, context)))


def series(
    generation: Generation,
    asked: Making,
    context: Context,
    *,
    inputs: Sequence[Input] = (),
    parent: int | None = None,
    route: Route | None = None,
) -> Iterator[Happening]:
    """Make and keep the works of a request that are not there yet, each with those of its batch.

    inputs: the file of the picture that they begin with; parent: the id of the work that it is, or that is varied;
    route: what becomes of the works, by default what the upscaler that is asked for makes of them.
    Raises SfumatoError where no work is let out.
    """
    generation = generation.asking(asked.copies, asked.retries)
    if route is None:
        upscaler = None if asked.upscaler is None else context.models.opened(asked.upscaler)
        route = Route.through(upscaler, (generation.canvas.width, generation.canvas.height))
    route.checked(generation.policy)
    first, made, refused = generation.request.position, len(context.there), list[Refusal]()
    pace = Pace(asked.count, made)
    missing = [index for index in range(asked.count) if index not in context.there]
    for start, stop in _stretches(missing):
        with closing(generation.events(stop - start, first + start, previews=shows(generation))) as events:  # type: ignore[type-var]
            for progress in events:
                yield from map(told_of, progress.notes)
                refused += [refusal for refusal in progress.refused if not refusal.again]
                for work in progress.works:
                    larger, said = yield from _finished(route, work, generation.policy)
                    refused += said
                    if larger is None:
                        continue
                    index = work.recipe.first.request.position - first
                    larger = replace(larger, inputs=tuple(inputs) or larger.inputs)
                    yield kept(context, larger, index, model_id=asked.model, parent=parent)
                    made += 1
                yield pace.step(progress, made, first)
    for sentence in said_of_refusals(refused):
        yield told_of(sentence)
    context.result |= {"works": made, "refused": said_of_refusals(refused)}
    if not made:
        raise nothing_left(refused, REMEDY)


def _finished(route: Route, work: Work, policy: Policy) -> Generator[Step, None, tuple[Work | None, list[Refusal]]]:
    """What becomes of the work, None where an enlargement is refused, and why."""
    refused = list[Refusal]()

    def larger(generation: Generation) -> Generator[Step, None, Work | None]:
        made = None
        with closing(generation.events()) as events:  # type: ignore[type-var]
            for progress in events:
                refused.extend(refusal for refusal in progress.refused if not refusal.again)
                made = next(iter(progress.works), made)
                yield Step({"stage": "enlarging", "step": progress.step, "steps": progress.steps})
        return made

    finished = yield from told_last_work(finishing(route, work, policy=policy), larger)
    return finished, refused


def shows(generation: Generation) -> bool:
    """Whether previews cost little: what a pre-trained model denoises is decoded by a large network of its own."""
    return generation.model.pretrained is None


class Pace:
    """How far a series is, and how long the rest will take."""

    def __init__(self, total: int, before: int) -> None:
        """total: works; before: those that are there already."""
        self._total, self._before, self._began = total, before, time.monotonic()

    def step(self, progress: Progress, done: float, first: int) -> Step:
        """done: works, those of earlier attempts among them; first: the number that index 0 has."""
        if not progress.works:  # those of this batch are under way
            done += len(progress.positions) * progress.step / progress.steps
        made, seconds = done - self._before, time.monotonic() - self._began
        remaining = None if made <= 0 else round(seconds / made * max(0.0, self._total - done), 1)
        columns, rows = layout(len(progress.positions))
        said = {
            "stage": "sampling",
            "done": round(done, 2),
            "total": self._total,
            "unit": "work",
            "step": progress.step,
            "steps": progress.steps,
            "indices": [position - first for position in progress.positions],
            "columns": columns,
            "rows": rows,
            "remaining_seconds": remaining,
        }
        return Step(said, partial(joined, progress.estimates) if progress.estimates else None)


def _stretches(indices: Sequence[int]) -> Iterator[tuple[int, int]]:
    """[0, 1, 5] -> (0, 2), (5, 6): what stands without a gap."""
    start = 0
    for place, index in enumerate(indices, 1):
        if place == len(indices) or indices[place] != index + 1:
            yield indices[start], index + 1
            start = place
