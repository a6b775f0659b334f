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

# A room may import those above it; some are not there yet.
ROOMS = [
    "images", "watermark", "provenance", "collection", "dataset", "networks", "features", "likeness", "diffusion",
    "policy", "works", "pretrained", "models", "cards", "training", "evaluation", "reports", "pipeline", "studio",
    "cli",
]  # fmt: skip
ALLOWED = {room: set(ROOMS[: index + 1]) for index, room in enumerate(ROOMS)}
ALLOWED["watermark"] = {"watermark"}
ALLOWED["networks"] = {"images", "networks"}
ALLOWED["diffusion"] = {"images", "networks", "diffusion"}
# Modules that every room may import, and that import no room.
BASE = {"errors", "disk", "memory", "random", "weights", "text", "devices", "directory", "marker"}
FOR_ALL = {*BASE, "__version__"}
PACKAGES_OWN = {"Model": "models", "sheet": "works"}  # what the package hands out by itself, and from which room
MOST_LINES = 300

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


@pytest.mark.parametrize("room", ["networks", "diffusion", "models"])
def test_no_module_of_a_room_imports_what_imports_it(room: str) -> None:
    """Nor does it do so later, in a function, or for its types alone."""
    modules = {path.stem: path for path in (SOURCE / room).glob("*.py") if path.stem != "__init__"}
    above = {
        name: {parts[2] for parts in (other.split(".") for other in imported(path)) if parts[:2] == ["sfumato", room]}
        & (modules.keys() - {name})
        for name, path in modules.items()
    }
    while free := [name for name, others in above.items() if not others & above.keys()]:
        for name in free:
            del above[name]
    assert not above, "these import each other, or what does"


def test_only_the_class_condition_and_data_sets_know_which_number_is_no_class() -> None:
    fills = {"full", "full_like", "masked_fill", "masked_fill_"}
    said = [
        f"{name_of(path)}:{node.lineno}"
        for path in SOURCES
        if path.relative_to(SOURCE).parts[0] in ("networks", "diffusion", "models", "training")
        for node in ast.walk(tree_of(path))
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute) and node.func.attr in fills
        if any(ast.unparse(argument) == "-1" for argument in node.args)
    ]
    assert not said, "a condition is dropped by its own method"


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


def test_nothing_but_the_commands_knows_a_terminal() -> None:
    terminals = {"rich", "typer", "click"}
    assert not [
        f"{name_of(path)}: {name}"
        for path in SOURCES
        if path.relative_to(SOURCE).parts[0] not in ("cli", "__main__.py")
        for name in imported(path)
        if name.split(".")[0] in terminals
    ]


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
        ]
    assert not wrong


def test_every_test_file_stands_where_its_source_file_does() -> None:
    lost = [
        name_of(path)
        for path in ALL_TESTS
        if path.parent != TESTS
        and path.name.startswith("test_")
        and not (SOURCE / path.relative_to(TESTS).parent / path.name.removeprefix("test_")).exists()
    ]
    assert not lost, "tests/<room>/test_<module>.py is for src/sfumato/<room>/<module>.py"


def lengths(files: list[Path]) -> dict[str, int]:
    return {name_of(path): len(path.read_text(encoding="utf-8").splitlines()) for path in files}


def test_a_source_file_is_one_concept_in_at_most_300_lines() -> None:
    too_long = {name: length for name, length in lengths(SOURCES).items() if length > MOST_LINES}
    assert not too_long


def test_a_test_file_has_under_400_lines() -> None:
    too_long = {name: length for name, length in lengths(ALL_TESTS).items() if length >= 400}
    assert not too_long


def modules_of(room: str) -> dict[str, Path]:
    """The modules of a room by name: 'images.png'. A package's own __init__ hands out what is in it, and is none."""
    paths = [path for path in (SOURCE / room).rglob("*.py") if path.stem != "__init__"]
    return {".".join(path.relative_to(SOURCE).with_suffix("").parts): path for path in paths}


def neighbours(room: str) -> dict[str, set[str]]:
    """For each module of a room those of the same room that it imports, at whatever place in it."""
    modules = modules_of(room)
    own = SOURCE / room / "__init__.py"
    handed_out = {name.rpartition(".")[2]: name for name in imported(own)} if own.exists() else {}
    imports: dict[str, set[str]] = {}
    for module, path in modules.items():
        names = {handed_out.get(name.removeprefix(f"sfumato.{room}."), name) for name in imported(path)}
        imports[module] = {
            other for other in modules if any(f"{name}.".startswith(f"sfumato.{other}.") for name in names)
        }
        imports[module].discard(module)
    return imports


def circles(imports: dict[str, set[str]]) -> list[set[str]]:
    """Sets of modules each of which leads to each other."""
    reached = {module: set(others) for module, others in imports.items()}
    for middle in imports:
        for module in imports:
            if middle in reached[module]:
                reached[module] |= reached[middle]
    found = [{other for other in reached[module] if module in reached[other]} for module in imports]
    return [circle for index, circle in enumerate(found) if circle and circle not in found[:index]]


@pytest.mark.parametrize("room", ["", *ROOMS])
def test_no_modules_of_a_room_import_one_another_in_a_circle(room: str) -> None:
    """Imports of the type checker's alone and those within functions count too: each makes two modules one concept."""
    imports = neighbours(room) if room else {name: rooms_entered(SOURCE / f"{name}.py") & BASE for name in BASE}
    assert not circles(imports)


def test_circles_are_found() -> None:
    assert circles({"a": {"b"}, "b": {"c"}, "c": {"b"}, "d": {"d"}}) == [{"b", "c"}, {"d"}]


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


def test_a_number_in_a_template_that_can_be_one_has_its_noun_by_counted() -> None:
    nouns = "works|pictures|steps|files|classes|frames|models|minutes|seconds|settings|rows|colours|labels"
    never_one = ("drawn | thousands", "comparison.", "levels.pictures", "few }} pictures", "fewest }}")
    said = [
        f"{name_of(path)}: {found[0]}"
        for path in sorted((SOURCE / "reports" / "templates").iterdir())
        for found in re.finditer(rf"\{{\{{[^}}]*\}}\}}(?: [a-z-]+)? ({nouns})\b", path.read_text(encoding="utf-8"))
        if not any(words in found[0] for words in never_one)
    ]
    assert not said, "write {{ number | counted('noun') }}"
