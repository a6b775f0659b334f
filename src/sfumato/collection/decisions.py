"""What a person has decided of single pictures of a collection: what is true of them, which are taken out, and which of
two that are the same, or nearly, is kept.

It lies in the collection's directory, apart from what is found in the pictures' folder, which is found again at any
time: these decisions are nowhere else.
"""

from __future__ import annotations

import datetime
import hashlib
import json
import re
from collections.abc import Container, Iterable, Mapping
from dataclasses import asdict, dataclass, replace
from functools import cached_property
from pathlib import Path
from typing import Any, Final, Self

from sfumato.collection.facts import EDIT, Facts, names_creator
from sfumato.disk import flush_directory, read_file, replace_file
from sfumato.errors import SfumatoError
from sfumato.provenance.statements import CREATOR, FACTS, Statement
from sfumato.text import encoded, readable

FILE: Final = "decisions.jsonl"
CLASS: Final = "class"  # what can be edited besides the facts: a class is stated by folders and tables, never by a file
EDITABLE: Final = (*FACTS, CLASS)
_MOST_BYTES: Final = 1 << 30
_DIGEST: Final = re.compile("[0-9a-f]{64}")


@dataclass(frozen=True, slots=True)
class Edit:
    """sha256: of the picture's file, file: its name then; fields: what is true of it, by the names of the facts and
    'class', '' for what is not known; when: the day, in UTC."""

    sha256: str
    file: str
    fields: Mapping[str, str]
    when: str = ""

    @property
    def statements(self) -> list[Statement]:
        """What is stated by it, '' included, which no other statement may take the place of."""
        return [Statement(about, self.fields[about], EDIT) for about in FACTS if about in self.fields]


@dataclass(frozen=True, slots=True)
class Removal:
    """creator: whose pictures are all taken out, '' where it is one picture, of this sha256; file: its name then; when:
    the day, in UTC."""

    creator: str = ""
    sha256: str = ""
    file: str = ""
    when: str = ""


@dataclass(frozen=True, slots=True)
class Keep:
    """Which picture of a pair is kept. sha256, file: that one; over, over_file: the other, which is left out for it, or
    kept too where `both`. Where both digests are equal, the files have one content, and only the name is chosen."""

    sha256: str
    over: str
    file: str = ""
    over_file: str = ""
    both: bool = False
    when: str = ""

    @property
    def pair(self) -> frozenset[str]:
        """The two digests; one where the content is the same."""
        return frozenset((self.sha256, self.over))

    @property
    def is_of_names(self) -> bool:
        """Whether the files have one content."""
        return self.sha256 == self.over


