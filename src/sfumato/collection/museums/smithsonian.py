"""The Smithsonian Institution, Washington: the American Art Museum, the Freer and Sackler, Cooper Hewitt and others.

Its Open Access API as of November 2026 (edan.si.edu/openaccess/apidocs; api.data.gov/docs for keys and limits; the
Smithsonian's part of WordPress/openverse on GitHub):

  GET /openaccess/api/v1.0/category/art_design/search
      ?q=(...) AND online_media_type:Images AND media_usage:CC0&start=0&rows=100
      {"response": {"rowCount": 215, "rows": [{"url": "edanmdm:saam_1956.11.37", "content": {...}}, ...]}}
  GET /openaccess/api/v1.0/content/edanmdm:saam_1956.11.37
      {"response": {"title": ..., "content": {the parts below}}}

`content.descriptiveNonRepeating` has `metadata_usage.access`, 'CC0' where the record is given away, and
`online_media.media`, a list of pictures and other things: `type` 'Images', `usage.access` 'CC0' or 'Usage conditions
apply', each for itself, and `content`, an address at ids.si.edu that takes the longest side as `max`. Both have to be
'CC0'; the first picture that is, is taken. There too: `record_link` or `guid`, the work's page, and `data_source`, the
museum that it is in. `content.freetext` has lists of {"label", "content"}: `name`, `date`, `creditLine`.
`content.indexedStructured` has lists of texts: `object_type` ('Paintings'), `topic`, `culture`, `place`.

A key is needed, which api.data.gov gives for free; it is read from SMITHSONIAN_API_KEY and sent as a header, so that it
stands in no address. With it 1,000 requests an hour are allowed. Without it DEMO_KEY serves, with 30 an hour and 50 a
day, which is enough to try.
"""

from __future__ import annotations

import os
import re
from dataclasses import dataclass, field
from typing import Any, Final
from urllib.parse import quote

from sfumato.collection.museums.client import Client, Host, RefusedError
from sfumato.collection.museums.exhibit import Exhibit, address_of, credit_of, part_of, parts_of, text_of, texts_of
from sfumato.collection.museums.museum import Page, ids_of
from sfumato.collection.museums.pace import Rate

NAME: Final = "Smithsonian Institution"
KEY: Final = "SMITHSONIAN_API_KEY"
DEMO_KEY: Final = "DEMO_KEY"
PER_PAGE: Final = 100
OPEN: Final = "CC0"
SIDE: Final = 1200  # pixels
_PATH: Final = "/openaccess/api/v1.0"
# Whose names these are, the likeliest first; a sitter or a donor is a name too.
_MAKERS: Final = (
    "artist", "maker", "creator", "photographer", "designer", "attributed to", "printmaker", "print maker", "engraver",
    "calligrapher", "painter", "sculptor", "weaver", "potter", "author", "manufacturer",
)  # fmt: skip
_ABOUT: Final = ("name", "object_type", "topic", "culture", "place", "date")
_RATE: Final = Rate(1.05, 950, 3600.0)
_DEMO_RATE: Final = Rate(1.05, 28, 3600.0)


