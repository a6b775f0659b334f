"""Routes of collections: what is in them, what was left out and why, pictures that are nearly the same, and thumbnails.

What changes a collection is a job: 'collect', 'edit' and 'report'.
"""

from __future__ import annotations

from typing import Annotated, Any, Final, Literal

from fastapi import APIRouter, Path, Query, Request
from fastapi.responses import Response
from pydantic import BaseModel, Field

from sfumato.disk import read_file
from sfumato.errors import SfumatoError
from sfumato.studio.entries import named
from sfumato.studio.jobs.specs import MOST_PICTURES, Id
from sfumato.studio.open_collections import (
    OpenCollection,
    collection_folder,
    collection_folders,
    open_collection,
)
from sfumato.studio.server.answers import ERRORS, FOREVER, HttpError, bytes_answer, report_answer
from sfumato.studio.server.collection_rows import (
    chosen,
    details_of,
    is_undecided,
    left_out_row,
    pair_row,
    picture_row,
    row_of,
)
from sfumato.studio.server.pictures import MOST_SIDE
from sfumato.studio.server.services import Served, Services
from sfumato.text import readable
from sfumato.works.values import Digest

router = APIRouter(prefix="/api/collections", tags=["collections"], responses=ERRORS)
MOST: Final = 500  # rows in one answer
_MOST_BYTES: Final = 1 << 28  # of a report
_SHOWN: Final[dict[int | str, dict[str, Any]]] = {
    200: {"content": {"image/png": {}, "image/webp": {}}, "description": "The picture"}
}
_PAGE: Final[dict[int | str, dict[str, Any]]] = {200: {"content": {"text/html": {}}, "description": "The report"}}

Offset = Annotated[int, Query(ge=0, le=MOST_PICTURES)]
Limit = Annotated[int, Query(ge=1, le=MOST)]
Words = Annotated[str, Query(max_length=200)]
Wanted = Annotated[str | None, Query(max_length=1000)]
Named = Annotated[Id, Path()]
Content = Annotated[Digest, Path()]


class Renamed(BaseModel):
    """name: what people call it from now on."""

    name: Annotated[str, Field(min_length=1, max_length=80)]


def listed(services: Services) -> list[dict[str, Any]]:
    """All collections, those changed last first."""
    rows = []
    for folder in collection_folders(services.place):
        try:
            rows.append(row_of(folder))
        except (SfumatoError, OSError, KeyError, TypeError, AttributeError):
            continue  # of another version, or damaged: asked for by its id, it says so
    return sorted(rows, key=lambda row: str(row["changed_at"]), reverse=True)


@router.get("")
def collections(services: Served) -> list[dict[str, Any]]:
    """All of them, those changed last first."""
    return listed(services)


@router.get("/{id}")
def collection(id: Named, services: Served) -> dict[str, Any]:
    """One, with the reasons for which files were left out, what is not known, and what its licences ask for."""
    opened = open_collection(services.place, id)
    report = services.place.reports / id / "index.html"
    return {**row_of(opened.collection.path), **details_of(opened), "report": report.is_file()}


@router.patch("/{id}")
def rename(id: Named, to: Renamed, services: Served) -> dict[str, Any]:
    """Call it otherwise."""
    folder = collection_folder(services.place, id)
    named(folder, " ".join(to.name.split()) or id)
    services.journal.tell("collections", {})
    return row_of(folder)


@router.get("/{id}/pictures")
def pictures(
    id: Named,
    services: Served,
    offset: Offset = 0,
    limit: Limit = 100,
    category: Annotated[str | None, Query(alias="class", max_length=1000)] = None,
    licence: Wanted = None,
    unknown: Annotated[Literal["creator", "title", "year", "source", "licence", "class"] | None, Query()] = None,
    query: Words = "",
    spread: bool = False,
) -> dict[str, Any]:
    """The pictures of a collection, in the order of their files' names. class: '' for those of none; unknown: of which
    this fact is not known; query: words, each of which stands in one of the facts; spread: not those at the offset but
    so many at even distances, since folders, and with them classes, stand one after another."""
    opened = open_collection(services.place, id)
    found = chosen(opened.collection.pictures, category=category, licence=licence, unknown=unknown, query=query)
    few = found[offset : offset + limit]
    if spread and len(found) > limit:
        few = [found[number * len(found) // limit] for number in range(limit)]
    return {"total": len(found), "pictures": [picture_row(opened, each) for each in few]}


@router.get("/{id}/left-out")
def left_out(
    id: Named,
    services: Served,
    offset: Offset = 0,
    limit: Limit = 100,
    kind: Annotated[str | None, Query(max_length=100)] = None,
) -> dict[str, Any]:
    """Files that are not used, each with its reason."""
    opened = open_collection(services.place, id)
    found = [each for each in opened.collection.left_out if kind in (None, each.kind)]
    return {"total": len(found), "files": [left_out_row(opened, each) for each in found[offset : offset + limit]]}


@router.get("/{id}/duplicates")
def duplicates(
    id: Named, services: Served, offset: Offset = 0, limit: Limit = 100, undecided: bool = False
) -> dict[str, Any]:
    """Pictures that are the same, or nearly, two by two. undecided: those alone that wait for
    somebody to choose one; identical files do not."""
    opened = open_collection(services.place, id)
    found = [pair for pair in opened.pairs if not undecided or is_undecided(pair)]
    return {"total": len(found), "pairs": [pair_row(opened, each) for each in found[offset : offset + limit]]}


@router.get("/{id}/pictures/{sha256}/thumbnail", response_class=Response, responses=_SHOWN)
def picture_thumbnail(
    id: Named, sha256: Content, request: Request, services: Served, side: Annotated[int, Query(ge=1, le=512)] = 256
) -> Response:
    """A picture of a collection, small, as WebP."""
    opened = open_collection(services.place, id)
    file = _unchanged(opened, sha256)
    data = services.pictures.thumbnail(opened.collection.source, side, inside=file)
    return bytes_answer(request, data, "image/webp", cache=FOREVER)


@router.get("/{id}/pictures/{sha256}/picture", response_class=Response, responses=_SHOWN)
def whole_picture(id: Named, sha256: Content, request: Request, services: Served) -> Response:
    """A picture of a collection, upright and in sRGB, as PNG; at most 2048 pixels a side."""
    opened = open_collection(services.place, id)
    file = _unchanged(opened, sha256)
    data = services.pictures.picture(opened.collection.source, MOST_SIDE, inside=file)
    return bytes_answer(request, data, "image/png", cache=FOREVER)


@router.get("/{id}/report", response_class=Response, responses=_PAGE)
def report(id: Named, services: Served) -> Response:
    """The page of the last report, if there is one."""
    collection_folder(services.place, id)
    try:
        page = read_file(services.place.reports / id / "index.html", _MOST_BYTES)
    except OSError:
        raise HttpError(404, "there is no report of this collection yet; ask for one", code="not_found") from None
    return report_answer(page)


def _unchanged(opened: OpenCollection, sha256: str) -> str:
    """The name of a picture's file in the collection's source. Raises HttpError 409 where the file is another one now,
    since its address stands for what it was."""
    picture = opened.picture(sha256)
    try:
        found = (opened.collection.source / picture.file).stat()
    except (OSError, ValueError):
        return picture.file  # in a zip, or gone: whoever reads it finds out
    if (found.st_size, found.st_mtime_ns) != (picture.bytes, picture.stamp):
        message = f"{readable(picture.file)} was changed since it was collected; collect its folder again"
        raise HttpError(409, message, code="changed")
    return picture.file
