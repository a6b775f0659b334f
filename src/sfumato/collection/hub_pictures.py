"""The pictures of a table are written out: one file each, in a folder of its class, and a metadata.csv."""

from __future__ import annotations

import csv
import os
from collections.abc import Iterator, Sequence
from contextlib import closing
from pathlib import Path
from typing import Any, Final, Self

from sfumato.collection.archive import Archives
from sfumato.collection.classes import split_named
from sfumato.collection.events import FetchEvent, Noted, Written
from sfumato.collection.fetched_folder import RECORD, FolderNames, origin_record
from sfumato.collection.hub_columns import Columns
from sfumato.collection.origin import Origin
from sfumato.collection.storing import writing_to
from sfumato.collection.tables import TEXTS
from sfumato.directory import OwnDirectory
from sfumato.disk import read_file
from sfumato.errors import SfumatoError
from sfumato.images.files import BYTE_LIMIT, HEAD_BYTES, picture_format
from sfumato.images.unusable import UnusableError
from sfumato.text import counted


def write_pictures(
    loaded: Any, rows: int, columns: Columns, folder: Path, origin: Origin, cached: CachedFiles
) -> Iterator[FetchEvent]:
    """Write each picture's own bytes as `<class>/<number>.<ext>`, one row of the table at a time.

    loaded: the client's splits by name, with `rows` rows in all; cached: the files that came with them. A row that
    names any other file has no picture. An earlier revision's pictures stay until all of these are written. Raises
    SfumatoError.
    """
    directory = OwnDirectory(folder, "pictures")
    with writing_to(folder), closing(cached), directory.at_work(), directory.staged() as stage:
        yield from _written(loaded, rows, columns, stage, origin, cached)
        files = sorted(path.relative_to(stage).as_posix() for path in stage.rglob("*") if path.is_file())
        directory.remove([RECORD, *(directory.own() - set(files))])
        directory.settle(stage, [*(file for file in files if file != RECORD), RECORD])


def _written(
    loaded: Any, rows: int, columns: Columns, stage: Path, origin: Origin, cached: CachedFiles
) -> Iterator[FetchEvent]:
    """Write everything into a directory that is not the final one. Raises SfumatoError where there is no picture."""
    missing = foreign = 0
    with (stage / "metadata.csv").open("w", encoding="utf-8", newline="") as table:
        writer = csv.writer(table)
        writer.writerow(("file_name", "split", *TEXTS, *columns.rights))
        names = FolderNames()
        for number, (split, row) in enumerate(_rows(loaded, columns)):
            picture = row[columns.picture] or {}
            data, path = picture.get("bytes"), picture.get("path")
            if data is None and path:  # the table points into the client's cache
                data = cached.read(path)
            if data is None:
                missing += 1
                foreign += bool(path)
                continue
            file = _write(stage, names.of(columns.category_of(row)), number, data)
            known = columns.texts_of(row)
            texts = (known.get(name, "") for name in TEXTS)
            writer.writerow((file, split_named(split) or split, *texts, *columns.rights_of(row)))
            yield Written(number + 1, rows)
    if missing == rows:
        raise SfumatoError(
            f"{origin.reference}: {counted(rows, 'row')}, and none holds a picture{_named_only(foreign)}; "
            "give another data set."
        )
    (stage / RECORD).write_bytes(origin_record(origin))
    if missing:
        hold = "holds" if missing == 1 else "hold"
        said = f"{missing:,} of {counted(rows, 'row')} {hold} no picture"
        yield Noted(f"{origin.reference}: {said}{_named_only(foreign)}")


def _write(stage: Path, category: str, number: int, data: bytes) -> str:
    """Write one picture and return its name relative to the folder. Its first bytes decide its suffix, not a name."""
    extension = (picture_format(data[:HEAD_BYTES]) or "bin").lower().replace("jpeg", "jpg")
    file = f"{category}/{number:07}.{extension}".lstrip("/")
    (stage / category).mkdir(exist_ok=True)
    (stage / file).write_bytes(data)
    return file


def _rows(loaded: Any, columns: Columns) -> Iterator[tuple[str, dict[str, Any]]]:
    from datasets import Image

    for split, part in loaded.items():
        # Not decoded, a picture is what its owner put there, byte for byte.
        chosen = part.select_columns(columns.used).cast_column(columns.picture, Image(decode=False))
        for row in chosen:
            yield split, row


def _named_only(count: int) -> str:
    return f", {count:,} of them but the name of a file that did not come with the data set" if count else ""


_IN_ZIP: Final = "zip://"  # the client's way to write a file in a zip: zip://sea/1.png::/home/me/.cache/.../art.zip


class CachedFiles:
    """The files of one data set in the client's cache.

    A table may name any file of the machine in place of a picture's bytes; who publishes it decides which.
    """

    def __init__(self, folders: Sequence[Path] = (), homes: Sequence[Path] = ()) -> None:
        """folders: where a file of the data set's may be named; homes: where it may then really lie, links followed."""
        self._folders, self._homes = tuple(folders), tuple(homes)
        self._archives = Archives()

    @classmethod
    def of(cls, name: str, commit: str) -> Self:
        """Of 'owner/name' at a commit ('' for any): its snapshot, and what the client unpacked of that."""
        from datasets import config
        from datasets.utils.file_utils import hash_url_to_filename
        from huggingface_hub import constants

        repository = Path(constants.HF_HUB_CACHE).absolute() / f"datasets--{name.replace('/', '--')}"
        snapshot = repository / "snapshots" / commit
        archives = [Path(root, file) for root, _, files in os.walk(snapshot) for file in files]
        unpacked = [Path(config.EXTRACTED_DATASETS_PATH) / hash_url_to_filename(str(path)) for path in archives]
        return cls((snapshot, *unpacked), (repository, *unpacked))

    def read(self, path: str) -> bytes | None:
        """The content of a file of the data set's, in a zip or not; None for any other, and one that cannot be read."""
        inner, divided, outer = path.partition("::")
        try:
            if divided and inner.startswith(_IN_ZIP):
                return self._member(inner.removeprefix(_IN_ZIP), outer)
            return read_file(Path(path), BYTE_LIMIT) if self.has(path) else None
        except (OSError, SfumatoError, UnusableError):
            return None

    def has(self, path: str) -> bool:
        """Whether a file of that path, be it there or not, belongs to the data set."""
        named = Path(path)
        if ".." in named.parts or not any(named.is_relative_to(folder) for folder in self._folders):
            return False
        try:
            real = os.path.realpath(named)
        except (OSError, ValueError):
            return False
        return any(Path(real).is_relative_to(os.path.realpath(home)) for home in self._homes)

    def close(self) -> None:
        """Close the zips that were read from."""
        self._archives.close()

    def _member(self, name: str, path: str) -> bytes | None:
        if not self.has(path):
            return None
        archive = self._archives[Path(path)]
        return archive.read(name) if name in archive.members else None
