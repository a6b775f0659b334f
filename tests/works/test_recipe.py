"""A recipe comes back as it was, says clearly what is wrong with a bad one, and speaks the text others read."""

import json
import re
import time
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from pydantic import ValidationError

from sfumato.errors import SfumatoError
from sfumato.works import Recipe
from sfumato.works.edits import Enlarge, Inpaint, Invert, Margins, Outpaint, Reconstruct, Refine
from sfumato.works.recipe import Environment, LoraReference, ModelReference
from sfumato.works.request import CanvasShape, Composition, Palette, Request, Slerp
from sfumato.works.sampler_settings import SamplerSettings

DIGEST = "0123456789abcdef" * 4
ASKED: dict[str, Any] = {
    "seed": 7,
    "label": "engraving",
    "sampling": {"sampler": "dpmpp_2m", "steps": 20, "schedule": "karras", "guidance": 1.5},
    "canvas": {"width": 32, "height": 32},
}
GIVEN: dict[str, Any] = {
    "model": {"name": "tiles", "digest": DIGEST},
    "request": ASKED,
    "environment": {"sfumato_version": "0.1.0", "torch_version": "2.13.0"},
}


def given_but(**changes: Any) -> dict[str, Any]:
    """What is given, with changes of the request; sampling and canvas change in what is named alone."""
    request = {**ASKED, **changes}
    for part in {"sampling", "canvas"} & changes.keys():
        request[part] = {**ASKED[part], **changes[part]}
    return {**GIVEN, "request": request}


def recipe_of(**changes: Any) -> Recipe:
    return Recipe.model_validate(given_but(**changes))


# Every text that a file's name can hold and UTF-8 can write: quotes, line ends, bidirectional marks, emoji, zero bytes.
odd_text = st.text(st.characters(exclude_categories=["Cs"]), min_size=1, max_size=20)
digests = st.text("0123456789abcdef", min_size=64, max_size=64)
fractions = st.floats(0, 1)
edits = st.one_of(
    st.none(),
    st.builds(Refine, picture=digests, strength=st.floats(0.01, 1)),
    st.builds(Invert, picture=digests, strength=st.floats(0.01, 1), source=st.none() | odd_text),
    st.builds(Inpaint, picture=digests, mask=digests),
    st.builds(Outpaint, picture=digests, margins=st.builds(Margins, left=st.integers(0, 9), bottom=st.integers(0, 9))),
    st.builds(Enlarge, picture=digests),
    st.builds(Reconstruct, picture=digests),
)
requests = st.builds(
    Request,
    seed=st.integers(0, 2**63 - 1),
    number=st.integers(0, 10**6),
    slerps=st.lists(
        st.builds(Slerp, seed=st.integers(0, 2**63 - 1), number=st.integers(0, 99), fraction=fractions), max_size=3
    ).map(tuple),
    prompt=st.none() | st.just("") | odd_text,
    label=st.none() | odd_text,
    negative=st.none() | odd_text,
    sampling=st.builds(
        SamplerSettings,
        sampler=st.sampled_from(["euler", "dpmpp_2m", "consistency"]),
        steps=st.integers(1, 1000),
        schedule=st.sampled_from(["karras", "flow"]),
        guidance=st.floats(0, 100),
        guidance_kind=st.sampled_from(["classifier_free", "autoguidance"]),
        guidance_low=fractions,
        guidance_high=st.floats(1, 100),
        precision=st.sampled_from(["float32", "bfloat16"]),
    ),
    canvas=st.builds(CanvasShape, width=st.integers(1, 4), height=st.integers(1, 4), tile=st.booleans()),
    edit=edits,
    palette=st.none() | st.builds(Palette, colours=st.just(("#aa3322", "#ffffff")), strength=fractions),
    composition=st.none() | st.builds(Composition, levels=st.just("aa3322" * 64), strength=fractions),
)
recipes = st.builds(
    Recipe,
    model=st.builds(
        ModelReference,
        name=odd_text,
        digest=digests,
        revision=st.sampled_from(["", "0123abc"]),
        files=st.dictionaries(odd_text, digests, max_size=2),
        loras=st.lists(
            st.builds(LoraReference, name=odd_text, digest=digests, weight=st.floats(-2, 2)), max_size=2
        ).map(tuple),
    ),
    request=requests,
    environment=st.builds(
        Environment,
        device=st.sampled_from(["cpu", "cuda"]),
        sfumato_version=st.just("0.1.0"),
        torch_version=st.just("2.13.0+cpu"),
    ),
)


@settings(max_examples=60, deadline=None)
@given(recipes)
def test_a_recipe_comes_back_from_json_as_it_was(recipe: Recipe) -> None:
    assert Recipe.from_json(recipe.to_json()) == recipe
    assert Recipe.from_json(recipe.to_json().encode("ascii")) == recipe


