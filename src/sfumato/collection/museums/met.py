"""The Metropolitan Museum of Art, New York.

Its API as of November 2026 (metmuseum.github.io; clients and issues of metmuseum/openaccess on GitHub):

  GET /public/collection/v1.1/search?hasImages=true&q=...&offset=0&limit=100
      {"total": 812, "objectIDs": [436524, ...]}
  GET /public/collection/v1/objects/436524     the fields below

The search without pages (v1) was switched off in October 2026. It gives works that have the words anywhere in their
record, credit lines and names of former owners included, and some without a picture; so the work's own fields decide.

`isPublicDomain` says whether the work is in the public domain and its pictures are given away: the museum's Open Access
policy, of February 2017, puts these under CC0. `primaryImage` is the whole picture, up to some 4,000 px, and
`primaryImageSmall` the same for the web, which is what is fetched. `objectURL`, `creditLine`, `title`, `objectDate`;
`artistPrefix`, `artistDisplayName` and `artistSuffix` ('Workshop of', 'Rembrandt', ''); `classification`
('Ceramics-Pottery'), or else `department`.

The documentation asks for at most 80 requests a second; in truth some thirty in short time lead to status 403, with a
page of the museum's guard against attacks, for half a minute. One a second stays below that.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Any, Final
from urllib.parse import quote

from sfumato.collection.museums.client import Client, Host
from sfumato.collection.museums.exhibit import Exhibit, address_of, credit_of, part_of, parts_of, text_of, texts_of
from sfumato.collection.museums.museum import Page, ids_of
from sfumato.collection.museums.pace import Rate

NAME: Final = "The Metropolitan Museum of Art"
PER_PAGE: Final = 100
RATE: Final = Rate(1.05)
_MOST_LISTED: Final = 10_000  # no list goes further
_GUARDED: Final = frozenset({403, 429})
_ABOUT: Final = (
    "artistAlphaSort", "objectName", "classification", "department", "medium", "culture", "period", "dynasty", "reign",
    "portfolio", "objectDate", "city", "state", "county", "country", "region", "subregion", "locale", "tags",
)  # fmt: skip


@dataclass(frozen=True)
class Met:
    """See the module."""

    api: str = "https://collectionapi.metmuseum.org"
    images: str = "https://images.metmuseum.org"
    rate: Rate = RATE
    name: str = "the Metropolitan Museum of Art"
    notes: tuple[str, ...] = ()

    @property
    def hosts(self) -> tuple[Host, ...]:
        return tuple(Host(origin, self.rate, throttling=_GUARDED) for origin in (self.api, self.images))

    def page(self, client: Client, question: str, after: int) -> Page:
        found = client.data(
            f"{self.api}/public/collection/v1.1/search", hasImages="true", q=question, offset=after, limit=PER_PAGE
        )
        ids = [(address_of(id), True) for id in parts_of(found, "objectIDs")]
        total, further = part_of(found, "total"), after + PER_PAGE
        is_last = not ids or not isinstance(total, int) or further >= min(total, _MOST_LISTED)
        return Page(ids_of(ids), None if is_last else further)

    def exhibit(self, client: Client, id: str) -> Exhibit:
        return read(client.data(f"{self.api}/public/collection/v1/objects/{quote(id)}"), id)


def read(record: Any, id: str) -> Exhibit:
    """A work by its record."""
    is_open = part_of(record, "isPublicDomain") is True
    whole = address_of(record, "primaryImage")
    makers = (text_of(record, name) for name in ("artistPrefix", "artistDisplayName", "artistSuffix"))
    kind = re.split(r"[|]|-(?=[A-Z])", text_of(record, "classification"))[0].strip()
    return Exhibit(
        id=id,
        licence="CC0-1.0" if is_open else "",
        rights="in the public domain" if is_open else "not in the public domain",
        image=(address_of(record, "primaryImageSmall") or whole) if whole else "",
        title=text_of(record, "title") or text_of(record, "objectName"),
        creator=" ".join(filter(None, makers)) if text_of(record, "artistDisplayName") else "",
        date=text_of(record, "objectDate"),
        page=address_of(record, "objectURL") or f"https://www.metmuseum.org/art/collection/search/{id}",
        credit=credit_of(NAME, text_of(record, "creditLine")),
        category=kind or text_of(record, "department"),
        about=(*texts_of(record, *_ABOUT), *(text_of(each, "name") for each in parts_of(record, "constituents"))),
    )
