"""A new setting is added in one place: a field of the schema is an option of every command, a name for Python, for
``grid --vary``, ``--set`` and ``again``, a part of every recipe, and a line of the documentation."""

import importlib.util
import json
import os
import shutil
import subprocess
import sys
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest
from PIL import Image

from sfumato.models import Model, ModelConfig, build_denoiser
from sfumato.networks import UNetConfig
from sfumato.provenance.mark import GRID_KEY, RECIPE_KEY
from sfumato.works.request import CanvasShape
from sfumato.works.sampler_settings import SamplerSettings

ROOT = Path(__file__).parents[1]
VERBS = ("generate", "grid", "inpaint", "outpaint", "reimagine", "upscale", "again", "interpolate")
BEFORE = "    precision: Precision = "
ADDED = """    shimmer: Fraction = _rare(0.0, "How much it shimmers.")
    glow: Fraction = Field(default=0.25, description="How much it glows.")
"""
# Answers each of the command lines, one after the other; one that is a single text is a program for Python.
PROGRAM = """
import contextlib, io, json, sys
from sfumato.cli.app import main
answers = []
for line in json.loads(sys.argv[1]):
    sys.argv = ["sfumato", *line]
    code, out, err = 0, io.StringIO(), io.StringIO()
    with contextlib.redirect_stdout(out), contextlib.redirect_stderr(err):
        try:
            exec(line, {}) if isinstance(line, str) else main()
        except SystemExit as end:
            code = end.code or 0
    answers.append([code, out.getvalue(), err.getvalue()])
print(json.dumps(answers))
"""


@dataclass(frozen=True)
class Answer:
    """code: the exit code; out, err: what was written."""

    code: int
    out: str
    err: str


