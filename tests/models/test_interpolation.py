"""The way from one work to another begins and ends at them, and every picture on it is a work of the model."""

import numpy as np
import pytest
import torch

from sfumato.errors import SfumatoError
from sfumato.models import Generation, as_tensor, interpolated, reimagine, to_pictures
from sfumato.models.interpolation import even_places

FEW = {"steps": 4}


@pytest.fixture(scope="module")
def ends(model):
    return [
        next(Generation.of(model, seed=seed, label=label, **FEW).works(1))
        for seed, label in ((1, "waves"), (2, "circles"))
    ]


@pytest.fixture(scope="module")
def way(model, ends):
    return list(interpolated(model, *(work.recipe for work in ends), 21))


def test_it_begins_and_ends_at_the_works(way, ends):
    for picture, work in zip((way[0], way[-1]), ends, strict=True):
        difference = np.asarray(to_pictures(picture[None])[0], dtype=int) - np.asarray(work.image, dtype=int)
        assert np.abs(difference).max() <= 1  # it stood in another place of its batch


def test_its_steps_are_even(way):
    steps = [float((one - other).norm()) for one, other in zip(way[1:], way[:-1], strict=True)]
    assert max(steps) < 2 * min(steps)


def test_its_middle_is_no_cross_fade(model, way):
    # A cross-fade of two independent pictures would have half of their energy of gradients.
    energy = [float(picture.diff(dim=2).square().mean() + picture.diff(dim=1).square().mean()) for picture in way]
    assert min(energy[5:16]) > 0.8 * min(energy[0], energy[-1])


def test_the_same_place_of_the_same_way_is_the_same_picture(model, ends, way):
    again = list(interpolated(model, *(work.recipe for work in ends), 21))
    assert all(torch.equal(one, other) for one, other in zip(way, again, strict=True))


def test_works_of_one_model_without_classes_meet_too(new_model):
    model = new_model(classes=(), class_shares=())
    one, other = (next(Generation.of(model, seed=seed, **FEW).works(1)).recipe for seed in (1, 2))
    assert len(list(interpolated(model, one, other, 3, steps=2))) == 3


def test_what_cannot_be_passed_over_is_one_sentence(model, new_model, ends):
    one, other = (work.recipe for work in ends)
    with pytest.raises(SfumatoError, match="takes 2 or more"):
        next(interpolated(model, one, other, 1))
    stranger = other.model_copy(update={"model_digest": "1" * 64})
    with pytest.raises(SfumatoError, match="is another"):
        next(interpolated(model, one, stranger, 5))
    shown = reimagine(model, ends[0].image, **FEW)
    assert as_tensor(ends[0].image, 32).shape == (3, 32, 32)
    with pytest.raises(SfumatoError, match="began with a picture"):
        next(interpolated(model, one, shown.recipe, 5))


def test_places_are_even_on_a_way_that_is_fast_and_slow():
    shares = torch.linspace(0, 1, 200, dtype=torch.float64)
    way = torch.stack((shares**3, (4 * shares).sin()), 1)
    places = even_places(way, 25)
    assert len(places) == 25 == len(set(places))
    assert (places[0], places[-1]) == (0, 199)
    steps = (way[places[1:]] - way[places[:-1]]).norm(dim=1)
    assert steps.max() < 1.5 * steps.min()


def test_every_place_is_taken_where_all_are_asked_for():
    assert even_places(torch.randn((9, 3), generator=torch.Generator().manual_seed(0)), 9) == list(range(9))
