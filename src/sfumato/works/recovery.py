"""The credentials of a picture that has lost them, found again by the mark in its pixels."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

from sfumato.errors import SfumatoError
from sfumato.provenance.trust import Trust
from sfumato.provenance.verification import Credentials, credentials_of
from sfumato.works.recipe import Recipe
from sfumato.works.saved import SavedWork, with_mark

MOST: Final = 10  # that are looked at, as the same recipe may have been saved over and over


@dataclass(frozen=True)
class Recovered:
    """A work that was saved on this computer with a mark. credentials: of its file, None where that no longer lies
    there as it was saved; recipe: None where it was saved without one."""

    saved: SavedWork
    credentials: Credentials | None
    recipe: Recipe | None


def recovered(identity: str, trusted: Sequence[Trust] = ()) -> list[Recovered]:
    """The works that were saved with a mark: those whose files still lie there first, the newest before the others.

    identity: the mark's 32 bits, hexadecimal; trusted: whom the person trusts beside themself. That a picture bears the
    mark does not prove that it is one of them. Raises SfumatoError for an index, and a key, that cannot be read.
    """
    found = [_recovered(saved, trusted) for saved in with_mark(identity)[:MOST]]
    return sorted(found, key=lambda each: each.credentials is None)


def _recovered(saved: SavedWork, trusted: Sequence[Trust]) -> Recovered:
    data = saved.unchanged()
    try:
        recipe = None if saved.recipe is None else Recipe.from_json(saved.recipe)
    except SfumatoError:  # of another version
        recipe = None
    return Recovered(saved, None if data is None else credentials_of(data, trusted), recipe)
