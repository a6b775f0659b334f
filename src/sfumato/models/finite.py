"""Pictures of numbers: what a model answers with NaN or without end is no work, and is never written as one."""

from __future__ import annotations

from torch import Tensor

from sfumato.errors import SfumatoError
from sfumato.models.configuration import ModelConfig
from sfumato.works.request import SamplerSettings


def check_finite(pictures: Tensor, config: ModelConfig, settings: SamplerSettings | None = None) -> None:
    """Raises SfumatoError where pictures of a model hold what is no number. settings: those it was asked with."""
    if pictures.isfinite().all():
        return
    usual = config.generation.model_dump()
    asked = usual if settings is None else settings.model_dump()
    apart = [f"{name} {_short(value)} ({_short(usual[name])})" for name, value in asked.items() if value != usual[name]]
    remedy = (
        f"try its own settings (in brackets): {', '.join(apart)}; if it happens again, its weights are damaged"
        if apart
        else "its weights are damaged: get the model again, or train again"
    )
    raise SfumatoError(f"the model '{config.name}' produced NaN or infinite values: {remedy}")


def _short(value: object) -> str:
    return f"{value:g}" if isinstance(value, float) else str(value)
