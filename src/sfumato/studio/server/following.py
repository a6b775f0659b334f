"""One reader of the journal for all that listen to what happens."""

from __future__ import annotations

import asyncio
import logging
from collections import deque
from collections.abc import AsyncGenerator
from typing import Final

from sfumato.errors import SfumatoError
from sfumato.studio.jobs.journal import Event, Journal, Preview
from sfumato.studio.jobs.states import AT_WORK

POLL_SECONDS: Final = 0.075
_AFTER_FAULT_SECONDS: Final = 1.0
_KEPT: Final = 2000  # events in memory; whoever is further behind reads the database
_BATCH: Final = 500
_LOG: Final = logging.getLogger("sfumato.studio")


class Following:
    """Used by one event loop. The database is read only while somebody listens.

    Nothing is kept for a listener but how far it is. So a slow one holds up nobody: when it is ready for more it gets
    the events that it has missed, and of previews the newest alone.
    """

    def __init__(self, journal: Journal) -> None:
        self._journal = journal
        self._recent: deque[Event] = deque(maxlen=_KEPT)
        self._previews: dict[int, Preview] = {}
        self._last = 0
        self._news = asyncio.Event()
        self._listeners = 0
        self._reader: asyncio.Task[None] | None = None
        self._starting = asyncio.Lock()
        self._closed = False

    def close(self) -> None:
        """End all that is being followed, as the server is about to stop."""
        self._closed = True
        self._wake()

    async def last(self) -> int:
        """The number of the newest event. Raises SfumatoError where the database cannot be read."""
        return await asyncio.to_thread(self._journal.last)

    async def follow(self, after: int, job: int | None = None) -> AsyncGenerator[Event | Preview, None]:
        """Events after that number, in their order and without gaps, and previews of jobs at work, until `close`.

        job: only what concerns that one. Raises SfumatoError where the database cannot be read.
        """
        self._listeners += 1
        try:
            await self._start()
            seen: dict[int, int] = {}
            while not self._closed:
                news = self._news
                events, after = await self._events_after(after, job)
                for event in events:
                    yield event
                for preview in list(self._previews.values()):
                    if job in (None, preview.job) and seen.get(preview.job, -1) < preview.number:
                        seen[preview.job] = preview.number
                        yield preview
                if after >= self._last:
                    await news.wait()
        finally:
            self._listeners -= 1

    async def _events_after(self, seq: int, job: int | None) -> tuple[list[Event], int]:
        """The next events, and up to which number there are no others."""
        last = self._last
        if seq >= last:
            return [], seq
        if self._recent and self._recent[0].seq <= seq + 1:
            return [each for each in self._recent if each.seq > seq and job in (None, each.job)], last
        found = await asyncio.to_thread(self._journal.after, seq, job=job, limit=_BATCH)
        if len(found) < _BATCH:
            return found, max([last, *(each.seq for each in found)])
        return found, found[-1].seq

    async def _start(self) -> None:
        async with self._starting:
            if self._reader is None or self._reader.done():
                self._recent.clear()
                self._previews.clear()
                self._last = await self.last()
                self._reader = asyncio.create_task(self._read())

    async def _read(self) -> None:
        while self._listeners and not self._closed:
            try:
                events, previews = await asyncio.to_thread(self._next)
            except SfumatoError:
                _LOG.exception("the journal cannot be read")
                await asyncio.sleep(_AFTER_FAULT_SECONDS)
                continue
            for preview in previews:
                self._previews[preview.job] = preview
            for event in events:
                self._recent.append(event)
                self._last = event.seq
                if event.type == "job" and event.job is not None and event.json["job"]["state"] not in AT_WORK:
                    self._previews.pop(event.job, None)
            if events or previews:
                self._wake()
            await asyncio.sleep(0 if len(events) == _BATCH else POLL_SECONDS)

    def _next(self) -> tuple[list[Event], list[Preview]]:
        previews = self._journal.previews_after({job: each.number for job, each in list(self._previews.items())})
        # Read after the previews, so that none stays of a job whose end was read before.
        return self._journal.after(self._last, limit=_BATCH), previews

    def _wake(self) -> None:
        news, self._news = self._news, asyncio.Event()
        news.set()
