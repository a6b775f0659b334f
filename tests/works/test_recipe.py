"""A recipe comes back as it was, says clearly what is wrong with a bad one, and speaks the text others read."""

import json
import time

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from pydantic import ValidationError

from sfumato.errors import SfumatoError
from sfumato.works import Recipe

GIVEN = {
    "model": "tiles",
    "model_digest": "0123456789abcdef" * 4,
    "seed": 7,
    "label": "engraving",
    "sampler": "dpmpp_2m",
    "steps": 20,
    "schedule": "karras",
    "guidance": 1.5,
    "size": (32, 32),
    "sfumato_version": "0.1.0",
    "torch_version": "2.13.0",
}

# Every text that a file's name can hold and UTF-8 can write: quotes, line ends, bidirectional marks, emoji, zero bytes.
odd_text = st.text(st.characters(exclude_categories=["Cs"]), min_size=1, max_size=20)
sigmas = st.none() | st.floats(0, 1e4)
recipes = st.builds(
    Recipe,
    model=odd_text,
    model_digest=st.text("0123456789abcdef", min_size=64, max_size=64),
    seed=st.integers(0, 2**64 - 1),
    index=st.integers(0, 10**6),
    label=st.none() | odd_text,
    sampler=st.sampled_from(["euler", "dpmpp_2m", "somebody's own"]),
    steps=st.integers(1, 1000),
    schedule=st.sampled_from(["karras", "flow"]),
    guidance=st.floats(0, 100),
    guidance_kind=st.sampled_from(["none", "autoguidance"]),
    guidance_low=st.none() | st.floats(0, 1),
    guidance_high=st.none() | st.floats(1, 100),
    size=st.tuples(st.integers(1, 4), st.integers(1, 4)),
    dtype=st.sampled_from(["float32", "bfloat16"]),
    device=st.sampled_from(["cpu", "cuda"]),
    sfumato_version=st.just("0.1.0"),
    torch_version=st.just("2.13.0+cpu"),
)


@settings(max_examples=60, deadline=None)
@given(recipes)
def test_a_recipe_comes_back_from_json_as_it_was(recipe: Recipe) -> None:
    assert Recipe.from_json(recipe.to_json()) == recipe
    assert Recipe.from_json(recipe.to_json().encode("ascii")) == recipe


@settings(max_examples=60, deadline=None)
@given(recipes)
def test_the_parameters_text_has_two_lines_whatever_the_names(recipe: Recipe) -> None:
    lines = recipe.parameters_text().splitlines()
    assert len(lines) == 2
    assert lines[1].startswith(f"Steps: {recipe.steps}, Sampler: ")


@pytest.mark.parametrize("end", ["\x85", "\u2028", "\x0b", "\r\n"])
def test_no_line_end_of_a_name_ends_a_line_of_the_text(end: str) -> None:
    recipe = Recipe(**GIVEN | {"model": f"a, {end}b"})
    assert len(recipe.parameters_text().splitlines()) == 2


def test_the_parameters_text_is_what_other_programs_read() -> None:
    assert Recipe(**GIVEN).parameters_text() == (
        "engraving\nSteps: 20, Sampler: DPM++ 2M, CFG scale: 1.5, Seed: 7, Size: 32x32, "
        "Model: tiles, Model hash: 0123456789, Version: sfumato 0.1.0"
    )


def test_the_parameters_text_of_a_picture_with_no_class_or_a_name_full_of_marks() -> None:
    text = Recipe(**GIVEN | {"label": None, "index": 3, "model": "mine, the: best", "guidance": 2}).parameters_text()
    assert text.startswith("untitled\nSteps: 20, ")
    assert "CFG scale: 2, Seed: 7, Index: 3, Size" in text
    assert 'Model: "mine, the: best", Model hash' in text
    assert Recipe(**GIVEN | {"label": "\n\t"}).parameters_text().startswith("untitled\n")


