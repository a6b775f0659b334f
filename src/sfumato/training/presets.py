"""Named starting points: each states only what differs from the plan."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from sfumato.errors import SfumatoError
from sfumato.networks import TransformerConfig, UNetConfig

PRESETS: Mapping[str, Mapping[str, Any]] = {
    # As the plan has it: a U-Net whose size follows the time, EDM preconditioning, Muon.
    "auto": {},
    # The smallest that makes something: for a first look in a few minutes.
    "sketch": {"size": 32, "network": UNetConfig(patch=1, channels=(32, 48), width=160, depth=3, heads=5)},
    "transformer": {"network": TransformerConfig()},
    # Li and He 2025: a plain transformer that predicts the picture itself.
    "flow": {"network": TransformerConfig(), "preconditioning": "flow"},
    # Ho et al. 2020, as far as a short run allows: noise prediction, AdamW.
    "ddpm": {"preconditioning": "epsilon", "optimiser": "adamw", "learning_rate": 1e-3},
}


def preset(name: str) -> Mapping[str, Any]:
    """Raises SfumatoError for a name that is none."""
    if name not in PRESETS:
        raise SfumatoError(f"preset '{name}': there is none of that name; choose from {', '.join(PRESETS)}")
    return PRESETS[name]
