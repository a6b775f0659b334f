"""Options are the schema's: name, type, range and description; --set is read exactly, and reaches a work's recipe.

Whatever a person types for an option, the answer is a result or one sentence, soon, and nothing else is touched: with
SFUMATO_WRONG_VALUES for more values than the few of an ordinary run.
"""

import inspect
import os
import random
import signal
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from itertools import chain, zip_longest
from pathlib import Path
from types import NoneType
from typing import Any, get_args, get_origin, get_type_hints

import pytest
from hypothesis import given
from hypothesis import strategies as st
from PIL import Image
from typer.models import OptionInfo

from sfumato.cli.app import application
from sfumato.cli.options import CANVAS, CONTENT, RARE, SAMPLING, asks, option_of, parse_settings
from sfumato.errors import SfumatoError
from sfumato.models import Model, ModelConfig, build_denoiser
from sfumato.networks import UNetConfig
from sfumato.works import read_work
from sfumato.works.edits import Inpaint, Margins
from sfumato.works.request import CanvasShape, Plain, Request
from sfumato.works.sampler_settings import SamplerSettings

COUNT = int(os.environ.get("SFUMATO_WRONG_VALUES", "60"))
SECONDS = 60  # for a call, on a machine that has other work too
APPLICATION = application()
COMMANDS = {
    info.callback.__name__: info.callback for info in APPLICATION.registered_commands if info.callback is not None
}
for group in APPLICATION.registered_groups:
    for info in group.typer_instance.registered_commands if group.typer_instance is not None else ():
        if info.callback is not None:
            COMMANDS[f"{group.name} {info.callback.__name__}"] = info.callback

RIGHT = {  # so that one wrong value is all that is wrong; IN is a folder with one of everything
    "collect": "IN/art -o out --workers 1",
    "collection show": "IN/collection",
    "collection edit": "IN/collection --write out.csv",
    "collection report": "IN/collection -o out",
    "collection remove": "IN/collection --creator Nobody --look-in IN/works",
    "collection keep": "IN/collection --file none.png",
    "studio": "--check --data out",
    "train": "IN/art -o out --steps 1 --config IN/tiny.toml --device cpu",
    "generate": "IN/run -n 1 --steps 1 -o out",
    "upscale": "IN/upscaler IN/picture.png --steps 1 -o out.png",
    "reimagine": "IN/run IN/picture.png --steps 1 -o out.png",
    "inpaint": "IN/run IN/picture.png IN/mask.png --steps 1 -o out.png",
    "outpaint": "IN/run IN/picture.png --left 8 --steps 1 -o out.png",
    "again": "IN/works/0000.png --model IN/run -o out.png",
    "verify": "IN/works/0000.png",
    "nearest": "IN/works/0000.png --model IN/run -o out.png",
    "key": "show",
    "policy": "",
    "card": "IN/run -o out.md",
    "interpolate": "IN/works/0000.png IN/works/0001.png --model IN/run --frames 2 --steps 1 -o out.webp",
    "grid": "IN/run --vary guidance=1,2 --steps 1 -n 1 -o out.png",
    "distill": "IN/run -o out --set steps=1 --device cpu",
    "evaluate": "IN/run --against IN/run -n 4 -o out --device cpu",
    "compare": "IN/art -o out --minutes 0.05 --device cpu",
    "demo": "-o out --minutes 0.02",
}
SLOW = {"train", "distill", "evaluate", "compare", "demo"}  # no other folder is named for what they make
NUMBERS = (
    *("nan", "inf", "-inf", "1e30", "-1e30", "1e-300", "-1", "", " ", "ä", "0x10", "None", "1,5", "--"),
    *("9" * 400, "9" * 5000, "true", "\udce4"),
)
TEXTS = (
    *("", " ", "ä", "\udce4", "x" * 5000, "~nobody/x", "../../..", "{}", '"', '"""', ",", ";", ":", "a:nan", "%s"),
    *("[red]", "\n", "nan", "-1", "/", "a=b", "circles:1e400", "circles,circles", "IN/junk", "IN/pipe", "\x1b[31m"),
)
PATHS = (
    *("", "IN/none", "IN/art", "IN/pipe", "IN/junk", "IN/junk.png", "IN/empty", "IN/circle", "IN/junk/x", "ä"),
    *("\udce4", "x" * 300, "y" * 5000, "~nobody/x", "/dev/zero", "/dev/null", "/proc/self/mem"),
    *("IN/works/0000.png", "IN/run"),
)  # fmt: skip
SETTINGS = (
    *("", "=", "x", "guidance=", "sigma_max=1e30", "sigma_min=1e-300", "sigma_max=nan", "guidance_low=-1", "=1"),
    *("a" * 5000, "class=", 'class="', "steps=-1", "steps=" + "9" * 5000, "seed=1e30", "size=" + "[" * 5000),
    *("size=1000000000", "network=1", "network={kind='x'}", "network={kind='unet',width=1000000000}", "\udce4=1"),
    *("batch=nan", "class=;"),
)  # fmt: skip


