"""A model's configuration and card say what the run was."""

import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import torch

from sfumato.collection import Collection, collect
from sfumato.dataset import Dataset, prepare
from sfumato.training import Run, TrainingConfig, prepare_run, train
from sfumato.training.outcome import guided_early, model_config, sampling


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


def test_larger_pictures_are_guided_up_to_more_noise_and_made_crisper() -> None:
    small, large, largest = (sampling(TrainingConfig(size=size)) for size in (32, 64, 256))
    assert (small.sharpness, large.sharpness) == (0, 0.04)
    assert large.sharpness < largest.sharpness <= 0.2
    early = [guided_early(settings, size) for settings, size in ((small, 32), (large, 64), (largest, 256))]
    assert [settings.guidance_high for settings in early] == [2.5, 20, 1280]
    assert {settings.guidance_kind for settings in early} == {"autoguidance"}
    assert early[2].guidance_high > largest.sigma_max  # everywhere


def test_pictures_of_no_class_are_learned_from_and_are_no_class(
    tiny_art: Path, tiny_settings: dict[str, Any], tmp_path: Path
) -> None:
    art = tmp_path / "art"
    shutil.copytree(tiny_art, art / "train")
    (art / "train" / "waves").rename(art / "test")  # nobody says what these are
    list(collect(art, tmp_path / "collection", workers=1))
    collection = Collection.open(tmp_path / "collection")
    assert collection.counts[""] == 4 and "" not in collection.classes
    *_, ready = prepare(collection, tmp_path / "dataset", size=32, workers=1)
    run, _ = prepare_run(tmp_path / "run", ready.dataset, {**tiny_settings, "steps": 2, "balance": "class"})
    config = model_config(run, ready.dataset)
    assert config.classes == tuple(collection.classes) and len(config.classes) == 4
    assert config.class_shares == (0.25,) * 4
    list(train(run))
    assert "(unlabelled)" not in (run.model / "README.md").read_text("utf-8")