@pytest.mark.parametrize(
    "wrong",
    [
        {"seed": -1},
        {"seed": 2**64},
        {"steps": 0},
        {"size": (0, 32)},
        {"model_digest": "abc"},
        {"model_digest": "A" * 64},
        {"guidance": float("nan")},
        {"guidance_low": 2.0, "guidance_high": 1.0},
        {"colour": "blue"},
        {"sampler": ""},
    ],
)
def test_a_recipe_with_a_wrong_value_cannot_be_made(wrong: dict[str, object]) -> None:
    with pytest.raises(ValidationError):
        Recipe(**GIVEN | wrong)


def test_a_recipe_does_not_change() -> None:
    with pytest.raises(ValidationError, match="frozen"):
        Recipe(**GIVEN).seed = 8


def nested(depth: int) -> str:
    inner = json.dumps(GIVEN)
    head = inner[:-1] + ', "origin": '
    return head * depth + inner + "}" * depth


@pytest.mark.parametrize(
    ("wrong", "said"),
    [
        ({"steps": 10**9}, "steps: .* less than or equal to 10000"),
        ({"size": (4097, 4096)}, "the size is 4097 x 4096 pixels, and 4,096 x 4,096 are the most"),
        ({"size": (10**9, 1)}, r"size\.0: .* less than or equal to 16777216"),
        ({"guidance": 1e30}, "guidance: .* less than or equal to 100"),
        ({"sigma_max": 1e30}, "sigma_max: .* less than or equal to 10000"),
        ({"palette": ["#aa3322"] * 50_000}, "palette: .* at most 64 items"),
        ({"palette": ["#aa3322"], "palette_shares": [0.5, 0.5]}, "1 colour in the palette but 2 shares"),
        ({"turns": [[1, 2, 0.5]] * 1000}, "turns: .* at most 256 items"),
        ({"turns": [[1, 2, 0.5]] * 100_000}, "letters long"),
        ({"turns": [[-1, 2, 0.5]]}, r"turns\.0\.0: .* greater than or equal to 0"),
        ({"margins": [10**9, 0, 0, 0]}, r"margins\.0: .* less than or equal"),
        ({"label": "x" * 200_000}, "label: .* at most 100000 characters"),
        ({"sampler": "x" * 200}, "sampler: .* at most 100 characters"),
    ],
)
def test_a_recipe_that_asks_for_more_than_makes_sense_is_refused_at_once(wrong: dict[str, object], said: str) -> None:
    began = time.process_time()
    with pytest.raises(SfumatoError, match=said):
        Recipe.from_json(json.dumps(GIVEN | wrong))
    assert time.process_time() - began < 1


@pytest.mark.parametrize(("depth", "said"), [(9, "enlarged 9 times, and 8 are the most"), (10_000, "."), (300, ".")])
def test_a_recipe_of_recipes_without_end_is_refused_at_once(depth: int, said: str) -> None:
    assert len(Recipe.from_json(nested(8)).enlargements) == 8
    began = time.process_time()
    with pytest.raises(SfumatoError, match=said):
        Recipe.from_json(nested(depth))
    assert time.process_time() - began < 1


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("", "not JSON"),
        ("{", "not JSON"),
        (b"\xff\xfe\x00", "not JSON"),
        ("[" * 100_000, "not JSON"),
        ("[1]", "list and not an object"),
        ("{}", "model: field required"),
        (json.dumps(GIVEN | {"seed": "7"}), "seed: input should be a valid integer"),
        (json.dumps(GIVEN | {"mood": "blue"}), "mood: extra inputs are not permitted"),
        (json.dumps(GIVEN | {"format": 2}), "format 2 .* newer"),
        (json.dumps(GIVEN | {"guidance": float("nan")}), "guidance"),
        (json.dumps(GIVEN | {"guidance_low": 2, "guidance_high": 1}), "above guidance_high"),
        (json.dumps(GIVEN | {"label": "\ud800"}), "cannot be read"),
    ],
)
def test_an_unreadable_recipe_is_a_clear_error(text: str | bytes, said: str) -> None:
    with pytest.raises(SfumatoError, match=said):
        Recipe.from_json(text)
