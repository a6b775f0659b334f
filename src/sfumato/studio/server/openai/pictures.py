"""Works as they are sent: inside the answer, or behind an address of this server."""

from __future__ import annotations

import asyncio
import base64
import io
from typing import Annotated, Final, Literal

from fastapi import APIRouter, Path, Query, Request
from fastapi.responses import Response
from PIL import Image

from sfumato.studio.server.answers import HttpError, bytes_answer
from sfumato.studio.server.jobs import seen_job
from sfumato.studio.server.openai.bodies import Format, Picture, Wanted
from sfumato.studio.server.orders import Made
from sfumato.studio.server.services import Served, Whose
from sfumato.studio.server.sizes import Size, shown_scale
from sfumato.works.saving import Product, still
from sfumato.works.viewing import enlarged

router = APIRouter(prefix="/images/works")
MOST_SCALE: Final = 4096


def partial_of(picture: bytes, form: Format, asked: Size | None, *, quality: int = 100) -> tuple[bytes, str]:
    """What a worker has drawn of a work that is not done, as the work will be sent: in the form and the size that were
    asked for, signed. Its size beside it, as '512x512'."""
    with Image.open(io.BytesIO(picture)) as image:
        shown = enlarged(image.convert("RGB"), shown_scale(image.size, asked))
    return still(Product([shown]), form, quality=quality), f"{shown.width}x{shown.height}"


def sent_size(made: Made, asked: Size | None) -> str:
    """Of its picture as it is sent: '512x512'."""
    scale = shown_scale(made.size, asked)
    return f"{made.work.width * scale}x{made.work.height * scale}"


async def said_of(made: Made, wanted: Wanted, asked: Size | None, request: Request) -> Picture:
    """A work in an answer. asked: the size that was asked for."""
    scale = shown_scale(made.size, asked)
    picture = Picture(revised_prompt=made.work.label, work=made.work.id, seed=made.work.seed, number=made.work.number)
    if wanted.response_format == "url":
        address = request.url_for("openai_pictures_show", name=f"{made.work.id}.{wanted.form}")
        query = {"scale": scale, "quality": wanted.compression}
        picture.url = str(address.include_query_params(**query))
    else:
        data = await asyncio.to_thread(made.encoded, wanted.form, scale=scale, quality=wanted.compression)
        picture.b64_json = base64.b64encode(data).decode()
    return picture


@router.get("/{name}", response_class=Response, name="openai_pictures_show")
def show(
    name: Annotated[str, Path(pattern=r"^[1-9][0-9]{0,14}\.(png|jpeg|webp)$")],
    request: Request,
    services: Served,
    whose: Whose,
    scale: Annotated[int, Query(ge=1, le=MOST_SCALE)] = 1,
    quality: Annotated[int, Query(ge=0, le=100)] = 100,
) -> Response:
    """A work that was asked for by its address. A program sees those that it asked for itself."""
    number, _, ending = name.partition(".")
    form: Literal["png", "jpeg", "webp"] = "png" if ending == "png" else "jpeg" if ending == "jpeg" else "webp"
    work = services.gallery.work(int(number))
    if whose is not None:
        if work.job is None:
            raise HttpError(404, f"there is no work {number}", code="not_found")
        seen_job(services, work.job, whose)
    if max(work.width, work.height) * scale > MOST_SCALE:
        raise HttpError(400, f"scale: the picture would be larger than {MOST_SCALE:,} pixels", param="scale")
    made = Made(work, services.gallery.path_of(work))
    return bytes_answer(request, made.encoded(form, scale=scale, quality=quality), f"image/{form}")
