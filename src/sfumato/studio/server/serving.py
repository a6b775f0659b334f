"""Listening: uvicorn with one event loop, which waits for nobody for long and ends within seconds."""

from __future__ import annotations

import asyncio
import contextlib
import signal
import socket
from collections.abc import Callable
from dataclasses import replace
from types import FrameType
from typing import Any, Final

import h11
import uvicorn
from fastapi import FastAPI
from uvicorn.protocols.http.h11_impl import H11Protocol

from sfumato.errors import SfumatoError
from sfumato.studio.server.services import Services
from sfumato.studio.server.settings import Settings

_HEAD_SECONDS: Final = 15.0  # in which a request's first lines have to be there
_HEAD_BYTES: Final = 32 << 10
_CONNECTIONS: Final = 800  # at once, under the 1,024 files that a process may often have open
_KEEP_ALIVE_SECONDS: Final = 30
# In which requests may end that are being answered; the workers take what is left of ten seconds.
_GRACE_SECONDS: Final = 1
_BACKLOG: Final = 512


class PatientProtocol(H11Protocol):
    """Ends a connection over which a request's head does not come, which uvicorn would wait for without end."""

    _waiting: asyncio.TimerHandle | None = None

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
        super().connection_made(transport)
        self._await_head()

    def data_received(self, data: bytes) -> None:
        super().data_received(data)
        self._await_head()

    def connection_lost(self, exc: Exception | None) -> None:
        super().connection_lost(exc)
        self._stop_waiting()

    def _await_head(self) -> None:
        if self.conn.their_state is not h11.IDLE:
            self._stop_waiting()
        elif self._waiting is None and self.timeout_keep_alive_task is None:
            self._waiting = self.loop.call_later(_HEAD_SECONDS, self.transport.close)

    def _stop_waiting(self) -> None:
        if self._waiting is not None:
            self._waiting.cancel()
            self._waiting = None


class _Server(uvicorn.Server):
    """Lets go of those that listen to events as soon as it is to end, and says when it answers."""

    def __init__(self, config: uvicorn.Config, services: Services, answers: Callable[[], None]) -> None:
        super().__init__(config)
        self._services, self._answers = services, answers

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        await super().startup(sockets)
        if self.started:
            self._answers()

    def handle_exit(self, sig: int, frame: FrameType | None) -> None:
        super().handle_exit(sig, frame)
        self._services.following.close()


def listening(settings: Settings) -> tuple[socket.socket, Settings]:
    """A socket that listens, and the settings with its port, which is any free one where 0 is asked for.

    Raises SfumatoError where it cannot be had.
    """
    try:
        kind = socket.AF_INET6 if ":" in settings.host else socket.AF_INET
        listener = socket.create_server((settings.host, settings.port), family=kind, backlog=_BACKLOG)
    except OSError as error:
        raise SfumatoError(
            f"{settings.host}, port {settings.port}: cannot be listened at ({error.strerror or error}); choose another "
            "with --port, or --port 0 for any that is free"
        ) from error
    return listener, replace(settings, port=listener.getsockname()[1])


def server_of(app: FastAPI, answers: Callable[[], None] = lambda: None) -> uvicorn.Server:
    """What answers, once it is run with a socket. answers: called when it does."""
    config = uvicorn.Config(
        app,
        http=PatientProtocol,
        loop="asyncio",
        ws="none",
        lifespan="on",
        log_config=None,
        access_log=False,
        server_header=False,
        proxy_headers=False,  # nobody may say who they are by a header
        timeout_keep_alive=_KEEP_ALIVE_SECONDS,
        timeout_graceful_shutdown=_GRACE_SECONDS,
        h11_max_incomplete_event_size=_HEAD_BYTES,
        limit_concurrency=_CONNECTIONS,
        backlog=_BACKLOG,
    )
    return _Server(config, app.state.services, answers)


def serve(app: FastAPI, listener: socket.socket, answers: Callable[[], None]) -> None:
    """Answer until SIGTERM or SIGINT comes. answers: called once when requests are answered.

    Raises SfumatoError where the application does not start.
    """
    server = server_of(app, answers)
    before = signal.signal(signal.SIGTERM, _ended_by)  # uvicorn sends itself the signal once more at the end
    try:
        with contextlib.suppress(KeyboardInterrupt, _Ended):
            server.run([listener])
    finally:
        signal.signal(signal.SIGTERM, before)
        listener.close()
    if not server.started:
        raise SfumatoError("the studio did not start; what is above says why")


class _Ended(Exception):  # noqa: N818 (nothing went wrong)
    """SIGTERM has come."""


def _ended_by(*_: Any) -> None:
    raise _Ended
