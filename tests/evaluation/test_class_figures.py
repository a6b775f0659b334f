"""Each class is measured against its own pictures, and what is too few for a figure has none."""

from dataclasses import replace

import pytest
import torch
from torch import Tensor

from sfumato.collection import Collection, collect
from sfumato.collection.drawn_collection import draw_collection
from sfumato.dataset import Dataset, prepare
from sfumato.evaluation import kernel_distance, sliced_wasserstein
from sfumato.evaluation.class_figures import ENOUGH, FEWEST, ClassFigures, class_figures
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


def measured(images: Tensor, asked: Tensor, dataset: Dataset, known: int = 10_000) -> list[ClassFigures]:
    """known: of how many training and held-out pictures the features are given."""
    features = Descriptor()
    sides = [looked_at(spread(side, min(known, len(side))), dataset, features) for side in
             (dataset.held_out, dataset.train)]  # fmt: skip
    return class_figures(images, extracted(features, images), asked, dataset, features, *sides)


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
    assert kid and distance and kid.floor is not None
    mine = images[asked == 1]
    wanted = kernel_distance(extracted(Descriptor(), mine), extracted(Descriptor(), own))
    assert (kid.works, kid.works_error) == pytest.approx((wanted.mean, wanted.error))
    assert (kid.n, kid.n_floor, kid.reference) == (20, len(held_out), len(own))
    # As many works as held-out pictures: this distance falls with their number.
    assert distance.n == distance.n_floor == len(held_out) < 20
    few = mine[spread(torch.arange(20), len(held_out))]
    assert distance.works == pytest.approx(sliced_wasserstein(few, own).mean)
    assert distance.floor == pytest.approx(sliced_wasserstein(held_out, own).mean)
    assert kid.works > kid.floor + 5 * (kid.works_error or 0)


def test_held_out_pictures_are_their_own_floor(works: tuple[Tensor, Tensor], dataset: Dataset) -> None:
    right = measured(*works, dataset)[0]
    assert right.kid and right.sliced_wasserstein
    assert right.works == right.held_out == right.kid.n == right.kid.n_floor >= FEWEST
    assert right.kid.works == pytest.approx(right.kid.floor)
    assert right.kid.works_error == pytest.approx(right.kid.floor_error)
    assert right.sliced_wasserstein.works == pytest.approx(right.sliced_wasserstein.floor)


def test_too_few_works_or_training_pictures_have_no_figure(works: tuple[Tensor, Tensor], dataset: Dataset) -> None:
    _, _, few, none, _ = measured(*works, dataset)
    assert (few.works, few.kid, few.sliced_wasserstein) == (FEWEST - 1, None, None)
    assert (none.works, none.kid) == (0, None) and none.training == len(of_class(dataset, 3, dataset.train))
    small = Dataset.open(dataset.path)
    first = of_class(small, 0, small.train)[: FEWEST - 1]
    small.train = torch.cat([first, small.train[small.labels[small.train] != 0]])
    left, *_ = measured(*works, small)
    assert (left.training, left.kid) == (FEWEST - 1, None) and left.works >= FEWEST


def test_without_enough_held_out_pictures_the_floor_is_unknown(works: tuple[Tensor, Tensor], dataset: Dataset) -> None:
    small = Dataset.open(dataset.path)
    small.held_out = torch.cat([of_class(small, label, small.held_out)[: FEWEST - 1] for label in range(5)])
    found = measured(*works, small)[1]
    assert found.held_out == FEWEST - 1
    for distance in (found.kid, found.sliced_wasserstein):
        assert distance and distance.floor is None and distance.floor_error is None
        assert (distance.n, distance.n_floor) == (20, 0) and distance.works > 0


def test_where_few_of_a_class_are_known_its_others_are_looked_at(
    works: tuple[Tensor, Tensor], dataset: Dataset
) -> None:
    found, whole = measured(*works, dataset, known=10)[1], measured(*works, dataset)[1]
    assert found.kid and whole.kid
    assert len(of_class(dataset, 1, dataset.train)) > ENOUGH == found.kid.reference
    assert found.kid.n_floor == whole.kid.n_floor == found.held_out
    assert found.kid.floor_error is not None and whole.kid.floor_error is not None
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
