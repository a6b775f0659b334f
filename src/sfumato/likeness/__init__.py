"""Which training pictures a work is near to: an index that travels with a model, and how sure its answer is.

What stands here is loaded when it is asked for: a work carries its finding, and who reads works needs no index.
"""

from importlib import import_module
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from sfumato.likeness.calibration import Calibration as Calibration
    from sfumato.likeness.finding import Finding as Finding
    from sfumato.likeness.finding import Neighbour as Neighbour
    from sfumato.likeness.likeness import Likeness as Likeness

_ROOMS = {"Calibration": "calibration", "Finding": "finding", "Likeness": "likeness", "Neighbour": "finding"}
__all__ = list(_ROOMS)


def __getattr__(name: str) -> object:
    if name not in _ROOMS:
        raise AttributeError(f"module 'sfumato.likeness' has no attribute {name!r}")
    return getattr(import_module(f"sfumato.likeness.{_ROOMS[name]}"), name)
