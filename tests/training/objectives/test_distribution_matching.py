"""Works of one Gaussian, where critic and teacher are known in closed form, and so is which way the works must move."""

import math
from itertools import pairwise

import pytest
import torch
from torch import Tensor, nn

from sfumato.diffusion import SCHEDULES, preconditioning
from sfumato.training.objectives.distribution_matching import DistributionMatching

DEVIATION = 0.5  # of the teacher's works, about a mean of 0
LEVELS = SCHEDULES["karras"](3, 0.4, 20.0).tolist()


class Posterior(nn.Module):
    """The mean of the clean picture given the noisy one, where clean ones have that deviation; and what was asked."""

    preconditioning = preconditioning("edm")

    def __init__(self, deviation: float) -> None:
        super().__init__()
        self.variance = nn.Parameter(torch.tensor(deviation**2))
        self.asked: list[Tensor] = []

    def forward(self, x: Tensor, sigma: Tensor | float, condition: Tensor | None = None) -> Tensor:
        sigma = torch.as_tensor(sigma).expand(len(x))
        self.asked.append(sigma)
        return x * (self.variance / (self.variance + sigma**2)).view(-1, 1, 1, 1)


class Student(nn.Module):
    """One factor for all levels: from noise alone its works have ``factor`` times the deviation of that."""

    def __init__(self, factor: float) -> None:
        super().__init__()
        self.factor = nn.Parameter(torch.tensor(factor))
        self.seen: list[tuple[Tensor, Tensor]] = []

    def forward(self, x: Tensor, sigma: Tensor | float, condition: Tensor) -> Tensor:
        self.seen.append((x, torch.as_tensor(sigma).expand(len(x))))
        return self.factor * x


def matched(student: Student, critic: float, levels: list[float] = LEVELS, seed: int = 0, count: int = 24):
    """Both losses, and the DistributionMatching with its parts."""
    teacher = Posterior(DEVIATION).requires_grad_(False)
    matching = DistributionMatching(Posterior(critic), levels, lambda x, sigma, labels: teacher(x, sigma), 0.05)  # type: ignore[arg-type]
    generator = torch.Generator().manual_seed(seed)
    noise = torch.randn(count, 3, 8, 8, generator=generator)
    return matching, *matching.losses(student, noise, torch.zeros(count, dtype=torch.long), generator)  # type: ignore[arg-type]


@pytest.mark.parametrize(("deviation", "way"), [(0.3, -1), (0.5, 0), (0.8, 1)])
def test_works_move_to_the_deviation_of_the_teachers(deviation: float, way: int) -> None:
    student = Student(deviation / 20)
    _, losses, _ = matched(student, deviation, [20.0, 0.0])
    losses.mean().backward()
    assert student.factor.grad is not None
    # In units of the factor itself; at the teacher's own deviation critic and teacher are of one mind.
    slope = student.factor.grad.item() * student.factor.item()
    assert slope == pytest.approx(0, abs=1e-6) if way == 0 else slope * way > 1e-4
    assert losses.mean().item() == pytest.approx(0, abs=1e-9) if way == 0 else losses.mean().item() > 1e-4


def test_where_the_critic_is_the_teacher_nothing_moves_whatever_the_works() -> None:
    student = Student(0.3)
    _, losses, _ = matched(student, DEVIATION)
    losses.mean().backward()
    assert student.factor.grad is not None
    assert student.factor.grad.item() == 0


def test_each_loss_is_of_its_own_part_alone() -> None:
    student = Student(0.02)
    matching, losses, critics = matched(student, 0.3)
    losses.mean().backward(retain_graph=True)
    assert student.factor.grad is not None
    assert matching.critic.variance.grad is None
    student.factor.grad = None
    critics.mean().backward()
    assert student.factor.grad is None
    assert matching.critic.variance.grad is not None


def test_the_critic_learns_the_students_works() -> None:
    """Its loss is least for the posterior of their own deviation."""
    student = Student(0.8 / 20)
    losses = {d: matched(student, d, [20.0, 0.0], count=64)[2].mean().item() for d in (0.5, 0.8, 1.3)}
    assert losses[0.8] < min(losses[0.5], losses[1.3])


def test_a_student_begins_each_level_with_what_it_made_until_there() -> None:
    student = Student(0.02)
    matched(student, 0.3, count=96)
    *_, (x, sigma) = student.seen
    assert sigma.unique(sorted=True).tolist() == pytest.approx(sorted(LEVELS[:-1]))
    deviation = LEVELS[0]
    for level, following in zip(LEVELS, [*LEVELS[1:-1], 0], strict=False):
        here = (sigma - level).abs() < 1e-4
        assert here.sum() == 32
        assert x[here].std().item() == pytest.approx(deviation, rel=0.03)
        deviation = math.hypot(0.02 * deviation, following)


@pytest.mark.parametrize("seed", range(5))
def test_works_are_compared_at_noise_that_outlasts_the_next(seed: int) -> None:
    student = Student(0.02)
    matching, *_ = matched(student, 0.3, seed=seed)
    (compared,) = matching.critic.asked
    begun = student.seen[-1][1]
    for level, following in pairwise(LEVELS):
        noises = compared[(begun - level).abs() < 1e-4]
        assert len(noises.unique()) == 8
        assert noises.min() >= max(following / 2, 0.05) - 1e-6
        assert noises.max() <= level


def test_fewer_works_than_levels_take_turns() -> None:
    levels = set()
    for seed in range(20):
        student = Student(0.02)
        matched(student, 0.3, seed=seed, count=1)
        levels |= set(student.seen[-1][1].tolist())
    assert sorted(levels) == pytest.approx(sorted(LEVELS[:-1]))
