"""What people and programs write for a class is understood, and what is none is said with the classes."""

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sfumato.studio.models import StudioModel
from sfumato.studio.server.answers import HttpError
from sfumato.studio.server.words import asked_in_words, label_of, led_away_from

CLASSES = ("Waves", "stone", "red, blue", "black and white", "still_life")


def model(classes=CLASSES, **config):
    said = {"name": "coast", "classes": classes, "begins_with": "noise", **config}
    return StudioModel("coast-1", Path("coast"), "", said, None, 0)


@pytest.mark.parametrize(
    ("words", "label"),
    [
        ("Waves", "Waves"),
        ("waves", "Waves"),
        (" WAVES. ", "Waves"),
        ("Waves:3,stone:1", "Waves:0.75,stone:0.25"),
        ("waves and stone", "Waves:0.5,stone:0.5"),
        ("waves + stone", "Waves:0.5,stone:0.5"),
        ("waves, waves, stone, stone", "Waves:0.5,stone:0.5"),
        ("(waves:1.5), stone:0.5", "Waves:0.75,stone:0.25"),
        ("red, blue", '"red, blue"'),
        ("black and white", "black and white"),
        ("Black and White, waves", "Waves:0.5,black and white:0.5"),
        ("still life", "still_life"),
    ],
)
def test_classes_are_found_however_they_are_joined(words, label):
    found = label_of(model(), words)
    assert sorted(found.split(",")) == sorted(label.split(","))


@pytest.mark.parametrize("words", ["a photo of waves", "masterpiece, waves", "sky", "waves:0", ",", "()"])
def test_other_words_are_refused_with_the_classes(words):
    with pytest.raises(HttpError, match='Waves, stone, "red, blue", black and white, still_life') as caught:
        label_of(model(), words)
    assert (caught.value.status, caught.value.param) == (400, "prompt")


def test_two_classes_that_differ_by_capitals_alone_are_told_apart_by_them():
    alike = model(("wave", "Wave"))
    assert [label_of(alike, name) for name in alike.classes] == ["wave", "Wave"]
    with pytest.raises(HttpError):
        label_of(alike, "WAVE")


def test_without_words_a_work_is_of_any_class():
    assert asked_in_words(model(), "  ") == {}


def test_a_model_that_reads_text_gets_it_as_it_is():
    text = model((), network={"kind": "pretrained"})
    assert asked_in_words(text, " a lighthouse, at dusk ") == {"prompt": " a lighthouse, at dusk "}
    assert led_away_from(text, "blurry") == {"negative": "blurry"}


def test_a_model_without_classes_is_asked_with_nothing_or_its_name():
    plain = model(())
    assert asked_in_words(plain, "") == asked_in_words(plain, "Coast") == asked_in_words(plain, "coast-1") == {}
    with pytest.raises(HttpError, match="reads no text and has no classes"):
        asked_in_words(plain, "waves")


def test_a_negative_prompt_is_a_class_or_does_nothing():
    assert led_away_from(model(), "STONE") == {"negative": "stone"}
    assert led_away_from(model(), "ugly, deformed") is None
    assert led_away_from(model(), "") == {}


@given(st.text(max_size=60))
def test_any_words_are_a_label_or_one_sentence(words):
    try:
        assert label_of(model(), words)
    except HttpError as error:
        assert error.status == 400
        assert str(error).startswith("prompt: ")
