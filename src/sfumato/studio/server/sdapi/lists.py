"""What can be chosen: models, samplers, schedulers and upscalers."""

from __future__ import annotations

from typing import Any

from fastapi import APIRouter

from sfumato.studio.models import models_of
from sfumato.studio.server.sdapi.options import digest_of, title_of
from sfumato.studio.server.sdapi.samplers import SAMPLERS, SCHEDULERS
from sfumato.studio.server.services import Served

router = APIRouter()


@router.get("/sd-models")
def sd_models(services: Served) -> list[dict[str, Any]]:
    """The models that make works."""
    models = [model for model in models_of(services.place, services.roots) if model.makes_works]
    return [
        {
            "title": title_of(model),
            "model_name": model.name,
            "hash": digest_of(model)[:10] or None,
            "sha256": digest_of(model) or None,
            "filename": model.id,  # where it lies is nobody's to know
            "config": None,
        }
        for model in models
    ]


@router.get("/sd-vae")
def sd_vae() -> list[dict[str, Any]]:
    """None: a model has its own."""
    return []


@router.get("/samplers")
def samplers() -> list[dict[str, Any]]:
    """Those of models that take any; 'Automatic' is the model's own."""
    return [{"name": name, "aliases": [own] if own else [], "options": {}} for name, own in SAMPLERS.items()]


@router.get("/schedulers")
def schedulers() -> list[dict[str, Any]]:
    """How noise levels are spaced; 'Automatic' is the model's own way."""
    return [
        {"name": own or "automatic", "label": name, "aliases": None, "default_rho": -1, "need_inner_model": False}
        for name, own in SCHEDULERS.items()
    ]


@router.get("/upscalers")
def upscalers(services: Served) -> list[dict[str, Any]]:
    """Models that enlarge works; programs expect 'None' first."""
    models = [model for model in models_of(services.place, services.roots) if model.kind == "upscaler"]
    none = {"name": "None", "model_name": None, "model_path": None, "model_url": None, "scale": 1}
    return [
        none,
        *({**none, "name": title_of(model), "model_name": model.name, "scale": model.factor} for model in models),
    ]


@router.get("/latent-upscale-modes")
def latent_upscale_modes() -> list[dict[str, Any]]:
    """None."""
    return []