class TooLongError(BaseException):
    """No fault that a command may catch."""


@contextmanager
def limited(seconds: float) -> Iterator[None]:
    def stop(*_: object) -> None:
        raise TooLongError

    assert threading.current_thread() is threading.main_thread()
    before = signal.signal(signal.SIGALRM, stop)
    signal.setitimer(signal.ITIMER_REAL, seconds)
    try:
        yield
    finally:
        signal.setitimer(signal.ITIMER_REAL, 0)
        signal.signal(signal.SIGALRM, before)


@dataclass(frozen=True)
class Parameter:
    """Of a command: its name in Python, how it is typed ('' for an argument), and its kind."""

    name: str
    flags: tuple[str, ...]
    kind: str

    @property
    def values(self) -> tuple[str, ...]:
        return {"int": NUMBERS, "float": NUMBERS, "str": TEXTS, "path": PATHS, "setting": SETTINGS, "bool": ()}[
            self.kind
        ]


def parameters(command: Callable[..., None]) -> list[Parameter]:
    found = []
    for name, hint in get_type_hints(command, include_extras=True).items():
        if name == "return":
            continue
        kind, about = hint.__origin__, hint.__metadata__[0]
        types = [part for part in get_args(kind) if part is not type(None)] or [kind]
        named = "setting" if get_origin(types[0]) is list and about.metavar else types[0].__name__.lower()
        named = {"posixpath": "path", "list": "path"}.get(named, named)
        is_option = isinstance(about, OptionInfo)
        # Inside Annotated, typer takes the first of the flags for what it calls the default.
        declared = [flag for flag in (about.default, *(about.param_decls or ())) if isinstance(flag, str)]
        flags = [flag for flag in declared if flag.startswith("-")] or [f"--{name.replace('_', '-')}"]
        found.append(Parameter(name, tuple(flags) if is_option else (), named))
    return found


def cases() -> list[tuple[str, Parameter, str]]:
    """Command, parameter and value: in an order of chance, and of each command in turn."""
    chance = random.Random(20261128)
    rows = []
    for name, command in COMMANDS.items():
        row = [(name, parameter, value) for parameter in parameters(command) for value in parameter.values]
        row = [case for case in row if case[1].name not in ("output", "data") or _is_no_place(name, case[2])]
        # A name of blanks is none at all: the whole of a training would follow.
        row = [case for case in row if name not in SLOW or case[1].name != "creator" or case[2].strip()]
        chance.shuffle(row)
        rows.append(row)
    return [case for case in chain.from_iterable(zip_longest(*rows)) if case is not None][:COUNT]


def _is_no_place(name: str, value: str) -> bool:
    """Whether a command may be told to write there, in a test: nothing among what all tests share, and nothing slow."""
    return value != "IN/none" and ("IN" in value or name not in SLOW)


def typed(name: str, parameter: Parameter, value: str, inputs: Path) -> list[str]:
    """The command line with the value in the place of the right one, or added to it."""
    words = RIGHT[name].split()
    if not parameter.flags:
        place = [other for other in parameters(COMMANDS[name]) if not other.flags].index(parameter)
        words = [*words[:place], value, *words[place + 1 :]]
    else:
        place = next((index for index, word in enumerate(words) if word in parameter.flags), None)
        # With '=', as a value that begins with a hyphen is given.
        option = f"{max(parameter.flags, key=len)}={value}"
        words = [*words, option] if place is None else [*words[:place], option, *words[place + 2 :]]
    return [
        word.replace("IN", str(inputs), 1) if word.startswith(("IN/", "--")) and "IN/" in word else word
        for word in words
    ]


