"""Held-out pictures, copies, noise and a model's works are told apart, each metric beside its baseline."""

import json
from collections.abc import Sequence
from copy import copy
from dataclasses import replace
from pathlib import Path

import pytest
import torch
from torch import Tensor

from sfumato.collection import Collection, collect
from sfumato.collection.drawn import draw
from sfumato.collection.drawn_collection import draw_collection
from sfumato.dataset import Dataset, prepare
from sfumato.errors import SfumatoError
from sfumato.evaluation import Evaluation, WorksToEvaluate, evaluate, generated
from sfumato.evaluation.evaluation import compared_count
from sfumato.evaluation.metrics import fraction_interval
from sfumato.features.appearance import Descriptor
from sfumato.models import Model, ModelConfig, build_denoiser
from sfumato.networks import UNetConfig
from sfumato.reports.evaluation import evaluation_page
from sfumato.reports.evaluation_words import cries_copies, headline


@pytest.fixture(scope="module")
def dataset(tmp_path_factory: pytest.TempPathFactory) -> Dataset:
    folder = tmp_path_factory.mktemp("evaluated")
    list(draw_collection(folder / "art", per_class=40, size=32))
    list(collect(folder / "art", folder / "collection", workers=1))
    list(prepare(Collection.open(folder / "collection"), folder / "dataset", size=32, workers=1))
    return Dataset.open(folder / "dataset")


def evaluated(images: Tensor, dataset: Dataset, classes: Sequence[str | None] | None = None) -> Evaluation:
    works = WorksToEvaluate(images, classes or [None] * len(images), "works", {}, {"works": "0"})
    return evaluate(works, dataset, Descriptor(), against="art")


@pytest.fixture(scope="module")
def of_held_out(dataset: Dataset) -> Evaluation:
    classes = [dataset.classes[label] for label in dataset.labels[dataset.held_out].tolist()]
    return evaluated(dataset.images(dataset.held_out), dataset, classes)


def model(dataset: Dataset) -> Model:
    config = ModelConfig(
        name="tiny",
        size=32,
        classes=tuple(dataset.classes),
        class_shares=(1.0,) * len(dataset.classes),
        network=UNetConfig(patch=2, channels=(8,), blocks=1, width=16, depth=1, heads=1),
    )
    with torch.random.fork_rng():
        torch.manual_seed(0)
        return Model(config, build_denoiser(config).eval().requires_grad_(False), weights_digest="0" * 64)


def test_held_out_pictures_are_their_own_baseline(of_held_out: Evaluation, dataset: Dataset) -> None:
    for metric in of_held_out.metrics:
        assert metric.works == pytest.approx(metric.baseline), metric.name
        assert metric.n == metric.n_baseline == len(dataset.held_out)
    assert of_held_out.appearance[0] == of_held_out.appearance[1]
    assert of_held_out.metric("copies").reference == len(dataset.train)


def test_every_metric_of_noise_is_worse_than_its_baseline(dataset: Dataset) -> None:
    count = len(dataset.held_out)
    noise = torch.rand(count, 3, 32, 32, generator=torch.Generator().manual_seed(0)) * 2 - 1
    found = evaluated(noise, dataset)
    for name in ("sliced_wasserstein", "kid", "frechet"):
        assert found.metric(name).works > 3 * abs(found.metric(name).baseline)
    for name in ("recall", "coverage"):
        assert found.metric(name).works < found.metric(name).baseline / 2
    assert found.appearance[0].sharpness > 3 * found.appearance[2].sharpness
    assert found.metric("copies").works == 0


def test_training_pictures_are_found_out_and_named(dataset: Dataset) -> None:
    chosen = dataset.train[:30]
    found = evaluated(dataset.images(chosen).flip(-1), dataset)
    assert found.metric("copies").works > 0.95 and found.metric("copies").baseline < 0.2
    assert found.metric("copies").n == 30
    assert [files[0] for files in found.neighbour_files] == [dataset.files[index] for index in chosen.tolist()]
    assert found.neighbours[3][0].tobytes() == dataset.picture(int(chosen[3])).tobytes()


def test_one_picture_over_and_over_has_no_diversity(dataset: Dataset) -> None:
    found = evaluated(dataset.images(dataset.held_out[:1].expand(12)), dataset)
    assert found.metric("diversity").works == pytest.approx(0, abs=1e-6)
    assert found.metric("diversity").baseline > 1


