"""The works of stand-ins for four museums, and what these say of them, in the shapes of the real ones' answers.

Where those are from stands in `sfumato.collection.museums`.
"""

from __future__ import annotations

import hashlib
import io
import json
import random
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
from PIL import Image

QUESTION = "sunflowers"
PAGE = b"<!DOCTYPE html><html><body>One moment, please ...</body></html>"
# What is wrong with a work for good. 'closed' shows in its record alone, so that list and record disagree.
FLAWS = (
    "closed", "listed closed", "no picture", "no record", "other", "gone", "elsewhere", "page", "text", "twin",
    "shared",
)  # fmt: skip


@dataclass
class Museum:
    """A stand-in for one of the four. works: by their ids; api, images: the addresses of its servers."""

    kind: str
    works: Mapping[str, Work]
    api: str = ""
    images: str = ""

    def wanted(self) -> dict[str, Work]:
        """The works that are to be had, by the end of their files' names; of those that share a picture the first."""
        had = [id for id, work in self.works.items() if not work.flaw]
        had += [id for id, work in self.works.items() if work.flaw == "shared"][:1]
        return {file_end(self.kind, id): self.works[id] for id in had}


@dataclass
class Work:
    """A work. flaw: one of `FLAWS`, or ''; picture: the bytes of its file, '' of those that have none."""

    number: int
    picture: bytes = b""
    flaw: str = ""
    kind: str = "Painting"

    @property
    def title(self) -> str:
        return f"Harbour, No. {self.number}" if self.flaw == "other" else f"Sunflower, No. {self.number}"

    @property
    def is_open(self) -> bool:
        return self.flaw not in ("closed", "listed closed")


def paint(number: int, side: int = 48) -> bytes:
    """A small picture, another for each number."""
    buffer, levels = io.BytesIO(), np.random.default_rng(number).integers(0, 256, (6, 6, 3), dtype=np.uint8)
    Image.fromarray(levels).resize((side, side), Image.Resampling.BICUBIC).save(buffer, "JPEG", quality=80)
    return buffer.getvalue()


def works(good: int, seed: int = 0, flawed: int = 8) -> list[Work]:
    """So many works that are to be had, and so many with each flaw among them."""
    drawn = random.Random(seed)
    flaws = [""] * good + [flaw for flaw in FLAWS for _ in range(flawed)]
    drawn.shuffle(flaws)
    first = flaws.index("")
    flaws[0], flaws[first] = flaws[first], flaws[0]  # the one whose picture twins have
    kinds = ("Painting", "Print", "Drawing and Watercolor", "")
    made = [Work(number, paint(number), flaw, kinds[number % len(kinds)]) for number, flaw in enumerate(flaws, start=1)]
    for work in made:
        work.picture = {"twin": made[0].picture, "page": PAGE, "text": b"no picture at all " * 9}.get(
            work.flaw, work.picture
        )
    return made


def id_of(kind: str, work: Work) -> str:
    return f"edanmdm:saam_1956.{work.number}" if kind == "smithsonian" else str(1000 + work.number)


def file_end(kind: str, id: str) -> str:
    return f"{kind}-{id.replace(':', '-')}.jpg"


def image_name(work: Work) -> str:
    """What a picture is called on its server; one name for all that are shared."""
    return "shared" if work.flaw == "shared" else hashlib.sha256(str(work.number).encode()).hexdigest()[:12]


Answer = tuple[int, bytes, Mapping[str, str]]


def answer(value: Any, status: int = 200) -> Answer:
    return status, json.dumps(value).encode(), {"Content-Type": "application/json"}


def _part(museum: Museum, start: int, count: int) -> list[tuple[str, Work]]:
    return list(museum.works.items())[start : start + count]


def _met_list(museum: Museum, asked: Mapping[str, str]) -> Answer:
    ids = [int(id) for id, _ in _part(museum, int(asked["offset"]), int(asked["limit"]))]
    return answer({"total": len(museum.works), "objectIDs": ids or None})


def _met(museum: Museum, id: str, work: Work) -> Any:
    address = f"{museum.images}/{image_name(work)}/{{}}.jpg" if work.flaw != "no picture" else ""
    return {
        "objectID": int(id),
        "isPublicDomain": work.is_open,
        "primaryImage": address.format("original"),
        "primaryImageSmall": address.format("web-large"),
        "title": work.title,
        "artistPrefix": "",
        "artistDisplayName": f"Painter {work.number % 7}",
        "artistSuffix": "",
        "objectDate": "1887",
        "classification": f"{work.kind}s" if work.kind else "",
        "department": "European Paintings",
        "medium": "Oil on canvas",
        "tags": [{"term": "Flowers"}],
        "creditLine": "Rogers Fund, 1949",
        "objectURL": f"https://www.metmuseum.org/art/collection/search/{id}",
    }


