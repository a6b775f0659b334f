"""Learning to do in few steps what another model does in many: the objective of a student."""

from __future__ import annotations

import copy
import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from itertools import pairwise
from typing import Any

import torch
from PIL import Image
from torch import Tensor, nn

from sfumato.dataset import Dataset
from sfumato.diffusion import SCHEDULES, Condition, Denoiser, Mixture
from sfumato.diffusion.samplers import dpmpp_2m
from sfumato.models import Model, SamplerSettings
from sfumato.models.sampling import guided
from sfumato.training.configuration import TrainingConfig
from sfumato.training.matching import Matching
from sfumato.training.objective import Losses, works_of
from sfumato.works.values import Precision

# The settings of a student's run, but for its length: weights that are there are touched up with lower rates.
STUDENT: Mapping[str, Any] = {
    "objective": "distillation",
    "factor": 1,
    "batch": 8,
    "learning_rate": 2e-4,
    "matrix_learning_rate": 0.002,
    "anneal": 0.9,
    "ema_deviation": 0.1,
    "early": 1.0,
    "guard": False,
    "evaluations": 1,  # each asks the teacher for some hundred works
}
_REFINED: Mapping[str, Any] = {
    "batch": 16,
    "learning_rate": 3e-5,
    "matrix_learning_rate": 3e-4,
    "student_matching": 10.0,
}
LOWER = 2 / 3  # the last noise level of sampling, of the last that was learned from
_KEPT = (
    "student_steps",
    "student_sigma_max",
    "student_sigma_min",
    "student_sampler",
    "student_guidance",
    "student_substeps",
)


def refinement(student: TrainingConfig) -> dict[str, Any]:
    """The settings of a student's second run, but for its length: what it makes is to be like its teacher's in all."""
    return {**STUDENT, **_REFINED, **{name: getattr(student, name) for name in _KEPT}}