def test_classes_that_were_asked_for_are_found_again(of_held_out: Evaluation, dataset: Dataset) -> None:
    assert [share.name for share in of_held_out.classes] == dataset.classes
    for share in of_held_out.classes:
        assert share.asked == pytest.approx(0.2, abs=0.05)
        assert share.right == share.held_out_right
    rights = [share.right for share in of_held_out.classes if share.right is not None]
    assert sum(rights) / len(rights) > 0.6  # by chance it were 0.2


def test_works_of_each_class_are_measured_against_that_class(dataset: Dataset) -> None:
    """Works of one class are asked to be of another one."""
    chosen = torch.cat([dataset.train[dataset.labels[dataset.train] == label][:10] for label in (0, 1)])
    names = dataset.classes
    found = evaluated(dataset.images(chosen), dataset, [names[0]] * 10 + [names[2]] * 10).class_metrics
    assert [figures.name for figures in found] == names
    right, none, wrong, *_ = found
    assert right.kid and wrong.kid and none.kid is None
    assert wrong.kid.works > right.kid.works + 5 * (wrong.kid.works_error or 0)
    assert wrong.kid.baseline is None and wrong.held_out == 4  # too few for a baseline


def test_a_model_is_evaluated_with_its_works_and_its_losses(dataset: Dataset) -> None:
    made = generated(model(dataset), 9, seed=3)
    assert made.images.shape == (9, 3, 32, 32) and made.images.abs().max() <= 1
    assert set(made.classes) <= set(dataset.classes)
    assert torch.equal(((made.images + 1) * 127.5).round() / 127.5 - 1, made.images)  # as a PNG holds them
    found = evaluate(made, dataset, Descriptor(), against="art", model=model(dataset))
    assert found.counts["compared"] == 9 and found.counts["works"] == 9
    levels = found.noise_levels
    assert levels is not None and levels.pictures == len(dataset.held_out)
    assert len(levels.training) == len(levels.held_out) == len(levels.sigmas)
    again = evaluate(made, dataset, Descriptor(), against="art", model=model(dataset))
    assert again.record() == found.record()


def test_the_record_is_json_with_every_number(of_held_out: Evaluation, dataset: Dataset) -> None:
    record = json.loads(json.dumps(of_held_out.record()))
    assert record["counts"]["training"] == len(dataset.train)
    assert record["metrics"]["kid"].keys() == {
        *("works", "baseline", "n", "n_baseline", "reference", "works_error", "baseline_error"),
        *("works_interval", "baseline_interval"),
    }
    assert record["digests"]["dataset"] == dataset.digest and record["digests"]["works"] == "0"
    assert len(record["nearest"]) == len(dataset.held_out)
    assert record["noise_levels"] is None and record["seed"] == 0
    assert record["class_metrics"][dataset.classes[0]] == {
        "works": 4, "training": 36, "held_out": 4, "kid": None, "sliced_wasserstein": None
    }  # fmt: skip
    assert "shrunk" in record["facts"]["Frechet distance"]  # of fewer pictures than features


def test_few_pictures_have_fewer_metrics(dataset: Dataset) -> None:
    found = evaluated(dataset.images(dataset.held_out[:5]), dataset)
    names = {metric.name for metric in found.metrics}
    assert {"kid", "precision"} <= names and not names & {"density", "coverage"}


def small(folder: Path, count: int, classes: int = 1) -> Dataset:
    """A dataset of so many pictures, evenly of so many classes."""
    for index in range(count):
        path = folder / "art" / (f"class {index % classes}" if classes > 1 else "") / f"{index}.png"
        path.parent.mkdir(parents=True, exist_ok=True)
        draw(("flow", "glass", "waves")[index % 3], index, 32).save(path)
    list(collect(folder / "art", folder / "collection", workers=1))
    list(prepare(Collection.open(folder / "collection"), folder / "dataset", size=32, workers=1, fewest=1))
    return Dataset.open(folder / "dataset")


