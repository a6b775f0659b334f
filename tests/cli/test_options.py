"""Options are the schema's: name, type, range and description; --set is read exactly, and reaches a work's recipe."""

import inspect
from types import NoneType
from typing import Any, get_args

import pytest
from hypothesis import given
from hypothesis import strategies as st
from typer.models import OptionInfo

from sfumato.cli.app import application
from sfumato.cli.options import CANVAS, CLASSES, RARE, SAMPLING, asks, option_of, parse_settings
from sfumato.errors import SfumatoError
from sfumato.works import read_work
from sfumato.works.edits import Inpaint, Margins
from sfumato.works.request import CanvasShape, Plain, Request, SamplerSettings

COMMANDS = {
    info.callback.__name__: info.callback for info in application().registered_commands if info.callback is not None
}
# What each command that makes works takes of a request, beside what is its own.
SAMPLED = ("generate", "grid", "inpaint", "outpaint", "reimagine", "upscale", "again", "interpolate")
ASKED: dict[str, tuple[str, ...]] = {
    "generate": ("seed", *CLASSES, *CANVAS),
    "grid": ("seed", *CLASSES),
    "inpaint": ("seed", *CLASSES),
    "outpaint": ("seed", *CLASSES),
    "reimagine": ("seed", *CLASSES),
    "upscale": ("seed",),
    "again": CLASSES,
    "interpolate": (),
}


def part_with(name: str) -> type[Plain]:
    return next(part for part in (SamplerSettings, CanvasShape, Request) if name in part.model_fields)


def option(annotation: Any) -> tuple[set[type], OptionInfo, list[str]]:
    """What an annotation takes, its option, and the flags."""
    kind, about = annotation.__origin__, annotation.__metadata__[0]
    # Inside Annotated, typer takes the first of the flags for what it calls the default.
    flags = [flag for flag in (about.default, *(about.param_decls or ())) if isinstance(flag, str)]
    return set(get_args(kind) or (kind,)) - {NoneType}, about, flags


def bounds(part: type[Plain], name: str) -> tuple[float | None, float | None]:
    """The least and the greatest value, as the JSON schema has them."""
    schema = part.model_json_schema()["properties"][name]
    for kind in schema.get("anyOf", [schema]):
        if kind.get("type") in ("integer", "number"):
            return kind.get("minimum"), kind.get("maximum")
    return None, None


@pytest.mark.parametrize("command", SAMPLED)
def test_a_command_has_an_option_for_each_field_that_is_asked_of_it(command: str) -> None:
    parameters = inspect.signature(COMMANDS[command]).parameters
    assert "request" not in parameters
    for name in (*ASKED[command], *(name for name in SAMPLING if name not in RARE)):
        part = part_with(name)
        field = part.model_fields[name]
        kinds, about, flags = option(parameters[name].annotation)
        assert about.help == field.description, name
        assert flags == ["--class" if name == "label" else f"--{name.replace('_', '-')}"]
        assert (about.min, about.max) == bounds(part, name), name
        assert kinds <= {int, float, str, bool}, name
        # What is not typed is not asked for: the model's own value is not known here.
        assert parameters[name].default in (None, False)
    assert not set(RARE) & set(parameters)
    _, about, flags = option(parameters["settings"].annotation)
    assert flags == ["--set"]
    assert all(f"{name}: {SamplerSettings.model_fields[name].description}" in (about.help or "") for name in RARE)


def test_types_are_those_of_the_fields() -> None:
    parameters = inspect.signature(COMMANDS["generate"]).parameters
    found = {name: option(parameters[name].annotation)[0] for name in ("steps", "guidance", "sampler", "tile", "label")}
    assert found == {"steps": {int}, "guidance": {float}, "sampler": {str}, "tile": {bool}, "label": {str}}


def test_no_command_takes_more_than_it_asks_for() -> None:
    plain = {*SAMPLING, *CANVAS, *CLASSES, "seed"} - {*RARE}
    own = {"upscale": {"tile"}}  # of the picture, not of a canvas
    for command in SAMPLED:
        taken = plain & set(inspect.signature(COMMANDS[command]).parameters)
        assert taken - own.get(command, set()) == plain & {*ASKED[command], *SAMPLING}, command


def test_a_field_of_an_edit_is_an_option_too() -> None:
    _, about, flags = option(option_of(Inpaint, "strength", "--strength", optional=False))
    assert (about.help, flags) == (Inpaint.model_fields["strength"].description, ["--strength"])
    assert about.max == 1
    parameters = inspect.signature(COMMANDS["outpaint"]).parameters
    for side in Margins.model_fields:
        kinds, about, flags = option(parameters[side].annotation)
        assert (kinds, about.min, flags) == ({int}, 0, [f"--{side}"])
        assert about.help == Margins.model_fields[side].description


def test_a_command_gets_what_was_asked_and_nothing_that_was_not() -> None:
    got = []

    @asks("seed", *CLASSES, *CANVAS, *SAMPLING)
    def command(request: Request, count: int = 3) -> None:
        got.append((request, count))

    nothing = {
        name: parameter.default
        for name, parameter in inspect.signature(command).parameters.items()
        if parameter.default is not inspect.Parameter.empty
    }
    command(**nothing)
    command(**nothing | {"steps": 5, "label": "waves", "tile": True, "settings": ["noise-high=3"], "count": 4})
    assert got == [(Request(), 3), (Request.of(steps=5, label="waves", tile=True, noise_high=3.0), 4)]
    assert got[0][0].plain() == {}
    assert got[1][0].plain() == {"steps": 5, "label": "waves", "tile": True, "noise_high": 3.0}
    with pytest.raises(SfumatoError, match="steps 0: input should be greater than or equal to 1"):
        command(**nothing | {"steps": 0})


@given(st.dictionaries(st.sampled_from(RARE), st.floats(allow_nan=False), max_size=len(RARE)))
def test_what_is_written_is_read(settings: dict[str, float]) -> None:
    assert parse_settings([f"{name}={value!r}" for name, value in settings.items()]) == settings


def test_none_is_none_and_hyphens_are_fine() -> None:
    assert parse_settings(None) == {}
    assert parse_settings(["guidance-high = 2.5"]) == {"guidance_high": 2.5}


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
        parse_settings(settings)


def test_a_work_is_made_so_and_says_so(sfumato, run, tmp_path):
    asked = ["--set", "guidance_high=3", "--set", "guidance_chroma=0.25", "--guidance", 2, "--steps", 2]
    answer = sfumato("generate", run, "-n", 1, "-o", tmp_path / "works", *asked)
    assert answer.code == 0, answer.err
    recipe = read_work(tmp_path / "works" / "0000.png").recipe
    assert (recipe.request.sampling.guidance_high, recipe.request.sampling.guidance_chroma) == (3, 0.25)


def test_what_is_out_of_range_is_one_sentence(sfumato, run, tmp_path):
    answer = sfumato("generate", run, "-o", tmp_path / "works", "--set", "guidance_chroma=2")
    assert answer.code == 2
    assert "guidance_chroma" in answer.err
