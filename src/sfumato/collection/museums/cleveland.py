"""The Cleveland Museum of Art.

Its API as of November 2026 (openaccess-api.clevelandart.org; ClevelandMuseumArt/openaccess on GitHub):

  GET /api/artworks/?q=...&cc0=1&has_image=1&fields=id,share_license_status&limit=100&skip=0
      {"info": {"total": 34911, ...}, "data": [{"id": 130707, "share_license_status": "CC0"}, ...]}
  GET /api/artworks/130707     {"data": {the fields below}}

`share_license_status` is 'CC0' for what the museum gives away, 'Copyrighted' for others. `images.web` has a picture of
some 1,200 px, which is fetched, `print` one of 3,400 px, `full` a TIFF. `url` is the work's page; `creditline`,
`title`, `creation_date`; `creators`, each with `description` ('Claude Monet (French, 1840-1926)'), `qualifier`
('workshop of') and `role`; `type` ('Painting'), or else `department`.

No limit of requests is stated; one a second is made.
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

NAME: Final = "The Cleveland Museum of Art"
PER_PAGE: Final = 100
RATE: Final = Rate(1.05)
OPEN: Final = "CC0"
_ABOUT: Final = (
    "culture", "technique", "support_materials", "department", "collection", "type", "creation_date", "series",
    "find_spot", "artists_tags",
)  # fmt: skip
_LIFE: Final = re.compile(r"\s*\([^()]*\)\s*$")


@dataclass(frozen=True)
class Cleveland:
    """See the module."""

    api: str = "https://openaccess-api.clevelandart.org"
    images: str = "https://openaccess-cdn.clevelandart.org"
    rate: Rate = RATE
    name: str = "the Cleveland Museum of Art"
    notes: tuple[str, ...] = ()

    @property
    def hosts(self) -> tuple[Host, ...]:
        return tuple(Host(origin, self.rate) for origin in (self.api, self.images))

    def page(self, client: Client, question: str, after: int) -> Page:
        found = client.data(
            f"{self.api}/api/artworks/",
            q=question,
            cc0=1,
            has_image=1,
            fields="id,share_license_status",
            limit=PER_PAGE,
            skip=after,
        )
        rows = parts_of(found, "data")
        ids = [(address_of(row, "id"), text_of(row, "share_license_status") == OPEN) for row in rows]
        total, further = part_of(found, "info", "total"), after + PER_PAGE
        is_last = not rows or not isinstance(total, int) or further >= total
        return Page(ids_of(ids), None if is_last else further)

    def exhibit(self, client: Client, id: str) -> Exhibit:
        return read(client.data(f"{self.api}/api/artworks/{quote(id)}"), id)


def read(answer: Any, id: str) -> Exhibit:
    """A work by its record."""
    record = part_of(answer, "data")
    status = text_of(record, "share_license_status")
    sizes = (address_of(record, "images", size, "url") for size in ("web", "print"))
    makers = parts_of(record, "creators")
    return Exhibit(
        id=id,
        licence="CC0-1.0" if status == OPEN else "",
        rights=status or "not stated",
        image=next(filter(None, sizes), ""),
        title=text_of(record, "title"),
        creator=_creator(makers),
        date=text_of(record, "creation_date"),
        page=address_of(record, "url") or f"https://www.clevelandart.org/art/{text_of(record, 'accession_number')}",
        credit=credit_of(NAME, text_of(record, "creditline")),
        category=text_of(record, "type") or text_of(record, "department"),
        about=(*texts_of(record, *_ABOUT), *(text_of(maker, "description") for maker in makers)),
    )


def _creator(makers: list[Any]) -> str:
    """The first artist, or else the first of all, with what is said of how sure that is: 'workshop of Rubens'."""
    artists = [maker for maker in makers if text_of(maker, "role") == "artist"] or makers
    name = _LIFE.sub("", text_of(artists, 0, "description"))
    return " ".join(filter(None, (text_of(artists, 0, "qualifier"), name))) if name else ""
