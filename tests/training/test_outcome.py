"""A model's configuration and card say what the run was."""

from collections.abc import Callable

import torch

from sfumato.dataset import Dataset
from sfumato.training import Run, train
from sfumato.training.outcome import model_config


def test_class_shares_are_those_of_the_training_pictures(begin: Callable[..., Run]) -> None:
    run = begin()
    dataset = Dataset.open(run.dataset)
    config = model_config(run, dataset)
    counts = torch.bincount(dataset.labels[dataset.train], minlength=len(dataset.classes))
    assert config.classes == tuple(dataset.classes)
    assert torch.allclose(torch.tensor(config.class_shares), counts / counts.sum())


def test_a_balanced_run_makes_all_classes_equally_likely(begin: Callable[..., Run]) -> None:
    run = begin(balance="class")
    config = model_config(run, Dataset.open(run.dataset))
    assert set(config.class_shares) == {1 / len(config.classes)}


def test_the_card_tells_how_long_it_was_trained(begin: Callable[..., Run]) -> None:
    run = begin(steps=6)
    list(train(run))
    assert "6 steps of" in (run.model / "README.md").read_text("utf-8")