@pytest.mark.parametrize(("count", "classes", "held_out"), [(2, 1, 1), (2, 2, 0), (3, 1, 1), (12, 1, 1), (25, 1, 2)])
def test_any_collection_of_two_pictures_or_more_is_evaluated(
    tmp_path: Path, count: int, classes: int, held_out: int
) -> None:
    few = small(tmp_path, count, classes)
    assert len(few.held_out) == held_out
    found = evaluated(few.images(few.train.repeat(8)[:8]), few)
    record = json.loads(json.dumps(found.record()))
    assert record["counts"]["held_out"] == held_out
    # Works that are the training pictures themselves are copies, however few there are.
    assert found.metric("correlated").works == 1.0
    assert found.has("copies") == (len(few.train) > 1)
    assert headline(found).startswith("COPIES: 100% of these 8 works")
    assert evaluation_page(found)
    noise = torch.rand(8, 3, 32, 32, generator=torch.Generator().manual_seed(0)) * 2 - 1
    assert not cries_copies(evaluated(noise, few))


def test_of_few_pictures_the_range_of_as_few_is_told(tmp_path: Path) -> None:
    few = small(tmp_path, 12)
    distance = evaluated(few.images(few.train), few).metric("sliced_wasserstein")
    assert distance.n == distance.n_baseline == 1
    assert distance.works_interval and distance.baseline_interval
    assert distance.baseline_interval[0] < distance.baseline_interval[1]
    assert distance.works_interval[0] <= distance.works_interval[1]
    copies = evaluated(few.images(few.train), few).metric("copies")
    assert copies.n_baseline == 12  # each in turn, for one held-out picture would say nothing
    assert copies.works_interval == fraction_interval(1.0, 11)


def test_a_single_work_or_a_single_picture_is_too_few(tmp_path: Path, dataset: Dataset) -> None:
    with pytest.raises(SfumatoError, match="1 work, and an evaluation needs 2 or more"):
        compared_count(1, dataset)
    with pytest.raises(SfumatoError, match="an evaluation needs 2 pictures that are not near duplicates of each other"):
        compared_count(9, small(tmp_path, 1))


def test_works_of_another_size_are_said(dataset: Dataset) -> None:
    with pytest.raises(SfumatoError, match="its pictures are 32 px and the works 64"):
        evaluated(torch.zeros(8, 3, 64, 64), dataset)


def test_works_that_are_no_numbers_are_said(dataset: Dataset) -> None:
    broken = model(dataset)
    for parameter in broken.denoiser.parameters():
        parameter.fill_(torch.nan)
    with pytest.raises(SfumatoError, match="the model 'tiny' produced NaN or infinite values"):
        generated(broken, 4, seed=0)


def test_classes_are_known_by_their_names(dataset: Dataset) -> None:
    one = model(dataset)
    named = evaluate(generated(one, 20, 0), dataset, Descriptor(), against="art")
    config = one.config.model_copy(update={"classes": tuple(name + "?" for name in one.config.classes)})
    other = replace(one, config=config)
    unknown = evaluate(generated(other, 20, 0), dataset, Descriptor(), against="art")
    assert sum(share.asked or 0 for share in named.classes) == pytest.approx(1)
    assert {share.asked for share in unknown.classes} == {None}
    assert len(named.class_metrics) == 5 and unknown.class_metrics == []


def test_real_pictures_of_no_class_say_nothing_of_classes(of_held_out: Evaluation, dataset: Dataset) -> None:
    some = copy(dataset)
    some.labels = dataset.labels.clone()
    some.labels[dataset.train[::7]] = -1
    some.labels[dataset.held_out[0]] = -1
    names = [dataset.classes[label] for label in dataset.labels[dataset.held_out].tolist()]
    found = evaluated(dataset.images(dataset.held_out), some, names)
    for shares in zip(
        *((share.training, share.asked, share.seen, share.held_out_seen) for share in found.classes), strict=True
    ):
        assert sum(shares) == pytest.approx(1)
    some.labels = torch.full_like(dataset.labels, -1)
    assert evaluated(dataset.images(dataset.held_out), some, names).classes == []


def test_works_are_of_a_class_whatever_normal_form_it_was_asked_for_in(dataset: Dataset) -> None:
    other = copy(dataset)
    other.classes = [f"{name} \u00e4" for name in dataset.classes]
    asked = [f"{dataset.classes[0]} a\u0308"] * len(dataset.held_out)
    found = evaluated(dataset.images(dataset.held_out), other, asked)
    assert [share.asked for share in found.classes] == [1, 0, 0, 0, 0]
