"""The package as a beginner meets it: quick to import, one name to know."""

import importlib.metadata
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
