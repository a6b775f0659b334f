"""Named starting points: each states only what differs from the plan."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from sfumato.errors import SfumatoError
from sfumato.networks import ArticleConfig, ArticleDenoiserConfig, GeneratorConfig, TransformerConfig, UNetConfig

# Adam at one rate, every weight as it is at the moment, no look at held-out pictures that could end a run early.
_TEXTBOOK: Mapping[str, Any] = {
    "optimiser": {"kind": "adamw"},
    "schedule": {"warmup": 0.0, "anneal": 0.0},
    "ema_std": 0.0,
    "early": 1.0,
    "guard": False,
    "precision": "float32",
}
_ARTICLE: Mapping[str, Any] = {
    **_TEXTBOOK,
    "size": 128,
    "flip": False,
    "objective": {"kind": "reconstruction", "perceptual": "vgg16"},
    "preconditioning": "direct",
    "epochs": 150,
    "batch": 32,
    "optimiser": {"kind": "adamw", "learning_rate": 1e-3, "betas": (0.9, 0.999)},
    "schedule": {"warmup": 0.0, "anneal": 0.0, "decay": 0.1, "decay_epochs": 30},
    "cadence": {"log_every": 100, "picture_every": 100, "checkpoint_epochs": 10},
}

# Of an adapter, beneath what is chosen. Measured, see benchmarks/README.md: Muon moves all directions of its thin
# matrices alike, and reaches less in as many pictures.
ADAPTING: Mapping[str, Any] = {"optimiser": {"kind": "adamw", "learning_rate": 5e-3}}

PRESETS: Mapping[str, Mapping[str, Any]] = {
    # As the plan has it: a U-Net whose size follows the time, EDM preconditioning, Muon.
    "auto": {},
    # The smallest that makes something: for a first look in a few minutes.
    "sketch": {"size": 32, "network": UNetConfig(patch=1, channels=(32, 48), width=160, depth=3, heads=5)},
    "transformer": {"network": TransformerConfig()},
    # Li and He 2025: a plain transformer that predicts the picture itself.
    "flow": {"network": TransformerConfig(), "preconditioning": "flow"},
    # Ho et al. 2020, as far as a short run allows: noise prediction, AdamW.
    "ddpm": {"preconditioning": "epsilon", "optimiser": {"kind": "adamw", "learning_rate": 1e-3}},
    # 'Implementing Diffusion Models for Creative AI Art Generation', number for number: see docs/article.md.
    "article": {**_ARTICLE, "network": ArticleConfig(output="listing")},
    # The same with a last layer that reaches every colour.
    "article-fixed": {**_ARTICLE, "network": ArticleConfig(output="picture")},
    # The same layers as a diffusion model, trained as we train. It predicts the picture: predicting the noise of single
    # pixels is too much for layers that pool at once, and leaves grain.
    "article-diffusion": {
        "network": ArticleDenoiserConfig(),
        "preconditioning": "flow",
        "objective": {"perceptual": "vgg16"},
    },
    # DCGAN: Radford et al. 2016, section 4, but for a batch that suits small collections.
    "gan": {
        **_TEXTBOOK,
        "objective": {"kind": "adversarial"},
        "preconditioning": "direct",
        "network": GeneratorConfig(),
        "batch": 64,
        "optimiser": {"kind": "adamw", "learning_rate": 2e-4, "betas": (0.5, 0.999)},
    },
}


def preset(name: str) -> Mapping[str, Any]:
    """Raises SfumatoError for a name that is none."""
    if name not in PRESETS:
        raise SfumatoError(f"preset '{name}': there is none of that name; choose from {', '.join(PRESETS)}")
    return PRESETS[name]
