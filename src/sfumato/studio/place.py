"""Where the studio keeps what is its own."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Self

from sfumato.disk import personal_directory

VARIABLE = "SFUMATO_STUDIO"


@dataclass(frozen=True)
class Place:
    """The studio's directory. Only its owner may read it.

    database: SQLite's file, unless another is named; uploads: what a browser sent, one folder each, until it is
    used; pictures: folders of pictures that were uploaded, which collections are made from and refer to; collections,
    runs, evaluations, reports: one folder each, whose name is its id; works: one folder a job; thumbnails: can be made
    anew.
    """

    path: Path

    @classmethod
    def usual(cls) -> Self:
        """In SFUMATO_STUDIO, or in sfumato/studio of XDG_DATA_HOME, which is ~/.local/share if not set. Raises
        SfumatoError where there is no home."""
        return cls(personal_directory(VARIABLE, "XDG_DATA_HOME", ".local/share", "sfumato/studio", "the studio's data"))

    @property
    def database(self) -> Path:
        return self.path / "studio.sqlite3"

    @property
    def uploads(self) -> Path:
        return self.path / "uploads"

    @property
    def pictures(self) -> Path:
        return self.path / "pictures"

    @property
    def collections(self) -> Path:
        return self.path / "collections"

    @property
    def runs(self) -> Path:
        return self.path / "runs"

    @property
    def evaluations(self) -> Path:
        return self.path / "evaluations"

    @property
    def reports(self) -> Path:
        """Of collections, by their ids."""
        return self.path / "reports"

    @property
    def works(self) -> Path:
        return self.path / "works"

    @property
    def thumbnails(self) -> Path:
        return self.path / "thumbnails"
