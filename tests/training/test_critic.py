"""A critic tells works from pictures by what they look like, and is kept with the model."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import torch
from torch import Tensor

from sfumato.models import Model
from sfumato.models.critic import MEASURES
from sfumato.training import calibration, train
from sfumato.training.critic import FEWEST_WORKS, fitted_critic
from sfumato.training.statistics import Statistics


def grey(count: int, rough: float, seed: int) -> Tensor:
    """Pictures of one light each, with grain."""
    generator = torch.Generator().manual_seed(seed)
    light = torch.rand((count, 1, 1, 1), generator=generator) - 0.5
    return (light + rough * torch.randn((count, 1, 16, 16), generator=generator)).expand(-1, 3, -1, -1).clamp(-1, 1)


def test_it_tells_works_that_are_nearly_empty_from_pictures() -> None:
    real, works = grey(200, 0.3, 0), torch.cat((grey(100, 0.3, 1), grey(60, 0.02, 2)))
    critic = fitted_critic(Statistics.of(real), Statistics.of(works))
    assert critic is not None
    like, empty = critic.scores(grey(50, 0.3, 3)), critic.scores(grey(50, 0.02, 4))
    assert like.shape == (50,)
    assert like.dtype == torch.float64
    assert (like[:, None] > empty[None]).double().mean() > 0.99
    # What it has not been told apart by says little: two halves of the same kind are alike to it.
    assert abs(like[:25].mean() - like[25:].mean()) < 0.2 * (like.mean() - empty.mean())


def test_works_like_the_pictures_leave_it_indifferent() -> None:
    real, works = Statistics.of(grey(400, 0.3, 0)), Statistics.of(grey(400, 0.3, 1))
    critic = fitted_critic(real, works)
    assert critic is not None
    assert critic.scores(grey(100, 0.3, 2)).std() < 1  # none is more than e times as likely as most


def test_it_is_the_same_each_time_and_does_not_depend_on_how_many_there_are_of_each() -> None:
    real, works = Statistics.of(grey(100, 0.3, 0)), Statistics.of(grey(64, 0.1, 1))
    one, other = fitted_critic(real, works), fitted_critic(real, works)
    assert one == other
    twice = fitted_critic(real, Statistics.joined([works, works]))
    assert one is not None and twice is not None
    assert torch.allclose(torch.tensor(one.weights), torch.tensor(twice.weights), atol=1e-3, rtol=1e-2)


def test_few_works_tell_nothing() -> None:
    real = Statistics.of(grey(100, 0.3, 0))
    assert fitted_critic(real, Statistics.of(grey(FEWEST_WORKS - 1, 0.1, 1))) is None
    assert fitted_critic(real, Statistics.of(grey(FEWEST_WORKS, 0.1, 1))) is not None


def test_a_calibrated_model_carries_its_critic(
    begin: Callable[..., Any], monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    from sfumato.training import loop

    monkeypatch.setattr(calibration, "FEWEST_WORKS", calibration.BATCH)
    monkeypatch.setattr("sfumato.training.critic.FEWEST_WORKS", calibration.BATCH)
    monkeypatch.setattr(loop, "batches_after", lambda settings, steps: 2)
    list(train(begin(steps=1, snapshots=0, evaluations=1)))
    made = Model.from_pretrained(tmp_path / "run")
    assert made.config.critic is not None
    assert len(made.config.critic.weights) == MEASURES
    again = Model.from_pretrained(made.save_pretrained(tmp_path / "saved"))
    assert again.config.critic == made.config.critic
    works = made.generate(2, best_of=2, steps=2)
    assert len(works) == 2
