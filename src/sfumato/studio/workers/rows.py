"""A work that was made, as the gallery enters it."""

from __future__ import annotations

import json
from dataclasses import replace

from sfumato.studio.jobs.work import NewWork
from sfumato.studio.workers.handling import Context, Made
from sfumato.works import Recipe, Work
from sfumato.works.edits import Inpaint, Invert, Refine


def kept(context: Context, work: Work, index: int, *, model_id: str, parent: int | None = None) -> Made:
    """Write a work's file, by the one way out, and say what its row holds. Raises SfumatoError as `Work.save`.

    A file of the same place in the series, which an attempt before this one left without a row, is written anew.
    """
    marked = work.marked()
    path = marked.save(context.works / f"{index:04d}.png", force=True)
    return Made(
        index, replace(row_of(marked, context.relative(path), context.job.kind), model_id=model_id, parent=parent)
    )


def row_of(work: Work, file: str, kind: str) -> NewWork:
    """file: as the gallery names it."""
    made, finding = work.recipe.first, work.finding
    return NewWork(
        file=file,
        kind=kind,
        width=work.image.width,
        height=work.image.height,
        model=made.model.name,
        model_digest=made.model.digest,
        label=made.request.label,
        prompt=made.request.prompt,
        seed=made.request.series_seed,
        number=made.request.position,
        strength=strength_of(work.recipe),
        recipe=json.loads(work.recipe.to_json()),
        near_copy=None if finding is None else finding.is_near_copy,
        nearest=[] if finding is None else finding.facts()["nearest"],
    )


def strength_of(recipe: Recipe) -> float | None:
    """How much of a picture was made anew; None where there was none."""
    edit = recipe.first.request.edit
    return edit.strength if isinstance(edit, Refine | Invert | Inpaint) else None
