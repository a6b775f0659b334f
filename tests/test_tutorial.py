"""The tutorial notebook: whole, with its pictures, true to the package, and running from top to bottom."""

import ast
import base64
import importlib
import json
import os
import pkgutil
import re
import shlex
import subprocess
import sys
from collections.abc import Iterator
from io import BytesIO
from pathlib import Path
from typing import Any

import pytest
import typer
from PIL import Image

import sfumato
from sfumato.cli.app import application
from sfumato.training import PRESETS, TrainingConfig

DOCS = Path(__file__).parents[1] / "docs"
NOTEBOOK = DOCS / "tutorial.ipynb"
PICTURES = ("image/png", "image/jpeg")
ENDS_IN_A_PICTURE = {"contact_sheet", "strip", "four_seeds"}

# The constants of the notebook's first cell, for a run that only has to arrive.
TINY = {
    "PER_CLASS": "8",
    "MINUTES": 'dict.fromkeys(("article", "article-fixed", "article-diffusion", "sketch", "gan"), 0.005)',
}
# Runs the cells as Jupyter would, last expressions included, in one namespace; and says which of them gave a picture.
# Plans measure nothing, and the sketch has a tiny network, as it does not matter what network the time allows; and
# works of one flat colour, as models make that have learned for two steps, are let out.
RUNNER = """
import ast, json, sys
from PIL import Image
from sfumato.models import judging
from sfumato.networks import UNetConfig
from sfumato.training import PRESETS, plan
judging.FLAT = -1.0
PRESETS["sketch"]["network"] = UNetConfig(patch=2, channels=(8,), blocks=1, width=16, depth=1, heads=1)
plan.measure = lambda *_, **__: plan.Speed(0.1, "float32")
namespace = {"__name__": "__main__"}
for number, source in enumerate(json.loads(sys.stdin.read())):
    tree = ast.parse(source)
    last = tree.body.pop() if isinstance(tree.body[-1], ast.Expr) else None
    exec(compile(tree, f"cell {number}", "exec"), namespace)
    if last is not None:
        value = eval(compile(ast.Expression(last.value), f"cell {number}", "eval"), namespace)
        if isinstance(value, Image.Image):
            print("picture of cell", number)
"""


def notebook() -> dict[str, Any]:
    contents: dict[str, Any] = json.loads(NOTEBOOK.read_text("utf-8"))
    return contents


def source_of(cell: dict[str, Any]) -> str:
    return "".join(cell["source"])


def code_cells() -> list[dict[str, Any]]:
    return [cell for cell in notebook()["cells"] if cell["cell_type"] == "code"]


def prose() -> str:
    return "\n\n".join(source_of(cell) for cell in notebook()["cells"] if cell["cell_type"] == "markdown")


def ends_in_a_picture(cell: dict[str, Any]) -> bool:
    last = ast.parse(source_of(cell)).body[-1]
    if not isinstance(last, ast.Expr):
        return False
    value = last.value.func if isinstance(last.value, ast.Call) else last.value
    return isinstance(value, ast.Name) and value.id in ENDS_IN_A_PICTURE


def outputs() -> Iterator[dict[str, Any]]:
    for cell in code_cells():
        yield from cell["outputs"]


def test_it_is_a_notebook_of_format_4_that_tells_nothing_of_where_it_ran() -> None:
    contents = notebook()
    assert contents["nbformat"] == 4
    assert {cell["cell_type"] for cell in contents["cells"]} == {"code", "markdown"}
    identifiers = [cell["id"] for cell in contents["cells"]]
    assert len(set(identifiers)) == len(identifiers)
    assert all(
        set(cell) == {"cell_type", "execution_count", "id", "metadata", "outputs", "source"} for cell in code_cells()
    )
    assert not any(cell["metadata"] for cell in contents["cells"])
    sources = [source_of(cell) for cell in contents["cells"]]
    told = [json.dumps({k: v for k, v in output.items() if k != "data"}) for output in outputs()]
    told += [json.dumps(v) for output in outputs() for k, v in output.get("data", {}).items() if k not in PICTURES]
    text = "\n".join(sources + told)
    assert not re.findall(r"""(?:^|[\s"'(=])/(?:tmp|work|root|usr|opt|var|home/(?!me/))""", text)
    assert NOTEBOOK.stat().st_size < 1_300_000


def test_every_cell_was_run_in_order_and_none_failed() -> None:
    assert [cell["execution_count"] for cell in code_cells()] == list(range(1, len(code_cells()) + 1))
    assert not [output for output in outputs() if output["output_type"] == "error"]
    assert not [output for output in outputs() if output.get("name") == "stderr"]