def _artic_list(museum: Museum, asked: Mapping[str, str]) -> Answer:
    number, count = int(asked["page"]), int(asked["limit"])
    rows = [
        {"id": int(id), "is_public_domain": work.flaw != "listed closed", "image_id": image_name(work)}
        for id, work in _part(museum, (number - 1) * count, count)
    ]
    pages = -(-len(museum.works) // count)
    return answer(
        {"pagination": {"total": len(museum.works), "total_pages": pages, "current_page": number}, "data": rows}
    )


def _artic(museum: Museum, id: str, work: Work) -> Any:
    record = {
        "id": int(id),
        "title": work.title,
        "is_public_domain": work.is_open,
        "image_id": image_name(work) if work.flaw != "no picture" else None,
        "thumbnail": {"width": 600 if work.number % 2 else 4000},
        "artist_title": f"Painter {work.number % 7}",
        "artist_display": f"Painter {work.number % 7} (Dutch, 1853-1890)\nArles",
        "date_display": "1887",
        "artwork_type_title": work.kind or None,
        "department_title": "Painting and Sculpture of Europe",
        "credit_line": "Helen Birch Bartlett Memorial Collection",
        "term_titles": ["flowers"],
    }
    return {"data": record, "config": {"iiif_url": f"{museum.images}/iiif/2"}}


def _cleveland_list(museum: Museum, asked: Mapping[str, str]) -> Answer:
    rows = [
        {"id": int(id), "share_license_status": "Copyrighted" if work.flaw == "listed closed" else "CC0"}
        for id, work in _part(museum, int(asked["skip"]), int(asked["limit"]))
    ]
    return answer({"info": {"total": len(museum.works)}, "data": rows})


def _cleveland(museum: Museum, id: str, work: Work) -> Any:
    images = {} if work.flaw == "no picture" else {"web": {"url": f"{museum.images}/{image_name(work)}/web.jpg"}}
    record = {
        "id": int(id),
        "accession_number": f"1953.{id}",
        "share_license_status": "CC0" if work.is_open else "Copyrighted",
        "title": work.title,
        "creation_date": "1887",
        "culture": ["Netherlands, 19th century"],
        "technique": "oil on canvas",
        "type": work.kind or None,
        "department": "Modern European Painting and Sculpture",
        "creators": [
            {"description": f"Painter {work.number % 7} (Dutch, 1853-1890)", "role": "artist", "qualifier": None}
        ],
        "creditline": "Mr. and Mrs. William H. Marlatt Fund",
        "images": images,
        "url": f"https://clevelandart.org/art/1953.{id}",
    }
    return {"data": record}


def _smithsonian_list(museum: Museum, asked: Mapping[str, str]) -> Answer:
    rows = [
        {"url": id, "content": _content(museum, id, work, work.flaw != "listed closed")}
        for id, work in _part(museum, int(asked["start"]), int(asked["rows"]))
    ]
    return answer({"status": 200, "response": {"rowCount": len(museum.works), "rows": rows}})


def _smithsonian(museum: Museum, id: str, work: Work) -> Any:
    return {"status": 200, "response": {"title": work.title, "content": _content(museum, id, work, work.is_open)}}


def _content(museum: Museum, id: str, work: Work, is_open: bool) -> Any:
    media = {
        "type": "Images",
        "usage": {"access": "CC0" if is_open else "Usage conditions apply"},
        "content": f"{museum.images}/ids/deliveryService?id={image_name(work)}",
    }
    return {
        "descriptiveNonRepeating": {
            "title": {"label": "Title", "content": work.title},
            "data_source": "Smithsonian American Art Museum",
            "record_link": f"https://americanart.si.edu/artwork/{id}",
            "metadata_usage": {"access": "CC0"},
            "online_media": {"media": [] if work.flaw == "no picture" else [media]},
        },
        "freetext": {
            "name": [{"label": "Artist", "content": f"Painter {work.number % 7}, born 1853"}],
            "date": [{"label": "Date", "content": "1887"}],
            "creditLine": [{"label": "Credit Line", "content": "Smithsonian American Art Museum, Gift"}],
        },
        "indexedStructured": {"object_type": [f"{work.kind}s"] if work.kind else [], "topic": ["Flowers"]},
    }


LISTS: Mapping[str, Callable[[Museum, Mapping[str, str]], Answer]] = {
    "met": _met_list,
    "artic": _artic_list,
    "cleveland": _cleveland_list,
    "smithsonian": _smithsonian_list,
}
RECORDS: Mapping[str, Callable[[Museum, str, Work], Any]] = {
    "met": _met,
    "artic": _artic,
    "cleveland": _cleveland,
    "smithsonian": _smithsonian,
}