@dataclass(eq=False)
class Distillation:
    """From each of its noise levels the student is to say at once where its teacher's path ends.

    The teacher goes from noise to a picture by the differential equation, through all of the student's
    levels; what it had there and the picture are what the student learns from. Knowledge distillation (Luhman and
    Luhman 2021, arXiv:2101.02388) at several levels, with guidance built in (Meng et al. 2023, arXiv:2210.03142).
    `student_sampling` says how the student is asked later.

    The teacher itself does better with fresh noise than on such a path. So a student that has learned it is refined by
    `Matching`, which the paths then keep from going astray.

    levels: where the student learns, falling, the last one 0; substeps: the teacher's steps from each to the next;
    guidance: None for the one that the teacher works with otherwise; weight: of `Matching` beside the paths, 0 for
    none; precision: of the teacher's estimates.
    """

    denoiser: Denoiser
    teacher: Model
    levels: Sequence[float]
    substeps: int
    guidance: float | None = None
    weight: float = 0.0
    precision: Precision = "float32"
    critic: Denoiser | None = field(init=False, default=None)

    def __post_init__(self) -> None:
        if self.weight:
            self.critic = copy.deepcopy(self.teacher.denoiser).requires_grad_(True).train()

    @cached_property
    def module(self) -> nn.Module:
        return nn.ModuleDict({"student": self.denoiser, "critic": self.critic}) if self.critic else self.denoiser

    @cached_property
    def matching(self) -> Matching | None:
        if self.critic is None:
            return None
        # Guidance is exaggerated by every step that the critic lags behind: colour bears none of it, and the early
        # weights are told the class, so that the class itself is not exaggerated.
        ways = self.ways.model_copy(update={"guidance_chroma": 0.0})

        def wanted(x: Tensor, sigma: Tensor, condition: Condition) -> Tensor:
            against = condition if ways.guidance_kind == "autoguidance" else None
            denoise = guided(self.teacher, ways, Mixture.of(condition), against)
            return denoise(x, sigma)  # type: ignore[arg-type]  # here a level for each picture

        return Matching(self.critic, self.levels, wanted, ways.sigma_min)

    @cached_property
    def path(self) -> Tensor:
        """The teacher's, through all of them, ``substeps`` for each."""
        parts = [between(*pair, self.substeps, self.ways.sigma_min) for pair in pairwise(self.levels)]
        return torch.cat([part[:-1] for part in parts] + [torch.zeros(1, dtype=torch.float64)])

    @property
    def ways(self) -> SamplerSettings:
        """How the teacher is asked."""
        guidance = {} if self.guidance is None else {"guidance": self.guidance}
        return self.teacher.config.generation.model_copy(update={"precision": self.precision} | guidance)

    def losses(self, images: Tensor, condition: Condition, generator: torch.Generator) -> Losses:
        """Of the images only the number and the size count: for a path each, every level of which counts alike; or with
        `Matching` for a work each, and a path for one in eight."""
        if self.matching is None:
            return Losses(self._losses(self.denoiser, images, condition, generator))
        few = math.ceil(len(images) / 8)
        path = self._losses(self.denoiser, images[:few], condition[:few], generator).mean()
        noise = self._noise(images, generator)
        matching, critic = self.matching.losses(self.denoiser, noise, condition, generator)
        parts = {"path": path.expand(len(images)), "matching": matching, "critic": critic}
        return Losses(path + self.weight * matching + critic, parts)

    @torch.no_grad()
    def measured(self, denoiser: Denoiser, images: Tensor, condition: Condition, generator: torch.Generator) -> Tensor:
        return self._losses(denoiser, images, condition, generator)

    def snapshot(self, model: Model, dataset: Dataset, seed: int, precision: Precision) -> list[Image.Image]:
        return works_of(model, seed, precision)

    def remark(self, dataset: Dataset) -> str:
        return ""

    def _losses(self, denoiser: Denoiser, images: Tensor, condition: Condition, generator: torch.Generator) -> Tensor:
        noise = self._noise(images, generator)
        noisy, end = self._path(self.levels[0] * noise, condition)
        count = len(self.levels) - 1
        sigma = torch.tensor(self.levels[:-1], dtype=images.dtype, device=images.device).repeat_interleave(len(images))
        error = (denoiser(noisy, sigma, condition.repeat(count)) - end.repeat(count, 1, 1, 1)).square().mean((1, 2, 3))
        weighted: Tensor = denoiser.preconditioning.weight(sigma) * error
        return weighted.view(count, -1).mean(0)

    def _noise(self, images: Tensor, generator: torch.Generator) -> Tensor:
        """What a work begins with in place of each picture, in the codec's latents."""
        shape = len(images), *self.teacher.codec.shape(*images.shape[2:])
        return torch.randn(shape, generator=generator).to(images.device)

    @torch.no_grad()
    def _path(self, noisy: Tensor, condition: Condition) -> tuple[Tensor, Tensor]:
        """What the teacher has at each of the student's levels, [levels * N, 3, H, W], and where it ends."""
        denoise = guided(self.teacher, self.ways, Mixture.of(condition))
        # Whichever is the teacher's own sampler: a student can only learn a path without fresh noise.
        places = [noisy, *(step.x for step in dpmpp_2m(denoise, noisy, self.path))]
        return torch.cat(places[:-1][:: self.substeps]), places[-1]


def learned_levels(settings: TrainingConfig) -> list[float]:
    """The noise levels from which a student of such settings learns, falling, the last one 0."""
    low, high = _by_size(settings, settings.student_sigma_min), _by_size(settings, settings.student_sigma_max)
    with torch.device("cpu"):  # also where a network is made on the meta device, only to be counted
        levels: list[float] = SCHEDULES["karras"](settings.student_steps, low, high).tolist()
    return levels


def student_sampling(settings: TrainingConfig) -> SamplerSettings:
    """How a student of such settings is sampled, guidance being built in: at lower levels than it learned from, which
    without fresh noise before the last does much better, and with it no worse (measured, see benchmarks/log.md)."""
    return SamplerSettings(
        sampler=settings.student_sampler,
        schedule="exponential",
        steps=settings.student_steps,
        sigma_min=_by_size(settings, settings.student_sigma_min) * LOWER,
        sigma_max=_by_size(settings, settings.student_sigma_max),
        guidance=1.0,
        precision=settings.precision,
    )


def _by_size(settings: TrainingConfig, sigma_at_32: float) -> float:
    """The same picture at twice the size is as hard to make out at twice the noise."""
    return sigma_at_32 * settings.size / 32


def between(high: float, low: float, steps: int, sigma_min: float) -> Tensor:
    """Noise levels [steps + 1] from one to a lower one, evenly spaced in sigma^(1/7) as Karras et al. 2022 (eq. 5).

    On the way to 0 the last step is the one from ``sigma_min``.
    """
    if low == 0:
        return SCHEDULES["karras"](steps, sigma_min, high)
    return torch.linspace(high ** (1 / 7), low ** (1 / 7), steps + 1, dtype=torch.float64) ** 7
