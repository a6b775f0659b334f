"""A class or a mixture is asked for in words, and what cannot be understood is said in one sentence."""

import unicodedata

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sfumato.errors import SfumatoError
from sfumato.models import ModelConfig
from sfumato.models.classes import class_index, class_mixture
from sfumato.networks import TransformerConfig

MODEL = ModelConfig(size=32, classes=("a",), class_shares=(1.0,), network=TransformerConfig())
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
        ("painting:0", "'0' is not a share of 'painting'; give numbers above 0"),
        ("painting:-1,engraving", "'-1' is not a share"),
        ("painting:nan", "'nan' is not a share"),
        ("painting:inf", "'inf' is not a share"),
        ("painting:much", "'much' is not a share"),
        ("painting:", "'' is not a share"),
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


ODD = ("a", "b", "a,b", "a:1", "b;c", '"a"', 'say "x", y', " c ", "1:2,3:4")


@pytest.fixture(scope="module")
def odd(new_model):
    return new_model(classes=ODD, class_shares=(1.0,) * len(ODD)).config


@pytest.mark.parametrize(
    ("text", "shares"),
    [
        ("a,b", {2: 1.0}),
        ("a , b", {0: 0.5, 1: 0.5}),
        ('"a","b"', {0: 0.5, 1: 0.5}),
        ("a,b:0.7,b;c:0.3", {2: 0.7, 4: 0.3}),
        ("a:1", {3: 1.0}),
        ('"a":1,b:1', {0: 0.5, 1: 0.5}),
        ("a:1:0.25,a:0.75", {3: 0.25, 0: 0.75}),
        ('"a"', {5: 1.0}),
        ('"""a""":1,b:3', {5: 0.25, 1: 0.75}),
        ('"say ""x"", y":0.5,a:0.5', {6: 0.5, 0: 0.5}),
        ('" c ",b', {7: 0.5, 1: 0.5}),
        ("1:2,3:4,b", {8: 0.5, 1: 0.5}),
    ],
)
def test_names_with_marks_are_read_as_the_model_has_them_or_in_quotes(odd, text, shares):
    assert class_mixture(text, odd) == pytest.approx(shares)


@given(st.lists(st.text('ab,:;" 1', min_size=1, max_size=5), min_size=2, max_size=5, unique=True), st.data())
def test_every_mixture_of_any_names_can_be_written(new_model, names, data):
    config = MODEL.model_copy(update={"classes": tuple(names), "class_shares": (1.0,) * len(names)})
    asked = data.draw(st.lists(st.sampled_from(range(len(names))), min_size=2, unique=True))
    # The spaces make sure that the whole is no name by chance.
    quoted = ['"' + names[index].replace('"', '""') + '"' for index in asked]
    text = " , ".join(f"{name} : {place + 1}" for place, name in enumerate(quoted))
    if text not in names:
        total = sum(range(1, len(asked) + 1))
        expected = {index: (place + 1) / total for place, index in enumerate(asked)}
        assert class_mixture(text, config) == pytest.approx(expected)
    for index, name in enumerate(names):
        assert class_mixture(name, config) == {index: 1.0}
        assert class_index(name, config) == index


def test_a_name_in_another_normal_form_and_one_in_quotes_is_the_same_class(new_model):
    config = new_model(classes=("été", "a,b"), class_shares=(0.5, 0.5)).config
    assert class_index("e\u0301te\u0301", config) == 0
    assert class_index('"a,b"', config) == 1


def test_of_many_classes_an_error_names_the_first(new_model):
    many = tuple(f"class {index}" for index in range(1000))
    with pytest.raises(SfumatoError, match=r"class 0, class 1, .* and 980 more$"):
        class_index("x", new_model(classes=many, class_shares=(1.0,) * 1000).config)


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
