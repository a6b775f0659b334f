"""A training step's forward and backward pass, and whether two of them have the same gradients."""

from __future__ import annotations

import math
import sys
from collections.abc import Mapping
from dataclasses import dataclass, replace
from itertools import count

import torch
from on_gpu.bench import Bench
from torch import Tensor, nn

from sfumato.dataset import Batches
from sfumato.diffusion import Condition, Denoiser
from sfumato.diffusion.randomness import keyed_generator
from sfumato.training.conditions import class_conditions
from sfumato.training.objectives import DenoisingConfig

NEGLIGIBLE = 1e-4  # of the largest gradient's norm: theirs are all larger, and what is smaller is rounding
SHAKEN = 0.02
DRAWN = count()


@dataclass(frozen=True, eq=False)
class Step:
    """Forward and backward of the denoising loss on one batch, whose noise lies on the device and stays the same.

    network: whose parameters get the gradients; denoiser: calls it, or what stands for it; images, noisy: [N, 3, H, W];
    sigma: [N]; condition: of N. What a training step does besides (batch and noise, optimiser, average) is left out.
    """

    network: nn.Module
    denoiser: Denoiser
    images: Tensor
    noisy: Tensor
    sigma: Tensor
    condition: Condition
    precision: str

    @classmethod
    def of(cls, bench: Bench, batch: int) -> Step:
        """With the planned network, its weights fresh but for a little noise: many begin at zero, and behind them every
        gradient would be zero, which nothing could be held against."""
        settings, dataset, device = bench.settings, bench.dataset, bench.device
        generator = keyed_generator("gpu", batch, next(DRAWN))
        with torch.random.fork_rng(devices=[]):
            torch.manual_seed(settings.seed)
            denoiser = settings.build_objective(len(dataset.classes)).denoiser
        with torch.no_grad():
            for parameter in denoiser.parameters():
                parameter.add_(torch.randn(parameter.shape, generator=generator), alpha=SHAKEN)
        denoiser.to(device)
        images, pictures = Batches(dataset, dataset.train, batch, seed=settings.seed, device=device).batch(0)
        levels = settings.objective
        assert isinstance(levels, DenoisingConfig)
        density = levels.density(settings.size)
        sigma = density.sample(batch, generator).to(device)
        noisy = images + sigma.view(-1, 1, 1, 1) * torch.randn(images.shape, generator=generator).to(device)
        condition = class_conditions(dataset)[pictures].to(device)
        return cls(denoiser.network, denoiser, images, noisy, sigma, condition, settings.precision)

    def __call__(self) -> None:
        self.network.zero_grad(set_to_none=True)
        with self.autocast():
            error = (self.denoiser(self.noisy, self.sigma, self.condition) - self.images).square().mean((1, 2, 3))
        (self.denoiser.preconditioning.weight(self.sigma) * error).mean().backward()

    def autocast(self, *, cache_enabled: bool = True) -> torch.autocast:
        enabled = self.precision == "bfloat16"
        return torch.autocast(self.images.device.type, torch.bfloat16, enabled=enabled, cache_enabled=cache_enabled)

    def through(self, network: nn.Module) -> Step:
        """The same with another network."""
        return replace(self, network=network, denoiser=Denoiser(network, self.denoiser.preconditioning))

    def inputs(self) -> tuple[Tensor, Tensor, Tensor]:
        """What the network is called with."""
        preconditioning = self.denoiser.preconditioning
        c_in = preconditioning.scalings(self.sigma)[2].view(-1, 1, 1, 1)
        return c_in * self.noisy, preconditioning.c_noise(self.sigma), self.condition.inputs

    def gradients(self) -> dict[str, Tensor]:
        """Of every parameter; zeros where it took no part."""
        self()
        named = self.network.named_parameters()
        return {name: torch.zeros_like(p) if p.grad is None else p.grad.clone() for name, p in named}


def worst_difference(reference: Mapping[str, Tensor], other: Mapping[str, Tensor]) -> tuple[float, str]:
    """The largest |a - b| / |a| over all parameters, and whose it is; infinite where anything is not finite.

    |a| counts as no less than NEGLIGIBLE of the largest norm.
    """
    norms = {name: gradient.double().norm().item() for name, gradient in reference.items()}
    floor = NEGLIGIBLE * max(norms.values()) or sys.float_info.min
    errors: dict[str, float] = {}
    for name, gradient in reference.items():
        error = (gradient.double() - other[name].double()).norm().item() / max(norms[name], floor)
        errors[name] = error if math.isfinite(error) else math.inf
    whose = max(errors, key=lambda name: errors[name])
    return errors[whose], whose
