"""Routes of jobs: ask for one, look at them, steer them."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Annotated, Any, Final

from fastapi import APIRouter, Path, Query
from pydantic import BaseModel, Field

from sfumato.collection.origin import is_reference
from sfumato.studio.jobs.gallery import NoSuchWorkError
from sfumato.studio.jobs.job import Job
from sfumato.studio.jobs.specs import Generate, Inpaint, OfCollection, OfWork, Outpaint, Reimagine, Spec, Upscale
from sfumato.studio.jobs.states import Control, State
from sfumato.studio.server.answers import ERRORS, HttpError, check_text
from sfumato.studio.server.services import Client, Served, Services, Whose

router = APIRouter(prefix="/api/jobs", tags=["jobs"], responses=ERRORS)
MOST: Final = 500  # jobs in one answer
_OF_PROGRAMS: Final = (Generate, Reimagine, Inpaint, Outpaint, Upscale)  # what they may ask for: works
Number = Annotated[int, Path(ge=1, lt=2**53)]


class Move(BaseModel):
    """before: the queued job that it is to come before; None for the end of the queue."""

    before: Annotated[int, Field(ge=1, lt=2**53)] | None = None


@router.post("", status_code=201)
def ask(spec: Spec, services: Served, client: Client, whose: Whose) -> dict[str, Any]:
    """Put a job into the queue. A program asks for works, from pictures of its own."""
    for text in _texts(spec.model_dump(mode="json")):
        check_text(text)
    if whose is not None:
        _check_own(services, spec, whose)
    named: str | None = getattr(spec, "path", None)
    if named is not None and not is_reference(named):
        spec = spec.model_copy(update={"path": str(services.under_a_root(named))})
    most = services.settings.limits.waiting_for(owner=whose is None)
    return services.queue.add(spec, client=client, most_waiting=most).to_json()


@router.get("")
def jobs(
    services: Served,
    whose: Whose,
    state: Annotated[list[State], Query(max_length=8)] = [],  # noqa: B006 (FastAPI copies it)
    kind: Annotated[list[str], Query(max_length=20)] = [],  # noqa: B006
    before: Annotated[int | None, Query(ge=1, lt=2**53)] = None,
    limit: Annotated[int, Query(ge=1, le=MOST)] = 50,
) -> list[dict[str, Any]]:
    """The newest first; queued ones alone in the order of their turn."""
    found = services.queue.jobs(
        states=set(state) or None, kinds=set(kind) or None, client=whose, before=before, limit=limit
    )
    return [job.to_json() for job in found]


@router.get("/{id}")
def job(id: Number, services: Served, whose: Whose) -> dict[str, Any]:
    """One job."""
    return seen_job(services, id, whose).to_json()


@router.post("/{id}/move")
def move(id: Number, to: Move, services: Served, whose: Whose) -> dict[str, Any]:
    """Have a queued job's turn come before another's."""
    if whose is not None:
        raise HttpError(403, "the order of the queue is the owner's", code="owner_only")
    return services.queue.move(id, to.before).to_json()


@router.post("/{id}/{control}")
def control(id: Number, control: Control, services: Served, whose: Whose) -> dict[str, Any]:
    """Cancel, stop and keep, pause, resume, show now, or retry."""
    seen_job(services, id, whose)
    return services.queue.control(id, control).to_json()


def seen_job(services: Services, id: int, whose: str | None) -> Job:
    """A job that a client may see. Raises HttpError 404 for another's as for none, so that nobody learns of it."""
    job = services.queue.job(id)
    if whose not in (None, job.client):
        raise HttpError(404, f"there is no job {id}", code="not_found")
    return job


def _check_own(services: Services, spec: Spec, program: str) -> None:
    """Raises HttpError for a job that a program may not ask for, or one about what is not its own."""
    if not isinstance(spec, _OF_PROGRAMS):
        raise HttpError(403, f"a program's token asks for works alone; '{spec.kind}' is the owner's", code="owner_only")
    for reference in _references(spec):
        if isinstance(reference, OfCollection):
            raise HttpError(403, "pictures of collections are the owner's; upload one", code="owner_only")
        work = services.gallery.work(reference.work)
        if work.job is None or services.queue.job(work.job).client != program:
            raise NoSuchWorkError(f"there is no work {reference.work}")


def _references(spec: Spec) -> Iterator[OfCollection | OfWork]:
    """What a job names of the studio's own pictures."""
    for _, value in spec:
        if isinstance(value, OfCollection | OfWork):
            yield value


def _texts(said: Any) -> Iterator[str]:
    """All texts within something that JSON can say."""
    if isinstance(said, str):
        yield said
    elif isinstance(said, dict):
        for name, each in said.items():
            yield name
            yield from _texts(each)
    elif isinstance(said, list):
        for each in said:
            yield from _texts(each)
