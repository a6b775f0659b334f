import os
import shutil
import unicodedata
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import torch

from sfumato.dataset import Dataset
from sfumato.errors import SfumatoError
from sfumato.models import Model, ModelConfig, build_denoiser
from sfumato.networks import UNetConfig
from sfumato.provenance.sources import LearnedFrom
from sfumato.training import Run, TrainingConfig, is_run, prepare_run, train
from sfumato.training.events import Finished
from sfumato.training.warm_start import warm_start
from sfumato.training.writer import build_model_config

NETWORK = UNetConfig(patch=2, channels=(8,), blocks=1, width=16, depth=1, heads=1)
SETTINGS = TrainingConfig(network=NETWORK)
CLASSES = "conditioning.classes.weight"


def described(classes: tuple[str, ...], **settings: Any) -> ModelConfig:
    shares = tuple(1 / len(classes) for _ in classes)
    return ModelConfig(**{"size": 32, "network": NETWORK, "classes": classes, "class_shares": shares, **settings})


def saved(path: Path, classes: tuple[str, ...], **settings: Any) -> Model:
    config = described(classes, **settings)
    denoiser = build_denoiser(config)
    with torch.no_grad():
        for parameter in denoiser.parameters():
            parameter.add_(torch.randn(parameter.shape))
    Model(config, denoiser).save_pretrained(path)
    return Model.from_pretrained(path)


def test_classes_are_matched_by_name_and_new_ones_begin_as_none(tmp_path: Path) -> None:
    parent = saved(tmp_path / "parent", ("flow", "glass", "waves"))
    config = described(("waves", "new", "flow"), descends_from=(parent.weights_digest,))
    child = build_denoiser(config)
    warm_start(child, SETTINGS, config, tmp_path / "parent")
    theirs, ours = parent.denoiser.network.state_dict(), child.network.state_dict()
    assert torch.equal(ours[CLASSES], theirs[CLASSES][[0, 3, 0, 1]])
    assert all(torch.equal(ours[name], theirs[name]) for name in ours if name != CLASSES)


def test_a_parent_without_classes_will_do(tmp_path: Path) -> None:
    parent = saved(tmp_path / "parent", ())
    config = described(("a", "b"), descends_from=(parent.weights_digest,))
    child = build_denoiser(config)
    warm_start(child, SETTINGS, config, tmp_path / "parent")
    assert torch.equal(child.network.state_dict()[CLASSES], parent.denoiser.network.state_dict()[CLASSES][[0, 0, 0]])


@pytest.mark.parametrize(
    ("settings", "said"),
    [
        ({"size": 64}, "its size is 64, and this run's is 32"),
        ({"network": NETWORK.model_copy(update={"depth": 2})}, "its network is"),
        ({"preconditioning": "flow"}, "its preconditioning is flow, and this run's is edm"),
        (
            {"objective": "distillation", "answer": "sample"},
            "its objective is distillation, and this run's is den",
        ),
        ({"objective": "upscaling", "begins_with": "reference", "factor": 2}, "its objective is upscaling, and this"),
    ],
)
def test_a_parent_that_does_not_fit_is_said_before_anything_is_written(
    settings: dict[str, Any],
    said: str,
    tiny_dataset: Dataset,
    tiny_settings: dict[str, Any],
    tmp_path: Path,
) -> None:
    saved(tmp_path / "parent", (), **settings)
    with pytest.raises(SfumatoError, match=said):
        prepare_run(tmp_path / "run", tiny_dataset, tiny_settings, weights_from=str(tmp_path / "parent"))
    assert not is_run(tmp_path / "run")


@pytest.fixture
def child(tiny_dataset: Dataset, tiny_settings: dict[str, Any], tmp_path: Path) -> Callable[..., Run]:
    def make(name: str, parent: str, **settings: Any) -> Run:
        return prepare_run(tmp_path / name, tiny_dataset, {**tiny_settings, **settings}, weights_from=parent)[0]

    return make


def test_descent_is_recorded_through_the_generations(
    child: Callable[..., Run], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    first = saved(tmp_path / "first", ("flow",))
    monkeypatch.chdir(tmp_path)
    one = child("one", "first", steps=1, evaluations=1)
    monkeypatch.chdir(os.sep)  # the parent was named from another directory
    list(train(one))
    second = Model.from_pretrained(one.path)
    assert second.config.descends_from == (first.weights_digest,)
    assert first.weights_digest in second.card
    two = child("two", str(one.path))
    assert two.record.descends_from == (second.weights_digest, first.weights_digest)


def test_a_model_says_what_it_learned_from_and_its_ancestors_did(
    child: Callable[..., Run], tiny_dataset: Dataset, tiny_settings: dict[str, Any], tmp_path: Path
) -> None:
    own = LearnedFrom(collection=tiny_dataset.collection_digest, licences={"CC0-1.0": 20})
    first, _ = prepare_run(tmp_path / "first", tiny_dataset, tiny_settings, licences=own.licences)
    assert build_model_config(first, tiny_dataset).learned_from == first.record.learned_from == (own,)
    other = LearnedFrom(collection="ab" * 32, licences={"CC-BY-4.0": 3})
    saved(tmp_path / "known", ("flow",), learned_from=(other, own))
    assert child("two", str(tmp_path / "known")).record.learned_from == (own, other)
    saved(tmp_path / "foreign", ("flow",))
    of_a_foreign = child("three", str(tmp_path / "foreign")).record.learned_from
    assert of_a_foreign == (LearnedFrom(collection=own.collection), LearnedFrom())


def test_a_run_begins_with_the_parents_weights(child: Callable[..., Run], tmp_path: Path) -> None:
    parent = saved(tmp_path / "parent", ())
    run = child("run", str(tmp_path / "parent"))
    events = train(run)
    next(events)
    events.close()
    ours = Model.from_pretrained(run.path).denoiser.network.state_dict()
    theirs = parent.denoiser.network.state_dict()
    assert all(torch.equal(ours[name], theirs[name]) for name in ours if name != CLASSES)


def test_a_run_that_has_begun_needs_its_parent_no_more(child: Callable[..., Run], tmp_path: Path) -> None:
    saved(tmp_path / "parent", ())
    run = child("run", str(tmp_path / "parent"))
    events = train(run)
    next(events)
    events.close()
    shutil.rmtree(tmp_path / "parent")
    assert isinstance(list(train(run))[-1], Finished)


def test_a_parent_that_changed_before_the_run_began_is_refused(child: Callable[..., Run], tmp_path: Path) -> None:
    saved(tmp_path / "parent", ())
    run = child("run", str(tmp_path / "parent"))
    shutil.rmtree(tmp_path / "parent")
    saved(tmp_path / "parent", ())
    with pytest.raises(SfumatoError, match="has changed since this run was planned"):
        train(run)


def test_a_class_is_the_same_in_every_normal_form(tmp_path: Path) -> None:
    parent = saved(tmp_path / "parent", ("sea", unicodedata.normalize("NFD", "Gemälde")))
    config = described((unicodedata.normalize("NFC", "Gemälde"), "new"), descends_from=(parent.weights_digest,))
    child = build_denoiser(config)
    warm_start(child, SETTINGS, config, tmp_path / "parent")
    assert torch.equal(child.network.state_dict()[CLASSES], parent.denoiser.network.state_dict()[CLASSES][[0, 2, 0]])
