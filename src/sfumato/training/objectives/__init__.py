"""Objectives, one module each. A new one is a module with its configuration, and a line in ``OBJECTIVES``."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Annotated, Any

from pydantic import BeforeValidator, SerializeAsAny

from sfumato.training.objectives.adapting import Adapting, AdaptingConfig
from sfumato.training.objectives.adversarial import Adversarial, AdversarialConfig
from sfumato.training.objectives.cascade import CascadeConfig, Cascading
from sfumato.training.objectives.denoising import Denoising, DenoisingConfig
from sfumato.training.objectives.distillation import Distillation, DistillationConfig
from sfumato.training.objectives.objective import PICTURES, Losses, Objective, ObjectiveConfig
from sfumato.training.objectives.reconstruction import Reconstruction, ReconstructionConfig
from sfumato.training.objectives.upscaling import Upscaling, UpscalingConfig

OBJECTIVES: dict[str, type[ObjectiveConfig]] = {
    "denoising": DenoisingConfig,
    "distillation": DistillationConfig,
    "reconstruction": ReconstructionConfig,
    "adversarial": AdversarialConfig,
    "upscaling": UpscalingConfig,
    "adapting": AdaptingConfig,
    "cascade": CascadeConfig,
}


def _of_its_kind(value: Any) -> Any:
    """Settings as the configuration of the kind that they name; denoising where they name none."""
    if isinstance(value, str):
        value = {"kind": value}
    if not isinstance(value, Mapping):
        return value
    kind = value.get("kind", "denoising")
    if kind not in OBJECTIVES:
        raise ValueError(f"there is no objective {kind!r}; there are {', '.join(sorted(OBJECTIVES))}")
    return OBJECTIVES[kind].model_validate(value)


# A union that is told apart by ``kind``, and open: what is in OBJECTIVES belongs to it.
AnyObjectiveConfig = Annotated[SerializeAsAny[ObjectiveConfig], BeforeValidator(_of_its_kind)]

__all__ = [
    "OBJECTIVES",
    "PICTURES",
    "Adapting",
    "AdaptingConfig",
    "Adversarial",
    "AdversarialConfig",
    "AnyObjectiveConfig",
    "CascadeConfig",
    "Cascading",
    "Denoising",
    "DenoisingConfig",
    "Distillation",
    "DistillationConfig",
    "Losses",
    "Objective",
    "ObjectiveConfig",
    "Reconstruction",
    "ReconstructionConfig",
    "Upscaling",
    "UpscalingConfig",
]
