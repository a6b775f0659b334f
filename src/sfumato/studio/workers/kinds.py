"""Which handler does which kind of job; one is imported when the first job of its kind comes."""

from __future__ import annotations

from importlib import import_module
from typing import Final, cast

from sfumato.studio.workers.handling import Handler

_MODULES: Final = {
    "generate": "making",
    "reimagine": "making",
    "inpaint": "making",
    "outpaint": "making",
    "upscale": "making",
    "interpolate": "passing",
    "again": "again",
    "plan": "planning",
    "train": "training",
    "distill": "training",
    "evaluate": "evaluating",
    "collect": "collecting",
    "edit": "collecting",
    "report": "reporting",
    "sign": "bringing",
    "import": "bringing",
    "verify": "verifying",
}


def handler_of(kind: str) -> Handler:
    """The function of the kind's name in its module."""
    module = import_module(f"sfumato.studio.workers.{_MODULES[kind]}")
    return cast(Handler, getattr(module, "import_works" if kind == "import" else kind))
