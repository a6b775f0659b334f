"""A folder becomes a collection: pictures that are sound, without duplicates, and what is known of each."""

from sfumato.collection.collecting import WHITE, collect
from sfumato.collection.collection import Collection
from sfumato.collection.colour import Colour
from sfumato.collection.events import CollectEvent, Finished, LeftOut, Noted, Read, Scanned
from sfumato.collection.pictures import UNKNOWN, Picture, Rejected
from sfumato.collection.storing import is_collection
from sfumato.collection.summary import Summary
from sfumato.collection.workers import Limits

__all__ = [
    "UNKNOWN",
    "WHITE",
    "CollectEvent",
    "Collection",
    "Colour",
    "Finished",
    "LeftOut",
    "Limits",
    "Noted",
    "Picture",
    "Read",
    "Rejected",
    "Scanned",
    "Summary",
    "collect",
    "is_collection",
]
