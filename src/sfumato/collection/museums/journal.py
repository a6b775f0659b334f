"""What was asked of a museum and what came of it, line by line, so that nothing has to be asked twice.

The journal lies beside the pictures. Its lines are: what was asked for; parts of the museum's list; a work whose
picture is about to get its place; a work that is left out. A picture is on the disk whole, under the name that its line
gives, or it is fetched again.
"""

from __future__ import annotations

import contextlib
import hashlib
import json
import re
from collections import Counter
from collections.abc import Iterator
from dataclasses import asdict, dataclass, field
from typing import Any, Final, Self

from sfumato.collection.fetched_folder import FolderNames
from sfumato.collection.museums.exhibit import Exhibit
from sfumato.collection.museums.museum import Page
from sfumato.directory import OwnDirectory
from sfumato.disk import flush_file, read_file, replace_file
from sfumato.images.files import HEAD_BYTES, picture_format

NAME: Final = ".journal.jsonl"
TABLE: Final = "metadata.jsonl"
FORMAT: Final = 1
_MOST_BYTES: Final = 1024**3


@dataclass(frozen=True, slots=True)
class LeftOut:
    """A work of which there is no picture here. kind: to count by, `reason` to go with it; page: where it is seen;
    image: the address that was asked for its picture, if one was."""

    id: str
    kind: str
    reason: str = ""
    page: str = ""
    image: str = ""


