"""A collection on disk: three lists and a description that holds them together, each written whole or not at all."""

from __future__ import annotations

import contextlib
import hashlib
import io
import json
import warnings
import zipfile
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path
from types import MappingProxyType
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from sfumato.collection.decisions import Decisions
from sfumato.collection.duplicates import THUMBNAIL_SIDE
from sfumato.collection.facts import Ownership
from sfumato.collection.origin import Origin
from sfumato.collection.picture_policy import PicturePolicy
from sfumato.collection.pictures import Picture, Rejected, Summary
from sfumato.collection.sources import Source
from sfumato.directory import OwnDirectory
from sfumato.disk import DISK_FULL, disk_fault, flush_directory, read_file, read_json, replace_file
from sfumato.errors import SfumatoError
from sfumato.images.colour import Colour
from sfumato.images.decoding import read_picture
from sfumato.images.unusable import UnusableError
from sfumato.marker import kind_of
from sfumato.text import counted, natural_order

FORMAT: Final = 3  # since files are asked what they say of themselves: what an earlier version read is read again
DESCRIPTION: Final = "collection.json"
PICTURES: Final = "pictures.jsonl"
REJECTED: Final = "rejected.jsonl"
EXCLUDED: Final = "excluded.jsonl"
THUMBNAILS: Final = "thumbnails.npy"
_MOST_BYTES: Final = 4 * 1024**3  # of one part: 20 million pictures
PARTS: Final = (PICTURES, REJECTED, EXCLUDED, THUMBNAILS, DESCRIPTION)


@dataclass(slots=True)
class Stored:
    """All that a collection's directory holds.

    `excluded` are the pictures that could be used but for what is said of them; each of them stands in `rejected` too,
    with the reason. `thumbnails` [N, 16, 16, 3] goes with `pictures`, and then with `excluded`.
    """

    description: dict[str, Any]
    pictures: list[Picture]
    rejected: list[Rejected]
    thumbnails: NDArray[np.uint8]
    excluded: list[Picture] = field(default_factory=list)

    @property
    def origin(self) -> Origin | None:
        """The data set that the pictures were fetched from, if they were."""
        stated = self.description.get("origin")
        return Origin(**stated) if stated else None

    @property
    def ownership(self) -> Ownership | None:
        """What was stated of the whole folder, if anything was."""
        stated = self.description.get("ownership")
        return Ownership(**stated) if stated else None

    @property
    def policy(self) -> PicturePolicy:
        """Which pictures may be learned from, as it was stated."""
        return PicturePolicy.from_json(self.description.get("policy"))


def is_collection(path: Path) -> bool:
    """Whether a directory holds a collection's description."""
    return (path / DESCRIPTION).is_file()


def read_description(path: Path) -> dict[str, Any]:
    """The collection's description. Raises SfumatoError where there is none that this version reads."""
    try:
        description = read_json(path / DESCRIPTION, _MOST_BYTES)
    except FileNotFoundError:
        problem = "is not a collection" if path.is_dir() else "is not there"
        raise SfumatoError(f"{path} {problem}; make one with: sfumato collect ART -o {path}") from None
    except (OSError, ValueError) as error:
        raise SfumatoError(f"{path / DESCRIPTION} cannot be read ({error}); run sfumato collect again.") from error
    if not isinstance(description, dict) or description.get("format") != FORMAT:
        found = description.get("format") if isinstance(description, dict) else None
        raise SfumatoError(
            f"{path} has the collection format {found}, and this version reads {FORMAT}; run sfumato collect again."
        )
    return description


def read_stored(path: Path) -> Stored:
    """Read and check a collection's directory. Raises SfumatoError where a part is missing or does not belong to it."""
    description = read_description(path)
    try:
        parts = {name: _checked(path / name, digest) for name, digest in description["files"].items()}
        pictures = [Picture.from_json(line) for line in parts[PICTURES].decode().splitlines()]
        rejected = [Rejected(**json.loads(line)) for line in parts[REJECTED].decode().splitlines()]
        excluded = [Picture.from_json(line) for line in parts[EXCLUDED].decode().splitlines()]
        thumbnails: NDArray[np.uint8] = np.load(io.BytesIO(parts[THUMBNAILS]), allow_pickle=False)
        if thumbnails.shape != (len(pictures) + len(excluded), THUMBNAIL_SIDE, THUMBNAIL_SIDE, 3):
            raise ValueError("the number of thumbnails is not that of the pictures")
        stored = Stored(description, pictures, rejected, thumbnails, excluded)
        _ = stored.origin, stored.ownership, stored.policy  # raises where they are none
    except (OSError, ValueError, TypeError, KeyError, AttributeError, RecursionError) as error:
        raise SfumatoError(f"{path} is not whole ({error}); run sfumato collect again.") from error
    return stored


def _checked(path: Path, digest: str) -> bytes:
    data = read_file(path, _MOST_BYTES)
    if hashlib.sha256(data).hexdigest() != digest:
        raise ValueError(f"{path.name} was changed, or its writing was interrupted")
    return data


