"""Bodies of requests as they come in, and answers as they are taken: bounded in bytes and in time."""

from __future__ import annotations

import asyncio
import time
from typing import Final

from starlette.datastructures import Headers
from starlette.exceptions import HTTPException
from starlette.types import Message, Receive, Send

from sfumato.studio.server.settings import Limits

_MIB: Final = 1 << 20
_CLOSED: Final = {"Connection": "close"}  # the rest of the body is not read


class TooSlowError(Exception):
    """The other side takes nothing of its answer any more."""


def bounded_body(receive: Receive, limits: Limits, most: int, headers: Headers) -> Receive:
    """The same messages, as long as they keep within the limits.

    most: bytes. What is returned raises HTTPException, which a route that reads its body passes on: 413 at once where
    the length is announced, and else with the byte that is too much; 408 where nothing more comes.
    """
    announced = headers.get("content-length", "")
    too_large = announced.isascii() and announced.isdigit() and int(announced[:30]) > most
    begun, got, ended = time.monotonic(), 0, False

    async def bounded() -> Message:
        nonlocal got, ended
        if ended:  # from now on there is only word that the other side has gone, however late
            return await receive()
        if too_large:
            raise _too_large(most)
        try:
            async with asyncio.timeout(limits.idle_seconds):
                message = await receive()
        except TimeoutError:
            raise _too_slow(f"nothing came for {limits.idle_seconds:g} seconds") from None
        if message["type"] != "http.request":
            ended = True
            return message
        got += len(message.get("body", b""))
        ended = not message.get("more_body", False)
        if got > most:
            raise _too_large(most)
        seconds = time.monotonic() - begun
        if not ended and seconds > limits.body_seconds and got < seconds * limits.least_bytes_per_second:
            raise _too_slow(f"the body took longer than {limits.body_seconds:g} seconds")
        return message

    return bounded


def patient_send(send: Send, seconds: float) -> Send:
    """The same, which raises TooSlowError where the other side takes nothing for so long."""

    async def patient(message: Message) -> None:
        try:
            async with asyncio.timeout(seconds):
                await send(message)
        except TimeoutError:
            raise TooSlowError(f"nothing was taken for {seconds:g} s") from None

    return patient


def _too_large(most: int) -> HTTPException:
    size = f"{most / _MIB:,.0f} MB" if most >= _MIB else f"{most:,} bytes"
    said = f"the request is too large: {size} are the most at this address"
    return HTTPException(413, said, headers=_CLOSED)


def _too_slow(said: str) -> HTTPException:
    return HTTPException(408, f"{said}; send the request again", headers=_CLOSED)
