"""Learning to do in few steps what another model does in many: the objective of a student."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import torch
from PIL import Image
from torch import Tensor

from sfumato.dataset import Dataset
from sfumato.diffusion import SCHEDULES, Denoiser
from sfumato.diffusion.samplers import dpmpp_2m
from sfumato.models import Generation, Model, SamplerSettings, to_pictures
from sfumato.models.configuration import Precision
from sfumato.models.generation import guided
from sfumato.training.configuration import TrainingConfig
from sfumato.training.objective import PICTURES, Losses

# The settings of a student's run, but for its length: weights that are there are touched up with lower rates.
STUDENT: Mapping[str, Any] = {
    "objective": "distillation",
    "learning_rate": 1e-3,
    "matrix_learning_rate": 0.01,
    "anneal": 0.9,
    "ema_deviation": 0.1,
    "early": 1.0,
    "guard": False,
}


@dataclass(eq=False)
class Distillation:
    """From each of its noise levels the student is to reach in one step where its teacher arrives in several.

    Progressive distillation (Salimans and Ho 2022, arXiv:2202.00512, algorithm 2) in a single stage, with the teacher's
    guidance built in (Meng et al. 2023, arXiv:2210.03142). sampling: the student's, by Euler's method; substeps: the
    teacher's steps for each of them; guidance: None for the one that the teacher works with otherwise.
    """

    denoiser: Denoiser
    teacher: Model
    sampling: SamplerSettings
    substeps: int
    guidance: float | None = None

    def __post_init__(self) -> None:
        levels = SCHEDULES[self.sampling.schedule]
        self.levels = levels(self.sampling.steps, self.sampling.sigma_min, self.sampling.sigma_max)
        precision = {"precision": self.sampling.precision}
        guidance = {} if self.guidance is None else {"guidance": self.guidance}
        self.ways = self.teacher.config.generation.model_copy(update=precision | guidance)

    @property
    def module(self) -> Denoiser:
        return self.denoiser

    def losses(self, images: Tensor, labels: Tensor, generator: torch.Generator) -> Losses:
        """All of a batch at one of the student's levels."""
        return Losses(self._losses(self.denoiser, images, labels, generator))

    @torch.no_grad()
    def measured(self, denoiser: Denoiser, images: Tensor, labels: Tensor, generator: torch.Generator) -> Tensor:
        """The mean over the student's levels."""
        levels = range(self.sampling.steps)
        return torch.stack([self._losses(denoiser, images, labels, generator, level) for level in levels]).mean(0)

    def snapshot(self, model: Model, dataset: Dataset, seed: int, precision: Precision) -> list[Image.Image]:
        generation = Generation.of(model, seed=seed, precision=precision)
        return [picture for step in generation.finished(PICTURES) for picture in to_pictures(step.noisy)]

    def remark(self, dataset: Dataset) -> str:
        return ""

    def _losses(
        self, denoiser: Denoiser, images: Tensor, labels: Tensor, generator: torch.Generator, level: int | None = None
    ) -> Tensor:
        if level is None:
            level = int(torch.randint(self.sampling.steps, (), generator=generator))
        sigma, following = self.levels[level].item(), self.levels[level + 1].item()
        noise = torch.randn(images.shape, generator=generator).to(images.device)
        # At the first level there is noise alone, as when works are made.
        noisy = sigma * noise + (images if level else 0)
        ratio = following / sigma
        # The estimate from which one Euler step, x = estimate + ratio (noisy - estimate), ends where the teacher did.
        wanted = (self._reached(noisy, labels, level) - ratio * noisy) / (1 - ratio)
        levels = images.new_full((len(images),), sigma)
        error = (denoiser(noisy, levels, labels) - wanted).square().mean((1, 2, 3))
        weighted: Tensor = denoiser.preconditioning.weight(levels) * error
        return weighted

    @torch.no_grad()
    def _reached(self, noisy: Tensor, labels: Tensor, level: int) -> Tensor:
        """Where the teacher arrives from one of the student's levels at the next."""
        sigmas = between(self.levels[level].item(), self.levels[level + 1].item(), self.substeps, self.ways.sigma_min)
        denoise = guided(self.teacher, self.ways, labels)
        *_, last = dpmpp_2m(denoise, noisy, sigmas)  # whichever is the teacher's: there is one path without fresh noise
        return last.x


def student_sampling(settings: TrainingConfig) -> SamplerSettings:
    """How a student of such settings is sampled: by Euler's method, guidance being built in."""
    return SamplerSettings(
        sampler="euler",
        schedule="karras",
        steps=settings.student_steps,
        sigma_min=settings.student_sigma_min,
        sigma_max=settings.student_sigma_max,
        guidance=1.0,
        precision=settings.precision,
    )


def between(high: float, low: float, steps: int, sigma_min: float) -> Tensor:
    """Noise levels [steps + 1] from one to a lower one, evenly spaced in sigma^(1/7) as Karras et al. 2022 (eq. 5).

    On the way to 0 the last step is the one from ``sigma_min``.
    """
    if low == 0:
        return SCHEDULES["karras"](steps, sigma_min, high)
    return torch.linspace(high ** (1 / 7), low ** (1 / 7), steps + 1, dtype=torch.float64) ** 7
