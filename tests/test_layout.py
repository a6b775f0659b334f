"""The house stands as it was drawn: rooms import one way only, and every file is one concept in its own place."""

import ast
import re
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
SOURCE = ROOT / "src" / "sfumato"
TESTS = ROOT / "tests"

# A room may import those above it.
ROOMS = [
    "provenance", "collection", "dataset", "networks", "likeness", "diffusion", "works", "models", "training",
    "evaluation", "studio", "cli",
]  # fmt: skip
ALLOWED = {room: set(ROOMS[: index + 1]) for index, room in enumerate(ROOMS)}
ALLOWED["networks"] = {"networks"}
ALLOWED["diffusion"] = {"networks", "diffusion"}
BASE = {
    "errors",
    "disk",
    "memory",
    "text",
    "threads",
    "directory",
    "locking",
    "marker",
}  # modules that every room may import, and that import no room
FOR_ALL = {*BASE, "__version__"}
PACKAGES_OWN = {"Model": "models", "sheet": "works"}  # what the package hands out by itself, and from which room
# The published VGG16 is to be had as a pickle alone: a process of its own takes the tensors out of it.
UNPICKLING = SOURCE / "training" / "vgg_conversion.py"

SOURCES = sorted(SOURCE.rglob("*.py"))
ALL_TESTS = sorted(TESTS.rglob("*.py"))


def name_of(path: Path) -> str:
    return path.relative_to(ROOT).as_posix()


def tree_of(path: Path) -> ast.Module:
    return ast.parse(path.read_text(encoding="utf-8"), str(path))


def imported(path: Path) -> Iterator[str]:
    """The full names of all that a module imports, wherever in it: 'sfumato.works.recipe.Recipe', 'torch.nn'."""
    package = ("sfumato", *path.relative_to(SOURCE).parts[:-1])
    for node in ast.walk(tree_of(path)):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            above = package[: len(package) - node.level + 1] if node.level else ()
            module = ".".join((*above, *filter(None, [node.module])))
            yield from (f"{module}.{alias.name}" for alias in node.names)
        elif isinstance(node, ast.Attribute) and isinstance(node.value, ast.Name) and node.value.id == "sfumato":
            yield f"sfumato.{node.attr}"


def rooms_entered(path: Path) -> set[str]:
    """The rooms that a module reaches into, and what of the package itself it uses: 'diffusion', 'errors'."""
    names = {name.split(".")[1] for name in imported(path) if name.startswith("sfumato.")}
    return {PACKAGES_OWN.get(name, name) for name in names}


def test_every_source_file_is_in_a_known_room() -> None:
    rooms = {path.relative_to(SOURCE).parts[0] for path in SOURCES if path.parent != SOURCE}
    assert rooms <= set(ROOMS)
    assert {path.stem for path in SOURCES if path.parent == SOURCE} <= {"__init__", "__main__", *BASE}


@pytest.mark.parametrize("room", ROOMS)
def test_a_room_imports_only_rooms_above_it(room: str) -> None:
    allowed = ALLOWED[room] | FOR_ALL
    wrong = {
        name_of(path): sorted(below)
        for path in sorted((SOURCE / room).rglob("*.py"))
        if (below := rooms_entered(path) - allowed)
    }
    assert not wrong, f"{room} may import {sorted(allowed)} of ours"


@pytest.mark.parametrize("name", sorted(BASE))
def test_what_every_room_may_import_imports_no_room(name: str) -> None:
    assert rooms_entered(SOURCE / f"{name}.py") <= BASE - {name}


def test_the_package_imports_no_room_until_one_is_asked_for() -> None:
    program = "import sys, sfumato; print(sorted(m for m in sys.modules if m in ('torch', 'numpy') or 'sfumato.' in m))"
    result = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)
    assert result.stdout.strip() == "[]"


def test_no_module_is_a_drawer_for_odds_and_ends() -> None:
    drawers = {"utils", "util", "helpers", "helper", "common", "misc"}
    assert not [name_of(path) for path in (*SOURCES, *ALL_TESTS) if drawers & {path.stem, *path.parent.parts[-1:]}]


def test_nothing_but_the_commands_prints() -> None:
    prints = [
        f"{name_of(path)}:{node.lineno}"
        for path in SOURCES
        if path.relative_to(SOURCE).parts[0] != "cli"
        for node in ast.walk(tree_of(path))
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id == "print"
    ]
    assert not prints


