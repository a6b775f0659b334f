"""Bodies of requests as they come in, and answers as they are taken: bounded in bytes and in time."""

from __future__ import annotations

import asyncio
import time
from typing import Final

from starlette.datastructures import Headers
from starlette.exceptions import HTTPException
from starlette.types import Message, Receive, Send

from sfumato.studio.server.settings import Limits
from sfumato.text import counted

_MIB: Final = 1 << 20


class TooSlowError(Exception):
    """The other side takes nothing of its answer any more."""


class Body:
    """The messages of a request's body, as long as they keep within the limits.

    most: bytes that it may have. is_read: whether all of it has come, or there is none.
    """

    def __init__(self, receive: Receive, headers: Headers, limits: Limits, most: int) -> None:
        self._receive, self._limits, self.most = receive, limits, most
        announced = headers.get("content-length", "")
        self.announced = int(announced[:30]) if announced.isascii() and announced.isdigit() else 0
        self.is_read = not self.announced and "transfer-encoding" not in headers
        self._begun, self._bytes = time.monotonic(), 0

    @property
    def is_too_large(self) -> bool:
        """Whether it is said to have more bytes than it may, before any of it is read."""
        return self.announced > self.most

    async def __call__(self) -> Message:
        """The next message. Raises HTTPException, which a route that reads a body passes on: 413 with the byte that is
        too much, 408 where nothing more comes."""
        if self.is_read:  # from now on there is only word that the other side has gone, however late
            return await self._receive()
        limits = self._limits
        try:
            async with asyncio.timeout(limits.idle_seconds):
                message = await self._receive()
        except TimeoutError:
            raise _too_slow(f"nothing came for {counted(limits.idle_seconds, 'second')}") from None
        if message["type"] != "http.request":
            self.is_read = True
            return message
        self._bytes += len(message.get("body", b""))
        if self._bytes > self.most:
            raise HTTPException(413, said_most(self.most))
        self.is_read = not message.get("more_body", False)
        seconds = time.monotonic() - self._begun
        is_slow = seconds > limits.body_seconds and self._bytes < seconds * limits.least_bytes_per_second
        if is_slow and not self.is_read:
            raise _too_slow(f"the body took longer than {counted(limits.body_seconds, 'second')}")
        return message


def patient_send(send: Send, seconds: float) -> Send:
    """The same, which raises TooSlowError where the other side takes nothing for so long."""

    async def patient(message: Message) -> None:
        try:
            async with asyncio.timeout(seconds):
                await send(message)
        except TimeoutError:
            raise TooSlowError(f"nothing was taken for {seconds:g} s") from None

    return patient


def said_most(most: int) -> str:
    """How many bytes there may be, in a sentence."""
    size = f"{most / _MIB:,.0f} MB" if most >= _MIB else f"{most:,} bytes"
    return f"the request is too large: {size} are the most at this address"


def _too_slow(said: str) -> HTTPException:
    return HTTPException(408, f"{said}; send the request again")
