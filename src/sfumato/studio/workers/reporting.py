"""A page on who and what is in a collection."""

from __future__ import annotations

from collections.abc import Generator

from sfumato import pipeline
from sfumato.studio.jobs.specs import Report
from sfumato.studio.open_collections import collection_folder
from sfumato.studio.workers.handling import Context, Happening
from sfumato.studio.workers.pipelines import followed


def report(asked: Report, context: Context) -> Generator[Happening, None, None]:
    """It lies in the studio's folder of reports, in the place of an earlier one of the same collection."""
    collection = collection_folder(context.place, asked.collection)
    yield from followed(pipeline.report(collection, context.place.reports / asked.collection, force=True))
    context.changes.add("collections")
    context.result["collection"] = asked.collection
