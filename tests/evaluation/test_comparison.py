"""What finished runs show of themselves: three tiny ones, on the same pictures."""

import json
import math
from copy import copy
from pathlib import Path
from typing import Any

import pytest
import torch

from sfumato.collection import Collection, collect
from sfumato.collection.drawn_collection import draw_collection
from sfumato.dataset import Dataset, prepare
from sfumato.errors import SfumatoError
from sfumato.evaluation.comparison import (
    LEAST_HELD_OUT,
    baseline,
    compared_pictures,
    contender,
    curves,
    distance,
    from_noise,
    read_log,
    reconstructions,
    shown_indices,
)
from sfumato.models import Generation, Model, Request
from sfumato.models.verbs import reimagining
from sfumato.networks import GeneratorConfig, UNetConfig
from sfumato.training import Run, prepare_run, preset, train

SHORT: dict[str, Any] = {"size": 32, "batch": 4, "steps": 6, "epochs": 0, "log_every": 2, "threads": 1}
CHOICES: dict[str, dict[str, Any]] = {
    "autoencoder": {**preset("article-fixed"), **SHORT, "perceptual": "none", "picture_every": 3},
    "gan": {**preset("gan"), **SHORT, "network": GeneratorConfig(latent=8, width=4), "evaluations": 2, "snapshots": 2},
    "diffusion": {
        **SHORT,
        "network": UNetConfig(patch=2, channels=(8,), blocks=1, width=16, depth=1, heads=1),
        "evaluations": 2,
        "snapshots": 2,
    },
}


@pytest.fixture(scope="module")
def dataset(tmp_path_factory: pytest.TempPathFactory) -> Dataset:
    folder = tmp_path_factory.mktemp("compared")
    list(draw_collection(folder / "art", per_class=9, size=32))
    list(collect(folder / "art", folder / "collection", workers=1))
    list(prepare(Collection.open(folder / "collection"), folder / "dataset", size=32, workers=1))
    return Dataset.open(folder / "dataset")


@pytest.fixture(scope="module")
def runs(dataset: Dataset, tmp_path_factory: pytest.TempPathFactory) -> dict[str, Run]:
    threads = torch.get_num_threads()
    folder = tmp_path_factory.mktemp("runs")
    made = {kind: prepare_run(folder / kind, dataset, choices)[0] for kind, choices in CHOICES.items()}
    for run in made.values():
        list(train(run))
    torch.set_num_threads(threads)
    return made


@pytest.mark.parametrize("kind", CHOICES)
def test_a_run_shows_works_reconstructions_curves_and_facts(kind: Any, runs: dict[str, Run], dataset: Dataset) -> None:
    shown = shown_indices(dataset, 3)
    found = contender(kind, runs[kind], dataset, seed=1, shown=shown, works=4)
    assert found.kind == kind
    assert len(found.works) == 4
    assert {work.size for work in found.works} == {(32, 32)}
    assert len(found.reconstructions) == (0 if kind == "gan" else len(shown))
    assert found.distance > 0
    assert found.facts["Pictures shown"] == "24"
    assert found.evolution is not None
    assert [curve.name for curve in found.curves] == (
        ["the judge", "the forger"] if kind == "gan" else ["on training pictures", "on held-out pictures"]
    )
    for curve in found.curves:
        assert curve.points
        assert [minutes for minutes, _ in curve.points] == sorted(minutes for minutes, _ in curve.points)


def test_a_curve_is_what_the_log_says(runs: dict[str, Run]) -> None:
    log = runs["diffusion"].path / "log.jsonl"
    lines = [line for line in read_log(log) if line["event"] == "evaluated"]
    training, held_out = curves("diffusion", log)
    assert [value for _, value in training.points] == [line["training_loss"] for line in lines]
    assert [value for _, value in held_out.points] == [line["held_out_loss"] for line in lines]


def test_a_long_gan_run_is_smoothed_into_means(tmp_path: Path) -> None:
    lines = [
        {
            "event": "trained",
            "step": n,
            "parts": {"discriminator": n, "generator": 1.0},
            "clock": {"elapsed_seconds": n},
        }
        for n in range(1200)
    ]
    (tmp_path / "log.jsonl").write_text("\n".join(map(json.dumps, lines)))
    judge, forger = curves("gan", tmp_path / "log.jsonl")
    assert len(judge.points) == 120
    assert judge.points[0] == pytest.approx((4.5 / 60, 4.5))
    assert {value for _, value in forger.points} == {1.0}


def test_an_autoencoder_is_shown_noise_and_answers(runs: dict[str, Run]) -> None:
    model = Model.from_pretrained(runs["autoencoder"].model)
    made = from_noise(model, 5, seed=3)
    assert made.shape == (5, 3, 32, 32)
    assert torch.equal(made, from_noise(model, 5, seed=3))
    assert not torch.equal(made, from_noise(model, 5, seed=4))


def test_real_pictures_are_nearer_than_noise(dataset: Dataset) -> None:
    noise = torch.rand(len(compared_pictures(dataset)), 3, 32, 32, generator=torch.Generator().manual_seed(0)) * 2 - 1
    assert baseline(dataset) < distance(noise, dataset) / 2


def test_works_that_are_no_numbers_have_no_distance(dataset: Dataset) -> None:
    assert math.isnan(distance(torch.full((4, 3, 32, 32), torch.nan), dataset))


def test_too_few_held_out_pictures_are_said(dataset: Dataset) -> None:
    assert len(compared_pictures(dataset)) == len(dataset.held_out) >= LEAST_HELD_OUT
    few = Dataset.open(dataset.path)
    few.held_out = few.held_out[: LEAST_HELD_OUT - 1]
    with pytest.raises(SfumatoError, match="3 pictures are held out, and a comparison needs 4"):
        compared_pictures(few)


def test_a_log_that_is_not_there_is_said(tmp_path: Path) -> None:
    with pytest.raises(SfumatoError, match="cannot be read"):
        read_log(tmp_path / "log.jsonl")


def test_a_picture_of_no_class_is_made_again_without_asking_for_one(
    runs: dict[str, Run], dataset: Dataset, monkeypatch: pytest.MonkeyPatch
) -> None:
    some, asked = copy(dataset), []
    some.labels = torch.tensor([-1, *dataset.labels.tolist()[1:]])

    def noted(model: Model, request: Request, *arguments: Any, **settings: Any) -> Generation:
        asked.append(request.label)
        return reimagining(model, request, *arguments, **settings)

    monkeypatch.setattr("sfumato.evaluation.comparison.reimagining", noted)
    model = Model.from_pretrained(runs["diffusion"].model)
    assert len(reconstructions(model, some, [0, 1], seed=1)) == 2
    assert asked == [None, dataset.classes[int(dataset.labels[1])]]