def test_what_a_model_of_ones_own_has_not_stands_in_no_recipe() -> None:
    """So that recipes from before there were prompts keep their bytes, with which they are compared and signed."""
    said = json.loads(recipe_of().to_json())
    assert list(said["model"]) == ["name", "digest"]
    assert list(said["request"])[:4] == ["seed", "number", "slerps", "label"]
    asked = json.loads(recipe_of(prompt="").to_json())
    assert asked["request"]["prompt"] == ""  # nothing in words is not the same as no words
    full = GIVEN | {
        "model": {"name": "m", "digest": DIGEST, "files": {"unet/model.safetensors": DIGEST}, "revision": "1f"}
    }
    assert json.loads(Recipe.model_validate(full).to_json())["model"] == full["model"]


def settings_of(line: str) -> dict[str, str]:
    """The settings in the last line, as programs read them: 'Key: value', and one with a comma in it as a JSON text."""
    found = {}
    while line:
        key, _, rest = line.partition(": ")
        if rest.startswith('"'):
            found[key], end = json.JSONDecoder().raw_decode(rest)
        else:
            end = len(rest.partition(",")[0])
            found[key] = rest[:end]
        line = rest[end:].removeprefix(", ")
    return found


@settings(max_examples=60, deadline=None)
@given(recipes)
def test_the_parameters_text_has_a_line_for_each_thing_whatever_the_names(recipe: Recipe) -> None:
    text = recipe.parameters_text()
    request = recipe.request
    *asked, said = text.splitlines()
    words = "" if request.prompt is None else " ".join((request.negative or "").split())
    assert len(asked) == 1 or (len(asked) == 2 and asked[1].startswith("Negative prompt: ") and words)
    assert said.startswith(f"Steps: {request.sampling.steps}, Sampler: ")
    assert settings_of(said)["Size"] == f"{recipe.size[0]}x{recipe.size[1]}"


FORGED = (
    *("Negative prompt: ", "negative  Prompt:", "\n", "\r\u2028", "Steps: 99, Sampler: Heun, Seed: 1", '"', "\\"),
    *(
        "<lora:evil:2>",
        "<hypernet:evil:1>",
        "Model hash: 0123456789,",
        ", Lora hashes: ",
        "Steps:",
        ",",
        "CFG scale: 9",
    ),
)
forged = st.lists(st.sampled_from(FORGED) | odd_text, max_size=6).map("".join)


@settings(max_examples=100, deadline=None)
@given(forged, forged, st.lists(forged.filter(bool), max_size=2))
def test_no_prompt_and_no_name_can_forge_a_setting(prompt: str, negative: str, names: list[str]) -> None:
    loras = [{"name": name, "digest": DIGEST, "weight": 0.5} for name in names]
    model = {"name": "tiles", "digest": DIGEST, "loras": loras}
    made = Recipe.model_validate(given_but(label=None, prompt=prompt, negative=negative) | {"model": model})
    text = made.parameters_text()
    said = settings_of(text.splitlines()[-1])
    assert said.pop("Lora hashes", "").count("0123456789ab") == len(names)
    assert said == settings_of(recipe_of().parameters_text().splitlines()[-1])
    # Some readers look for the words of the format in all of the text, in small letters too.
    assert text.lower().count("steps:") == text.lower().count("cfg scale:") == 1
    assert text.lower().count("negative prompt:") <= 1
    assert len(re.findall(r"<\w+:", text)) == len(names) == len(re.findall(r"<lora:[^<>:,\"]+:0\.5>", text))


def test_the_parameters_text_is_what_other_programs_read() -> None:
    assert recipe_of().parameters_text() == (
        "engraving\nSteps: 20, Sampler: DPM++ 2M, CFG scale: 1.5, Seed: 7, Size: 32x32, "
        "Model: tiles, Model hash: 0123456789, Version: sfumato 0.1.0"
    )


def test_the_parameters_text_of_a_prompt_is_what_other_programs_read() -> None:
    loras = [{"name": "ink, fine", "digest": "ab" * 32, "weight": 0.8}, {"name": "gold", "digest": "cd" * 32}]
    asked = given_but(label=None, prompt="a fox,\n  red\tat dawn", negative="snow")
    told = Recipe.model_validate(asked | {"model": GIVEN["model"] | {"loras": loras}})
    assert told.parameters_text() == (
        "a fox, red at dawn <lora:ink_ fine:0.8> <lora:gold:1>\nNegative prompt: snow\n"
        "Steps: 20, Sampler: DPM++ 2M, CFG scale: 1.5, Seed: 7, Size: 32x32, Model: tiles, Model hash: 0123456789, "
        'Lora hashes: "ink_ fine: abababababab, gold: cdcdcdcdcdcd", Version: sfumato 0.1.0'
    )
    assert recipe_of(label=None, prompt=r"a \{fox\}").parameters_text().startswith("a {fox}\n")  # as it was read
    bare = recipe_of(label=None, prompt="")
    assert bare.parameters_text().startswith("\nSteps: 20, ")
    assert recipe_of(negative="snow").parameters_text() == recipe_of().parameters_text()  # of classes, as before


@pytest.mark.parametrize("end", ["\x85", "\u2028", "\x0b", "\r\n"])
def test_no_line_end_of_a_name_ends_a_line_of_the_text(end: str) -> None:
    recipe = Recipe.model_validate(GIVEN | {"model": {"name": f"a, {end}b", "digest": DIGEST}})
    assert len(recipe.parameters_text().splitlines()) == 2


