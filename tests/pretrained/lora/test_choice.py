"""FILE:weight is read as it was meant, whatever colons the path has."""

from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from sfumato.errors import SfumatoError
from sfumato.pretrained.lora.choice import lora_choice

NAMES = st.text(st.characters(categories=["L", "N", "P", "Zs"], exclude_characters="/\\~"), min_size=1, max_size=20)
WEIGHTS = st.floats(-100, 100).map(lambda weight: round(weight, 3))


@pytest.mark.parametrize(
    ("text", "path", "weight"),
    [
        ("ink.safetensors", "ink.safetensors", 1.0),
        ("ink.safetensors:0.8", "ink.safetensors", 0.8),
        ("ink.safetensors:-1", "ink.safetensors", -1.0),
        ("ink.safetensors:.5", "ink.safetensors", 0.5),
        ("ink.safetensors:1e-1", "ink.safetensors", 0.1),
        ("C:/art/ink.safetensors", "C:/art/ink.safetensors", 1.0),
        ("C:/art/ink.safetensors:0", "C:/art/ink.safetensors", 0.0),
        ("a:b:2", "a:b", 2.0),
        (":0.5", ":0.5", 1.0),
        ("ink:nan", "ink:nan", 1.0),
        ("ink:1_0", "ink:1_0", 1.0),
        ("ink:٣", "ink:٣", 1.0),
    ],
)
def test_the_last_number_after_a_colon_is_the_weight(text: str, path: str, weight: float) -> None:
    assert lora_choice(text) == (Path(path), weight)


@settings(max_examples=30, deadline=None)
@given(NAMES.filter(lambda name: name.strip(".")), WEIGHTS)
def test_any_path_and_weight_come_back(name: str, weight: float) -> None:
    path = f"./folder/{name}"
    assert lora_choice(f"{path}:{weight}") == (Path(path), weight)


@settings(max_examples=30, deadline=None)
@given(
    st.lists(st.sampled_from([":", "-", "1", ".", "e9", "9" * 400, "nan", "ink", "/", "~", "\0", "\udce4", "٣", " "]))
)
def test_anything_that_is_typed_is_a_choice_or_one_sentence(parts: list[str]) -> None:
    try:
        choice = lora_choice("".join(parts))
    except SfumatoError as error:
        assert "\n" not in str(error)
    else:
        assert abs(choice.weight) <= 100


def test_the_name_of_a_file_that_is_there_has_no_weight_in_it(tmp_path: Path) -> None:
    odd = tmp_path / "study:2"
    odd.touch()
    assert lora_choice(str(odd)) == (odd, 1.0)
    assert lora_choice(f"{odd}:0.5") == (odd, 0.5)


def test_a_weight_that_is_none_is_refused(tmp_path: Path) -> None:
    file = tmp_path / "ink.safetensors"
    file.touch()
    for typed in ("much", "", "0,8"):
        with pytest.raises(SfumatoError, match=f"'{typed}' is no weight; write a number after the colon"):
            lora_choice(f"{file}:{typed}")
    with pytest.raises(SfumatoError, match="a LoRA's weight is from -100 to 100"):
        lora_choice(f"{file}:-100.5")


def test_a_path_is_taken_as_its_text_is():
    assert lora_choice(Path("ink.safetensors")) == (Path("ink.safetensors"), 1.0)
