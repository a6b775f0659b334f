"""A small model makes works at its own size, whatever a chat program asks for, and they are shown as large as that."""

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sfumato.studio.models import StudioModel
from sfumato.studio.server.answers import HttpError
from sfumato.studio.server.sizes import made_in, shown_scale, size_of


def model(size=64, **config):
    return StudioModel("m", Path("m"), "", {"size": size, "begins_with": "noise", **config}, None, 0)


@pytest.mark.parametrize(
    ("asked", "made"),
    [
        (None, {}),
        ((64, 64), {}),
        ((512, 512), {}),
        ((1024, 1024), {}),
        ((1536, 1024), {"width": 96, "height": 64}),
        ((1024, 1792), {"width": 64, "height": 112}),
        ((4096, 64), {"width": 256, "height": 64}),
        ((96, 128), {"width": 96, "height": 128}),
        ((32, 32), {}),
        ((32, 64), {"width": 64, "height": 128}),
    ],
)
def test_the_canvas_of_a_model_of_64_pixels(asked, made):
    assert made_in(model(), asked) == made


def test_a_model_that_reads_text_is_asked_for_what_was_asked_for():
    assert made_in(model(network={"kind": "pretrained"}), (768, 512)) == {"width": 768, "height": 512}


def test_a_model_with_settings_of_its_own_keeps_its_size():
    assert made_in(model(answer="sample"), (512, 768)) == {}


@given(st.tuples(st.integers(1, 4096), st.integers(1, 4096)))
def test_no_canvas_is_smaller_than_the_model_or_much_larger(asked):
    made = made_in(model(), asked)
    sides = (made.get("width", 64), made.get("height", 64))
    assert min(sides) >= 64
    assert max(sides) <= 256
    shown = [side * shown_scale(sides, asked) for side in sides]
    assert shown == list(sides) or all(side <= wanted for side, wanted in zip(shown, asked, strict=True))


@pytest.mark.parametrize(("text", "size"), [("512x768", (512, 768)), (" 8X8 ", (8, 8)), ("auto", None), (None, None)])
def test_sizes_are_read(text, size):
    assert size_of(text) == size


@pytest.mark.parametrize("text", ["large", "0x8", "512", "5000x5", "-1x5", "1x1x1", "٣x٣x"])
def test_what_is_no_size_is_refused(text):
    with pytest.raises(HttpError) as caught:
        size_of(text)
    assert (caught.value.status, caught.value.param) == (400, "size")