def sfumato(source: Path, here: Path, *lines: Sequence[object] | str) -> list[Answer]:
    """What the program of a source answers to these command lines: in a process of its own, one for all of them."""
    environment = {**os.environ, "PYTHONPATH": str(source), "COLUMNS": "300", "NO_COLOR": "1", "OMP_NUM_THREADS": "1"}
    typed = [line if isinstance(line, str) else [str(word) for word in line] for line in lines]
    command = [sys.executable, "-c", PROGRAM, json.dumps(typed)]
    done = subprocess.run(command, cwd=here, env=environment, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    return [Answer(*answer) for answer in json.loads(done.stdout)]


@pytest.fixture(scope="module")
def source(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The program with two settings more, each a line in the schema."""
    source = tmp_path_factory.mktemp("with two settings more") / "src"
    shutil.copytree(ROOT / "src", source, ignore=shutil.ignore_patterns("__pycache__"))
    schema = source / "sfumato" / "works" / "sampler_settings.py"
    text = schema.read_text("utf-8")
    assert text.count(BEFORE) == 1
    schema.write_text(text.replace(BEFORE, ADDED + BEFORE), "utf-8")
    return source


@pytest.fixture(scope="module")
def here(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A directory with a small model in it."""
    folder = tmp_path_factory.mktemp("here")
    network = UNetConfig(patch=2, channels=(8,), blocks=1, width=16, depth=1, heads=1)
    config = ModelConfig(name="tiny", size=32, classes=("a", "b"), class_shares=(1, 1), network=network)
    Model(config, build_denoiser(config)).save_pretrained(folder / "tiny")
    return folder


def text_of(path: Path, key: str) -> dict[str, Any]:
    with Image.open(path) as file:
        return json.loads(file.text[key])  # type: ignore[attr-defined]


AGAIN = ("again", "works/0000.png", "--model", "tiny")
ASKED: dict[str, Sequence[object] | str] = {
    **{f"{verb} --help": (verb, "--help") for verb in VERBS},
    "made": ("generate", "tiny", "-n", 1, "--steps", 1, "--set", "shimmer=0.5", "--glow", 0.75, "-o", "works"),
    "same": AGAIN,
    "changed": (*AGAIN, "--set", "shimmer=0.125", "-o", "changed.png"),
    "wrong": ("generate", "tiny", "--set", "shimmer=2", "-o", "other"),
    "wrong option": ("generate", "tiny", "--glow", 2, "-o", "other"),
    "grid": (
        *("grid", "tiny", "--vary", "shimmer=0,1", "--vary", "glow=0.5,1"),
        *("--steps", 1, "-n", 1, "-o", "grid.png"),
    ),
    "python": (
        "import sfumato; (work,) = sfumato.Model.from_pretrained('tiny').generate(1, steps=1, shimmer=0.5);"
        "print(work.recipe.request.sampling.shimmer, work.recipe.request.sampling.glow)"
    ),
}


@pytest.fixture(scope="module")
def answers(source: Path, here: Path) -> dict[str, Answer]:
    """What the program with two settings more answers to all that is asked of it."""
    return dict(zip(ASKED, sfumato(source, here, *ASKED.values()), strict=True))


@pytest.mark.parametrize("verb", VERBS)
def test_every_command_has_it(answers: dict[str, Answer], verb: str) -> None:
    said = " ".join(answers[f"{verb} --help"].out.split())
    assert "--glow" in said
    assert "How much it glows." in said
    assert "shimmer: How much it shimmers." in " ".join(said.replace("│", " ").split())
    assert "--shimmer" not in said


def test_works_are_made_with_it_and_made_again_with_another(answers: dict[str, Answer], here: Path) -> None:
    made, same, changed, wrong, wrong_option = (
        answers[what] for what in ("made", "same", "changed", "wrong", "wrong option")
    )
    assert made.code == 0, made.err
    sampling = text_of(here / "works" / "0000.png", RECIPE_KEY)["request"]["sampling"]
    assert (sampling["shimmer"], sampling["glow"]) == (0.5, 0.75)
    assert "the pixels are the same" in same.out, same.err
    assert changed.code == 0, changed.err
    sampling = text_of(here / "changed.png", RECIPE_KEY)["request"]["sampling"]
    assert (sampling["shimmer"], sampling["glow"]) == (0.125, 0.75)
    assert (wrong.code, wrong.err.count("\n")) == (2, 1)
    assert "shimmer 2.0: input should be less than or equal to 1" in wrong.err
    assert (wrong_option.code, "--glow: input should be less than or equal to 1" in wrong_option.err) == (2, True)


def test_a_grid_varies_it(answers: dict[str, Answer], here: Path) -> None:
    made = answers["grid"]
    assert made.code == 0, made.err
    assert "shimmer changes nothing here" in made.out  # as nothing in the program asks for it yet
    record = text_of(here / "grid.png", GRID_KEY)
    assert record["rows"] == {"name": "shimmer", "values": [0.0, 1.0]}
    assert record["columns"] == {"name": "glow", "values": [0.5, 1.0]}


def test_python_takes_it(answers: dict[str, Answer]) -> None:
    said = answers["python"]
    assert said.out.split() == ["0.5", "0.25"], said.err


def test_without_the_lines_nobody_knows_it(here: Path) -> None:
    (answer,) = sfumato(ROOT / "src", here, ("generate", "tiny", "--set", "shimmer=0.5", "-o", "none"))
    assert (answer.code, "'shimmer' is none of" in answer.err) == (2, True)
    assert not (here / "none").exists()


@pytest.fixture(scope="module")
def table() -> ModuleType:
    """docs/settings.py, which makes the documentation's table."""
    found = importlib.util.spec_from_file_location("settings", ROOT / "docs" / "settings.py")
    assert found is not None and found.loader is not None
    module = importlib.util.module_from_spec(found)
    found.loader.exec_module(module)
    return module


def test_the_documentations_table_is_what_the_schema_says(table: ModuleType) -> None:
    assert table.page() == table.PAGE.read_text("utf-8"), "python docs/settings.py makes it anew"
    lines = [line for line in table.table().splitlines() if line.startswith("| `")]
    names = [line.split("`")[1] for line in lines]
    own = ["seed", "prompt", "label", "negative", "stage"]
    assert names == [*own, *CanvasShape.model_fields, *SamplerSettings.model_fields]
    fields = table.Request.model_fields | CanvasShape.model_fields | SamplerSettings.model_fields
    assert all(str(fields[name].description) in line for name, line in zip(names, lines, strict=True))
