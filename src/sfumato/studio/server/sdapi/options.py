"""The options: of all that Stable Diffusion web UI has, the model that a program chose."""

from __future__ import annotations

import json
import threading
from typing import Annotated, Any, Final

from fastapi import APIRouter
from pydantic import BaseModel, ConfigDict, Field

from sfumato.disk import read_json, replace_file
from sfumato.studio.models import NoSuchModelError, StudioModel, model_of, models_of
from sfumato.studio.place import Place
from sfumato.studio.server.orders import model_named
from sfumato.studio.server.services import Client, Served, Services

router = APIRouter()
_FILE: Final = "chosen-models.json"
_MOST_BYTES: Final = 1 << 20
_LOCK: Final = threading.Lock()


class Options(BaseModel):
    """sd_model_checkpoint: a model, by its title, id or name; others are let through, and do nothing."""

    model_config = ConfigDict(extra="allow", protected_namespaces=())

    sd_model_checkpoint: Annotated[str | None, Field(max_length=200)] = None


@router.get("/options")
def get_options(services: Served, client: Client) -> dict[str, Any]:
    """The model that the program chose, or else the newest; '' where there is none yet."""
    model = chosen_model(services, client)
    return {
        "sd_model_checkpoint": "" if model is None else title_of(model),
        "sd_checkpoint_hash": "" if model is None else digest_of(model),
        "sd_vae": "Automatic",
        "samples_format": "png",
        "CLIP_stop_at_last_layers": 1,
    }


@router.post("/options")
def set_options(options: Options, services: Served, client: Client) -> None:
    """Choose a model for all further requests of this program."""
    if options.sd_model_checkpoint:
        choose(services.place, client, model_named(services, options.sd_model_checkpoint))


def chosen_model(services: Services, client: str) -> StudioModel | None:
    """None where there is no model yet."""
    id = _chosen(services.place).get(client)
    if id is not None:
        try:
            return model_of(id, services.place, services.roots)
        except NoSuchModelError:
            pass  # it is there no more; that the newest stands in for it can be read from the options
    return next((model for model in models_of(services.place, services.roots) if model.makes_works), None)


def choose(place: Place, client: str, model: StudioModel) -> None:
    """Note which model a program chose. Raises OSError where it cannot be written."""
    with _LOCK:
        chosen = _chosen(place)
        if chosen.get(client) != model.id:
            replace_file(place.path / _FILE, json.dumps({**chosen, client: model.id}, indent=2).encode())


def title_of(model: StudioModel) -> str:
    """By which programs name a model."""
    return model.id


def digest_of(model: StudioModel) -> str:
    """'' where it cannot be read on the way."""
    try:
        return model.digest
    except OSError:
        return ""


def _chosen(place: Place) -> dict[str, str]:
    try:
        said = read_json(place.path / _FILE, _MOST_BYTES)
    except (OSError, ValueError):
        return {}
    return {str(client): str(id) for client, id in said.items()} if isinstance(said, dict) else {}
