"""--set is read exactly, and what it says reaches the recipe of a work."""

import pytest
from hypothesis import given
from hypothesis import strategies as st
from sfumato.cli.further_settings import further_settings

from sfumato.errors import SfumatoError
from sfumato.reports.comparison_words import NAMES
from sfumato.works import read_work


@given(st.dictionaries(st.sampled_from(NAMES), st.floats(allow_nan=False), max_size=len(NAMES)))
def test_what_is_written_is_read(settings: dict[str, float]) -> None:
    assert further_settings([f"{name}={value!r}" for name, value in settings.items()]) == settings


def test_none_is_none_and_hyphens_are_fine() -> None:
    assert further_settings(None) == {}
    assert further_settings(["guidance-high = 2.5"]) == {"guidance_high": 2.5}


@pytest.mark.parametrize(
    ("settings", "said"),
    [
        (["steps=3"], "--set steps=3: 'steps' is none of guidance_low, .*an option of its own"),
        (["wurst"], "'wurst' is none of"),
        (["guidance_low=much"], "'much' is not a number; as in --set guidance_low=0.5"),
        (["guidance_low="], "'' is not a number"),
        (["sigma_max=3", "sigma-max=4"], "sigma_max: stands there twice"),
    ],
)
def test_what_cannot_be_meant_is_one_sentence(settings: list[str], said: str) -> None:
    with pytest.raises(SfumatoError, match=said):
        further_settings(settings)


def test_a_work_is_made_so_and_says_so(sfumato, run, tmp_path):
    asked = ["--set", "guidance_high=3", "--set", "guidance_chroma=0.25", "--guidance", 2, "--steps", 2]
    answer = sfumato("generate", run, "-n", 1, "-o", tmp_path / "works", *asked)
    assert answer.code == 0, answer.err
    recipe = read_work(tmp_path / "works" / "0000.png").recipe
    assert (recipe.guidance_high, recipe.guidance_chroma) == (3, 0.25)


def test_what_is_out_of_range_is_one_sentence(sfumato, run, tmp_path):
    answer = sfumato("generate", run, "-o", tmp_path / "works", "--set", "guidance_chroma=2")
    assert answer.code == 2
    assert "guidance_chroma" in answer.err
