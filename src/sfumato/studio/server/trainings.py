"""The routes of trainings: how far each is, its losses, and its pictures over time."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any, Final

from fastapi import APIRouter, Request, Response
from pydantic import BaseModel

from sfumato.studio.jobs.job import Job
from sfumato.studio.jobs.states import State
from sfumato.studio.runs import Loss, StudioRun, run_of, runs_of
from sfumato.studio.server.answers import ERRORS, file_answer
from sfumato.studio.server.services import Served, Services
from sfumato.works.viewing import evenly_spaced

router = APIRouter(prefix="/api/trainings", tags=["trainings"], responses=ERRORS)

MOST_POINTS: Final = 2000  # of a curve, more than any screen shows
MOST_SNAPSHOTS: Final = 500
_KINDS: Final = {"train", "distill"}


class Snapshot(BaseModel):
    """seconds: of training until then."""

    step: int
    seconds: float
    picture: str


class Training(BaseModel):
    """id: of the run's directory, and of the model that it makes; job: the last that worked on it; state: of that job,
    or what the files tell; plan: in one sentence; steps: a guess where a time is to be kept; model: its id once there
    is one; loss, held_out_loss: the last."""

    id: str
    name: str
    job: int | None
    state: State
    collection: str | None
    minutes: float
    plan: str
    step: int
    steps: int
    pictures: int
    elapsed_seconds: float
    remaining_seconds: float | None
    loss: float | None
    held_out_loss: float | None
    model: str | None
    snapshots: list[Snapshot]
    notes: list[str]


class Curve(BaseModel):
    steps: list[int]
    seconds: list[float]
    loss: list[float]


class Evaluations(BaseModel):
    """Of the averaged weights, on training pictures and on held-out ones."""

    steps: list[int]
    seconds: list[float]
    training: list[float]
    held_out: list[float]


class TrainingLog(Curve):
    held_out: Evaluations


def trainings(services: Services) -> list[Training]:
    """All, the last begun first."""
    jobs = services.queue.jobs(kinds=_KINDS, limit=500)
    return [_training(run, _last_job(run, jobs)) for run in runs_of(services.place)]


def _last_job(run: StudioRun, jobs: Sequence[Job]) -> Job | None:
    """The last that worked on a run. jobs: the newest first."""
    return next((job for job in jobs if _is_of(job, run)), None)


def _is_of(job: Job, run: StudioRun) -> bool:
    """Whether a job began a run, or went on with it; a student's job names its teacher's run as well."""
    if run.entry is not None and (run.entry.job, run.entry.asked_at) == (job.id, job.created_at.isoformat()):
        return True
    return job.kind == "train" and job.spec.get("run") == run.id


def _training(run: StudioRun, job: Job | None) -> Training:
    log = run.log
    remaining = log.remaining_seconds
    return Training(
        id=run.id,
        name=run.name,
        job=None if job is None else job.id,
        state=job.state if job is not None else "finished" if run.has_model else "stopped",
        collection=_collection(run, job),
        minutes=float(run.settings.get("minutes") or 0),
        plan=str(run.record.get("plan") or ""),
        step=log.step,
        steps=log.steps,
        pictures=log.pictures,
        elapsed_seconds=log.elapsed_seconds,
        remaining_seconds=remaining if remaining is not None and math.isfinite(remaining) else None,
        loss=log.loss.values[-1] if log.loss.values else None,
        held_out_loss=log.held_out.values[-1] if log.held_out.values else None,
        model=run.id if run.has_model else None,
        snapshots=[
            Snapshot(
                step=step,
                seconds=log.pictured.get(step, log.elapsed_seconds),
                picture=f"/api/trainings/{run.id}/snapshots/{step}",
            )
            for step in _thinned(run.snapshots, MOST_SNAPSHOTS)
        ],
        notes=list(log.notes),
    )


def _collection(run: StudioRun, job: Job | None) -> str | None:
    """The id of the studio's collection that it learns from, None for another."""
    if job is not None and job.spec.get("collection"):
        return str(job.spec["collection"])
    collected = str(run.record.get("collection") or "")
    return collected.rsplit("/", 1)[-1] if f"/{run.path.parent.parent.name}/collections/" in collected else None


def _thinned(values: Sequence[int], most: int) -> list[int]:
    return [values[place] for place in evenly_spaced(len(values), most)]


def listed(services: Services) -> list[dict[str, Any]]:
    """The same as JSON."""
    return [each.model_dump(mode="json") for each in trainings(services)]


@router.get("")
def list_trainings(services: Served) -> list[Training]:
    """All trainings."""
    return trainings(services)


@router.get("/{id}")
def show_training(id: str, services: Served) -> Training:
    """One training."""
    run = run_of(id, services.place)
    return _training(run, _last_job(run, services.queue.jobs(kinds=_KINDS, limit=500)))


@router.get("/{id}/log")
def show_log(id: str, services: Served) -> TrainingLog:
    """The losses by steps and by seconds of training, of at most 2,000 moments each."""
    log = run_of(id, services.place).log
    kept = evenly_spaced(len(log.loss.steps), MOST_POINTS)
    evaluated = evenly_spaced(len(log.held_out.steps), MOST_POINTS)
    loss, training, held_out = (
        _at(curve, places) for curve, places in ((log.loss, kept), (log.training, evaluated), (log.held_out, evaluated))
    )
    return TrainingLog(
        steps=list(loss.steps),
        seconds=list(loss.seconds),
        loss=list(loss.values),
        held_out=Evaluations(
            steps=list(held_out.steps),
            seconds=list(held_out.seconds),
            training=list(training.values),
            held_out=list(held_out.values),
        ),
    )


def _at(loss: Loss, places: Sequence[int]) -> Loss:
    return Loss(
        tuple(loss.steps[place] for place in places),
        tuple(loss.seconds[place] for place in places),
        tuple(loss.values[place] for place in places),
    )


@router.get("/{id}/snapshots/{step}", response_class=Response)
def show_snapshot(id: str, step: int, request: Request, services: Served) -> Response:
    """What the training made of fixed seeds at a step: pictures in a row, as PNG."""
    return file_answer(request, run_of(id, services.place).snapshot(step), "image/png")


@router.get("/{id}/evolution", response_class=Response)
def show_evolution(id: str, request: Request, services: Served) -> Response:
    """All snapshots, as an animation or, where there is none, as a strip."""
    path = run_of(id, services.place).evolution()
    return file_answer(request, path, f"image/{path.suffix.removeprefix('.')}")