def test_the_cells_that_end_in_a_picture_have_one_in_their_output() -> None:
    with_pictures = [cell for cell in code_cells() if ends_in_a_picture(cell)]
    assert len(with_pictures) >= 12
    for cell in with_pictures:
        (kept,) = [
            base64.b64decode(output["data"][kind])
            for output in cell["outputs"]
            for kind in PICTURES
            if kind in output.get("data", {})
        ]
        with Image.open(BytesIO(kept)) as picture:
            picture.load()
        assert min(picture.size) >= 100


def test_its_links_lead_to_pages_that_are_there() -> None:
    links = re.findall(r"\]\(([^)#]+)[^)]*\)", prose())
    assert links
    assert not [link for link in links if not (DOCS / link).is_file()]


# ---- what the prose names


def names_in_code() -> set[str]:
    """All that the notebook's own cells define or import."""
    names = set()
    for cell in code_cells():
        for node in ast.walk(ast.parse(source_of(cell))):
            match node:
                case ast.Name(id=name, ctx=ast.Store()) | ast.FunctionDef(name=name) | ast.arg(arg=name):
                    names.add(name)
                case ast.alias(name=name, asname=other):
                    names.add(other or name)
    return names


def names_in_sfumato() -> set[str]:
    """Every class, function and method that the package has."""
    names = set()
    for info in pkgutil.walk_packages(sfumato.__path__, "sfumato."):
        module = importlib.import_module(info.name)
        for name, thing in vars(module).items():
            if getattr(thing, "__module__", "").startswith("sfumato"):
                names |= {name, *(vars(thing) if isinstance(thing, type) else ())}
    return names


def is_known(token: str, known: set[str]) -> bool:
    if token in known or token in PRESETS:
        return True
    try:
        tree = ast.parse(token)
    except SyntaxError:
        return False
    used = [node.id for node in ast.walk(tree) if isinstance(node, ast.Name)]
    used += [node.attr for node in ast.walk(tree) if isinstance(node, ast.Attribute)]
    return bool(used) and all(name in known for name in used)


def test_every_name_in_its_prose_exists() -> None:
    text = re.sub(r"```.*?```", "", prose(), flags=re.DOTALL)
    tokens = {token for token in re.findall(r"`([^`]+)`", text) if not token.startswith("sfumato ")}
    assert {"article", "article-fixed", "article-diffusion", "sketch", "gan"} <= tokens
    # `verify` is Pillow's; the folder is what the cells make; `unknown` is what a collection says.
    known = names_in_code() | names_in_sfumato() | set(TrainingConfig.model_fields) | {"sfumato", "verify", "unknown"}
    assert "sfumato-tutorial" in "".join(map(source_of, code_cells()))
    assert sorted(token for token in tokens - {"sfumato-tutorial"} if not is_known(token, known)) == []


def commands() -> list[str]:
    blocks = re.findall(r"```\n(.*?)```", prose(), flags=re.DOTALL)
    lines = [line for block in blocks for line in block.splitlines()] + re.findall(r"`(sfumato [^`]+)`", prose())
    return sorted({line for line in lines if line.startswith("sfumato ")})


@pytest.mark.parametrize("line", commands())
def test_every_command_in_its_prose_is_one(line: str) -> None:
    _, name, *arguments = shlex.split(line)
    command = typer.main.get_command(application()).commands[name]  # type: ignore[attr-defined]
    options = {option for parameter in command.params for option in parameter.opts}
    assert {argument for argument in arguments if argument.startswith("-")} <= options
    if "--preset" in arguments:
        assert arguments[arguments.index("--preset") + 1] in PRESETS
    with command.make_context(name, list(arguments)) as context:  # raises where they are not what it takes
        assert not context.args


# ---- running it


def shortened(source: str) -> str:
    """The cell of the constants, with tiny ones."""
    for name, value in TINY.items():
        source, changed = re.subn(rf"^{name} = .*$", f"{name} = {value}", source, flags=re.MULTILINE)
        assert changed == 1, f"the first cell no longer sets {name}"
    return source


@pytest.mark.slow
def test_it_runs_from_top_to_bottom(tmp_path: Path) -> None:
    cells = [source_of(cell) for cell in code_cells()]
    cells[0] = shortened(cells[0])
    done = subprocess.run(
        [sys.executable, "-W", "error", "-c", RUNNER],
        input=json.dumps(cells),
        cwd=tmp_path,
        env={**os.environ, "OMP_NUM_THREADS": "1", "HF_HUB_OFFLINE": "1"},
        capture_output=True,
        text=True,
        timeout=600,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    assert re.findall(r"^picture of cell (\d+)$", done.stdout, re.MULTILINE) == [
        str(number) for number, cell in enumerate(code_cells()) if ends_in_a_picture(cell)
    ]
    assert "the same pixels: True" in done.stdout
    assert [path.name for path in tmp_path.iterdir()] == ["sfumato-tutorial"]
