"""The route of what happens, as server-sent events."""

from __future__ import annotations

import asyncio
import base64
import contextlib
from collections.abc import AsyncGenerator
from typing import Annotated, Any, Final, NamedTuple

from fastapi import APIRouter, Depends, Header, Query
from fastapi.sse import EventSourceResponse, ServerSentEvent

from sfumato.studio.jobs.journal import Preview
from sfumato.studio.server.answers import ERRORS, HttpError
from sfumato.studio.server.jobs import seen_job
from sfumato.studio.server.services import Served, Whose

router = APIRouter(prefix="/api/events", tags=["events"], responses=ERRORS)
_RETRY_MILLISECONDS: Final = 1000  # after which a browser comes back that has lost the connection
_LARGEST: Final = 2**53


class _Start(NamedTuple):
    """reset: the events that were asked for are of another database, so that what the page knows is worth nothing."""

    after: int
    job: int | None
    reset: bool


async def _start(
    services: Served,
    whose: Whose,
    after: Annotated[int | None, Query(ge=0, lt=_LARGEST)] = None,
    job: Annotated[int | None, Query(ge=1, lt=_LARGEST)] = None,
    last_event_id: Annotated[str | None, Header(max_length=100)] = None,
) -> _Start:
    if job is not None:
        await asyncio.to_thread(seen_job, services, job, whose)
    elif whose is not None:
        raise HttpError(403, "a program follows one job of its own: add ?job=", code="owner_only", param="job")
    last = await services.following.last()
    # A browser that comes back says how far it was by the header, its address still where it began.
    said = (last_event_id or "").strip()
    known = int(said) if said.isascii() and said.isdigit() and len(said) < 16 else after
    return _Start(last, job, True) if known is not None and known > last else _Start(known or 0, job, False)


@router.get("", response_class=EventSourceResponse)
async def events(services: Served, start: Annotated[_Start, Depends(_start)]) -> AsyncGenerator[ServerSentEvent, None]:
    """What happened after ``after`` (or the header Last-Event-ID), and what happens from now on, without end.

    Milestones have their number as ``id``. How far jobs at work are comes as ``step``, without one, and is not sent
    again. ``reset`` says that the database is another than before: load everything anew.
    """
    yield ServerSentEvent(comment="sfumato", retry=_RETRY_MILLISECONDS)
    if start.reset:
        yield ServerSentEvent(event="reset", data={"seq": start.after})
    async with contextlib.aclosing(services.following.follow(start.after, start.job)) as told:
        async for each in told:
            if isinstance(each, Preview):
                yield ServerSentEvent(event="step", data=step_json(each))
            else:
                yield ServerSentEvent(event=each.type, data=each.to_json(), id=str(each.seq))


def step_json(preview: Preview) -> dict[str, Any]:
    """How far a job is, as the page has it."""
    return {
        "job": preview.job,
        "number": preview.number,
        "at": preview.at.isoformat(),
        "progress": preview.json,
        "picture": None if preview.picture is None else data_url(preview.picture),
    }


def data_url(picture: bytes) -> str:
    """An encoded picture as an address that holds it."""
    kind = "png"
    if picture.startswith(b"\xff\xd8"):
        kind = "jpeg"
    elif picture[8:12] == b"WEBP":
        kind = "webp"
    return f"data:image/{kind};base64,{base64.b64encode(picture).decode()}"
