"""The schema of what can be asked: ranges, parts that may be left open, changes, and a sentence for every mistake."""

import math
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from pydantic import ValidationError

from sfumato.errors import SfumatoError
from sfumato.works.request import PART_OF, PARTS, CanvasShape, Palette, Request, Slerp, whole_seed
from sfumato.works.sampler_settings import SamplerSettings

SLERPS = (Slerp(seed=1, number=3, fraction=0.3), Slerp(seed=2, number=18, fraction=0.2))
# What each setting may be: the least and the greatest value.
RANGES = {
    "steps": (1, 10_000),
    "guidance": (0, 100),
    "guidance_low": (0, 2.0**24),
    "guidance_high": (0, 2.0**24),
    "guidance_chroma": (0, 1),
    "guidance_contrast": (0, 1),
    "detail_below": (0, 2.0**24),
    "detail_guidance": (1, 100),
    "distilled_guidance": (0, 100),
    "noise_high": (0, 2.0**24),
    "sigma_min": (1e-6, 2.0**24),
    "sigma_max": (1e-6, 2.0**24),
    "sharpness": (0, 0.2),
    "reference_noise": (0, 1),
    "seed": (0, 2**63 - 1),
    "number": (0, 2**63 - 1),
    "width": (1, 4096 * 4096),
    "height": (1, 4096 * 4096),
}
odd_text = st.text(st.characters(exclude_categories=["Cs"]), min_size=1, max_size=20)
values: dict[str, st.SearchStrategy[Any]] = {
    "seed": st.integers(0, 2**63 - 1),
    "number": st.integers(0, 2**63 - 1),
    "prompt": st.text(st.characters(exclude_categories=["Cs"]), max_size=20),
    "label": odd_text,
    "negative": odd_text,
    "stage": st.sampled_from(["base", "full"]),
    "steps": st.integers(1, 10_000),
    "guidance": st.floats(0, 100),
    "guidance_kind": st.sampled_from(["classifier_free", "autoguidance"]),
    "guidance_low": st.floats(0, 1),
    "guidance_high": st.floats(1, 10_000),
    "guidance_chroma": st.floats(0, 1),
    "guidance_contrast": st.floats(0, 1),
    "detail_below": st.floats(0, 10_000),
    "detail_guidance": st.floats(1, 100),
    "distilled_guidance": st.floats(0, 100),
    "noise_high": st.floats(0, 10_000),
    "sigma_min": st.floats(1e-6, 1),
    "sigma_max": st.floats(1.5, 10_000),
    "sharpness": st.floats(0, 0.2),
    "reference_noise": st.floats(0, 1),
    "sampler": st.sampled_from(["euler", "heun", "dpmpp_2m_sde", "consistency"]),
    "schedule": st.sampled_from(["karras", "exponential", "flow", "leading", "shifted"]),
    "precision": st.sampled_from(["float32", "bfloat16"]),
    "width": st.integers(1, 4096),
    "height": st.integers(1, 4096),
    "tile": st.booleans(),
}
partial = st.fixed_dictionaries({}, optional=values)


@pytest.mark.parametrize("name", RANGES)
def test_both_ends_of_a_range_can_be_asked_for_and_nothing_beyond(name: str) -> None:
    least, most = RANGES[name]
    for value in (least, most):
        assert Request.of(**{name: value}).plain() == {name: value}
    step = 1 if isinstance(most, int) and name in ("steps", "seed", "number", "width", "height") else 1e-9
    beyond = [
        least - step,
        most + step if isinstance(most, int) else math.nextafter(most, math.inf),
        math.nan,
        math.inf,
    ]
    for value in beyond:
        with pytest.raises(SfumatoError, match=name) as caught:
            Request.of(**{name: value})
        assert "\n" not in str(caught.value)


def test_every_number_of_the_sampler_has_a_range_here() -> None:
    numbers = {name for name, field in SamplerSettings.model_fields.items() if type(field.default) in (int, float)}
    assert numbers <= RANGES.keys()
    assert values.keys() == {*PART_OF, "seed", "number", "prompt", "label", "negative", "stage"}


