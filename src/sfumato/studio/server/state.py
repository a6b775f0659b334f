"""The route of all that the page needs when it is loaded, in one answer."""

from __future__ import annotations

from importlib import import_module
from typing import Any, Final

from fastapi import APIRouter, Request

import sfumato
from sfumato.images.decoding import PIXEL_LIMIT
from sfumato.studio.jobs.states import ENDED, State
from sfumato.studio.server.answers import ERRORS
from sfumato.studio.server.services import Served

router = APIRouter(prefix="/api/state", tags=["state"], responses=ERRORS)
# Modules beside this one with a function `listed(services) -> list[dict]`, and what the page calls their list.
LISTS: Final[tuple[str, ...]] = ("collections", "trainings", "models")
_ENDED: Final = 30  # jobs that are over, of which the page shows the last
_MOST: Final = 500
_ACTIVE: Final[tuple[State, ...]] = ("queued", "running", "pausing", "paused")


@router.get("")
def state(request: Request, services: Served) -> dict[str, Any]:
    """What there is, and the number of the event up to which it is said: those after it tell of all that changes."""
    seq = services.journal.last()  # before the rest, so that no change is missed
    limits = services.settings.limits
    active = services.queue.jobs(states=_ACTIVE, limit=_MOST)
    ended = services.queue.jobs(states=ENDED, limit=_ENDED)
    lists = {name: import_module(f"sfumato.studio.server.{name}").listed(services) for name in LISTS}
    return {
        "version": sfumato.__version__,
        "seq": seq,
        "jobs": [job.to_json() for job in (*active, *ended)],
        **lists,
        "limits": {
            "upload_bytes": limits.upload_bytes,
            "files": limits.files,
            "pixels": PIXEL_LIMIT,
            "waiting": limits.most_waiting,
        },
        "roots": [str(root) for root in services.roots],
        "language": _language(request.headers.get("accept-language", "")),
    }


def _language(accepted: str) -> str:
    """Of those that the page speaks the one that the browser asks for first."""
    for each in accepted.split(","):
        name = each.partition(";")[0].strip().lower().partition("-")[0]
        if name in ("en", "th"):
            return name
    return "en"
