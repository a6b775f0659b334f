"""A folder becomes a collection: pictures that are sound, without duplicates, and what is known of each."""

from sfumato.collection.collecting import WHITE, collect
from sfumato.collection.collection import Collection
from sfumato.collection.colour import Colour
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
from sfumato.collection.fetching import fetch
from sfumato.collection.origin import Origin
from sfumato.collection.pictures import UNKNOWN, Picture, Rejected
from sfumato.collection.reference import Reference, is_reference
from sfumato.collection.storing import is_collection
from sfumato.collection.summary import Summary
from sfumato.collection.workers import Limits

__all__ = [
    "UNKNOWN",
    "WHITE",
    "CollectEvent",
    "Collection",
    "Colour",
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
