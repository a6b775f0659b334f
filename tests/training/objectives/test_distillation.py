"""Data of one Gaussian, where both the teacher's path and the student's answer are known in closed form."""

import math

import pytest
import torch
from torch import Tensor, nn

from sfumato.diffusion import SCHEDULES, ClassCondition, preconditioning
from sfumato.models import Model, ModelConfig, SamplerSettings
from sfumato.networks import UNetConfig
from sfumato.training import TrainingConfig, refinement, resolve
from sfumato.training.objectives import Distillation, DistillationConfig
from sfumato.training.objectives.distillation import between

DEVIATION = 0.5  # of the data, about a mean of 0
LEVELS = SCHEDULES["karras"](3, 0.4, 20.0).tolist()


class Posterior(nn.Module):
    """The mean of the clean picture given the noisy one, scaled by class for guidance to have something to push."""

    def __init__(self) -> None:
        super().__init__()
        self.asked: list[ClassCondition] = []

    def forward(self, x: Tensor, sigma: Tensor | float, condition: ClassCondition) -> Tensor:
        self.asked.append(condition)
        sigma = torch.as_tensor(sigma).expand(len(x)).view(-1, 1, 1, 1)
        return x * DEVIATION**2 / (DEVIATION**2 + sigma**2)


class Student(nn.Module):
    """One factor a level, which is all that the closed form needs."""

    preconditioning = preconditioning("edm")

    def __init__(self, factors: list[float]) -> None:
        super().__init__()
        self.factors = nn.Parameter(torch.tensor(factors))
        self.seen: list[tuple[Tensor, Tensor, Tensor]] = []

    def forward(self, x: Tensor, sigma: Tensor, condition: ClassCondition) -> Tensor:
        self.seen.append((x, sigma, condition.rows))
        level = (sigma[:, None] - torch.tensor(LEVELS[:-1])).abs().argmin(1)
        return self.factors[level].view(-1, 1, 1, 1) * x


def teacher(guidance: float = 1.0) -> Model:
    tiny = UNetConfig(patch=2, channels=(8,), blocks=1, width=16, depth=1, heads=1)
    generation = SamplerSettings(guidance=guidance, sigma_min=0.001)
    config = ModelConfig(size=8, classes=("a", "b"), class_shares=(0.5, 0.5), network=tiny, generation=generation)
    return Model(config, Posterior())  # type: ignore[arg-type]


def exact_factors() -> list[float]:
    """dx/dsigma = x sigma / (s^2 + sigma^2), so x goes like the root of s^2 + sigma^2, and ends at sigma = 0."""
    return [DEVIATION / math.sqrt(DEVIATION**2 + sigma**2) for sigma in LEVELS[:-1]]


def objective(factors: list[float], substeps: int = 64, guidance: float = 1.0) -> Distillation:
    return Distillation(Student(factors), teacher(guidance), LEVELS, substeps)  # type: ignore[arg-type]


def loss(of: Distillation) -> float:
    images = DEVIATION * torch.randn(16, 3, 8, 8, generator=torch.Generator().manual_seed(1))
    condition = ClassCondition.of([0] * 16)
    return of.validation_loss(of.denoiser, images, condition, torch.Generator().manual_seed(2)).mean().item()


def test_the_student_that_knows_the_path_has_no_loss_and_its_teacher_has_one() -> None:
    posterior = [DEVIATION**2 / (DEVIATION**2 + sigma**2) for sigma in LEVELS[:-1]]
    assert loss(objective(exact_factors())) < 1e-4
    assert loss(objective(posterior)) > 0.05


def test_with_more_substeps_the_teacher_comes_nearer_to_its_path() -> None:
    errors = [loss(objective(exact_factors(), substeps)) for substeps in (2, 4, 16)]
    assert errors[0] > 4 * errors[1] > 16 * errors[2]


def test_the_student_sees_its_levels_and_the_noise_that_they_have() -> None:
    of = objective(exact_factors())
    classes = ClassCondition.of(torch.arange(64) % 2)
    losses = of(torch.zeros(64, 3, 8, 8), classes, torch.Generator().manual_seed(0)).total
    assert losses.shape == (64,)
    ((x, sigma, rows),) = of.denoiser.seen
    assert sigma.unique(sorted=True).tolist() == pytest.approx(sorted(LEVELS[:-1]))
    assert torch.equal(rows, classes.rows.repeat(3))
    for level in LEVELS[:-1]:
        deviation = x[(sigma - level).abs() < 1e-4].std().item()
        # From a deviation of sigma_max, without the picture's own that the first noise has not.
        expected = LEVELS[0] * math.sqrt((DEVIATION**2 + level**2) / (DEVIATION**2 + LEVELS[0] ** 2))
        assert deviation == pytest.approx(expected, rel=0.03)


