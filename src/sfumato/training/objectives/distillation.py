"""Learning to do in few steps what another model does in many: the objective of a student."""

from __future__ import annotations

import copy
import math
from collections.abc import Mapping, Sequence
from functools import cached_property
from itertools import pairwise
from typing import TYPE_CHECKING, Annotated, Any, ClassVar, Literal

import torch
from pydantic import Field
from torch import Tensor

from sfumato.diffusion import SCHEDULES, Condition, Denoiser, Mixture
from sfumato.diffusion.samplers import dpmpp_2m
from sfumato.errors import SfumatoError
from sfumato.models import Model, SamplerSettings
from sfumato.models.configuration import Answer, StudentSampler
from sfumato.models.estimates import guided
from sfumato.training.objectives.distribution_matching import DistributionMatching
from sfumato.training.objectives.objective import Losses, Objective, ObjectiveConfig, Weight
from sfumato.works.values import Guidance, NoiseLevel, Precision

if TYPE_CHECKING:
    from sfumato.features.vgg import PerceptualLoss
    from sfumato.training.configuration import TrainingConfig

# The settings of a student's run, but for its length: weights that are there are touched up with lower rates.
STUDENT: Mapping[str, Any] = {
    "objective": {"kind": "distillation"},
    "batch": 8,
    "optimiser": {"learning_rate": 2e-4, "matrix_learning_rate": 0.002},
    "schedule": {"anneal": 0.9},
    "ema_std": 0.1,
    "early": 1.0,
    "guard": False,
    "cadence": {"evaluations": 1},  # each asks the teacher for some hundred works
}
_REFINED: Mapping[str, Any] = {
    **STUDENT,
    "batch": 16,
    "optimiser": {"learning_rate": 3e-5, "matrix_learning_rate": 3e-4},
}
REFINED_MATCHING = 10.0
LOWER = 2 / 3  # the last noise level of sampling, of the last that was learned from


class DistillationConfig(ObjectiveConfig):
    """Noise levels are those at 32 pixels, and follow the resolution: the same picture at twice the size is as hard to
    make out at twice the noise."""

    kind: Literal["distillation"] = "distillation"
    steps: Annotated[int, Field(ge=1, le=64)] = Field(default=4, description="of sampling, that the student learns")
    sigma_max: NoiseLevel = Field(default=20.0, description="the highest noise level that it learns from, at 32 px")
    sigma_min: NoiseLevel = Field(default=0.45, description="the lowest")
    sampler: StudentSampler = Field(default="consistency", description="how it is asked; the other for flat colours")
    guidance: Guidance | None = Field(default=None, description="that it learns; by default its teacher's own")
    substeps: int = Field(default=3, ge=1, le=1000, description="its teacher's steps for each of its own")
    matching: Weight = Field(default=0.0, description="weight of works that are like its teacher's in all")
    critic_rate: float = Field(
        default=30.0, gt=0, le=1e4, description="how much faster than the student its works' critic learns"
    )

    answer: ClassVar[Answer] = "sample"
    knows_classes: ClassVar[bool] = True
    description: ClassVar[str] = (
        "A diffusion model for pictures that needs few steps, distilled from one that needs many"
    )
    tag: ClassVar[str] = "diffusion"

    @property
    def teacher(self) -> Literal["none", "parent", "parent's teacher"]:
        """A student that has learned the paths, and is to match its teacher's works, begins with its own weights."""
        return "parent's teacher" if self.matching else "parent"

    def check_teacher(self, teacher: Model, origin: str) -> None:
        if teacher.config.is_distilled:
            raise SfumatoError(f"{origin}: was distilled already; give the run whose model it was distilled from")
        if teacher.config.upscalers:
            raise SfumatoError(
                f"{origin}: makes its works in stages, and a student learns to make them in one; "
                "train its base alone (--set objective=denoising), and distill that"
            )
        if not teacher.config.samples_freely:
            raise SfumatoError(f"{origin}: learned {teacher.config.objective}, and a student learns denoising alone")

    def build(
        self,
        settings: TrainingConfig,
        classes: int,
        perceptual: PerceptualLoss | None = None,
        teacher: Model | None = None,
    ) -> Distillation:
        denoiser = self.build_denoiser(settings, classes)
        if teacher is None:
            raise SfumatoError("a student needs a model to learn from; make one with 'sfumato distill'")
        return Distillation(
            denoiser,
            teacher,
            self.levels(settings.size),
            self.substeps,
            self.guidance,
            self.matching,
            settings.precision,
            critic_rate=self.critic_rate,
        )

    def levels(self, size: int) -> list[float]:
        """The noise levels that a student of such pictures learns from, falling, the last one 0."""
        low, high = self.sigma_min * size / 32, self.sigma_max * size / 32
        with torch.device("cpu"):  # also where a network is made on the meta device, only to be counted
            levels: list[float] = SCHEDULES["karras"](self.steps, low, high).tolist()
        return levels

    def sampling(self, settings: TrainingConfig) -> SamplerSettings:
        """Guidance is built in. At lower levels than were learned from, which without fresh noise before the last does
        much better, and with it no worse (measured, see benchmarks/log.md)."""
        return SamplerSettings(
            sampler=self.sampler,
            schedule="exponential",
            steps=self.steps,
            sigma_min=self.sigma_min * settings.size / 32 * LOWER,
            sigma_max=self.sigma_max * settings.size / 32,
            guidance=1.0,
            precision=settings.precision,
        )


