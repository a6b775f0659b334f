"""All that a work's own file says of it: how it was asked for, what it is near to, and who signed it."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final, Literal

from pydantic import BaseModel

from sfumato.likeness.recorded import said_of_comparison
from sfumato.provenance.verification import Credentials, credentials_of
from sfumato.studio.server.learned_pictures import LearnedPictures, said_of
from sfumato.text import printable, shortened
from sfumato.works.recipe import Recipe
from sfumato.works.verdict_words import details, sentence

_LONGEST: Final = 4000  # letters of a line, as strangers may have written it
_SHOWN: Final = 2  # neighbours, as many as a comparison names
# What of a request is no plain value.
_PARTS: Final = frozenset({"edit", "palette", "composition", "slerps", "withheld"})


class NearestPicture(BaseModel):
    """A training picture near a work, with its credits. similarity: -1 to 1; picture: its address, where the studio has
    the collection that it belongs to."""

    file: str
    title: str
    creator: str
    licence: str
    year: str
    source: str
    similarity: float | None
    collection: str | None
    sha256: str | None
    picture: str | None


class SaidOfCredentials(BaseModel):
    """What a file's credentials are worth. status: the verdict in a word, see `provenance.verification.Status`, or
    'missing' where the file is gone; sentence: the verdict; signer: whom the certificate names; is_own: whether it is
    one's own; details: what the file says of itself, signed, a line each."""

    status: str
    sentence: str
    signer: str | None
    is_own: bool
    details: list[str]


class Finding(BaseModel):
    """What the comparison with the training pictures came to. found: 'near copy', 'no near copy' or 'not compared'."""

    found: Literal["near copy", "no near copy", "not compared"]
    sentence: str
    nearest: list[NearestPicture]


def credentials_in_words(data: bytes) -> tuple[SaidOfCredentials, Credentials]:
    """The verdict on a file's bytes, in words and as it is."""
    found = credentials_of(data)
    signer = None if found.signer is None else _line(found.signer.name)
    lines = [_line(line) for line in details(found)]
    words = SaidOfCredentials(
        status=found.status, sentence=_line(sentence(found)), signer=signer, is_own=found.is_own, details=lines
    )
    return words, found


def missing_credentials() -> SaidOfCredentials:
    """Of a work whose file is no longer where it was."""
    said = "its file is no longer where it was"
    return SaidOfCredentials(status="missing", sentence=said, signer=None, is_own=False, details=[])


def finding_in(facts: object, learned: LearnedPictures | None) -> Finding:
    """A comparison as credentials record it, with what the studio knows of the pictures beside it.

    facts: as `likeness.finding.comparison` gives them, or whatever a stranger put there; learned: the pictures that the
    model learned from, where they are at hand.
    """
    said = said_of_comparison(facts)
    if not isinstance(facts, Mapping) or not said:
        return Finding(found="not compared", sentence="not compared", nearest=[])
    rows = facts.get("nearest")
    rows = [row for row in rows if isinstance(row, Mapping)][:_SHOWN] if isinstance(rows, list) else []
    known = [said_of(row) if learned is None else learned.beside(row) for row in rows]
    nearest = [NearestPicture.model_validate(_harmless(row)) for row in known]
    return Finding(found=facts["found"], sentence=_line(said), nearest=nearest)


def asked_plainly(recipe: Recipe) -> dict[str, Any]:
    """What was asked for, by plain names (see `Request.of`): of an enlarged work, of the one before. Numbers beyond
    what JavaScript counts exactly are texts."""
    request = recipe.first.request
    plain = request.model_copy(update={"edit": None, "palette": None, "composition": None, "slerps": ()}).plain()
    plain = {name: value for name, value in plain.items() if value not in (None, ()) and name not in _PARTS}
    exact = {name: str(value) for name, value in plain.items() if isinstance(value, int) and value >= 2**53}
    return {**plain, **exact}


def _harmless(row: dict[str, Any]) -> dict[str, Any]:
    return {name: _line(value) if isinstance(value, str) else value for name, value in row.items()}


def _line(text: str) -> str:
    return printable(shortened(text, _LONGEST))