def test_the_pictures_themselves_play_no_part() -> None:
    of = objective(exact_factors(), substeps=1)
    condition = ClassCondition.of([0, 0])
    for image in (torch.zeros(2, 3, 8, 8), torch.ones(2, 3, 8, 8)):
        of.validation_loss(of.denoiser, image, condition, torch.Generator().manual_seed(0))
    (first, *_), (second, *_) = of.denoiser.seen
    assert torch.equal(first, second)


def test_the_guidance_is_the_teachers_unless_another_is_asked_for() -> None:
    def doubled(of: Distillation) -> bool:
        loss(of)
        return any((condition.rows == 0).all() for condition in of.teacher.denoiser.asked)

    assert not doubled(objective(exact_factors()))
    assert doubled(objective(exact_factors(), guidance=2.0))
    of = Distillation(Student(exact_factors()), teacher(2.0), LEVELS, 2, guidance=1.0)  # type: ignore[arg-type]
    assert not doubled(of)


def test_gradients_reach_the_student_and_nobody_else() -> None:
    of = objective([0.1, 0.1, 0.1], substeps=2)
    losses = of(torch.zeros(4, 3, 8, 8), ClassCondition.of([0] * 4), torch.Generator().manual_seed(0))
    losses.total.mean().backward()
    assert isinstance(of.denoiser.factors.grad, Tensor)
    assert (of.denoiser.factors.grad != 0).all()


def test_a_refined_student_has_a_critic_that_begins_as_its_teacher() -> None:
    plain, refined = (
        Distillation(Student(exact_factors()), teacher(), LEVELS, 2, weight=weight)  # type: ignore[arg-type]
        for weight in (0.0, 10.0)
    )
    assert dict(plain.named_children()).keys() == {"denoiser"}
    assert (plain.matching, plain.rates) == (None, {})
    assert dict(refined.named_children()).keys() == {"denoiser", "critic"}
    assert refined.critic is not refined.teacher.denoiser
    assert refined.rates == {"critic": 1.0}


def test_settings_of_a_second_run_keep_what_the_student_does() -> None:
    first = DistillationConfig(steps=2, guidance=1.5, sigma_max=10, sampler="consistency_denoised", critic_rate=7)
    kept = resolve(refinement(first)).objective
    assert isinstance(kept, DistillationConfig)
    assert (first.teacher, kept.teacher) == ("parent", "parent's teacher")
    assert kept.matching > 0
    assert kept.critic_rate == DistillationConfig().critic_rate
    settings = TrainingConfig()
    assert kept.sampling(settings) == first.sampling(settings)
    assert kept.levels(32) == first.levels(32)
    assert kept.sampling(settings).sampler == "consistency_denoised"
    assert kept.guidance == 1.5


@pytest.mark.parametrize("steps", [1, 2, 5])
def test_substeps_lead_from_level_to_level(steps: int) -> None:
    levels = between(3.0, 0.5, steps, 0.01)
    assert len(levels) == steps + 1
    assert levels[0].item() == pytest.approx(3.0)
    assert levels[-1].item() == pytest.approx(0.5)
    assert (levels.diff() < 0).all()
    ending = between(3.0, 0.0, steps, 0.01)
    assert len(ending) == steps + 1
    assert ending[0].item() == pytest.approx(3.0)
    assert ending[-1] == 0
    if steps > 1:
        assert ending[-2].item() == pytest.approx(0.01)


def test_a_students_settings_say_how_it_is_sampled() -> None:
    student = DistillationConfig(steps=2, sigma_max=10, sigma_min=0.5)
    settings = TrainingConfig(objective=student, precision="bfloat16")
    sampling = student.sampling(settings)
    assert (sampling.sampler, sampling.steps, sampling.guidance) == ("consistency", 2, 1.0)
    assert student.levels(32) == pytest.approx([10, 0.5, 0])
    # Where it learned first and somewhat under where it learned last.
    assert (sampling.sigma_max, sampling.precision) == (10, "bfloat16")
    assert 0.25 < sampling.sigma_min < 0.5
    assert student.levels(64) == pytest.approx([20, 1, 0])
    larger = student.sampling(settings.model_copy(update={"size": 64}))
    assert (larger.sigma_max, larger.sigma_min) == (20, 2 * sampling.sigma_min)
