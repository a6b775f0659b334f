"""The Art Institute of Chicago.

Its API as of November 2026 (api.artic.edu/docs; art-institute-of-chicago/data-aggregator on GitHub):

  GET /api/v1/artworks/search?q=...&fields=...&limit=100&page=1, with `query[term][is_public_domain]` = true
      {"pagination": {"total_pages": 3, ...}, "data": [{"id": 27992, "is_public_domain": true, "image_id": "..."}, ...]}
  GET /api/v1/artworks/27992?fields=...
      {"data": {the fields below}, "config": {"iiif_url": "https://www.artic.edu/iiif/2"}}

`is_public_domain` says whether the work is in the public domain; since October 2018 the museum gives the pictures of
these away under CC0. `image_id` names the picture, which IIIF's image service (version 2) has in any size: the
documentation asks for 843 px of width, the size that is kept at hand, and `thumbnail.width` tells which are smaller.
`title`, `date_display`, `credit_line`; `artist_title` ('Rembrandt van Rijn') and `artist_display`, whose first line
says more ('Follower of Rembrandt van Rijn (Dutch, 1606-1669)'); `artwork_type_title` ('Print'), or else
`department_title`.

Who does not log in may ask 60 times a minute, and who takes many works is asked to do so once a second, one request at
a time, with a header AIC-User-Agent that names the program. Search ends after some thousands of works.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Final
from urllib.parse import quote

from sfumato.collection.museums.client import USER_AGENT, Client, Host, RefusedError
from sfumato.collection.museums.exhibit import Exhibit, address_of, credit_of, part_of, parts_of, text_of, texts_of
from sfumato.collection.museums.museum import Page, ids_of
from sfumato.collection.museums.pace import Rate

NAME: Final = "The Art Institute of Chicago"
PER_PAGE: Final = 100
RATE: Final = Rate(1.05, 58, 60.0)
WIDTH: Final = 843  # pixels
_ABOUT: Final = (
    "artist_display", "artist_titles", "place_of_origin", "date_display", "medium_display", "artwork_type_title",
    "department_title", "classification_titles", "style_titles", "subject_titles", "material_titles",
    "technique_titles", "term_titles", "category_titles",
)  # fmt: skip
_FIELDS: Final = ",".join((
    "id", "title", "artist_title", "credit_line", "is_public_domain", "image_id", "thumbnail", *_ABOUT,
))  # fmt: skip


@dataclass(frozen=True)
class Artic:
    """See the module."""

    api: str = "https://api.artic.edu"
    images: str = "https://www.artic.edu"
    rate: Rate = RATE
    name: str = "the Art Institute of Chicago"
    notes: tuple[str, ...] = ()

    @property
    def hosts(self) -> tuple[Host, ...]:
        headers = {"AIC-User-Agent": USER_AGENT}
        return tuple(Host(origin, self.rate, headers) for origin in (self.api, self.images))

    def page(self, client: Client, question: str, after: int) -> Page:
        number = after or 1
        asked: dict[str, str | int] = {
            "q": question,
            "query[term][is_public_domain]": "true",
            "fields": "id,is_public_domain,image_id",
            "limit": PER_PAGE,
            "page": number,
        }
        try:
            found = client.data(f"{self.api}/api/v1/artworks/search", **asked)
        except RefusedError as error:
            if number > 1 and error.status in (400, 403):  # the list is longer, and this is as far as it is given
                return Page((), None)
            raise
        rows = parts_of(found, "data")
        ids = [(address_of(row, "id"), part_of(row, "is_public_domain") is True) for row in rows]
        pages = part_of(found, "pagination", "total_pages")
        is_last = not rows or not isinstance(pages, int) or number >= pages
        return Page(ids_of(ids), None if is_last else number + 1)

    def exhibit(self, client: Client, id: str) -> Exhibit:
        return read(client.data(f"{self.api}/api/v1/artworks/{quote(id)}", fields=_FIELDS), id)


def read(answer: Any, id: str) -> Exhibit:
    """A work by its record."""
    record = part_of(answer, "data")
    is_open = part_of(record, "is_public_domain") is True
    service, image = address_of(answer, "config", "iiif_url"), address_of(record, "image_id")
    whole = part_of(record, "thumbnail", "width")
    width = min(WIDTH, whole) if isinstance(whole, int) and whole > 0 else WIDTH
    return Exhibit(
        id=id,
        licence="CC0-1.0" if is_open else "",
        rights="in the public domain" if is_open else "not in the public domain",
        image=f"{service}/{image}/full/{width},/0/default.jpg" if service and image else "",
        title=text_of(record, "title"),
        creator=_creator(text_of(record, "artist_title"), part_of(record, "artist_display")),
        date=text_of(record, "date_display"),
        page=f"https://www.artic.edu/artworks/{id}",
        credit=credit_of(NAME, text_of(record, "credit_line")),
        category=text_of(record, "artwork_type_title") or text_of(record, "department_title"),
        about=texts_of(record, *_ABOUT),
    )


def _creator(name: str, display: Any) -> str:
    """The maker's name with what is said before it: 'Follower of Rembrandt van Rijn'."""
    first = text_of(str(display).partition("\n")[0]) if isinstance(display, str) else ""
    if not name or name not in first:
        return name
    before = first.partition(name)[0]
    return f"{before}{name}" if len(before) < 40 and "(" not in before else name
