"""A folder of pictures that were fetched by name: which data set they are of, and the names of the folders in it."""

from __future__ import annotations

import json
import re
from dataclasses import asdict
from pathlib import Path
from typing import Final

from sfumato.collection.origin import Origin
from sfumato.directory import OwnDirectory
from sfumato.disk import read_json
from sfumato.errors import SfumatoError
from sfumato.marker import kind_of

RECORD: Final = ".fetched.json"
_UNFIT: Final = re.compile(r'[<>:"/\\|?*\x00-\x1f\x7f]')  # no part of a file's name on one system or another


def origin_record(origin: Origin) -> bytes:
    """What `RECORD` holds for `read_origin`."""
    return json.dumps(asdict(origin)).encode("ascii")


def read_origin(folder: Path) -> Origin | None:
    """What a folder's pictures are of, as its record says; None where there is none."""
    try:
        return Origin(**read_json(folder / RECORD, 1 << 20))
    except (OSError, ValueError, TypeError):
        return None


def check_place(folder: Path, reference: str, *, force: bool) -> None:
    """Raises SfumatoError where a data set's pictures would replace something else."""
    if not folder.exists() and not folder.is_symlink():
        return
    if kind_of(folder) != "pictures":
        raise SfumatoError(f"{folder}: is there already and was not fetched; choose another place.")
    # Whatever somebody else put there.
    own = OwnDirectory(folder, "pictures").own()
    found = (path for path in folder.rglob("*") if not path.is_dir() or path.is_symlink())
    names = (path.relative_to(folder).as_posix() for path in found)
    # What begins with a dot is skipped when folders are listed, and what a killed process left unfinished does too.
    others = sorted(name for name in names if name not in own and not f"/{name}".count("/."))
    if others:
        raise SfumatoError(
            f"{folder}: {others[0]} lies there and was not fetched; move it away, or choose another place."
        )
    origin = read_origin(folder)
    if origin is not None and origin.reference != reference and not force:
        raise SfumatoError(
            f"{folder}: holds the pictures of {origin.reference}; choose another place, or replace them with --force."
        )


class FolderNames:
    """A folder for each class: its name as far as file systems allow it, and a different one for every class."""

    def __init__(self) -> None:
        self._folders: dict[str, str] = {"": ""}
        self._taken = {"metadata.csv", "metadata.jsonl", "__macosx"}  # these are not folders of pictures

    def of(self, category: str) -> str:
        """The folder of a class; '' for none."""
        if category not in self._folders:
            # What begins with a dot is skipped as hidden when folders are listed.
            plain = _UNFIT.sub("_", category)[:80].strip(" .") or "_"
            folder, number = plain, 2
            while folder.casefold() in self._taken:
                folder, number = f"{plain} {number}", number + 1
            self._taken.add(folder.casefold())
            self._folders[category] = folder
        return self._folders[category]
