"""txt2img and img2img, how far they are, and how they are interrupted."""

from __future__ import annotations

import asyncio
import base64
import binascii
import contextlib
import io
import json
from collections.abc import Iterator
from typing import Annotated, Any, Final

from fastapi import APIRouter, Query, Request
from fastapi.responses import JSONResponse, Response
from pydantic import BaseModel
from starlette.datastructures import State

from sfumato.studio.jobs.queue import NotAllowedError
from sfumato.studio.jobs.specs import Spec, Uploaded
from sfumato.studio.models import StudioModel, models_of
from sfumato.studio.server.answers import HttpError
from sfumato.studio.server.orders import Order, ignored_header, model_named, new_seed, spec_of, while_there
from sfumato.studio.server.sdapi.bodies import MOST_AT_ONCE, Answer, ImageToImage, TextToImage, Wanted
from sfumato.studio.server.sdapi.info import info_of
from sfumato.studio.server.sdapi.options import choose, chosen_model
from sfumato.studio.server.services import Client, Served, Services
from sfumato.studio.server.sizes import made_in, shown_scale
from sfumato.studio.server.uploads import check_space
from sfumato.studio.server.words import asked_in_words, led_away_from
from sfumato.studio.uploads import Upload

router = APIRouter()
_USUAL_STRENGTH: Final = 0.75  # as there


@router.post("/txt2img", response_model=Answer)
async def txt2img(body: TextToImage, request: Request, services: Served, client: Client) -> Response:
    """Works from words: of a model that reads text its prompt, of others their classes."""
    model = await asyncio.to_thread(_model, services, client, body)
    values, ignored = _making(body, model)
    values["asked"] |= made_in(model, body.size)
    if body.enable_hr:
        upscaler = await asyncio.to_thread(_upscaler, services, body.hr_upscaler)
        ignored |= {"enable_hr"} if upscaler is None else set()
        values |= {"upscaler": upscaler}
    return await _answered(body, spec_of("generate", values), model, ignored, request, services, client)


@router.post("/img2img", response_model=Answer)
async def img2img(body: ImageToImage, request: Request, services: Served, client: Client) -> Response:
    """A picture refined or, where there is a mask, made anew in part."""
    model = await asyncio.to_thread(_model, services, client, body)
    values, ignored = _making(body, model)
    ignored |= {f"init_images[{place}]" for place in range(1, len(body.init_images))}
    files = [_decoded(body.init_images[0], "init_images"), *([_decoded(body.mask, "mask")] if body.mask else [])]
    named = await asyncio.to_thread(_kept, services, files)
    values |= {"picture": named[0], "strength": body.denoising_strength or _USUAL_STRENGTH}
    if len(named) > 1:
        values |= {"mask": named[1], "anew": "black" if body.inpainting_mask_invert else "white"}
    spec = spec_of("inpaint" if len(named) > 1 else "reimagine", values)
    return await _answered(body, spec, model, ignored, request, services, client)


class Progress(BaseModel):
    """progress: 0 to 1; eta_relative: seconds left; current_image: in base64, of what is being made."""

    progress: float
    eta_relative: float
    state: dict[str, Any]
    current_image: str | None
    textinfo: str | None = None


@router.get("/progress")
async def progress(
    request: Request, services: Served, client: Client, skip_current_image: Annotated[bool, Query()] = False
) -> Progress:
    """How far the program's own request is that was asked first."""
    orders = _waiting(request.app.state).get(client, [])
    job = await asyncio.to_thread(services.queue.job, orders[0].job.id) if orders else None
    said = {} if job is None else job.progress
    done, total = said.get("done"), said.get("total")
    part = done / total if isinstance(done, int | float) and isinstance(total, int | float) and total else 0.0
    picture = None
    if job is not None and not skip_current_image and not orders[0].hides_previews:
        previews = await asyncio.to_thread(services.journal.previews_after, {})
        picture = next((each.picture for each in reversed(previews) if each.job == job.id and each.picture), None)
    remaining = said.get("remaining_seconds")
    return Progress(
        progress=min(1.0, max(0.0, part)),
        eta_relative=float(remaining) if isinstance(remaining, int | float) else 0.0,
        state={
            "skipped": False,
            "interrupted": job is not None and job.control == "stop",
            "stopping_generation": job is not None and job.control == "stop",
            "job": "" if job is None else str(job.id),
            "job_count": len(orders),
            "job_timestamp": "" if job is None else job.created_at.strftime("%Y%m%d%H%M%S"),
            "job_no": 0,
            "sampling_step": said.get("step", 0),
            "sampling_steps": said.get("steps", 0),
        },
        current_image=None if picture is None else base64.b64encode(picture).decode(),
    )