def test_no_two_parts_share_a_name() -> None:
    names = [name for kind in PARTS.values() for name in kind.model_fields]
    assert len(names) == len(set(names))
    assert not set(names) & set(Request.model_fields)


@settings(max_examples=100, deadline=None)
@given(partial)
def test_what_is_asked_by_plain_names_is_what_is_set(asked: dict[str, Any]) -> None:
    request = Request.of(**asked)
    from sfumato.text import readable

    said = {name: readable(value) if isinstance(value, str) else value for name, value in asked.items()}
    # What names all that older files name is whole: what it leaves out is as by default.
    added = {name: getattr(SamplerSettings(), name) for name in SamplerSettings.ADDED}
    is_whole = asked.keys() >= SamplerSettings.model_fields.keys() - added.keys()
    assert request.plain() == (added if is_whole else {}) | said
    for name, value in said.items():
        assert getattr(getattr(request, PART_OF[name]) if name in PART_OF else request, name) == value


@settings(max_examples=100, deadline=None)
@given(partial)
def test_a_request_comes_back_from_json(asked: dict[str, Any]) -> None:
    request = Request.of(**asked)
    assert Request.model_validate_json(request.model_dump_json(), strict=True) == request
    only_set = Request.model_validate_json(request.model_dump_json(exclude_unset=True), strict=True)
    assert only_set == request
    assert only_set.plain() == request.plain()


def test_two_halves_leave_open_what_neither_says() -> None:
    names = [name for name in SamplerSettings.model_fields if name not in SamplerSettings.ADDED]
    whole = {name: getattr(SamplerSettings(), name) for name in names}
    one, other = ({name: whole[name] for name in half} for half in (names[:6], names[6:]))
    assert Request.of(**one).with_changes(Request.of(**other)).sampling.model_fields_set == whole.keys()


@settings(max_examples=100, deadline=None)
@given(partial, partial)
def test_changes_are_what_is_set_in_them_and_the_rest_stays(asked: dict[str, Any], changes: dict[str, Any]) -> None:
    one, other = Request.of(**asked), Request.of(**changes)
    changed = one.with_changes(other)
    assert changed.plain() == one.plain() | other.plain()
    assert one.with_changes(Request()) == one


def test_what_is_none_is_left_open() -> None:
    request = Request.of(seed=None, steps=None, width=None, label=None, guidance=3.0)
    assert request.plain() == {"guidance": 3.0}


def test_what_is_not_set_is_as_the_model_has_it() -> None:
    own = SamplerSettings(steps=30, guidance=4.0, sigma_max=60.0)
    over = SamplerSettings(guidance=1.5).over(own)
    assert (over.steps, over.guidance, over.sigma_max, over.sampler) == (30, 1.5, 60.0, "dpmpp_2m_sde")
    assert over.model_fields_set == set(SamplerSettings.model_fields)
    assert SamplerSettings().over(own).model_dump() == own.model_dump()
    # What is set counts, were it the usual value.
    assert SamplerSettings(steps=16).over(own).steps == 16


def test_bounds_are_in_order_of_what_is_given_and_again_when_all_is_known() -> None:
    for wrong in ({"sigma_min": 3.0, "sigma_max": 3.0}, {"guidance_low": 2.0, "guidance_high": 1.0}):
        with pytest.raises(SfumatoError, match=r"sigma_min 3 is not below|guidance_low 2 is above"):
            Request.of(**wrong)
    low = SamplerSettings(guidance_low=2000.0)  # above the usual upper one, and the model's may be another
    with pytest.raises(ValidationError, match="guidance_low 2000 is above guidance_high 1000"):
        low.over(SamplerSettings())
    assert low.over(SamplerSettings(guidance_high=3000.0)).guidance_low == 2000
    with pytest.raises(ValidationError, match="sigma_min 50 is not below sigma_max 40"):
        SamplerSettings(sigma_min=50.0).over(SamplerSettings())


