"""May this be collected, and may a collection be written there? Asked before any work is done."""

from __future__ import annotations

import zipfile
from pathlib import Path

from sfumato.collection.storing import PARTS, is_collection, read_description
from sfumato.directory import OwnDirectory
from sfumato.errors import SfumatoError
from sfumato.marker import kind_of


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
    """The source that a collection there names; None where there is none, or it cannot be read and is written anew."""
    try:
        return str(read_description(destination)["source"])
    except (SfumatoError, KeyError):
        return None
