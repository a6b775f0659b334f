"""What another program asks for becomes a job of the queue, and its request waits for the works."""

from __future__ import annotations

import asyncio
import contextlib
import secrets
from collections.abc import AsyncGenerator, Coroutine, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final, TypeVar

from fastapi import Request
from pydantic import ValidationError
from starlette.requests import ClientDisconnect

from sfumato.disk import read_named_file
from sfumato.errors import SfumatoError, faults_of
from sfumato.images.files import BYTE_LIMIT
from sfumato.studio.jobs.job import Job
from sfumato.studio.jobs.journal import Preview
from sfumato.studio.jobs.queue import NotAllowedError
from sfumato.studio.jobs.specs import SPEC, Spec
from sfumato.studio.jobs.states import ENDED
from sfumato.studio.jobs.work import Work
from sfumato.studio.models import StudioModel, models_of
from sfumato.studio.server.answers import HttpError
from sfumato.studio.server.services import Services
from sfumato.studio.server.sizes import Size
from sfumato.studio.server.tokens import OWNER
from sfumato.text import printable, shortened
from sfumato.works import read_work
from sfumato.works.saving import Still

IGNORED: Final = "X-Sfumato-Ignored"  # names of fields that did nothing
_MOST_SAID: Final = 1000  # letters of it
_SHOWN: Final = 20  # models in an error
T = TypeVar("T")


@dataclass(frozen=True)
class Made:
    """A work, and where its file lies."""

    work: Work
    path: Path

    @property
    def size(self) -> Size:
        return self.work.width, self.work.height

    def encoded(self, form: Still = "png", *, scale: int = 1, quality: int = 100) -> bytes:
        """Its file, with its recipe, or its picture in another form or enlarged, without. Raises SfumatoError where it
        cannot be read or signed."""
        if form == "png" and scale == 1:
            return read_named_file(self.path, BYTE_LIMIT)
        return read_work(self.path).encoded(form, scale=scale, quality=quality)


class Order:
    """A job that a program waits for."""

    def __init__(self, services: Services, job: Job, after: int) -> None:
        """after: the number of the last event before the job was asked for."""
        self.services, self.job, self._after = services, job, after
        self.works: list[Made] = []

    @classmethod
    async def of(cls, services: Services, spec: Spec, client: str) -> Order:
        """Put a job into the queue. Raises QueueFullError."""
        after = await services.following.last()
        most = services.settings.limits.waiting_for(owner=client == OWNER)
        job = await asyncio.to_thread(services.queue.add, spec, client=client, most_waiting=most)
        return cls(services, job, after)

    async def follow(self) -> AsyncGenerator[Preview | Made, None]:
        """Previews, and works as they are made, until the job has ended. Whoever closes it early cancels the job, as
        nobody waits for it any more.

        Raises HttpError where the job failed, was cancelled or paused, or ended without a work.
        """
        ended = False
        try:
            async with contextlib.aclosing(self.services.following.follow(self._after, self.job.id)) as told:
                async for each in told:
                    if isinstance(each, Preview):
                        yield each
                    elif each.type == "work":
                        made = await asyncio.to_thread(self._made, int(each.json["work"]["id"]))
                        self.works.append(made)
                        yield made
                    elif each.type == "job" and each.json["job"]["state"] in (*ENDED, "paused"):
                        ended = True
                        break
            if not ended:  # the server stops; the job stays in the queue
                ended = True
                raise HttpError(503, "the studio is closing; ask again when it is back", code="closing")
            self.job = await asyncio.to_thread(self.services.queue.job, self.job.id)
            self._check()
        finally:
            if not ended:
                await asyncio.shield(asyncio.to_thread(self.cancel))

    async def finished(self) -> list[Made]:
        """The works, in their order. Raises HttpError as `follow`."""
        async with contextlib.aclosing(self.follow()) as happening:
            async for _ in happening:
                pass
        return sorted(self.works, key=lambda made: made.work.index or 0)

    @property
    def hides_previews(self) -> bool:
        """Whether works may be held back when they are finished: then nobody is shown what they come to."""
        limits = self.services.policy.limits
        return bool(limits.filters) or "refuse" in (limits.copies, self.job.spec.get("copies"))

    def cancel(self) -> None:
        """Have nothing more made."""
        with contextlib.suppress(NotAllowedError):  # it has ended meanwhile
            self.services.queue.control(self.job.id, "cancel")

    def _made(self, id: int) -> Made:
        work = self.services.gallery.work(id)
        return Made(work, self.services.gallery.path_of(work))

    def _check(self) -> None:
        if self.job.state == "failed":
            raise HttpError(400, self.job.reason or "the job failed", code="job_failed")
        if self.job.state in ("cancelled", "paused"):
            raise HttpError(409, f"the job was {self.job.state} at the studio", code=self.job.state)


async def while_there(request: Request, waited_for: Coroutine[Any, Any, T]) -> T:
    """What is waited for, as long as whoever asked is there. Raises ClientDisconnect, and then it is cancelled."""
    working = asyncio.ensure_future(waited_for)
    leaving = asyncio.ensure_future(_gone(request))
    try:
        await asyncio.wait({working, leaving}, return_when=asyncio.FIRST_COMPLETED)
        if working.done():
            return working.result()
        raise ClientDisconnect
    finally:
        for task in (working, leaving):
            task.cancel()
        await asyncio.gather(working, leaving, return_exceptions=True)


async def _gone(request: Request) -> None:
    while (await request.receive())["type"] != "http.disconnect":
        pass


def spec_of(kind: str, values: Mapping[str, Any]) -> Spec:
    """What a job is asked. Raises HttpError 400 for the first thing that is wrong with it."""
    try:
        return SPEC.validate_python({"kind": kind, **values})
    except ValidationError as error:
        fault = faults_of(error)[0]
        name = str(fault.place[-1]) if fault.place else ""
        said = fault.said if fault.kind == "value_error" or not name else f"{name}: {fault.said}"
        raise HttpError(400, said, code="invalid", param=name or None) from error


def new_seed() -> int:
    """Of a request that names none: small enough for every program's whole numbers."""
    return secrets.randbelow(2**31)


def model_named(services: Services, name: str | None) -> StudioModel:
    """The model that a program means: by its id, by what people call it, or by an alias that the owner gave it; the
    newest that makes works where none is named. Raises HttpError 404."""
    models = models_of(services.place, services.roots)
    usable = [model for model in models if model.makes_works]
    if name is None or not name.strip():
        if not usable:
            raise HttpError(404, "the studio has no model yet: train one there first", code="model_not_found")
        return usable[0]
    wanted = services.settings.aliases.get(name, name)
    found = [model for model in models if wanted == model.id]
    found = found or [model for model in models if wanted.casefold() == model.name.casefold()]
    if found:
        return found[0]
    ours = ", ".join(model.id for model in usable[:_SHOWN]) or "none yet"
    said = shortened(printable(name), 80)
    raise HttpError(404, f"there is no model '{said}' here; the models: {ours}", code="model_not_found", param="model")


def ignored_header(names: set[str]) -> dict[str, str]:
    """The header that names what did nothing, {} where everything did something."""
    plain = sorted(name.encode("ascii", "replace").decode() for name in names if name.isprintable())
    return {IGNORED: shortened(", ".join(plain), _MOST_SAID)} if plain else {}


def said_of(error: SfumatoError) -> dict[str, Any]:
    """An error inside a stream that has begun."""
    code, param = (error.code, error.param) if isinstance(error, HttpError) else (None, None)
    return {"message": str(error), "type": "invalid_request_error", "param": param, "code": code}
