"""Without the libraries one sentence says what to install; with them they are quiet, and afterwards as before."""

import ast
import importlib.util
import warnings
from pathlib import Path

import pytest

from sfumato.errors import SfumatoError
from sfumato.pretrained import extra
from sfumato.pretrained.extra import quiet, require


@pytest.mark.parametrize("missing", ["diffusers", "transformers", "peft", "accelerate"])
def test_what_is_missing_is_named_with_what_to_install(missing, monkeypatch):
    there = importlib.util.find_spec
    monkeypatch.setattr(importlib.util, "find_spec", lambda name: None if name == missing else there(name))
    said = rf"^owner/name: needs {missing}, which is not installed; install it with: pip install 'sfumato\[sd\]'$"
    with pytest.raises(SfumatoError, match=said):
        require("owner/name")


@pytest.mark.parametrize("broken", ["diffusers", "transformers"])
def test_what_is_there_and_cannot_be_imported_is_one_sentence(broken, monkeypatch):
    there = importlib.import_module

    def imported(name):
        if name.startswith(broken):
            raise ImportError("cannot import name 'x'\nfrom 'y'")
        return there(name)

    monkeypatch.setattr(importlib, "import_module", imported)
    said = rf"^{broken} cannot be imported \(cannot import name 'x' from 'y'\); install it again with: pip install"
    with pytest.raises(SfumatoError, match=said), quiet():
        pass


def imported_at_once(path):
    """What a module imports when it is imported itself, at its first level."""
    for node in ast.parse(path.read_text("utf-8")).body:
        if isinstance(node, ast.Import):
            yield from (alias.name.split(".")[0] for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            yield (node.module or "").split(".")[0]


def test_no_module_of_the_room_imports_them_before_they_are_wanted():
    modules = sorted(Path(extra.__file__).parent.rglob("*.py"))
    libraries = {"diffusers", "transformers", "peft", "accelerate", "tokenizers"}
    wrong = {path.name: found for path in modules if (found := libraries & set(imported_at_once(path)))}
    assert len(modules) > 5
    assert not wrong


def test_the_libraries_are_quiet_within_and_as_before_afterwards(capfd):
    from diffusers.utils import logging as theirs
    from transformers.utils import logging as others

    before = [(each.get_verbosity(), each.is_progress_bar_enabled()) for each in (theirs, others)]
    theirs.set_verbosity_info()
    theirs.enable_progress_bar()
    others.set_verbosity_warning()
    try:
        with pytest.raises(RuntimeError, match="whatever"), quiet():
            theirs.get_logger("diffusers.pipelines").error("chatter")
            others.get_logger("transformers.models").error("chatter")
            warnings.warn("chatter", FutureWarning, stacklevel=1)
            assert not theirs.is_progress_bar_enabled()
            raise RuntimeError("whatever")
        assert theirs.is_progress_bar_enabled()
        assert theirs.get_verbosity() == theirs.INFO
        assert others.get_verbosity() == others.WARNING
    finally:
        for each, (verbosity, bars) in zip((theirs, others), before, strict=True):
            each.set_verbosity(verbosity)
            (each.enable_progress_bar if bars else each.disable_progress_bar)()
    assert "chatter" not in "".join(capfd.readouterr())
    with pytest.warns(FutureWarning):
        warnings.warn("heard again", FutureWarning, stacklevel=1)
