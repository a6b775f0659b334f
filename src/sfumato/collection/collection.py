"""A collection on disk, opened for reading."""

from __future__ import annotations

import hashlib
import warnings
from contextlib import closing
from functools import cached_property
from pathlib import Path
from types import MappingProxyType

from PIL import Image

from sfumato.collection.origin import Origin
from sfumato.collection.pictures import Picture, Rejected, Summary
from sfumato.collection.sources import Source
from sfumato.collection.storing import Stored, read_stored
from sfumato.errors import SfumatoError
from sfumato.images.colour import Colour
from sfumato.images.decoding import read_picture
from sfumato.images.unusable import UnusableError
from sfumato.text import counted, natural_order


class Collection:
    """Pictures plus what is known of each. The pictures' files stay where they are, in `source`.

    `origin` is the data set that they were fetched from by name, None for a folder or zip of one's own; `include_works`
    says whether works of sfumato were taken as art. `left_out` are the files that are not used, each with its reason
    (exact duplicates among them), and `rejected` is their number.
    """

    def __init__(self, path: Path, stored: Stored) -> None:
        self.path = path
        self.source = Path(stored.description["source"])
        red, green, blue = stored.description["background"]
        self.background: Colour = (red, green, blue)
        self.include_works: bool = stored.description.get("include_works") is True
        self.origin: Origin | None = stored.origin
        self.pictures: list[Picture] = stored.pictures
        self.left_out: list[Rejected] = stored.rejected
        self.rejected: int = len(stored.rejected)
        self.summary = Summary.of(stored.pictures, stored.rejected)

    @classmethod
    def open(cls, path: Path | str) -> Collection:
        """Open what `collect` wrote. Raises SfumatoError where it is none, or not whole."""
        path = Path(path)
        return cls(path, read_stored(path))

    @cached_property
    def classes(self) -> list[str]:
        """The names of the classes, in natural order, without the '' of pictures whose class is not known."""
        return sorted({picture.category for picture in self.pictures if picture.category}, key=natural_order)

    @property
    def counts(self) -> MappingProxyType[str, int]:
        """The number of pictures of each class; those of no class count under ''."""
        return MappingProxyType(self.summary.classes)

    @cached_property
    def digest(self) -> str:
        """SHA-256, in hex, over the files' names, contents and classes: equal for collections of the same pictures."""
        digest = hashlib.sha256()
        for file, content, category in sorted((entry.file, entry.sha256, entry.category) for entry in self.pictures):
            digest.update("\0".join((file, content, category, "")).encode("utf-8", "surrogatepass"))
        return digest.hexdigest()

    def read(self, picture: Picture) -> Image.Image:
        """The whole picture, upright, RGB, over the background. Raises SfumatoError where its file cannot be read."""
        try:
            with closing(Source(self.source)) as source:
                data = source.read(picture.file)
            with warnings.catch_warnings():
                # Decoders warn of broken metadata, which the picture survived once already.
                warnings.simplefilter("ignore")
                return read_picture(data, self.background).image
        except UnusableError as error:
            raise SfumatoError(f"{self.source / picture.file}: {error}; run sfumato collect again.") from error

    def __repr__(self) -> str:
        return f"Collection({str(self.path)!r}, {counted(len(self.pictures), 'picture')}, classes {self.classes})"