@dataclass(frozen=True)
class Smithsonian:
    """See the module. key: of api.data.gov, '' for that in the environment."""

    api: str = "https://api.si.edu"
    images: str = "https://ids.si.edu"
    rate: Rate | None = None
    key: str = field(default="", repr=False)
    name: str = "the Smithsonian"

    @property
    def notes(self) -> tuple[str, ...]:
        if self._key != DEMO_KEY:
            return ()
        return (
            f"the Smithsonian is asked with {DEMO_KEY}, which allows 30 requests an hour and 50 a day, one for each "
            f"work; a key of your own, free at https://api.data.gov/signup, allows 1,000 an hour: put it into {KEY}",
        )

    @property
    def hosts(self) -> tuple[Host, ...]:
        rate = self.rate or (_DEMO_RATE if self._key == DEMO_KEY else _RATE)
        return Host(self.api, rate, {"X-Api-Key": self._key}), Host(self.images, self.rate or Rate(1.05))

    @property
    def _key(self) -> str:
        given = (self.key or os.environ.get(KEY, "")).strip()
        return given if given.isascii() and given.isprintable() and given else DEMO_KEY

    def page(self, client: Client, question: str, after: int) -> Page:
        words = " ".join(re.findall(r"[\w-]+", question))  # the rest would be the search's own signs
        found = self._data(
            client,
            "/category/art_design/search",
            q=f"({words}) AND online_media_type:Images AND media_usage:{OPEN}",
            start=after,
            rows=PER_PAGE,
        )
        rows = parts_of(found, "response", "rows")
        ids = [(address_of(row, "url"), _is_open(part_of(row, "content"))) for row in rows]
        total, further = part_of(found, "response", "rowCount"), after + PER_PAGE
        is_last = not rows or not isinstance(total, int) or further >= total
        return Page(ids_of(ids), None if is_last else further)

    def exhibit(self, client: Client, id: str) -> Exhibit:
        return read(self._data(client, f"/content/{quote(id, safe=':')}"), id)

    def _data(self, client: Client, path: str, **asked: str | int) -> Any:
        try:
            return client.data(f"{self.api}{_PATH}{path}", **asked)
        except RefusedError as error:
            if error.status in (401, 403):
                raise RefusedError(f"does not accept the key in {KEY} (status {error.status})", 401) from error
            raise


def read(answer: Any, id: str) -> Exhibit:
    """A work by its record."""
    record = part_of(answer, "response")
    content = part_of(record, "content")
    told, free, indexed = (
        part_of(content, part) for part in ("descriptiveNonRepeating", "freetext", "indexedStructured")
    )
    is_open = _is_open(content)
    museum = text_of(told, "data_source")
    return Exhibit(
        id=id,
        licence="CC0-1.0" if is_open else "",
        rights=OPEN if is_open else _rights(told),
        image=_open_picture(told),
        title=text_of(told, "title", "content") or text_of(record, "title"),
        creator=_creator(parts_of(free, "name")),
        date=text_of(free, "date", 0, "content"),
        page=address_of(told, "record_link") or address_of(told, "guid"),
        credit=credit_of(museum or NAME, text_of(free, "creditLine", 0, "content")),
        category=text_of(indexed, "object_type", 0) or museum,
        about=(*texts_of(indexed, *_ABOUT), *_contents(free, "name", "objectType", "physicalDescription", "date")),
    )


def _pictures(told: Any) -> list[Any]:
    return [media for media in parts_of(told, "online_media", "media") if text_of(media, "type") == "Images"]


def _is_open(content: Any) -> bool:
    """Whether a record is given away, and a picture of it is, if it has any."""
    told = part_of(content, "descriptiveNonRepeating")
    is_given = text_of(told, "metadata_usage", "access") == OPEN
    return is_given and (not _pictures(told) or _open_picture(told) != "")


def _open_picture(told: Any) -> str:
    """The address of the first picture that is given away, '' where none is."""
    for media in _pictures(told):
        address = address_of(media, "content")
        if text_of(media, "usage", "access") == OPEN and address:
            # The other form of these addresses, with the id in the path, has no place for a size.
            return f"{address}&max={SIDE}" if "deliveryService?id=" in address and "max=" not in address else address
    return ""


def _rights(told: Any) -> str:
    """What is said in place of 'CC0'."""
    of_record = text_of(told, "metadata_usage", "access")
    return (text_of(_pictures(told), 0, "usage", "access") if of_record == OPEN else of_record) or "not stated"


def _creator(names: list[Any]) -> str:
    """Who made a work, without the dates that may follow a name: 'J. Francis Murphy, born 1853'."""
    made = {text_of(name, "label").casefold(): text_of(name, "content") for name in reversed(names)}
    found = next((made[label] for label in _MAKERS if made.get(label)), "")
    name, _, rest = re.sub(r"\s*\([^()]*\)\s*$", "", found).partition(",")
    return name if re.search(r"\d", rest) else ",".join(filter(None, (name, rest)))


def _contents(free: Any, *names: str) -> list[str]:
    return [text_of(each, "content") for name in names for each in parts_of(free, name)]
