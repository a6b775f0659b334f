"""A model with upscalers: works of its full size, by every verb of control."""

from collections.abc import Callable

import torch

from sfumato.models import Generation, Model

NewModel = Callable[..., Model]


def test_a_work_does_not_depend_on_how_many_are_asked_for(cascade: Model) -> None:
    asked = Generation.of(cascade, seed=3)
    series = asked.pictures(3)
    assert series.shape == (3, 3, 64, 64)
    assert torch.equal(asked.pictures(1, 2)[0], series[2])
    assert not torch.equal(series[0], series[1])
