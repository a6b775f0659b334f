"""A class or a mixture is asked for in words, and what cannot be understood is said in one sentence."""

import unicodedata

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sfumato.errors import SfumatoError
from sfumato.models.classes import class_index, class_mixture

NAMES = ("painting", "engraving", "ink: wash", "a,b")


@pytest.fixture(scope="module")
def config(new_model):
    return new_model(classes=NAMES, class_shares=(0.25,) * 4).config


@pytest.mark.parametrize(
    ("text", "shares"),
    [
        ("painting", {0: 1.0}),
        ("painting:0.7,engraving:0.3", {0: 0.7, 1: 0.3}),
        (" painting : 7 , engraving:3 ", {0: 0.7, 1: 0.3}),
        ("engraving,painting", {1: 0.5, 0: 0.5}),
        ("ink: wash", {2: 1.0}),
        ("ink: wash:3,painting", {2: 0.75, 0: 0.25}),
        ("a,b", {3: 1.0}),
        ("painting:1e-3", {0: 1.0}),
    ],
)
def test_words_become_shares_that_sum_to_one(config, text, shares):
    assert class_mixture(text, config) == pytest.approx(shares)
    assert list(class_mixture(text, config)) == list(shares)


@given(st.lists(st.floats(1e-6, 1e6), min_size=2, max_size=2))
def test_shares_are_in_proportion(config, weights):
    mixture = class_mixture(f"painting:{weights[0]!r},engraving:{weights[1]!r}", config)
    assert sum(mixture.values()) == pytest.approx(1)
    assert mixture[0] / mixture[1] == pytest.approx(weights[0] / weights[1])


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("cubism", "class 'cubism'.*does not know it; its classes: painting, engraving"),
        ("painting:0.7,cubism:0.3", "class 'cubism'"),
        ("painting,painting:2", "'painting' is named twice"),
        ("painting:0", "'0' is no share of 'painting'; give numbers above 0"),
        ("painting:-1,engraving", "'-1' is no share"),
        ("painting:nan", "'nan' is no share"),
        ("painting:inf", "'inf' is no share"),
        ("painting:much", "'much' is no share"),
        ("painting:", "'' is no share"),
        ("painting,,engraving", "class ''"),
        ("", "class ''"),
    ],
)
def test_what_is_no_class_and_no_share_is_one_sentence(config, text, said):
    with pytest.raises(SfumatoError, match=said) as caught:
        class_mixture(text, config)
    assert "\n" not in str(caught.value)


@given(text=st.text(max_size=40))
def test_any_text_is_a_mixture_or_one_sentence(config, text):
    try:
        assert sum(class_mixture(text, config).values()) == pytest.approx(1)
    except SfumatoError as error:
        assert str(error).startswith("class '")


def test_a_model_without_classes_says_so(new_model):
    with pytest.raises(SfumatoError, match="none at all"):
        class_index("waves", new_model(classes=(), class_shares=()).config)


def test_a_class_is_found_however_its_accents_are_typed(new_model):
    composed, taken_apart = (unicodedata.normalize(form, "Gemälde") for form in ("NFC", "NFD"))
    for own in (composed, taken_apart):
        config = new_model(classes=("sea", own), class_shares=(0.5, 0.5)).config
        for typed in (composed, taken_apart, "Gem\udce4lde"):  # and as a terminal in Latin-1 sends it
            assert class_index(typed, config) == 1
            assert class_mixture(typed, config) == {1: 1.0}
            assert class_mixture(f"{typed}:3,sea", config) == {1: 0.75, 0: 0.25}
    both = new_model(classes=(composed, taken_apart), class_shares=(0.5, 0.5)).config
    assert [class_index(name, both) for name in (composed, taken_apart)] == [0, 1]
