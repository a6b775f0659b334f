"""Works: pictures that were generated, each with the recipe that makes it again.

What stands here is loaded when it is asked for: the command line takes its options from the request's schema, and need
not wait for what reads and writes pictures.
"""

from importlib import import_module
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from sfumato.works.recipe import Recipe as Recipe
    from sfumato.works.request import Request as Request
    from sfumato.works.saving import save as save
    from sfumato.works.sheet import contact_sheet as contact_sheet
    from sfumato.works.sheet import strip as strip
    from sfumato.works.video import save_animation as save_animation
    from sfumato.works.video import save_video as save_video
    from sfumato.works.work import Work as Work
    from sfumato.works.work import read_work as read_work
    from sfumato.works.work import sheet_of as sheet_of

_ROOMS = {
    "Recipe": "recipe",
    "Request": "request",
    "Work": "work",
    "contact_sheet": "sheet",
    "read_work": "work",
    "save": "saving",
    "save_animation": "video",
    "save_video": "video",
    "sheet_of": "work",
    "strip": "sheet",
}
__all__ = list(_ROOMS)


def __getattr__(name: str) -> object:
    if name not in _ROOMS:
        raise AttributeError(f"module 'sfumato.works' has no attribute {name!r}")
    return getattr(import_module(f"sfumato.works.{_ROOMS[name]}"), name)
