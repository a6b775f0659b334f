"""Whatever a person types for an option, the answer is a result or one sentence, soon, and nothing else is touched.

SFUMATO_WRONG_VALUES says how many values are tried in place of the few of an ordinary run of the tests.
"""

import os
import random
import signal
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from itertools import chain, zip_longest
from pathlib import Path
from typing import get_args, get_origin, get_type_hints

import pytest
from PIL import Image
from typer.models import OptionInfo

from sfumato.cli.app import application
from sfumato.models import Model, ModelConfig, build_denoiser
from sfumato.networks import UNetConfig

COUNT = int(os.environ.get("SFUMATO_WRONG_VALUES", "60"))
SECONDS = 60  # for a call, on a machine that has other work too
COMMANDS = {
    info.callback.__name__: info.callback for info in application().registered_commands if info.callback is not None
}

# How each command is used rightly, so that one wrong value is all that is wrong. IN is a folder with one of everything.
RIGHT = {
    "collect": "IN/art -o out --workers 1",
    "train": "IN/art -o out --steps 1 --config IN/tiny.toml --device cpu",
    "generate": "IN/run -n 1 --steps 1 -o out",
    "upscale": "IN/upscaler IN/picture.png --steps 1 -o out.png",
    "reimagine": "IN/run IN/picture.png --steps 1 -o out.png",
    "inpaint": "IN/run IN/picture.png IN/mask.png --steps 1 -o out.png",
    "outpaint": "IN/run IN/picture.png --left 8 --steps 1 -o out.png",
    "again": "IN/works/0000.png --model IN/run -o out.png",
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
    *(
        "",
        "IN/none",
        "IN/art",
        "IN/pipe",
        "IN/junk",
        "IN/junk.png",
        "IN/empty",
        "IN/circle",
        "IN/junk/x",
        "ä",
        "\udce4",
    ),
    *("x" * 300, "y" * 5000, "~nobody/x", "/dev/zero", "/dev/null", "/proc/self/mem", "IN/works/0000.png", "IN/run"),
)
SETTINGS = (
    *(
        "",
        "=",
        "x",
        "guidance=",
        "sigma_max=1e30",
        "sigma_min=1e-300",
        "sigma_max=nan",
        "guidance_low=-1",
        "=1",
        "a" * 5000,
    ),
    *("size=1000000000", "network=1", "network={kind='x'}", "network={kind='unet',width=1000000000}", "\udce4=1"),
    *(
        "class=",
        'class="',
        "steps=-1",
        "steps=" + "9" * 5000,
        "seed=1e30",
        "size=" + "[" * 5000,
        "batch=nan",
        "class=;",
    ),
)


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
        row = [case for case in row if case[1].name != "output" or _is_no_place(name, case[2])]
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
    before = names_below(inputs)
    words = typed(name, parameter, value, inputs)
    with limited(SECONDS):
        answer = sfumato(name, *words)
    assert answer.code in (0, 2), answer
    assert names_below(inputs) == before
    if parameter.name != "output":
        assert all(path.name.startswith(("out", "home", "0000")) for path in here.iterdir()), list(here.iterdir())
    if answer.code == 0:
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
