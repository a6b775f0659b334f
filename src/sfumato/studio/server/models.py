"""The routes of models: what there is, and the card of each."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from fastapi import APIRouter
from fastapi.responses import PlainTextResponse, Response
from pydantic import BaseModel

from sfumato.provenance.licences import short_name
from sfumato.provenance.sources import LearnedFrom, licences_of
from sfumato.provenance.terms import Terms
from sfumato.studio.models import ModelKind, StudioModel, card_of, model_of, models_of
from sfumato.studio.server.answers import ERRORS
from sfumato.studio.server.services import Served, Services

router = APIRouter(prefix="/api/models", tags=["models"], responses=ERRORS)


class ModelSummary(BaseModel):
    """size: pixels a side, 0 where only opening the model would tell; base_size: of the small works that its upscalers
    enlarge, size where it has none; largest: the longest side of a work that may be asked for, None for any; chooses:
    whether it can keep the best of several works; shares: of the classes, how often each was seen, in proportion;
    licence: of the pictures that it learned from, '' where they have several or none is known; terms: what follows from
    these licences, in sentences; digest: by which recipes name it, '' where it is not known; run: the training that
    made it."""

    id: str
    name: str
    kind: ModelKind
    classes: list[str]
    shares: list[float]
    size: int
    base_size: int
    largest: int | None
    chooses: bool
    factor: int
    settings: dict[str, Any]
    licence: str
    terms: list[str]
    learned_from: list[dict[str, Any]]
    digest: str
    created_at: datetime
    run: str | None


def summary_of(model: StudioModel, largest: int | None = None) -> ModelSummary:
    """What lists say of a model. largest: the longest side that the policy lets a work have."""
    learned_from = [LearnedFrom.model_validate(each) for each in model.learned_from]
    licences = licences_of(learned_from)
    try:
        digest = model.digest
    except OSError:
        digest = ""
    return ModelSummary(
        id=model.id,
        name=model.name,
        kind=model.kind,
        classes=list(model.classes),
        shares=list(model.shares),
        size=model.size,
        base_size=model.base_size,
        largest=largest,
        chooses=model.chooses,
        factor=model.factor,
        settings=dict(model.settings),
        licence=short_name(next(iter(licences))) if len(licences) == 1 else "",
        terms=Terms.of(licences).sentences,
        learned_from=[each.facts() for each in learned_from],
        digest=digest,
        created_at=model.created_at,
        run=model.run,
    )


def summaries(services: Services) -> list[ModelSummary]:
    """Of all models, those of the studio's runs first, the newest of them before the others."""
    largest = services.policy.limits.longest_side
    return [summary_of(model, largest) for model in models_of(services.place, services.roots)]


def listed(services: Services) -> list[dict[str, Any]]:
    """The same as JSON."""
    return [each.model_dump(mode="json") for each in summaries(services)]


@router.get("")
def list_models(services: Served) -> list[ModelSummary]:
    """All models."""
    return summaries(services)


@router.get("/{id}")
def show_model(id: str, services: Served) -> ModelSummary:
    """One model."""
    model = model_of(id, services.place, services.roots)
    return summary_of(model, services.policy.limits.longest_side)


@router.get("/{id}/card", response_class=Response, responses={200: {"content": {"text/plain": {}}}})
def show_card(id: str, services: Served) -> PlainTextResponse:
    """The model's card as Markdown."""
    return PlainTextResponse(card_of(model_of(id, services.place, services.roots)))
