"""The libraries that pre-trained models need, which not everybody has, and how they are kept quiet."""

from __future__ import annotations

import importlib.util
import logging
import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any, Final

from sfumato.errors import SfumatoError

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

    Afterwards they speak as before. Raises SfumatoError as `require`.
    """
    require()
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        from transformers.utils import logging as theirs

        with _silent(theirs):  # before diffusers is imported, as that has transformers speak
            from diffusers.utils import logging as others

            with _silent(others):
                yield


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