@pytest.fixture(scope="module")
def inputs(sfumato, run, art, settings, tmp_path_factory) -> Path:
    folder = tmp_path_factory.mktemp("IN") / "in"
    folder.mkdir()
    for name, source in (("art", art), ("run", run), ("tiny.toml", settings)):
        (folder / name).symlink_to(source)
    assert sfumato("generate", run, "-n", 2, "--steps", 2, "-o", folder / "works").code == 0
    Image.effect_noise((32, 32), 90).convert("RGB").save(folder / "picture.png")
    assert sfumato("collect", art, "-o", folder / "collection").code == 0
    assert sfumato("collection", "remove", folder / "collection", "--creator", "Nobody").code == 0
    mask = Image.new("L", (32, 32))
    mask.paste(255, (8, 8, 24, 24))
    mask.save(folder / "mask.png")
    network = UNetConfig(patch=2, channels=(8,), blocks=1, width=16, depth=1, heads=1)
    config = ModelConfig(name="up", size=32, factor=2, network=network, begins_with="reference")
    Model(config, build_denoiser(config)).save_pretrained(folder / "upscaler")
    os.mkfifo(folder / "pipe")
    (folder / "circle").symlink_to(folder / "circle")
    (folder / "empty").touch()
    for name in ("junk", "junk.png"):
        (folder / name).write_bytes(random.Random(3).randbytes(5000))
    return folder


def names_below(folder: Path) -> set[str]:
    return {path.relative_to(folder).as_posix() for path in folder.rglob("*")}


@pytest.mark.parametrize(
    ("name", "parameter", "value"),
    cases(),
    ids=lambda part: str(part)[:20].encode("ascii", "backslashreplace").decode(),
)
def test_a_wrong_value_is_one_sentence_that_names_it(name, parameter, value, sfumato, inputs, here, monkeypatch):
    monkeypatch.setenv("HOME", str(here / "home"))
    before, words = names_below(inputs), typed(name, parameter, value, inputs)
    with limited(SECONDS):
        answer = sfumato(*name.split(), *words)
    assert answer.code in ((0, 1, 2, 3) if name == "verify" else (0, 2)), answer
    assert names_below(inputs) == before
    if parameter.name != "output":
        assert all(path.name.startswith(("out", "home", "0000")) for path in here.iterdir()), list(here.iterdir())
    if answer.code != 2:
        return
    assert answer.err.startswith("error: ")
    assert answer.err.count("\n") == 1, answer.err
    assert len(answer.err) < 3000
    assert not list(here.glob("out*")), answer
    assert names(parameter, value, inputs, answer.err), answer.err


def names(parameter: Parameter, value: str, inputs: Path, said: str) -> bool:
    """Whether a sentence names the option or the value, in one of the ways that they are written."""
    plain = said.lower()
    written = {*parameter.flags, parameter.name, parameter.name.replace("_", " "), parameter.name.rstrip("s")}
    if parameter.name == "label":
        written.add("class")
    if not value.strip():  # '' as a path is '.'
        return True
    given = value.replace("IN", str(inputs), 1).strip()
    shown = {given, value.partition("=")[0].strip()}
    shown |= {text.encode("unicode_escape").decode() for text in shown}
    pieces = [text[:30] for text in shown if text]
    return any(word.lower() in plain for word in written) or any(piece.lower() in plain for piece in pieces)


# What each command that makes works takes of a request, beside what is its own.
SAMPLED = ("generate", "grid", "inpaint", "outpaint", "reimagine", "upscale", "again", "interpolate")
ASKED: dict[str, tuple[str, ...]] = {
    "generate": ("seed", *CONTENT, *CANVAS),
    "grid": ("seed", *CONTENT),
    "inpaint": ("seed", *CONTENT),
    "outpaint": ("seed", *CONTENT),
    "reimagine": ("seed", *CONTENT),
    "upscale": ("seed",),
    "again": CONTENT,
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
            below = kind.get("exclusiveMaximum")
            return kind.get("minimum"), kind.get("maximum") if below is None else below - 1
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


def test_no_help_holds_what_the_terminal_takes_for_markup() -> None:
    helps = [
        (name, annotation.__metadata__[0].help or "")
        for name, command in COMMANDS.items()
        for annotation in get_type_hints(command, include_extras=True).values()
        if hasattr(annotation, "__metadata__")
    ]
    assert len(helps) > 100
    assert [(name, text) for name, text in helps if "[" in text] == []


def test_types_are_those_of_the_fields() -> None:
    parameters = inspect.signature(COMMANDS["generate"]).parameters
    found = {name: option(parameters[name].annotation)[0] for name in ("steps", "guidance", "sampler", "tile", "label")}
    assert found == {"steps": {int}, "guidance": {float}, "sampler": {str}, "tile": {bool}, "label": {str}}


def test_no_command_takes_more_than_it_asks_for() -> None:
    plain = {*SAMPLING, *CANVAS, *CONTENT, "seed"} - {*RARE}
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

    @asks("seed", *CONTENT, *CANVAS, *SAMPLING)
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
        (["sigma_max=3", "sigma-max=4"], "sigma_max: is given twice"),
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