class Collection:
    """Pictures plus what is known of each. The pictures' files stay where they are, in `source`.

    `origin` is the data set that they were fetched from by name, None for a folder or zip of one's own; `include_works`
    says whether works of sfumato were taken as art. `left_out` are the files that are not used, each with its reason
    (exact duplicates among them), and `rejected` is their number; `excluded` are those of them that could be used but
    for what is said of them. `ownership` is what was stated of the whole folder, `policy` which pictures
    may be learned from, and `decisions` what was edited and taken out.
    """

    def __init__(self, path: Path, stored: Stored) -> None:
        self.path = path
        self.description = stored.description
        self.source = Path(stored.description["source"])
        red, green, blue = stored.description["background"]
        self.background: Colour = (red, green, blue)
        self.include_works: bool = stored.description.get("include_works") is True
        self.origin: Origin | None = stored.origin
        self.ownership: Ownership | None = stored.ownership
        self.policy: PicturePolicy = stored.policy
        self.notes: list[str] = stored.description["notes"]
        self.pictures: list[Picture] = stored.pictures
        self.excluded: list[Picture] = stored.excluded
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

    @cached_property
    def decisions(self) -> Decisions:
        """What was edited and taken out. Raises SfumatoError where it cannot be read."""
        return Decisions.read(self.path)

    @property
    def is_decided(self) -> bool:
        """Whether all that was edited and taken out is carried out: not where a command that does so was killed."""
        return bool(self.decisions.digest == self.description.get("decisions", ""))

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
            with contextlib.closing(Source(self.source)) as source:
                data = source.read(picture.file)
            with warnings.catch_warnings():
                # Decoders warn of broken metadata, which the picture survived once already.
                warnings.simplefilter("ignore")
                return read_picture(data, self.background).image
        except UnusableError as error:
            raise SfumatoError(f"{self.source / picture.file}: {error}; run sfumato collect again.") from error

    def __repr__(self) -> str:
        return f"Collection({str(self.path)!r}, {counted(len(self.pictures), 'picture')}, classes {self.classes})"


def write_stored(directory: OwnDirectory, stored: Stored) -> None:
    """Write a collection's directory, in which the caller is at work.

    The description comes last and names the digests of the rest, so that an interrupted writing shows.
    """
    path = directory.path
    buffer = io.BytesIO()
    np.save(buffer, stored.thumbnails)
    parts = {
        PICTURES: _lines(picture.to_json() for picture in stored.pictures),
        REJECTED: _lines(entry.to_json() for entry in stored.rejected),
        EXCLUDED: _lines(picture.to_json() for picture in stored.excluded),
        THUMBNAILS: buffer.getvalue(),
    }
    digests = {name: hashlib.sha256(data).hexdigest() for name, data in parts.items()}
    description = {"format": FORMAT, **stored.description, "files": digests}
    parts[DESCRIPTION] = (json.dumps(description, indent=2) + "\n").encode()
    with writing_to(path):
        for name, data in parts.items():
            replace_file(directory.claim(name), data)
            # Some network file systems flush no directories. What is lost with the power can be made again here.
            with contextlib.suppress(OSError):
                flush_directory(path)


def _lines(lines: Iterable[str]) -> bytes:
    return "".join(f"{line}\n" for line in lines).encode("ascii")


@contextlib.contextmanager
def writing_to(path: Path) -> Iterator[None]:
    """Raises SfumatoError, with the sentence for a place that cannot be written to, for an OSError in the block."""
    try:
        yield
    except OSError as error:
        said = f"{path} cannot be written ({error.strerror or error}); choose another place."
        if disk_fault(error) == DISK_FULL:
            said = f"The disk is full: {path} could not be written; make room and run the command again."
        raise SfumatoError(said) from error


def check_source(source: Path) -> None:
    """Raises SfumatoError where the source is not a folder of pictures or a zip."""
    if not source.exists():
        raise SfumatoError(f"There is no {source}; give a folder of pictures, or a zip of one.")
    if source.is_dir():
        if is_collection(source):
            raise SfumatoError(f"{source} is a collection already; give the folder of pictures that it was made from.")
    elif not (source.is_file() and (source.suffix.lower() == ".zip" or zipfile.is_zipfile(source))):
        raise SfumatoError(f"{source} is neither a folder nor a zip; give the folder that the pictures are in.")


def check_destination(source: Path, destination: Path, *, force: bool) -> None:
    """Raises SfumatoError where a collection of this source may not be, or cannot be, written."""
    if destination.resolve() == source.resolve():
        raise SfumatoError(f"{destination} is the folder of pictures itself; choose another place for the collection.")
    is_inside = destination.resolve().is_relative_to(source.resolve())
    if is_inside and destination.is_dir() and kind_of(destination) is None and any(destination.iterdir()):
        raise SfumatoError(
            f"{destination} is a part of {source}, and what lies in it would not be collected; choose another place."
        )
    OwnDirectory(destination, "collection").check(PARTS, force=force, beside=source)
    earlier = _source_of(destination)
    if earlier not in (None, str(source)) and not force:
        raise SfumatoError(
            f"{destination} is a collection of {earlier}, not of {source}; "
            "choose another place, or replace it with --force."
        )


def _source_of(destination: Path) -> str | None:
    """The source that a collection in this place names; None where there is none that can be read."""
    try:
        return str(read_description(destination)["source"])
    except (SfumatoError, KeyError):
        return None
