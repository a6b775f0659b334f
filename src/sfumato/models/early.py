"""The denoisers with the early weights of a model and its stages, each made when autoguidance first asks for it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from torch import Tensor

from sfumato.diffusion import Denoiser
from sfumato.models.building import filled_denoiser
from sfumato.models.configuration import ModelConfig


@dataclass(eq=False)
class EarlyDenoisers:
    """made: by stage, 0 for a model's own network, each beside the first of the weights that it was made of. All stages
    of a model share one of these, as the stages themselves are made anew each time."""

    made: dict[int, tuple[Tensor, Denoiser]] = field(default_factory=dict)

    def of(self, stage: int, config: ModelConfig, early: Mapping[str, Tensor]) -> Denoiser:
        """That of a stage with this configuration and these early weights, one or more."""
        first = next(iter(early.values()))
        if stage not in self.made or self.made[stage][0] is not first:
            made = filled_denoiser(config, early, f"the early weights of '{config.name}'")
            self.made[stage] = first, made.eval().requires_grad_(False)
        return self.made[stage][1]

    def is_of(self, denoiser: Denoiser, stage: int) -> bool:
        """Whether it is the one that was made for a stage."""
        return stage in self.made and self.made[stage][1] is denoiser
