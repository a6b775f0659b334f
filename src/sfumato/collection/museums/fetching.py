"""Works from a museum become a folder of pictures, with a folder for each kind of work, and a table of their facts."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import closing, suppress
from datetime import UTC, datetime
from pathlib import Path
from typing import Final

from sfumato.collection.events import Fetched, FetchEvent, Noted, Written
from sfumato.collection.fetched_folder import RECORD, check_place, origin_record, read_origin
from sfumato.collection.museums.client import AnswerError, Client, FailedError, RefusedError
from sfumato.collection.museums.exhibit import Exhibit
from sfumato.collection.museums.journal import Journal, LeftOut
from sfumato.collection.museums.museum import Museum
from sfumato.collection.museums.registry import MUSEUMS
from sfumato.collection.origin import Origin, Reference
from sfumato.collection.storing import writing_to
from sfumato.directory import OwnDirectory
from sfumato.disk import replace_file
from sfumato.errors import SfumatoError
from sfumato.text import counted, printable

USUAL_LIMIT: Final = 200
LICENCE: Final = "CC0-1.0"
_LOOKED_AT: Final = 20  # works for each that is wanted: then a search is too loose
_FAILURES: Final = 5  # one after the other: then something is wrong with the museum
_MOST_NAMED: Final = 3
_AGAIN: Final = "run the same command again later, which goes on from here"

# Why works are left out, to stand after a number of them.
CLOSED: Final = "not given away"
CHANGED: Final = "no longer given away, though the list says so"
UNASKED: Final = "about something else by the museum's own fields"
WITHOUT: Final = "without a picture"
GONE: Final = "without a record"
LOST: Final = "with a picture that is lost"
TWICE: Final = "with the picture of another work"


def fetch_museum(
    reference: Reference,
    folder: Path,
    *,
    limit: int | None = None,
    force: bool = False,
    museum: Museum | None = None,
    client: Client | None = None,
) -> Iterator[FetchEvent]:
    """Fetch up to `limit` works (200 if not said) that the museum gives away, with their pictures, into `folder`.

    What is there of the same question is not asked for again, and where that is enough, nothing is. Where the museum
    cannot be reached, what was fetched before serves. museum, client: others than those of the name, which is for
    tests. Raises SfumatoError.
    """
    wanted = USUAL_LIMIT if limit is None else limit
    if wanted < 1:
        raise SfumatoError(f"--limit {wanted}: is no number of works; give 1 or more.")
    if not reference.name:
        raise SfumatoError(f"{reference} is asked for nothing yet; say what, as in: {reference} --query sunflowers")
    museum = museum or MUSEUMS[reference.host]()
    check_place(folder, str(reference), force=force)
    is_new = not folder.parent.exists()
    try:
        yield from _fetched(reference, OwnDirectory(folder, "pictures"), museum, client, wanted)
    finally:
        if is_new:
            with suppress(OSError):  # there is something in it
                folder.parent.rmdir()


def _fetched(
    reference: Reference, directory: OwnDirectory, museum: Museum, client: Client | None, wanted: int
) -> Iterator[FetchEvent]:
    with writing_to(directory.path), directory.at_work():
        journal = Journal.read(directory, str(reference))
        if _is_wanting(journal, wanted):
            with closing(client or Client(museum.hosts)) as client:
                yield from _Visit(reference, museum, client, journal, wanted).events()
        if not journal.rows:
            if journal.asked:  # else there may be what was fetched of something else
                directory.clear()
            raise SfumatoError(_nothing(reference, museum, journal))
        if journal.settle():
            _record(reference, directory)
        yield from _notes(reference, journal, wanted)
        origin = read_origin(directory.path) or Origin(str(reference), "", LICENCE)
    yield Fetched(directory.path, origin)


def _is_wanting(journal: Journal, wanted: int) -> bool:
    """Whether there are to be more works than there are, and could be."""
    looked_at = len(journal.rows) + len(journal.left_out)
    return len(journal.rows) < wanted and looked_at < _LOOKED_AT * wanted and not journal.is_whole


def _record(reference: Reference, directory: OwnDirectory) -> None:
    """Note what the pictures are of, and that they are of today."""
    day = datetime.now(UTC).date().isoformat()
    replace_file(directory.claim(RECORD), origin_record(Origin(str(reference), day, LICENCE)))


class _Visit:
    """A museum is asked for works until there are enough."""

    def __init__(self, reference: Reference, museum: Museum, client: Client, journal: Journal, wanted: int) -> None:
        self.reference, self.museum, self.client = reference, museum, client
        self.journal, self.wanted = journal, wanted
        self.failed: list[tuple[str, str]] = []  # ids and reasons, of works to be tried again

    def events(self) -> Iterator[FetchEvent]:
        """Raises SfumatoError where the museum gives no answers, and nothing serves in their place."""
        yield from (Noted(f"{self.reference}: {note}") for note in self.museum.notes)
        try:
            yield from self._works()
        except AnswerError as error:
            here, said = counted(len(self.journal.rows), "work"), f"{self.museum.name} {error}"
            if not self.journal.is_settled:
                raise SfumatoError(f"{self.reference}: {said}; {_AGAIN} ({here} of {self.wanted:,} so far).") from error
            yield Noted(f"{self.reference}: {said}; what is here is used ({here})")
            return
        if self.failed and len(self.journal.rows) < self.wanted:
            named = "; ".join(f"work {id} {said}" for id, said in self.failed[:_MOST_NAMED])
            said = (
                f"{self.reference}: {counted(len(self.failed), 'work')} cannot be had now: {printable(named)}; {_AGAIN}"
            )
            if not self.journal.rows:
                raise SfumatoError(f"{said}.")
            yield Noted(said)

    def _works(self) -> Iterator[FetchEvent]:
        """Raises AnswerError where there is no going on."""
        in_a_row = 0
        if self.journal.rows:
            yield Written(len(self.journal.rows), self.wanted)
        for id, is_open in self._candidates():
            if not _is_wanting(self.journal, self.wanted):
                return
            try:
                left_out = self._left_out(id, is_open)
            except FailedError as error:
                if error.is_lasting:
                    raise
                # What failed before may do so for ever, and the others are to come all the same.
                in_a_row += id not in self.journal.failed
                self.failed.append((id, str(error)))
                self.journal.note_failure(id)
                if in_a_row >= _FAILURES:
                    raise
                continue
            in_a_row = 0
            if left_out is not None:
                self.journal.leave_out(left_out)
            else:
                yield Written(len(self.journal.rows), self.wanted)

    def _candidates(self) -> Iterator[tuple[str, bool]]:
        """Works of the museum's list, of which another part is asked for when the known ones are through; and at last
        those that could not be had before."""
        directory = self.journal.directory
        if self.journal.asked and read_origin(directory.path) is None:
            _record(self.reference, directory)
        before = set(self.journal.failed)
        yield from ((id, is_open) for id, is_open in self.journal.undecided() if id not in before)
        while self.journal.after is not None:
            page = self.museum.page(self.client, self.reference.name, self.journal.after)
            known = set(self.journal.listed)
            if not page.ids and not self.journal.asked:
                return
            if not self.journal.asked:
                self.journal.begin(str(self.reference))
                _record(self.reference, directory)
            self.journal.add_page(page)
            # A list that changed meanwhile may give a work twice.
            yield from ((id, is_open) for id, is_open in dict(page.ids).items() if id not in known)
        yield from ((id, is_open) for id, is_open in self.journal.undecided() if id in before)

    def _left_out(self, id: str, is_open: bool) -> LeftOut | None:
        """Fetch a work; or why that is not done. Raises FailedError where it may be done another time."""
        if not is_open:
            return LeftOut(id, CLOSED, "by the list")
        try:
            work = self.museum.exhibit(self.client, id)
        except RefusedError as error:
            if error.is_gone:
                return LeftOut(id, GONE, f"it {error}")
            if error.status == 401:  # it is not this work that is refused
                raise FailedError(str(error), is_lasting=True) from error
            raise FailedError(f"has a record that {error}") from error
        if (refused := self._refused(work)) is not None:
            return refused
        try:
            data = self.client.picture(work.image)
        except RefusedError as error:
            if error.is_gone:
                return LeftOut(id, LOST, f"it {error}", work.page, work.image)
            raise FailedError(f"has a picture that {error}") from error
        if file := self.journal.file_of(data):
            return LeftOut(id, TWICE, file, work.page, work.image)
        self.journal.keep(self.reference.host, work, data)
        return None

    def _refused(self, work: Exhibit) -> LeftOut | None:
        """Why a work's picture is not even asked for."""
        if not work.licence:
            # The Met's list says nothing of licences; the others' were asked for what is given away.
            kind = CLOSED if self.reference.host == "met" else CHANGED
            return LeftOut(work.id, kind, work.rights, work.page)
        if not work.image:
            return LeftOut(work.id, WITHOUT, "", work.page)
        if not work.answers(self.reference.name):
            return LeftOut(work.id, UNASKED, work.title, work.page)
        if self.journal.has_asked(work.image):
            return LeftOut(work.id, TWICE, work.image, work.page)
        return None


