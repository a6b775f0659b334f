"""A folder becomes a collection: pictures that are sound, without duplicates, and what is known of each.

What it hands out is looked up when it is asked for: a decoding process needs a few of its modules, and starts sooner.
"""

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from sfumato.collection.collecting import WHITE, collect, fetch
    from sfumato.collection.collection import Collection
    from sfumato.collection.events import (
        CollectEvent,
        Fetched,
        FetchEvent,
        Finished,
        LeftOut,
        Noted,
        Read,
        Scanned,
        Written,
    )
    from sfumato.collection.origin import Origin, Reference, is_reference
    from sfumato.collection.pictures import UNKNOWN, Picture, Rejected, Summary
    from sfumato.collection.storing import is_collection
    from sfumato.collection.workers import Limits

__all__ = [
    "UNKNOWN",
    "WHITE",
    "CollectEvent",
    "Collection",
    "FetchEvent",
    "Fetched",
    "Finished",
    "LeftOut",
    "Limits",
    "Noted",
    "Origin",
    "Picture",
    "Read",
    "Reference",
    "Rejected",
    "Scanned",
    "Summary",
    "Written",
    "collect",
    "fetch",
    "is_collection",
    "is_reference",
]

_MODULES = {
    "CollectEvent": "events",
    "Collection": "collection",
    "FetchEvent": "events",
    "Fetched": "events",
    "Finished": "events",
    "LeftOut": "events",
    "Limits": "workers",
    "Noted": "events",
    "Origin": "origin",
    "Picture": "pictures",
    "Read": "events",
    "Reference": "origin",
    "Rejected": "pictures",
    "Scanned": "events",
    "Summary": "pictures",
    "UNKNOWN": "pictures",
    "WHITE": "collecting",
    "Written": "events",
    "collect": "collecting",
    "fetch": "collecting",
    "is_collection": "storing",
    "is_reference": "origin",
}


def __getattr__(name: str) -> Any:
    if name not in _MODULES:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return getattr(import_module(f"{__name__}.{_MODULES[name]}"), name)