def refinement(student: DistillationConfig) -> dict[str, Any]:
    """The settings of a student's second run, but for its length: what it makes is to be like its teacher's in all."""
    refined = DistillationConfig(**student.model_dump(exclude={"matching", "critic_rate"}), matching=REFINED_MATCHING)
    return {**_REFINED, "objective": refined.model_dump()}


class Distillation(Objective):
    """From each of its noise levels the student is to say at once where its teacher's path ends.

    The teacher goes from noise to a picture by the differential equation, through all of the student's
    levels; what it had there and the picture are what the student learns from. Knowledge distillation (Luhman and
    Luhman 2021, arXiv:2101.02388) at several levels, with guidance built in (Meng et al. 2023, arXiv:2210.03142).
    `DistillationConfig.sampling` says how the student is asked later.

    The teacher itself does better with fresh noise than on such a path. So a student that has learned it is refined by
    `DistributionMatching`, which the paths then keep from going astray.

    levels: where the student learns, falling, the last one 0; substeps: the teacher's steps from each to the next;
    guidance: None for the one that the teacher works with otherwise; weight: of `DistributionMatching` beside the
    paths, 0 for none; precision: of the teacher's estimates; critic_rate: how many times as fast as the student the
    critic of `DistributionMatching` learns.
    """

    def __init__(
        self,
        denoiser: Denoiser,
        teacher: Model,
        levels: Sequence[float],
        substeps: int,
        guidance: float | None = None,
        weight: float = 0.0,
        precision: Precision = "float32",
        *,
        critic_rate: float = 1.0,
    ) -> None:
        super().__init__(denoiser)
        self.teacher, self.levels, self.substeps, self.guidance = teacher, levels, substeps, guidance
        self.weight, self.precision = weight, precision
        self.critic: Denoiser | None = None
        if weight:
            self.critic = copy.deepcopy(teacher.denoiser).requires_grad_(True).train()
            self.rates = {"critic": critic_rate}

    @cached_property
    def matching(self) -> DistributionMatching | None:
        if self.critic is None:
            return None
        # Guidance is exaggerated by every step that the critic lags behind: colour bears none of it, detail no more
        # than the rest, and the early weights are told the class, so that the class itself is not exaggerated.
        settings = self.teacher_settings.model_copy(update={"guidance_chroma": 0.0, "detail_below": 0.0})

        def wanted(x: Tensor, sigma: Tensor, condition: Condition) -> Tensor:
            against = condition if settings.guidance_kind == "autoguidance" else None
            denoise = guided(self.teacher, settings, Mixture.of(condition), against)
            return denoise(x, sigma)  # type: ignore[arg-type]  # here a level for each picture

        return DistributionMatching(self.critic, self.levels, wanted, settings.sigma_min)

    @cached_property
    def path(self) -> Tensor:
        """The teacher's, through all of them, ``substeps`` for each."""
        parts = [between(*pair, self.substeps, self.teacher_settings.sigma_min) for pair in pairwise(self.levels)]
        return torch.cat([part[:-1] for part in parts] + [torch.zeros(1, dtype=torch.float64)])

    @property
    def teacher_settings(self) -> SamplerSettings:
        """How the teacher is asked."""
        guidance = {} if self.guidance is None else {"guidance": self.guidance}
        return self.teacher.config.generation.model_copy(update={"precision": self.precision} | guidance)

    def forward(self, images: Tensor, condition: Condition, generator: torch.Generator) -> Losses:
        """Of the images only the number and the size count: for a path each, every level of which counts alike; or with
        `DistributionMatching` for a work each, and a path for one in eight."""
        if self.matching is None:
            return Losses(self._losses(self.denoiser, images, condition, generator))
        few = math.ceil(len(images) / 8)
        path = self._losses(self.denoiser, images[:few], condition[:few], generator).mean()
        noise = self._noise(images, generator)
        matching, critic = self.matching.losses(self.denoiser, noise, condition, generator)
        parts = {"path": path.expand(len(images)), "matching": matching, "critic": critic}
        return Losses(path + self.weight * matching + critic, parts)

    @torch.no_grad()
    def validation_loss(
        self, denoiser: Denoiser, images: Tensor, condition: Condition, generator: torch.Generator
    ) -> Tensor:
        return self._losses(denoiser, images, condition, generator)

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
        denoise = guided(self.teacher, self.teacher_settings, Mixture.of(condition))
        # Whichever is the teacher's own sampler: a student can only learn a path without fresh noise.
        places = [noisy, *(step.x for step in dpmpp_2m(denoise, noisy, self.path))]
        return torch.cat(places[:-1][:: self.substeps]), places[-1]


def between(high: float, low: float, steps: int, sigma_min: float) -> Tensor:
    """Noise levels [steps + 1] from one to a lower one, evenly spaced in sigma^(1/7) as Karras et al. 2022 (eq. 5).

    On the way to 0 the last step is the one from ``sigma_min``.
    """
    if low == 0:
        return SCHEDULES["karras"](steps, sigma_min, high)
    return torch.linspace(high ** (1 / 7), low ** (1 / 7), steps + 1, dtype=torch.float64) ** 7