def _notes(reference: Reference, journal: Journal, wanted: int) -> Iterator[Noted]:
    """What of the list is not here, by reasons."""
    looked_at = len(journal.rows) + len(journal.left_out)
    if len(journal.rows) > wanted:
        yield Noted(f"{reference}: {counted(len(journal.rows), 'work')} are here already, and all of them are used")
    elif len(journal.rows) < wanted and looked_at >= _LOOKED_AT * wanted:
        seen = counted(looked_at, "work")
        yield Noted(f"{reference}: {seen} of the list were looked at, and few fit; a closer question finds more")
    if journal.left_out:
        said = ", ".join(f"{len(works):,} {kind}{_named(kind, works)}" for kind, works in journal.counts().items())
        yield Noted(f"{reference}: {counted(len(journal.left_out), 'work')} of the list left out: {said}")


def _named(kind: str, works: list[LeftOut]) -> str:
    """The first of those that a person may want to look at: what they are, or where they are seen."""
    if kind not in (CHANGED, UNASKED):
        return ""
    named = [f"{work.page}: {work.reason}" if kind == CHANGED else f"'{work.reason}'" for work in works[:_MOST_NAMED]]
    more = [f"{len(works) - _MOST_NAMED:,} more"] if len(works) > _MOST_NAMED else []
    return f" ({printable('; '.join([*named, *more]))})"


def _nothing(reference: Reference, museum: Museum, journal: Journal) -> str:
    if not journal.listed:
        return f"{reference}: {museum.name} finds no work that fits; ask in other words, in English."
    reasons = ", ".join(f"{len(works):,} {kind}" for kind, works in journal.counts().items())
    found = counted(len(journal.left_out), "work")
    return f"{reference}: {museum.name} finds {found}, and none is left ({reasons}); ask in other words."
