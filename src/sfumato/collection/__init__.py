"""A folder becomes a collection: pictures that are sound, without duplicates, and what is known of each.

What it hands out is looked up when it is asked for: a decoding process needs a few of its modules, and starts sooner.
"""

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from sfumato.collection.collecting import WHITE as WHITE
    from sfumato.collection.collecting import collect as collect
    from sfumato.collection.collecting import fetch as fetch
    from sfumato.collection.events import CollectEvent as CollectEvent
    from sfumato.collection.events import Fetched as Fetched
    from sfumato.collection.events import FetchEvent as FetchEvent
    from sfumato.collection.events import Finished as Finished
    from sfumato.collection.events import LeftOut as LeftOut
    from sfumato.collection.events import Noted as Noted
    from sfumato.collection.events import Read as Read
    from sfumato.collection.events import Scanned as Scanned
    from sfumato.collection.events import Written as Written
    from sfumato.collection.facts import Ownership as Ownership
    from sfumato.collection.origin import MUSEUMS as MUSEUMS
    from sfumato.collection.origin import Origin as Origin
    from sfumato.collection.origin import Reference as Reference
    from sfumato.collection.origin import is_reference as is_reference
    from sfumato.collection.picture_policy import PicturePolicy as PicturePolicy
    from sfumato.collection.pictures import UNKNOWN as UNKNOWN
    from sfumato.collection.pictures import Picture as Picture
    from sfumato.collection.pictures import Rejected as Rejected
    from sfumato.collection.pictures import Summary as Summary
    from sfumato.collection.storing import Collection as Collection
    from sfumato.collection.storing import is_collection as is_collection
    from sfumato.collection.workers import Limits as Limits

_NAMES = {
    "collecting": ("WHITE", "collect", "fetch"),
    "events": ("CollectEvent", "Fetched", "FetchEvent", "Finished", "LeftOut", "Noted", "Read", "Scanned", "Written"),
    "facts": ("Ownership",),
    "origin": ("MUSEUMS", "Origin", "Reference", "is_reference"),
    "picture_policy": ("PicturePolicy",),
    "pictures": ("UNKNOWN", "Picture", "Rejected", "Summary"),
    "storing": ("Collection", "is_collection"),
    "workers": ("Limits",),
}
__all__ = [name for names in _NAMES.values() for name in names]


def __getattr__(name: str) -> Any:
    for module, names in _NAMES.items():
        if name in names:
            return getattr(import_module(f"{__name__}.{module}"), name)
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
