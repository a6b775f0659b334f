"""/v1/models: what can be named in a request."""

from __future__ import annotations

from fastapi import APIRouter

from sfumato.studio.models import StudioModel, models_of
from sfumato.studio.server.openai.bodies import ModelList, ModelObject
from sfumato.studio.server.orders import model_named
from sfumato.studio.server.services import Served

router = APIRouter(prefix="/models")


@router.get("")
def list_models(services: Served) -> ModelList:
    """The models that make works, and the aliases that the owner gave them."""
    models = [model for model in models_of(services.place, services.roots) if model.makes_works]
    names = {model.id for model in models} | {model.name for model in models}
    aliases = [
        _object(model_named(services, alias), alias)
        for alias, name in services.settings.aliases.items()
        if name in names
    ]
    return ModelList(data=[*(_object(model, model.id) for model in models), *aliases])


@router.get("/{name}")
def show_model(name: str, services: Served) -> ModelObject:
    """One of them."""
    return _object(model_named(services, name), name)


def _object(model: StudioModel, id: str) -> ModelObject:
    return ModelObject(
        id=id,
        created=int(model.created_at.timestamp()),
        name=model.name,
        kind=model.kind,
        classes=list(model.classes),
        size=model.size,
    )