def test_the_parameters_text_of_a_picture_with_no_class_or_a_name_full_of_marks() -> None:
    odd = given_but(label=None, number=3, sampling={"guidance": 2.0})
    text = Recipe.model_validate(odd | {"model": {"name": "mine, the: best", "digest": DIGEST}}).parameters_text()
    assert text.startswith("untitled\nSteps: 20, ")
    assert "CFG scale: 2, Seed: 7, Index: 3, Size" in text
    assert 'Model: "mine, the: best", Model hash' in text
    assert recipe_of(label="\n\t").parameters_text().startswith("untitled\n")


@pytest.mark.parametrize(
    "wrong",
    [
        given_but(seed=-1),
        given_but(seed=2**63),
        given_but(sampling={"steps": 0}),
        given_but(canvas={"width": 0}),
        given_but(canvas={"width": None}),
        GIVEN | {"model": {"name": "tiles", "digest": "abc"}},
        GIVEN | {"model": {"name": "tiles", "digest": "A" * 64}},
        GIVEN | {"model": {"name": "", "digest": DIGEST}},
        given_but(sampling={"guidance": float("nan")}),
        given_but(sampling={"guidance_low": 2.0, "guidance_high": 1.0}),
        given_but(colour="blue"),
        GIVEN | {"colour": "blue"},
        given_but(sampling={"sampler": ""}),
        given_but(sampling={"sampler": "somebody's own"}),
    ],
)
def test_a_recipe_with_a_wrong_value_cannot_be_made(wrong: dict[str, object]) -> None:
    with pytest.raises(ValidationError):
        Recipe.model_validate(wrong)


def test_a_recipe_does_not_change() -> None:
    with pytest.raises(ValidationError, match="frozen"):
        recipe_of().environment = None


TURNED = {"seed": 1, "number": 2, "fraction": 0.5}


def nested(depth: int) -> str:
    inner = json.dumps(GIVEN)
    head = inner[:-1] + ', "origin": '
    return head * depth + inner + "}" * depth


@pytest.mark.parametrize(
    ("wrong", "said"),
    [
        ({"sampling": {"steps": 10**9}}, "steps: .* less than or equal to 10000"),
        ({"canvas": {"width": 4097, "height": 4096}}, "the size is 4097 x 4096 pixels, and 4,096 x 4,096 are the most"),
        ({"canvas": {"width": 10**9}}, r"canvas\.width: .* less than or equal to 16777216"),
        ({"sampling": {"guidance": 1e30}}, "guidance: .* less than or equal to 100"),
        ({"sampling": {"sigma_max": 1e30}}, "sigma_max: .* less than or equal to 16777216"),
        ({"palette": {"colours": ["#aa3322"] * 50_000}}, "colours: .* at most 64 items"),
        (
            {"palette": {"colours": ["#aa3322"], "weights": [0.5, 0.5]}},
            "1 colour in the palette but 2 weights",
        ),
        ({"slerps": [TURNED] * 1000}, "slerps: .* at most 256 items"),
        ({"slerps": [TURNED] * 100_000}, "letters long"),
        ({"slerps": [{**TURNED, "seed": -1}]}, r"slerps\.0\.seed: .* greater than or equal to 0"),
        (
            {"edit": {"kind": "outpaint", "picture": DIGEST, "margins": {"left": 10**9}}},
            r"margins\.left: .* less than or equal",
        ),
        ({"edit": {"kind": "painted over", "picture": DIGEST}}, "edit: .*painted over"),
        ({"label": "x" * 200_000}, "label: .* at most 100000 characters"),
        ({"sampling": {"sampler": "x" * 200}}, "sampler: input should be 'euler'"),
    ],
)
def test_a_recipe_that_asks_for_more_than_makes_sense_is_refused_at_once(wrong: dict[str, object], said: str) -> None:
    began = time.process_time()
    with pytest.raises(SfumatoError, match=said):
        Recipe.from_json(json.dumps(given_but(**wrong)))
    assert time.process_time() - began < 1


@pytest.mark.parametrize(
    ("depth", "said"),
    [
        (9, "enlarged 9 times, and 8 are the most$"),
        (60, r"cannot be read: origin\.origin: it was enlarged 9 times, and 8 are the most$"),
        (10_000, "."),
        (300, "."),
    ],
)
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
        (json.dumps(given_but(seed="7")), "request.seed: input should be a valid integer"),
        (json.dumps(GIVEN | {"mood": "blue"}), "mood: extra inputs are not permitted"),
        (json.dumps(GIVEN | {"format": 3}), "format 3 .* newer"),
        (json.dumps(given_but(sampling={"guidance": float("nan")})), "guidance"),
        (json.dumps(given_but(sampling={"guidance_low": 2, "guidance_high": 1})), "above guidance_high"),
        (json.dumps(given_but(label="\ud800")), "cannot be read"),
    ],
)
def test_an_unreadable_recipe_is_a_clear_error(text: str | bytes, said: str) -> None:
    with pytest.raises(SfumatoError, match=said):
        Recipe.from_json(text)
