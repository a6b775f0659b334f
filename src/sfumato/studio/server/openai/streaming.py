"""Works as a stream of server-sent events: what they come to on the way, and each when it is done."""

from __future__ import annotations

import asyncio
import base64
import contextlib
import io
import json
import time
from collections.abc import AsyncGenerator, Mapping
from typing import Any, Final

from fastapi.responses import StreamingResponse
from PIL import Image

from sfumato.errors import SfumatoError
from sfumato.studio.jobs.journal import Preview
from sfumato.studio.server.openai.bodies import Usage, Wanted, said_quality
from sfumato.studio.server.openai.pictures import partial_of, sent_size
from sfumato.studio.server.orders import Made, Order, said_of
from sfumato.studio.server.sizes import Size, shown_scale

_QUIET_SECONDS: Final = 15.0  # after which a comment says that the studio is still at it


def streamed(
    order: Order, wanted: Wanted, asked: Size | None, event: str, headers: Mapping[str, str]
) -> StreamingResponse:
    """An answer that tells of a job until it has ended. event: 'image_generation' or 'image_edit'."""
    told = _kept_alive(_events(order, wanted, asked, event))
    return StreamingResponse(told, headers={**headers, "X-Accel-Buffering": "no"}, media_type="text/event-stream")


async def _events(order: Order, wanted: Wanted, asked: Size | None, event: str) -> AsyncGenerator[bytes, None]:
    shown = Partials(0 if order.hides_previews else wanted.partial_images or 0)
    try:
        async with contextlib.aclosing(order.follow()) as happening:
            async for each in happening:
                if isinstance(each, Preview):
                    for picture in shown.due(each):
                        data, size = await asyncio.to_thread(
                            partial_of, picture, wanted.form, asked, quality=wanted.compression
                        )
                        said = {"partial_image_index": shown.sent - 1, "size": size}
                        yield _event(f"{event}.partial_image", data, wanted, said)
                else:
                    yield await _completed(each, wanted, asked, event)
    except SfumatoError as error:
        yield _line("error", {"type": "error", "error": said_of(error)})


async def _completed(made: Made, wanted: Wanted, asked: Size | None, event: str) -> bytes:
    scale = shown_scale(made.size, asked)
    data = await asyncio.to_thread(made.encoded, wanted.form, scale=scale, quality=wanted.compression)
    said = {"size": sent_size(made, asked), "usage": Usage().model_dump(), "work": made.work.id, "seed": made.work.seed}
    return _event(f"{event}.completed", data, wanted, said)


class Partials:
    """Which previews of a job are sent on: so many, spread over its steps."""

    def __init__(self, most: int) -> None:
        self._most, self.sent = most, 0

    def due(self, preview: Preview) -> list[bytes]:
        """The picture of a preview, if it is its turn; of several works that are made together the first's."""
        step, steps = preview.json.get("step"), preview.json.get("steps")
        if (
            preview.picture is None
            or not isinstance(step, int)
            or not isinstance(steps, int)
            or self.sent >= self._most
        ):
            return []
        if not 0 < step < steps or step / steps < (self.sent + 1) / (self._most + 1):
            return []
        self.sent += 1
        return [_first_of(preview.picture, preview.json)]


def _first_of(picture: bytes, said: Mapping[str, Any]) -> bytes:
    """The first of the pictures of a sheet that a worker drew."""
    columns, rows = said.get("columns", 1), said.get("rows", 1)
    if (columns, rows) == (1, 1):
        return picture
    with Image.open(io.BytesIO(picture)) as sheet:
        first = sheet.crop((0, 0, sheet.width // columns, sheet.height // rows))
    file = io.BytesIO()
    first.save(file, "PNG")
    return file.getvalue()


def _event(kind: str, picture: bytes, wanted: Wanted, more: Mapping[str, Any]) -> bytes:
    said = {
        "type": kind,
        "b64_json": base64.b64encode(picture).decode(),
        "created_at": int(time.time()),
        "background": "opaque",
        "output_format": wanted.form,
        "quality": said_quality(wanted.quality),
        **more,
    }
    return _line(kind, said)


def _line(event: str, data: Mapping[str, Any]) -> bytes:
    return f"event: {event}\ndata: {json.dumps(data, separators=(',', ':'))}\n\n".encode()


async def _kept_alive(events: AsyncGenerator[bytes, None]) -> AsyncGenerator[bytes, None]:
    """The same, with a comment where nothing has happened for long, as some proxies close quiet connections."""
    upcoming: asyncio.Future[bytes] | None = None
    try:
        while True:
            upcoming = upcoming or asyncio.ensure_future(anext(events))
            done, _ = await asyncio.wait({upcoming}, timeout=_QUIET_SECONDS)
            if not done:
                yield b": waiting\n\n"
                continue
            finished, upcoming = upcoming, None
            try:
                yield finished.result()
            except StopAsyncIteration:
                return
    finally:
        if upcoming is not None:
            upcoming.cancel()
            with contextlib.suppress(BaseException):
                await upcoming
        await events.aclose()