def test_no_code_asks_a_model_for_the_name_of_its_objective() -> None:
    """What a model can do follows from its configuration's begins_with, answer and preconditioning, and what a run has
    to do from its objective's own configuration."""
    asks = [
        f"{name_of(path)}:{node.lineno}: {ast.unparse(node)}"
        for path in SOURCES
        for node in ast.walk(tree_of(path))
        if isinstance(node, ast.Compare)
        and any(
            ast.unparse(side).endswith(("config.objective", "objective.kind"))
            for side in (node.left, *node.comparators)
        )
    ]
    assert not asks


def test_no_pickle_is_read_or_written_and_torchvision_is_not_needed() -> None:
    forbidden = {"pickle", "cPickle", "dill", "joblib", "cloudpickle", "torchvision", "timm"}
    wrong = []
    for path in SOURCES:
        wrong += [f"{name_of(path)}: {name}" for name in imported(path) if name.split(".")[0] in forbidden]
        wrong += [f"{name_of(path)}: {name}" for name in imported(path) if name in {"torch.load", "torch.save"}]
        wrong += [
            f"{name_of(path)}:{node.lineno}: {ast.unparse(node)}"
            for node in ast.walk(tree_of(path))
            if isinstance(node, ast.Attribute) and ast.unparse(node) in {"torch.load", "torch.save"}
            if (path, ast.unparse(node)) != (UNPICKLING, "torch.load")
        ]
    assert not wrong


def test_the_one_pickle_that_is_read_is_read_as_tensors_alone() -> None:
    calls = [ast.unparse(node) for node in ast.walk(tree_of(UNPICKLING)) if isinstance(node, ast.Call)]
    (call,) = [call for call in calls if call.startswith("torch.load(")]
    assert "weights_only=True" in call
    module = "sfumato.training.vgg_conversion"  # in a process of its own: nothing of ours imports it
    assert not [name_of(path) for path in SOURCES if any(name.startswith(module) for name in imported(path))]


def test_every_test_file_stands_where_its_source_file_does() -> None:
    lost = [
        name_of(path)
        for path in ALL_TESTS
        if path.parent != TESTS
        and path.name.startswith("test_")
        and not (SOURCE / path.relative_to(TESTS).parent / path.name.removeprefix("test_")).exists()
    ]
    assert not lost, "tests/<room>/test_<module>.py is for src/sfumato/<room>/<module>.py"


@pytest.mark.parametrize("files", [SOURCES, ALL_TESTS], ids=["src", "tests"])
def test_a_file_is_one_concept_in_under_400_lines(files: list[Path]) -> None:
    lengths = {name_of(path): len(path.read_text(encoding="utf-8").splitlines()) for path in files}
    assert lengths
    assert not {name: length for name, length in lengths.items() if length >= 400}


# Messages whose number is never 1, by words that stand in them alone.
NEVER_ONE = (
    "{pictures} pictures", "{compared} works", "{compared} real pictures", "{comparison.compared:,} works",
    "of {len(CLASSES)} classes", "DRAWN_PER_CLASS * len(CLASSES):,} pictures", "{kind} pictures", "{kind} files",
    "{counts['compared']:,} works", "{distance.n} works", "{pictures:,} works", "{len(vary)} settings",
    "{TIMED} works", "{len(meant)} models", "palette of {count} colours",
)  # fmt: skip


def test_a_number_that_can_be_one_has_its_noun_by_counted() -> None:
    """No message says '1 works': where a number stands before a plural, it is known to be another one."""
    nouns = "works|pictures|steps|files|classes|frames|models|minutes|seconds|settings|rows|colours|labels"
    plural = re.compile(rf"\}}(?: [a-z-]+)? ({nouns})\b")
    said = [
        f"{name_of(path)}:{number}: {line.strip()}"
        for path in SOURCES
        for number, line in enumerate(path.read_text(encoding="utf-8").splitlines(), 1)
        if (found := plural.search(line))
        and not found[0].startswith("} beside")
        and not any(
            words in line for words in (*NEVER_ONE, "MOST", "FEW", "LEAST", "LARGEST", "pictures/s", "counted(")
        )
    ]
    assert not said, "use sfumato.text.counted"
