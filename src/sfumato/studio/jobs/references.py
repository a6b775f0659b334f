"""How a job says which picture is meant: one that was uploaded, one of the gallery, or one of a collection."""

from __future__ import annotations

from typing import Annotated, Final

from pydantic import Field

from sfumato.works.values import Digest, Plain

MOST_PICTURES: Final = 100_000
# A folder's name that the studio made: no path can be spelled with it.
Id = Annotated[str, Field(pattern=r"^[a-z0-9][a-z0-9_-]{0,79}$")]


class Uploaded(Plain):
    """A file of an upload. upload: its id; file: its number there."""

    upload: Id
    file: Annotated[int, Field(ge=0, le=MOST_PICTURES)] = 0


class OfWork(Plain):
    """A work of the gallery, by its id."""

    work: Annotated[int, Field(ge=1, lt=2**53)]


class OfCollection(Plain):
    """A picture of a collection, by the SHA-256 of its file."""

    collection: Id
    sha256: Digest


PictureReference = Uploaded | OfWork | OfCollection
