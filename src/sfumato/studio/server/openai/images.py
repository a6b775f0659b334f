"""/v1/images: works from words, a picture edited, variations of one."""

from __future__ import annotations

import asyncio
import time
from typing import Any, Final

from fastapi import APIRouter, Request
from fastapi.responses import JSONResponse, Response

from sfumato.studio.jobs.specs import Spec
from sfumato.studio.models import StudioModel
from sfumato.studio.server.answers import HttpError
from sfumato.studio.server.openai.bodies import (
    EditRequest,
    ImageRequest,
    Pictures,
    VariationRequest,
    Wanted,
    said_quality,
    without_none,
)
from sfumato.studio.server.openai.forms import EDIT_BODY, VARIATION_BODY, Sent, read_form
from sfumato.studio.server.openai.pictures import said_of, sent_size
from sfumato.studio.server.openai.streaming import streamed
from sfumato.studio.server.orders import Order, ignored_header, model_named, new_seed, spec_of, while_there
from sfumato.studio.server.services import Client, Served, Services
from sfumato.studio.server.sizes import made_in, size_of
from sfumato.studio.server.words import asked_in_words

router = APIRouter(prefix="/images")
_STREAM: Final[dict[int | str, dict[str, Any]]] = {
    200: {"content": {"text/event-stream": {}}, "description": "The pictures, or with `stream` events of them"}
}
# How much of a picture is made anew, by how true to it the edit shall be.
_STRENGTH: Final = {"high": 0.4, None: 0.6, "low": 0.75}
_VARIATION: Final = 0.7


@router.post("/generations", response_model=Pictures, responses=_STREAM)
async def generations(body: ImageRequest, request: Request, services: Served, client: Client) -> Response:
    """Works from words: of a model that reads text its prompt, of others their classes."""
    body.check()
    model = await asyncio.to_thread(model_named, services, body.model)
    words, canvas = asked_in_words(model, body.prompt), made_in(model, size_of(body.size))
    spec = spec_of("generate", _making(body, model, words, canvas))
    return await _answered(body, spec, model, request, services, client, "image_generation")


@router.post("/edits", response_model=Pictures, responses=_STREAM, openapi_extra=EDIT_BODY)
async def edits(request: Request, services: Served, client: Client) -> Response:
    """A picture made anew in part, where there is a mask, or else refined as a whole. Of several pictures the first is
    edited, and the colours of the second are taken over."""
    body, sent = await read_form(request, services, EditRequest)
    body.check()
    model = await asyncio.to_thread(model_named, services, body.model)
    kind = "reimagine" if sent.mask is None else "inpaint"
    values = _making(body, model, asked_in_words(model, body.prompt), {})
    values |= {"picture": sent.pictures[0]}
    if len(sent.pictures) > 1 and model.samples_freely:
        values |= {"palette": sent.pictures[1]}
    sent.ignored |= {f"image[{place}]" for place in range(2 if "palette" in values else 1, len(sent.pictures))}
    if sent.mask is not None:
        values |= {"mask": sent.mask, "anew": "transparent"}
    else:
        values |= {"strength": _STRENGTH[body.input_fidelity]}
    return await _answered(body, spec_of(kind, values), model, request, services, client, "image_edit", sent)


@router.post("/variations", response_model=Pictures, openapi_extra=VARIATION_BODY)
async def variations(request: Request, services: Served, client: Client) -> Response:
    """Other works like a picture."""
    body, sent = await read_form(request, services, VariationRequest)
    body.check()
    model = await asyncio.to_thread(model_named, services, body.model)
    values = _making(body, model, {}, {}) | {"picture": sent.pictures[0], "strength": _VARIATION}
    body = body.model_copy(update={"stream": None})
    return await _answered(body, spec_of("reimagine", values), model, request, services, client, "image_edit", sent)


def _making(body: Wanted, model: StudioModel, words: dict[str, Any], canvas: dict[str, Any]) -> dict[str, Any]:
    """What every kind of job that makes works is asked."""
    seed = {"seed": new_seed() if body.seed is None else body.seed}
    return {"model": model.id, "count": body.count, "asked": {**seed, **words, **canvas, **body.steps(model)}}


async def _answered(
    body: Wanted,
    spec: Spec,
    model: StudioModel,
    request: Request,
    services: Services,
    client: str,
    event: str,
    sent: Sent | None = None,
) -> Response:
    """The works of a job, at once or as a stream of events. event: the name of these."""
    headers = ignored_header(body.ignored(model) | (sent.ignored if sent is not None else set()))
    asked = size_of(body.size)
    order = await Order.of(services, spec, client)
    if body.stream:
        return streamed(order, body, asked, event, headers)
    works = await while_there(request, order.finished())
    if not works:
        raise HttpError(409, "the job was stopped at the studio before there was a work", code="stopped")
    data = [await said_of(made, body, asked, request) for made in works]
    answer = Pictures(
        created=int(time.time()),
        data=data,
        output_format=body.form,
        quality=said_quality(body.quality),
        size=sent_size(works[0], asked),
    )
    return JSONResponse(without_none(answer), headers=headers)
