"""The package as a beginner meets it: quick to import, one name to know."""

import ast
import importlib.metadata
import re
import subprocess
import sys
from pathlib import Path

import pytest

import sfumato


def test_importing_takes_in_nothing_heavy_until_a_model_is_wanted():
    program = """
import sys, sfumato
print([name for name in ("torch", "numpy", "PIL", "pydantic", "huggingface_hub") if name in sys.modules])
sfumato.Model
print("torch" in sys.modules)
"""
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)
    assert done.stdout.split("\n")[:2] == ["[]", "True"]


def test_the_model_is_the_models_rooms():
    from sfumato.models import Model

    assert sfumato.Model is Model


def test_the_sheet_is_the_works_rooms():
    from sfumato.works import sheet_of

    assert sfumato.sheet is sheet_of


def test_a_name_that_is_not_there_is_an_attribute_error():
    with pytest.raises(AttributeError, match="no attribute 'Modell'"):
        sfumato.Modell  # noqa: B018


def test_the_version_is_the_installed_ones():
    assert importlib.metadata.version("sfumato") == sfumato.__version__


def test_types_are_published():
    assert (Path(sfumato.__file__).parent / "py.typed").is_file()


def said_in(path: Path) -> list[str]:
    """All that a module may say to a person: its texts, and the docstrings of commands, which are their help."""
    tree = ast.parse(path.read_text("utf-8"))
    owners = (ast.Module, ast.ClassDef, ast.FunctionDef, ast.AsyncFunctionDef)
    for_readers = {
        id(node.body[0].value)
        for node in ast.walk(tree)
        if isinstance(node, owners) and ast.get_docstring(node) is not None
        if path.parent.name != "cli" or not isinstance(node, ast.FunctionDef)
    }
    texts = (node for node in ast.walk(tree) if isinstance(node, ast.Constant) and isinstance(node.value, str))
    return [node.value for node in texts if id(node) not in for_readers]


def test_no_message_sends_a_person_to_a_file_that_only_the_repository_has():
    files = re.compile(r"\b(docs|benchmarks|tests)/|\b(?!README)\w+\.(md|ipynb)\b|see README")
    package = Path(sfumato.__file__).parent
    sent = {path.name: said for path in package.rglob("*.py") for said in said_in(path) if files.search(said)}
    assert not sent, "say it, or name what is installed: a wheel holds no docs"


@pytest.mark.parametrize("said", ["see docs/training.md", "as CONTRIBUTING.md says", "see README"])
def test_such_a_message_would_be_found(said, tmp_path):
    module = tmp_path / "cli" / "module.py"
    module.parent.mkdir()
    module.write_text(f'"""A module."""\ndef command():\n    """Help: {said}."""\n    print("{said}")\n', "utf-8")
    assert said_in(module) == [f"Help: {said}.", said]
