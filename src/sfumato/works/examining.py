"""All that a file says of itself, and what this computer knows of it: who signed it, whether it was changed since, and
what made it."""

from __future__ import annotations

import json
import warnings
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from sfumato.errors import SfumatoError
from sfumato.images.decoding import read_picture
from sfumato.images.unusable import UnusableError
from sfumato.provenance.trust import Trust
from sfumato.provenance.verification import Credentials, bytes_of, credentials_of
from sfumato.watermark import read
from sfumato.works.recovery import Recovered, recovered
from sfumato.works.verdict_words import details, recipe_in_words, said_of_mark, said_of_recovery, sentence
from sfumato.works.work import Work, work_in


@dataclass(frozen=True)
class Examination:
    """work: the one that the file is, None for any other file, a damaged one too; mark: the identity of the mark in its
    pixels, None where there is none; saved: the works that were saved on this computer with that mark, where the file's
    own credentials do not name it; fault: why that cannot be known, or ''."""

    credentials: Credentials
    work: Work | None
    mark: str | None
    saved: tuple[Recovered, ...] = ()
    fault: str = ""

    @property
    def sentence(self) -> str:
        """The verdict."""
        return sentence(self.credentials)

    @property
    def is_searched(self) -> bool:
        """Whether the index of saved works was asked for the mark."""
        return self.mark is not None and self.mark != self.credentials.mark

    @property
    def lines(self) -> list[str]:
        """What else there is to say, for people. Strangers may have written it."""
        lines = details(self.credentials)
        if self.work is not None:
            lines.append(f"recipe: {recipe_in_words(self.work.recipe)}")
        if said := said_of_mark(self.mark, self.credentials):
            lines.append(said)
        if self.fault:
            lines.append(f"whether it was saved on this computer is not known: {self.fault}")
        # Of one that bears another's mark besides its own credentials, there is nothing to say if nothing is known.
        elif self.is_searched and (self.saved or self.credentials.signer is None):
            lines += said_of_recovery(self.saved)
        return lines

    @property
    def facts(self) -> dict[str, Any]:
        """The same as JSON has it."""
        facts: dict[str, Any] = {
            "credentials": _plain(self.credentials),
            "recipe": None if self.work is None else self.work.recipe.model_dump(mode="json"),
            "mark": None if self.mark is None else {"identity": self.mark, "signed": self.credentials.mark or None},
        }
        if self.fault:
            facts |= {"saved": None, "saved_error": self.fault}
        elif self.is_searched:
            facts["saved"] = [_facts_of(each) for each in self.saved]
        return facts


def examined(path: Path, trusted: Sequence[Trust] = ()) -> Examination:
    """What there is to say of a file. trusted: whom the person trusts beside themself. Nothing is asked of a network.
    Raises SfumatoError where it, or a key of one's own, cannot be read."""
    data = bytes_of(path)
    credentials, mark = credentials_of(data, trusted), _mark(data)
    found = Examination(credentials, _work(data, path), mark)
    if mark is None or not found.is_searched:
        return found
    try:
        return Examination(credentials, found.work, mark, tuple(recovered(mark, trusted)))
    except SfumatoError as error:
        return Examination(credentials, found.work, mark, fault=str(error))


def _work(data: bytes, path: Path) -> Work | None:
    try:
        return work_in(data, path)
    except SfumatoError:
        return None


def _mark(data: bytes) -> str | None:
    """None for a picture without one, and for all other files."""
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # of what is wrong with a file, its credentials tell
            found = read(read_picture(data, (255, 255, 255)).image)
    except UnusableError:
        return None
    return None if found is None else f"{found.identity:08x}"


def _facts_of(found: Recovered) -> dict[str, Any]:
    return {
        "when": found.saved.when.isoformat(),
        "file": str(found.saved.path),
        "digest": found.saved.digest,
        "unchanged": found.credentials is not None,
        "model": found.saved.model,
        "recipe": None if found.recipe is None else found.recipe.model_dump(mode="json"),
        "credentials": None if found.credentials is None else _plain(found.credentials),
    }


def _plain(credentials: Credentials) -> dict[str, Any]:
    """As JSON has it: moments as text."""
    return json.loads(json.dumps(asdict(credentials), default=str))  # type: ignore[no-any-return]
