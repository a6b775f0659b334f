"""The way from one work to another begins and ends at them, and every picture on it is a work of the model."""

import numpy as np
import pytest
import torch
from PIL import Image

from sfumato.errors import SfumatoError
from sfumato.images.tensors import as_tensor
from sfumato.models import Generation, interpolated, passing, reimagine, reproduction, to_pictures
from sfumato.models.interpolation import _Way, even_places
from sfumato.models.verbs import generating
from sfumato.works.request import Request

FEW = {"steps": 4}
SKETCH = Image.linear_gradient("L").convert("RGB")


def requested(model, palette=None, composition=None, **asked):
    return generating(model, Request.of(**asked), palette=palette, composition=composition)


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


ENDS = {
    "negative": ({"label": "waves", "negative": "circles"}, {"label": "circles", "negative": "waves"}),
    "guidance": ({"guidance": 1.0}, {"guidance": 4.0, "guidance_kind": "autoguidance"}),
    "palette": ({"palette": "#aa3322,#fff0c0"}, {}),
    "palettes, a sketch": ({"palette": "#aa3322"}, {"palette": "#0000ff", "composition": SKETCH}),
    "wide": ({"width": 72, "height": 40}, {"width": 72, "height": 40, "negative": "waves"}),
    "tiles": ({"width": 48, "tile": True}, {"width": 48, "tile": True}),
    "number": ({"sharpness": 0.1}, {"precision": "bfloat16"}),
    "students' sampler": ({"sampler": "euler_ancestral"}, {"sampler": "euler_ancestral", "label": "waves:2,circles:1"}),
}


@pytest.mark.parametrize("name", ENDS)
def test_it_begins_and_ends_at_the_works_whatever_was_asked_of_them(model, name):
    one, other = (
        next(requested(model, seed=seed, steps=2, **asked).works(1, first=3)) for seed, asked in enumerate(ENDS[name])
    )
    video = to_pictures(torch.stack(list(interpolated(model, one.recipe, other.recipe, 3))))
    assert [picture.size for picture in video] == [one.image.size] * 3
    assert video[0].tobytes() == one.image.tobytes()
    assert video[-1].tobytes() == other.image.tobytes()
    assert video[1].tobytes() not in (one.image.tobytes(), other.image.tobytes())


@pytest.mark.parametrize("noise", [{}, {"detail_below": 5.0}, {"noise_high": 5.0}])
def test_an_end_of_different_requests_is_near_on_the_way_too(model, noise):
    """The estimates of both, at a share of 0 or 1, are those of one: the way leads to the ends, it does not jump."""
    one, other = (
        requested(model, seed=2, steps=3, palette=colour, **noise).recipe(0) for colour in ("#aa3322", "#0000ff")
    )
    ends = [reproduction(model, recipe) for recipe in (one, other)]
    (pictures,) = _Way(*ends).pictures([0.0, 0.01, 0.99, 1.0])
    made = [next(end.works(1)).image for end in ends]
    shown = [np.asarray(picture, dtype=int) for picture in to_pictures(pictures)]
    for place, near, work in ((0, 1, made[0]), (3, 2, made[1])):
        assert np.abs(shown[place] - np.asarray(work, dtype=int)).max() <= 1
        assert 0 < np.abs(shown[near] - shown[place]).mean() < 0.1 * np.abs(shown[0] - shown[3]).mean()


def test_every_batch_is_told_and_all_that_were_said_come(model, ends):
    *made, last = passing(model, *(work.recipe for work in ends), 8)
    assert [event.batch for event in made] == list(range(1, len(made) + 1))
    assert all(event.batches > event.batch and event.frames is None for event in made)
    assert last.batch == last.batches
    assert len(last.frames) == 8


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
    stranger = other.model_copy(update={"model": other.model.model_copy(update={"digest": "1" * 64})})
    with pytest.raises(SfumatoError, match="is another"):
        next(interpolated(model, one, stranger, 5))
    larger, tile, more = (
        requested(model, steps=steps, **asked).recipe(0)
        for steps, asked in ((4, {"width": 40}), (4, {"tile": True}), (5, {}))
    )
    with pytest.raises(SfumatoError, match="one work is 32 x 32 pixels and the other 40 x 32"):
        next(interpolated(model, one, larger, 5))
    with pytest.raises(SfumatoError, match="repeats without a seam"):
        next(interpolated(model, one, tile, 5))
    with pytest.raises(SfumatoError, match="with steps 4 and the other with 5"):
        next(interpolated(model, one, more, 5))
    assert len(list(interpolated(model, one, more, 2, steps=2))) == 2  # where both are made anew they have a common way
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
