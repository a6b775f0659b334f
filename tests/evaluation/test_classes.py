"""Each class is measured against its own pictures, and what is too few for a metric has none; the share of a class is
what the nearest training pictures say, beside what was asked for."""

from dataclasses import replace

import pytest
import torch
from torch import Tensor

from sfumato.collection import Collection, collect
from sfumato.collection.drawn_collection import draw_collection
from sfumato.dataset import Dataset, prepare
from sfumato.evaluation import kernel_distance, sliced_wasserstein
from sfumato.evaluation.classes import ENOUGH, FEWEST, ClassMetrics, class_fractions, class_metrics, nearest_labels
from sfumato.features.appearance import Descriptor
from sfumato.features.features import extracted, looked_at
from sfumato.random import spread


@pytest.fixture(scope="module")
def dataset(tmp_path_factory: pytest.TempPathFactory) -> Dataset:
    """Five classes of 100 pictures, of which a tenth is held out."""
    folder = tmp_path_factory.mktemp("classes")
    list(draw_collection(folder / "art", per_class=100, size=32))
    list(collect(folder / "art", folder / "collection", workers=1))
    list(prepare(Collection.open(folder / "collection"), folder / "dataset", size=32, workers=1))
    return Dataset.open(folder / "dataset")


def of_class(dataset: Dataset, label: int, side: Tensor) -> Tensor:
    return side[dataset.labels[side] == label]


def measured(images: Tensor, asked: Tensor, dataset: Dataset, known: int = 10_000) -> list[ClassMetrics]:
    """known: of how many training and held-out pictures the features are given."""
    features = Descriptor()
    sides = [looked_at(spread(side, min(known, len(side))), dataset, features) for side in
             (dataset.held_out, dataset.train)]  # fmt: skip
    return class_metrics(images, extracted(features, images), asked, dataset, features, *sides)


@pytest.fixture(scope="module")
def works(dataset: Dataset) -> tuple[Tensor, Tensor]:
    """Of class 0 its held-out pictures, of class 1 pictures of class 2, of class 2 too few, of the others none."""
    places = [
        of_class(dataset, 0, dataset.held_out),
        of_class(dataset, 2, dataset.train)[:20],
        of_class(dataset, 2, dataset.train)[: FEWEST - 1],
    ]
    asked = torch.cat([torch.full((len(some),), label) for label, some in enumerate(places)])
    return dataset.images(torch.cat(places)), asked


def test_a_class_is_measured_against_its_own_pictures_alone(works: tuple[Tensor, Tensor], dataset: Dataset) -> None:
    images, asked = works
    right, wrong, *_ = measured(images, asked, dataset)
    assert [right.name, wrong.name] == dataset.classes[:2]
    own, held_out = (dataset.images(of_class(dataset, 1, side)) for side in (dataset.train, dataset.held_out))
    kid, distance = wrong.kid, wrong.sliced_wasserstein
    assert kid and distance and kid.baseline is not None
    mine = images[asked == 1]
    wanted = kernel_distance(extracted(Descriptor(), mine), extracted(Descriptor(), own))
    assert (kid.works, kid.works_error) == pytest.approx((wanted.mean, wanted.error))
    assert (kid.n, kid.n_baseline, kid.reference) == (20, len(held_out), len(own))
    # As many works as held-out pictures: this distance falls with their number.
    assert distance.n == distance.n_baseline == len(held_out) < 20
    few = mine[spread(torch.arange(20), len(held_out))]
    assert distance.works == pytest.approx(sliced_wasserstein(few, own).mean)
    assert distance.baseline == pytest.approx(sliced_wasserstein(held_out, own).mean)
    assert kid.works > kid.baseline + 5 * (kid.works_error or 0)


def test_held_out_pictures_are_their_own_baseline(works: tuple[Tensor, Tensor], dataset: Dataset) -> None:
    right = measured(*works, dataset)[0]
    assert right.kid and right.sliced_wasserstein
    assert right.works == right.held_out == right.kid.n == right.kid.n_baseline >= FEWEST
    assert right.kid.works == pytest.approx(right.kid.baseline)
    assert right.kid.works_error == pytest.approx(right.kid.baseline_error)
    assert right.sliced_wasserstein.works == pytest.approx(right.sliced_wasserstein.baseline)