@dataclass(frozen=True)
class Decisions:
    """edits: one a picture; removals: in the order in which they were made; keeps: one a pair."""

    edits: tuple[Edit, ...] = ()
    removals: tuple[Removal, ...] = ()
    keeps: tuple[Keep, ...] = ()

    @classmethod
    def read(cls, collection: Path) -> Self:
        """Those of the collection in a directory, none where there are none yet. Raises SfumatoError for a damaged
        file, which is not passed over: nothing else has what stands in it."""
        path = collection / FILE
        try:
            data = read_file(path, _MOST_BYTES)
        except (FileNotFoundError, NotADirectoryError):
            return cls()
        except OSError as error:
            raise SfumatoError(f"{path}: cannot be read ({error.strerror}); make it readable") from error
        edits: list[Edit] = []
        removals: list[Removal] = []
        keeps: list[Keep] = []
        for number, line in enumerate(data.split(b"\n"), start=1):
            if not line.strip():
                continue
            try:
                found = _decision(json.loads(line))
            except (ValueError, TypeError, KeyError, RecursionError) as error:
                raise SfumatoError(
                    f"{path}: line {number} is damaged; it says what was edited or taken out, so put the file back "
                    "from a copy, or take the line out"
                ) from error
            if isinstance(found, Edit):
                edits.append(found)
            elif isinstance(found, Removal):
                removals.append(found)
            else:
                keeps.append(found)
        return cls(tuple(edits), tuple(removals), tuple(keeps))

    def write(self, collection: Path) -> None:
        """Write them into a collection's directory, whole or not at all. Raises OSError."""
        lines = [
            *({"edit": asdict(each)} for each in self.edits),
            *({"remove": asdict(each)} for each in self.removals),
            *({"keep": asdict(each)} for each in self.keeps),
        ]
        replace_file(collection / FILE, encoded("".join(f"{json.dumps(line)}\n" for line in lines)))
        flush_directory(collection)

    def with_edits(self, edits: Iterable[Edit]) -> Self:
        """With these besides: of the same fact of a picture the later one counts."""
        by_digest = {each.sha256: each for each in self.edits}
        for edit in edits:
            before = by_digest.get(edit.sha256)
            fields = {**(before.fields if before is not None else {}), **edit.fields}
            by_digest[edit.sha256] = replace(edit, fields=fields, when=edit.when or today())
        return replace(self, edits=tuple(by_digest.values()))

    def without_edits(self, digests: Iterable[str], only: Container[str] = EDITABLE) -> Self:
        """Without those of pictures with these contents, or without what they say of some facts."""
        contents = set(digests)
        edits = []
        for edit in self.edits:
            kept = {about: text for about, text in edit.fields.items() if about not in only}
            if edit.sha256 not in contents:
                edits.append(edit)
            elif kept:
                edits.append(replace(edit, fields=kept))
        return replace(self, edits=tuple(edits))

    def with_removals(self, removals: Iterable[Removal]) -> Self:
        """With these besides, each once."""
        known = {(each.creator, each.sha256) for each in self.removals}
        new = [each for each in removals if (each.creator, each.sha256) not in known]
        return replace(self, removals=(*self.removals, *(replace(each, when=each.when or today()) for each in new)))

    def without_removals(self, creators: Iterable[str], digests: Iterable[str]) -> Self:
        """Without those of these creators and pictures."""
        names, contents = set(creators), set(digests)
        kept = [each for each in self.removals if each.creator not in names and each.sha256 not in contents]
        return replace(self, removals=tuple(kept))

    def with_keeps(self, keeps: Iterable[Keep]) -> Self:
        """With these besides. Of one pair the later one counts, and a picture that is kept over another is not left out
        for a third any more."""
        decided = list(self.keeps)
        for keep in keeps:
            decided = [each for each in decided if each.pair != keep.pair and not _is_against(each, keep)]
            decided.append(replace(keep, when=keep.when or today()))
        return replace(self, keeps=tuple(decided))

    def kept_instead(self, sha256: str, there: Container[str]) -> str:
        """The digest of the picture for which one is left out; '' where it is not left out for another. there: the
        digests of all pictures that could be in the collection: what was to be kept instead may be gone, and then what
        that one was left out for counts, or nothing."""
        found, passed = "", {sha256}
        instead = self._left_for.get(sha256)
        while instead is not None:
            if instead in passed:
                return ""  # a file that was written by hand may lead in a circle
            found = found or (instead if instead in there else "")
            passed.add(instead)
            instead = self._left_for.get(instead)
        return found

    @cached_property
    def names(self) -> dict[str, str]:
        """The file that is kept of several with one content, as `readable` has it, by that one's digest."""
        return {each.sha256: readable(each.file) for each in self.keeps if each.is_of_names}

    @cached_property
    def classes(self) -> dict[str, str]:
        """The classes that were edited, '' for none, by the digests of the pictures."""
        return {each.sha256: each.fields[CLASS] for each in self.edits if CLASS in each.fields}

    def removal_of(self, sha256: str, facts: Facts) -> Removal | None:
        """By which a picture is taken out; None where it is not. facts: what is known of it."""
        if (found := self._removed.get(sha256)) is not None:
            return found
        if not self._creators:
            return None
        names = [each.text for each in facts.conflicts if each.about == CREATOR]
        if CREATOR in facts.known:
            names.append(facts.known[CREATOR].value)
        return next((each for each in self._creators if any(names_creator(name, each.creator) for name in names)), None)

    def edit_of(self, sha256: str) -> Edit | None:
        """That of the picture with this content, None for none."""
        return self._edited.get(sha256)

    @cached_property
    def digest(self) -> str:
        """SHA-256 in hex, equal for equal decisions; '' where nothing was decided."""
        said = [*map(asdict, self.edits), *map(asdict, self.removals), *map(asdict, self.keeps)]
        return hashlib.sha256(json.dumps(said, sort_keys=True).encode()).hexdigest() if said else ""

    @cached_property
    def _edited(self) -> dict[str, Edit]:
        return {each.sha256: each for each in self.edits}

    @cached_property
    def _removed(self) -> dict[str, Removal]:
        return {each.sha256: each for each in self.removals if each.sha256}

    @cached_property
    def _left_for(self) -> dict[str, str]:
        return {each.over: each.sha256 for each in self.keeps if not (each.both or each.is_of_names)}

    @cached_property
    def _creators(self) -> list[Removal]:
        return [each for each in self.removals if each.creator]


def today() -> str:
    """The day, as '2026-11-29', in UTC."""
    return datetime.datetime.now(datetime.UTC).date().isoformat()


def _is_against(before: Keep, keep: Keep) -> bool:
    """Whether what was decided before says something else of who is left out, and for whom."""
    if before.is_of_names or keep.is_of_names or before.both or keep.both:
        return False
    return before.over in keep.pair


def _decision(line: Any) -> Edit | Removal | Keep:
    """Raises ValueError, TypeError or KeyError for what is none."""
    if set(line) == {"edit"}:
        edit = Edit(**line["edit"])
        if not edit.fields.keys() <= set(EDITABLE) or not all(isinstance(text, str) for text in edit.fields.values()):
            raise ValueError("it edits what nobody knows")
        found: Edit | Removal | Keep = edit
    elif set(line) == {"remove"}:
        found = Removal(**line["remove"])
    elif set(line) == {"keep"}:
        found = Keep(**line["keep"])
        if not _DIGEST.fullmatch(found.over) or not isinstance(found.both, bool) or (found.both and found.is_of_names):
            raise ValueError("it chooses between what are no two pictures")
    else:
        raise ValueError("it is no decision")
    if not all(
        isinstance(getattr(found, name, ""), str) for name in ("creator", "sha256", "file", "over_file", "when")
    ):
        raise TypeError("its parts are no texts")
    is_creator = isinstance(found, Removal) and found.creator and not found.sha256
    if not is_creator and not _DIGEST.fullmatch(found.sha256):
        raise ValueError("it names no picture")
    return found
