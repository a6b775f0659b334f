"""May this be collected, and may a collection be written there? Asked before any work is done."""

from __future__ import annotations

import os
import zipfile
from pathlib import Path

from sfumato.collection.storing import is_collection, read_description
from sfumato.errors import SfumatoError


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
    if destination.exists() and not destination.is_dir():
        raise SfumatoError(f"{destination} is a file; choose another place for the collection.")
    nearest = next(path for path in (destination, *destination.absolute().parents) if path.exists())
    if not nearest.is_dir() or not os.access(nearest, os.W_OK):
        raise SfumatoError(f"{destination} cannot be written, because {nearest} cannot; choose another place.")
    if force or not destination.exists():
        return
    if is_collection(destination):
        earlier = _source_of(destination)
        if earlier is not None and earlier != str(source):
            raise SfumatoError(
                f"{destination} is a collection of {earlier}, not of {source}; "
                "choose another place, or replace it with --force."
            )
    elif not all(_is_for_source(path, source) for path in destination.iterdir()):
        raise SfumatoError(
            f"{destination} is not empty and no collection; choose another place, or use it with --force."
        )


def _is_for_source(path: Path, source: Path) -> bool:
    """Whether something in a destination is the source itself, or what an interrupted fetching left beside it."""
    return source.resolve().is_relative_to(path.resolve()) or path.name.startswith(f".{source.name}.")


def _source_of(collection: Path) -> str | None:
    """The source that a collection names; None where it cannot be read, and may be written anew."""
    try:
        return str(read_description(collection)["source"])
    except (SfumatoError, KeyError):
        return None