@router.post("/interrupt")
def interrupt(request: Request, services: Served, client: Client) -> dict[str, Any]:
    """Have the program's own requests end, and answered with the works that they have."""
    for order in list(_waiting(request.app.state).get(client, [])):
        with contextlib.suppress(NotAllowedError):  # it has ended meanwhile
            services.queue.control(order.job.id, "stop")
    return {}


def _model(services: Services, client: str, body: Wanted) -> StudioModel:
    """The model for this request, or the one that the program chose. Raises HttpError 404."""
    if body.checkpoint is None:
        return chosen_model(services, client) or model_named(services, None)
    model = model_named(services, body.checkpoint)
    if body.override_settings_restore_afterwards is False:
        choose(services.place, client, model)
    return model


def _upscaler(services: Services, name: str | None) -> str | None:
    models = [model for model in models_of(services.place, services.roots) if model.kind == "upscaler"]
    return next((model.id for model in models if name in (model.id, model.name)), None)


def _making(body: Wanted, model: StudioModel) -> tuple[dict[str, Any], set[str]]:
    """What a job is asked in any case, and the fields that do nothing. Raises HttpError 400."""
    if body.count > MOST_AT_ONCE:
        raise HttpError(400, f"batch_size: {MOST_AT_ONCE} works are the most in one request", param="batch_size")
    settings, ignored = body.settings(model)
    negative = led_away_from(model, body.negative_prompt or "")
    ignored |= body.unknown() | ({"negative_prompt"} if negative is None else set())
    seed = {"seed": new_seed() if body.seed in (None, -1) else body.seed}
    asked = {**seed, **asked_in_words(model, body.prompt), **(negative or {}), **settings}
    return {"model": model.id, "count": body.count, "asked": asked}, ignored


async def _answered(
    body: Wanted,
    spec: Spec,
    model: StudioModel,
    ignored: set[str],
    request: Request,
    services: Services,
    client: str,
) -> Response:
    order = await Order.of(services, spec, client)
    with _noted(request.app.state, client, order):
        works = await while_there(request, order.finished())
    images = []
    if body.send_images is not False:
        for made in works:
            scale = shown_scale(made.size, body.size)
            data = await asyncio.to_thread(made.encoded, scale=scale)
            images.append(base64.b64encode(data).decode())
    info = json.dumps(info_of(works, body, model, order.job, sorted(ignored)))
    answer = Answer(images=images, parameters=body.echoed(), info=info)
    return JSONResponse(answer.model_dump(), headers=ignored_header(ignored))


def _decoded(picture: str, field: str) -> bytes:
    """The bytes of a picture in base64. Raises HttpError 400; that they are one, only its decoding shows."""
    if picture.startswith(("http:", "https:")):
        raise HttpError(400, f"{field}: send the picture itself, in base64; no addresses are opened", param=field)
    try:
        data = base64.b64decode(picture.partition(",")[2] if picture.startswith("data:") else picture, validate=True)
    except (binascii.Error, ValueError):
        data = b""
    if not data:
        raise HttpError(400, f"{field}: is no picture in base64; send a PNG, JPEG or WebP so", param=field)
    return data


def _kept(services: Services, files: list[bytes]) -> list[Uploaded]:
    check_space(services, sum(map(len, files)))
    upload = Upload.begin(services.place)
    added = upload.add((io.BytesIO(data), "picture") for data in files)
    return [Uploaded(upload=upload.id, file=each.number) for each in added]


def _waiting(state: State) -> dict[str, list[Order]]:
    """The requests that are being answered, by their clients, the first asked first."""
    if not hasattr(state, "sdapi_orders"):
        state.sdapi_orders = {}
    found: dict[str, list[Order]] = state.sdapi_orders
    return found


@contextlib.contextmanager
def _noted(state: State, client: str, order: Order) -> Iterator[None]:
    orders = _waiting(state).setdefault(client, [])
    orders.append(order)
    try:
        yield
    finally:
        orders.remove(order)