@dataclass
class Journal:
    """asked: what was asked for, as a reference ('met:sunflowers'); '' where nothing was. listed: ids by the museum's
    list, with what that says of their licence; after: what asks for its next part, None where it was given whole; rows:
    the lines of the table by id, of works whose pictures are here; left_out: of those that are not to be, by id;
    failed: ids of works that could not be had at some time."""

    directory: OwnDirectory
    asked: str = ""
    listed: dict[str, bool] = field(default_factory=dict)
    after: int | None = 0
    rows: dict[str, dict[str, str]] = field(default_factory=dict)
    left_out: dict[str, LeftOut] = field(default_factory=dict)
    failed: set[str] = field(default_factory=set)
    _files: dict[str, str] = field(default_factory=dict)  # names by digest
    _images: set[str] = field(default_factory=set)
    _taken: set[str] = field(default_factory=set)  # names of files, in small letters
    _folders: FolderNames = field(default_factory=FolderNames)

    @classmethod
    def read(cls, directory: OwnDirectory, reference: str) -> Self:
        """The journal of what was asked for; an empty one where it was not, or something else was."""
        journal, own = cls(directory), directory.own()
        with contextlib.suppress(OSError):
            for line in read_file(directory.path / NAME, _MOST_BYTES).splitlines():
                with contextlib.suppress(ValueError, KeyError, TypeError, RecursionError):  # half written
                    journal._take(json.loads(line), own)
        return journal if journal.asked == reference else cls(directory)

    def _take(self, line: dict[str, Any], own: set[str]) -> None:
        match line:
            case {"format": int(number), "asked": str(asked)} if number == FORMAT:
                self.asked = asked
            case {"listed": list(ids), "after": int() | None as after}:
                self.listed |= {str(id): bool(is_open) for id, is_open in ids}
                self.after = after
            case {"failed": str(id)}:
                self.failed.add(id)
            case {"left_out": dict(work)}:
                self._leave_out(LeftOut(**work))
            case {"id": str(id), "class": str(category), "digest": str(digest), "bytes": int(size), "row": dict(row)}:
                self._folders.of(category)  # folders have the same names again
                name = str(row["file_name"])
                file = self.directory.path / name
                if name in own and file.is_file() and file.stat().st_size == size:
                    self._keep(id, digest, str(line.get("image")), row)

    def begin(self, reference: str) -> None:
        """Forget what lies here of anything else. Call it before anything is added, with the directory at work."""
        if self.asked:
            return
        self.directory.clear()
        self.asked = reference
        self._add({"format": FORMAT, "asked": reference})

    def add_page(self, page: Page) -> None:
        """Note a part of the museum's list."""
        self._add({"listed": page.ids, "after": page.after})
        self.listed |= dict(page.ids)
        self.after = page.after

    def leave_out(self, work: LeftOut) -> None:
        """Note that a work is not to be here."""
        self._add({"left_out": asdict(work)})
        self._leave_out(work)

    def _leave_out(self, work: LeftOut) -> None:
        self.left_out[work.id] = work
        self._images.add(work.image)

    def note_failure(self, id: str) -> None:
        """Note that a work could not be had, once."""
        if id not in self.failed:
            self._add({"failed": id})
            self.failed.add(id)

    def has_asked(self, address: str) -> bool:
        """Whether the picture of this address was asked for: it is here, or is not to be."""
        return address in self._images

    def file_of(self, data: bytes) -> str:
        """The name of the picture here that has this content; '' where there is none."""
        return self._files.get(hashlib.sha256(data).hexdigest(), "")

    def keep(self, museum: str, work: Exhibit, data: bytes) -> None:
        """Write a work's picture. museum: 'met', with which its file's name begins."""
        suffix = (picture_format(data[:HEAD_BYTES]) or "bin").lower().replace("jpeg", "jpg")
        name = f"{museum}-{re.sub(r'[^A-Za-z0-9._-]', '-', work.id)[:100]}"
        file = f"{self._folders.of(work.category)}/{name}.{suffix}".lstrip("/")
        if file.casefold() in self._taken:
            name = f"{name}-{hashlib.sha256(work.id.encode()).hexdigest()[:8]}"
            file = f"{self._folders.of(work.category)}/{name}.{suffix}".lstrip("/")
        row = {
            "file_name": file,
            "title": work.title,
            "creator": work.creator,
            "year": work.date,
            "source": work.page,
            "licence": work.licence,
            "credit": work.credit,
        }
        digest = hashlib.sha256(data).hexdigest()
        place = self.directory.claim(file)
        line = {"id": work.id, "class": work.category, "digest": digest, "bytes": len(data), "image": work.image}
        self._add({**line, "row": row})
        self.directory.flush()
        place.parent.mkdir(exist_ok=True)
        replace_file(place, data)
        self._keep(work.id, digest, work.image, row)

    def _keep(self, id: str, digest: str, image: str, row: dict[str, str]) -> None:
        self.rows[id] = row
        self._files[digest] = row["file_name"]
        self._taken.add(row["file_name"].casefold())
        self._images.add(image)

    def undecided(self) -> Iterator[tuple[str, bool]]:
        """The works of the list, as far as it is known, of which it is not said yet whether they are to be here."""
        return ((id, open) for id, open in list(self.listed.items()) if id not in self.rows and id not in self.left_out)

    @property
    def is_whole(self) -> bool:
        """Whether the museum has no more than what is here."""
        return self.after is None and next(self.undecided(), None) is None

    @property
    def is_settled(self) -> bool:
        """Whether a fetch of this came to its end once."""
        return bool(self.rows) and (self.directory.path / TABLE).is_file()

    def settle(self) -> bool:
        """Write the table of the pictures; False where it is there already."""
        data = "".join(f"{json.dumps(row)}\n" for row in self.rows.values()).encode("ascii")
        place = self.directory.claim(TABLE)
        with contextlib.suppress(OSError):
            if read_file(place, _MOST_BYTES) == data:
                return False
        replace_file(place, data)
        return True

    def counts(self) -> dict[str, list[LeftOut]]:
        """Those left out by their kinds, the commonest first."""
        works = self.left_out.values()
        kinds = Counter(work.kind for work in works)
        return {kind: [work for work in works if work.kind == kind] for kind, _ in kinds.most_common()}

    def _add(self, line: dict[str, Any]) -> None:
        """Append a line and wait until it is on the disk."""
        data = json.dumps(line).encode("ascii") + b"\n"
        with self.directory.claim(NAME).open("ab+") as file:
            if size := file.seek(0, 2):
                file.seek(size - 1)
                if file.read(1) != b"\n":
                    data = b"\n" + data  # ends what a dying process left half written
            file.write(data)
            flush_file(file)