def test_a_work_of_a_series_is_told_by_its_number_and_a_variation_by_that_of_its_last_slerp() -> None:
    plain = Request.of(seed=7, number=4)
    assert (plain.position, plain.series_seed) == (4, 7)
    assert plain.at(9) == Request.of(seed=7, number=9)
    assert plain.at(seed=3) == Request.of(seed=3, number=4)
    varied = Request.of(seed=7, number=4, slerps=SLERPS)
    assert (varied.position, varied.series_seed) == (18, 2)
    first, last = SLERPS
    assert varied.at(5).slerps == (first, Slerp(seed=2, number=5, fraction=0.2))
    assert varied.at(seed=6).slerps == (first, Slerp(seed=6, number=18, fraction=0.2))
    assert (varied.at(5).seed, varied.at(5).number) == (7, 4)
    assert varied.at(18) == varied.at(seed=2) == varied
    assert last == SLERPS[1]


def test_what_is_complete_in_a_request_of_another_work_stays_complete() -> None:
    request = Request.of(seed=1, steps=3, width=40, label="waves")
    assert request.at(2).plain() == request.plain() | {"number": 2}


@pytest.mark.parametrize("seed", [7, np.int64(7), np.uint8(7), np.array(7), True + 6])
def test_a_seed_of_any_kind_of_whole_number_is_pythons_own(seed: object) -> None:
    assert type(whole_seed(seed)) is int
    request = Request.of(seed=seed)
    assert type(request.seed) is int
    assert request.model_dump_json() == Request.of(seed=7).model_dump_json()


@pytest.mark.parametrize("seed", [-1, 2**63, 7.0, "seven", "7", None, np.float32(7)])
def test_what_is_no_seed_is_one_sentence(seed: object) -> None:
    with pytest.raises(SfumatoError, match=r"seed .*: a whole number from 0 to 2\^63 - 1 is needed"):
        whole_seed(seed)


@pytest.mark.parametrize("name", ["magic", "sampling", "model", "Steps"])
def test_an_unknown_name_is_a_mistake_of_the_program(name: str) -> None:
    if name == "sampling":  # a part as a whole is one of the request's own fields
        assert Request.of(sampling=SamplerSettings(steps=3)).sampling.steps == 3
        return
    with pytest.raises(TypeError, match=f"there is no setting {name}"):
        Request.of(**{name: 1})


@pytest.mark.parametrize(
    ("asked", "said"),
    [
        ({"steps": 0}, "^steps 0: input should be greater than or equal to 1$"),
        ({"steps": 2.5}, "^steps 2.5: "),
        ({"sampler": "magic"}, "^sampler 'magic': input should be 'euler', 'heun'"),
        ({"width": 5000, "height": 5000}, "^the size is 5000 x 5000 pixels, and 4,096 x 4,096 are the most$"),
        ({"sigma_min": 3, "sigma_max": 2}, "^sigma_min 3 is not below sigma_max 2$"),
        ({"label": "x" * 200_000}, "^label 'x"),
    ],
)
def test_a_mistake_is_one_sentence_with_name_and_value(asked: dict[str, Any], said: str) -> None:
    with pytest.raises(SfumatoError, match=said) as caught:
        Request.of(**asked)
    assert "\n" not in str(caught.value)


def test_a_class_that_was_typed_in_other_bytes_is_text() -> None:
    assert Request.of(label="Gem\udce4lde").label == Request.of(label="Gema\u0308lde").label == "Gem\u00e4lde"


def test_nothing_changes_and_nothing_unknown_is_kept() -> None:
    request = Request()
    with pytest.raises(ValidationError, match="frozen"):
        request.seed = 3  # type: ignore[misc]
    for kind in (Request, SamplerSettings, CanvasShape, Palette):
        with pytest.raises(ValidationError, match="Extra inputs"):
            kind.model_validate({"magic": 1, "colours": ["#aa3322"]} if kind is Palette else {"magic": 1})
