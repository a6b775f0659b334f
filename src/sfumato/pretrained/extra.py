"""The libraries that pre-trained models need, which not everybody has, and how they are kept quiet."""

from __future__ import annotations

import importlib
import importlib.util
import logging
import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any, Final

from sfumato.errors import SfumatoError
from sfumato.text import printable, shortened

INSTALL: Final = "pip install 'sfumato[sd]'"
_NEEDED: Final = ("diffusers", "transformers", "peft", "accelerate")


def require(what: str = "a pre-trained model") -> None:
    """Raises SfumatoError, with what to install, where one of the libraries is missing. Imports none of them.

    what: that needs them, to begin the sentence.
    """
    for name in _NEEDED:
        if importlib.util.find_spec(name) is None:
            raise SfumatoError(f"{what}: needs {name}, which is not installed; install it with: {INSTALL}")


@contextmanager
def quiet() -> Iterator[None]:
    """Without the reports, warnings and progress bars of transformers and diffusers, which are imported by it.

    Afterwards they speak as before. Raises SfumatoError as `require`, and where one of the two cannot be imported.
    """
    require()
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        # transformers first, as it speaks when diffusers is imported.
        with _silent(_reports_of("transformers")), _silent(_reports_of("diffusers")):
            yield


def _reports_of(library: str) -> Any:
    """How a library reports. Raises SfumatoError where it cannot be imported, as in a version beside others that do not
    go with it."""
    try:
        return importlib.import_module(f"{library}.utils.logging")
    except Exception as error:
        said = shortened(printable(" ".join(str(error).split())), 200).rstrip(".") or type(error).__name__
        raise SfumatoError(f"{library} cannot be imported ({said}); install it again with: {INSTALL}") from error


@contextmanager
def _silent(reports: Any) -> Iterator[None]:
    verbosity, bars = reports.get_verbosity(), reports.is_progress_bar_enabled()
    reports.set_verbosity(logging.CRITICAL)
    reports.disable_progress_bar()
    try:
        yield
    finally:
        reports.set_verbosity(verbosity)
        if bars:
            reports.enable_progress_bar()
