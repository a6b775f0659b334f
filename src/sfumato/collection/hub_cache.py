"""Which files on this machine came with a data set: those that the Hub's client keeps of it, and no others."""

from __future__ import annotations

import os
from collections.abc import Sequence
from pathlib import Path
from typing import Final, Self

from sfumato.collection.archive import Archive
from sfumato.collection.reading import BYTE_LIMIT
from sfumato.collection.unusable import UnusableError
from sfumato.disk import read_file
from sfumato.errors import SfumatoError

_IN_ZIP: Final = "zip://"  # the client's way to write a file in a zip: zip://sea/1.png::/home/me/.cache/.../art.zip


class CachedFiles:
    """The files of one data set in the client's cache.

    A table may name any file of the machine in place of a picture's bytes; who publishes it decides which.
    """

    def __init__(self, folders: Sequence[Path] = (), homes: Sequence[Path] = ()) -> None:
        """folders: where a file of the data set's may be named; homes: where it may then really lie, links followed."""
        self._folders, self._homes = tuple(folders), tuple(homes)
        self._archives: dict[str, Archive] = {}

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
        for archive in self._archives.values():
            archive.close()
        self._archives.clear()

    def _member(self, name: str, path: str) -> bytes | None:
        if not self.has(path):
            return None
        if path not in self._archives:
            self._archives[path] = Archive(Path(path))
        archive = self._archives[path]
        return archive.read(name) if name in archive.members else None