def test_too_few_works_or_training_pictures_have_no_metric(works: tuple[Tensor, Tensor], dataset: Dataset) -> None:
    _, _, few, none, _ = measured(*works, dataset)
    assert (few.works, few.kid, few.sliced_wasserstein) == (FEWEST - 1, None, None)
    assert (none.works, none.kid) == (0, None) and none.training == len(of_class(dataset, 3, dataset.train))
    small = Dataset.open(dataset.path)
    first = of_class(small, 0, small.train)[: FEWEST - 1]
    small.train = torch.cat([first, small.train[small.labels[small.train] != 0]])
    left, *_ = measured(*works, small)
    assert (left.training, left.kid) == (FEWEST - 1, None) and left.works >= FEWEST


def test_without_enough_held_out_pictures_the_baseline_is_unknown(
    works: tuple[Tensor, Tensor], dataset: Dataset
) -> None:
    small = Dataset.open(dataset.path)
    small.held_out = torch.cat([of_class(small, label, small.held_out)[: FEWEST - 1] for label in range(5)])
    found = measured(*works, small)[1]
    assert found.held_out == FEWEST - 1
    for distance in (found.kid, found.sliced_wasserstein):
        assert distance and distance.baseline is None and distance.baseline_error is None
        assert (distance.n, distance.n_baseline) == (20, 0) and distance.works > 0


def test_where_few_of_a_class_are_known_its_others_are_looked_at(
    works: tuple[Tensor, Tensor], dataset: Dataset
) -> None:
    found, whole = measured(*works, dataset, known=10)[1], measured(*works, dataset)[1]
    assert found.kid and whole.kid
    assert len(of_class(dataset, 1, dataset.train)) > ENOUGH == found.kid.reference
    assert found.kid.n_baseline == whole.kid.n_baseline == found.held_out
    assert found.kid.baseline_error is not None and whole.kid.baseline_error is not None
    assert found.kid.works == pytest.approx(whole.kid.works, rel=0.3)


def test_where_no_class_is_known_there_is_nothing(works: tuple[Tensor, Tensor], dataset: Dataset) -> None:
    images, asked = works
    assert measured(images, torch.full_like(asked, -1), dataset) == []
    one = Dataset.open(dataset.path)
    one.classes = one.classes[:1]
    assert measured(images, torch.zeros_like(asked), one) == []


def test_works_whose_class_is_not_known_count_for_none(works: tuple[Tensor, Tensor], dataset: Dataset) -> None:
    images, asked = works
    partly = measured(images, torch.where(asked == 0, -1, asked), dataset)
    assert partly[1] == measured(images, asked, dataset)[1]
    assert partly[0] == replace(partly[0], works=0, kid=None, sliced_wasserstein=None)


def test_a_picture_is_of_the_class_of_its_nearest() -> None:
    training, labels = torch.tensor([[0.0], [10.0], [20.0]]), torch.tensor([2, 0, 1])
    assert nearest_labels(torch.tensor([[9.0], [-5.0], [16.0]]), training, labels).tolist() == [0, 2, 1]


def test_shares_of_each_class() -> None:
    one, two, three = class_fractions(
        ["one", "two", "three"],
        training=torch.tensor([0, 0, 1, 2]),
        asked=torch.tensor([0, 0, 1, 1]),
        seen=torch.tensor([0, 1, 1, 1]),
        held_out=torch.tensor([0, 0, 1]),
        held_out_seen=torch.tensor([0, 1, 1]),
    )
    assert (one.training, one.asked, one.seen, one.right) == (0.5, 0.5, 0.25, 0.5)
    assert (two.training, two.asked, two.seen, two.right) == (0.25, 0.5, 0.75, 1.0)
    assert (three.asked, three.seen, three.right, three.held_out_right) == (0.0, 0.0, None, None)
    assert one.held_out_right == 0.5 and one.held_out_seen == 1 / 3


def test_works_of_which_nothing_was_asked_have_no_share_of_it() -> None:
    unknown, known = torch.tensor([-1, -1]), torch.tensor([0, 1])
    shares = class_fractions(
        ["one", "two"], training=known, asked=unknown, seen=known, held_out=known, held_out_seen=known
    )
    assert [(share.asked, share.right, share.seen) for share in shares] == [(None, None, 0.5)] * 2
    partly = class_fractions(
        ["one", "two"],
        training=known,
        asked=torch.tensor([-1, 1]),
        seen=known,
        held_out=known,
        held_out_seen=known,
    )
    assert [share.asked for share in partly] == [0.0, 1.0]
