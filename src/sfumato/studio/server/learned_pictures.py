"""The pictures that a model of the studio learned from, found by the names that works' comparisons give them."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import Any, Final

from sfumato.collection.pictures import Picture
from sfumato.disk import read_file, read_json
from sfumato.provenance.licences import short_name
from sfumato.studio.place import Place
from sfumato.text import restored_path

_MOST_BYTES: Final = 1 << 30
_PICTURES: Final = "pictures.jsonl"


@dataclass(frozen=True)
class LearnedPictures:
    """The pictures of the collection that a model learned from. collection: its id in the studio; by_file: each picture
    by its name in the collection."""

    collection: str
    by_file: Mapping[str, Picture]

    @classmethod
    def of(cls, place: Place, model: str) -> LearnedPictures | None:
        """Those of the run whose id is the model's; None where the model comes from elsewhere, or its collection is not
        one of the studio's or is no longer there."""
        collection = collection_of(place, model)
        if collection is None:
            return None
        try:
            listed = place.collections / collection / _PICTURES
            return cls(collection, _pictures(listed, listed.stat().st_mtime_ns))
        except (OSError, ValueError, TypeError, KeyError):
            return None

    def beside(self, neighbour: Mapping[str, Any]) -> dict[str, Any]:
        """What is known of a neighbour, as a work's credentials name it ({file, creator, similarity}), with the address
        of its picture; of one that is not in the collection what its name alone says."""
        picture = self.by_file.get(str(neighbour.get("file")))
        return said_of(neighbour) if picture is None else said_of(neighbour) | self._known(picture)

    def _known(self, picture: Picture) -> dict[str, Any]:
        return {
            "title": picture.title,
            "creator": picture.creator,
            "licence": short_name(picture.licence),
            "year": picture.year,
            "source": picture.source,
            "collection": self.collection,
            "sha256": picture.sha256,
            "picture": f"/api/collections/{self.collection}/pictures/{picture.sha256}/thumbnail?side=512",
        }


def said_of(neighbour: Mapping[str, Any]) -> dict[str, Any]:
    """What a work's credentials alone say of a picture near to it."""
    similarity = neighbour.get("similarity")
    return {
        "file": str(neighbour.get("file") or ""),
        "title": str(neighbour.get("title") or ""),
        "creator": str(neighbour.get("creator") or ""),
        "licence": str(neighbour.get("licence") or ""),
        "year": "",
        "source": "",
        # In a stranger's file there may be anything.
        "similarity": float(similarity) if isinstance(similarity, int | float) and -1 <= similarity <= 1 else None,
        "collection": None,
        "sha256": None,
        "picture": None,
    }


def collection_of(place: Place, model: str) -> str | None:
    """The id of the studio's collection that a run learned from. model: its id, which is the run's folder."""
    if not model or "/" in model or model.startswith("."):
        return None
    try:
        # The run's record is read as JSON: the class that stands for it needs torch, which the server does without.
        record = read_json(place.runs / model / "run.json", _MOST_BYTES)
        path = restored_path(record["collection"])
    except (OSError, ValueError, TypeError, KeyError):
        return None
    # One that was named elsewhere on this computer has no address here.
    return path.name if path.is_absolute() and path.parent == place.collections.resolve() else None


@lru_cache(maxsize=8)
def _pictures(listed: Path, changed: int) -> Mapping[str, Picture]:
    """changed: when, so that a collection that was edited since is read again."""
    lines = read_file(listed, _MOST_BYTES).decode().splitlines()
    return {picture.file: picture for picture in map(Picture.from_json, lines)}
