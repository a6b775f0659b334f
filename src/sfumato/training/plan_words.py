"""A plan in words: what learns, and how many pictures are shown."""

from __future__ import annotations

from sfumato.models import Model
from sfumato.networks import parameter_count
from sfumato.text import counted, printable
from sfumato.training.configuration import TrainingConfig
from sfumato.training.objectives import CascadeConfig


def what_learns(settings: TrainingConfig, parameters: int, base: Model | None) -> str:
    """Networks, sizes and how many numbers learn. base: the model that is adapted, if one is."""
    size = f"{settings.size} px"
    if settings.picture_side > settings.size:
        size += f" to {settings.picture_side} px"
    if isinstance(settings.objective, CascadeConfig):
        return _stages(settings, settings.objective, parameters)
    if base is None or settings.adapter is None:
        return f"{settings.network.kind}, {parameters / 1e6:.1f} M parameters, {size}, batch {settings.batch}"
    whole = sum(weights.numel() for weights in base.denoiser.parameters())
    return (
        f"adapts '{printable(base.config.name)}' ({settings.network.kind}, {whole / 1e6:.1f} M parameters, which stay "
        f"as they are): {parameters:,} parameters of rank {settings.adapter.rank} learn, {size}, batch {settings.batch}"
    )


def _stages(settings: TrainingConfig, objective: CascadeConfig, parameters: int) -> str:
    each = parameter_count(
        objective.upscaler, settings.size, 0, in_channels=settings.codec.channels, reference=settings.codec.channels + 1
    )
    upscalers = counted(len(objective.factors), "upscaler")
    by = " and ".join(map(str, objective.factors))
    base = parameters - each * len(objective.factors)
    return (
        f"{settings.network.kind}, {base / 1e6:.1f} M parameters, {settings.size} px, and {upscalers} by {by} to "
        f"{settings.picture_side} px, {each / 1e6:.1f} M parameters{' each' if len(objective.factors) > 1 else ''}, "
        f"batch {settings.batch}"
    )


def rounded(count: int) -> int:
    """To two digits: it is a guess."""
    digits = max(0, len(str(count)) - 2)
    return round(count, -digits)
