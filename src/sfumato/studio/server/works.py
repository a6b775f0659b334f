"""Routes of works: the gallery, searched and put in order, and all that is known of one work."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Annotated, Any, Final, Literal

from fastapi import APIRouter, Query, Request
from fastapi import Path as InPath
from fastapi.responses import Response
from pydantic import BaseModel, Field

from sfumato.errors import SfumatoError
from sfumato.provenance.verification import bytes_of
from sfumato.studio.jobs.gallery import NoSuchWorkError
from sfumato.studio.jobs.work import Work
from sfumato.studio.server.answers import ERRORS, FOREVER, REVALIDATED, HttpError, bytes_answer, file_answer
from sfumato.studio.server.learned_pictures import LearnedPictures
from sfumato.studio.server.services import Served, Services
from sfumato.studio.server.work_details import (
    NearestPicture,
    SaidOfCredentials,
    asked_plainly,
    credentials_in_words,
    finding_in,
    missing_credentials,
)
from sfumato.text import shortened
from sfumato.works.recipe import Recipe
from sfumato.works.sharing import copy_without_recipe

router = APIRouter(prefix="/api/works", tags=["works"], responses=ERRORS)
MOST: Final = 500  # works in one answer, and in one request
# What the program writes, by its ending.
TYPES: Final = {
    ".png": "image/png", ".apng": "image/apng", ".webp": "image/webp", ".gif": "image/gif", ".mp4": "video/mp4",
}  # fmt: skip
Number = Annotated[int, InPath(ge=1, lt=2**53)]
Id = Annotated[int, Field(ge=1, lt=2**53)]


class WorkAnswer(BaseModel):
    """A work as lists show it. seed, number: as text where JavaScript could not count so far; class: or a mixture;
    near_copy: None where it was not compared."""

    id: int
    job: int | None
    index: int | None
    kind: str
    picture: str
    thumbnail: str
    width: int
    height: int
    model: str
    model_id: str
    class_: str | None = Field(alias="class")
    prompt: str | None
    seed: int | str | None
    number: int | str | None
    strength: float | None
    parent: int | None
    created_at: str
    starred: bool
    title: str
    near_copy: bool | None
    deleted_at: str | None

    @classmethod
    def of(cls, work: Work, **more: Any) -> WorkAnswer:
        said = work.to_json()
        exact = {name: str(said[name]) for name in ("seed", "number") if said[name] is not None and said[name] >= 2**53}
        return cls.model_validate({**said, **exact, **more})


class WorksAnswer(BaseModel):
    """total: of all that were found; next: ``before`` of those that follow, None at the end."""

    total: int
    next: int | None
    works: list[WorkAnswer]


class SaidOfLikeness(BaseModel):
    """What the comparison with the training pictures came to, in a word and in a sentence."""

    found: Literal["near copy", "no near copy", "not compared"]
    sentence: str


class WorkDetail(WorkAnswer):
    """All that is known of a work. asked: by plain names (see `Request.of`); parameters: the text that other programs
    read; nearest: the nearest training pictures."""

    recipe: dict[str, Any] | None
    asked: dict[str, Any]
    parameters: str
    nearest: list[NearestPicture]
    finding: SaidOfLikeness
    credentials: SaidOfCredentials


class Changes(BaseModel):
    """What is left out stays."""

    starred: bool | None = None
    title: Annotated[str, Field(max_length=200)] | None = None


class Ids(BaseModel):
    ids: Annotated[list[Id], Field(min_length=1, max_length=MOST)]


class Moved(BaseModel):
    """Those that were moved: what was there already is not among them."""

    ids: list[int]


@router.get("")
def works(
    services: Served,
    query: Annotated[str, Query(max_length=1000)] = "",
    starred: bool | None = None,
    bin: bool = False,
    before: Annotated[int | None, Query(ge=1, lt=2**53)] = None,
    offset: Annotated[int, Query(ge=0, lt=2**31)] = 0,
    limit: Annotated[int, Query(ge=1, le=MOST)] = 100,
) -> WorksAnswer:
    """The works that a search finds, the newest first; what can be searched: class:, model:, kind:, seed:, before:,
    after:, is:starred, is:copy, words, "words together", and a minus before what is not wanted."""
    page = services.gallery.search(query, starred=starred, bin=bin, before=before, offset=offset, limit=limit)
    return WorksAnswer(total=page.total, next=page.next, works=[WorkAnswer.of(work) for work in page.works])


@router.post("/bin")
def bin(which: Ids, services: Served) -> Moved:
    """Put works into the bin, where they stay for 30 days."""
    return Moved(ids=services.gallery.bin(which.ids))


@router.post("/restore")
def restore(which: Ids, services: Served) -> Moved:
    """Take works out of the bin."""
    return Moved(ids=services.gallery.restore(which.ids))


@router.get("/{id}")
def work(id: Number, services: Served) -> WorkDetail:
    """All that is known of a work, as its file says it."""
    found = existing_work(services, id)
    recipe = _recipe(found)
    learned = LearnedPictures.of(services.place, found.model_id)
    facts: object = None
    try:
        credentials, verdict = credentials_in_words(bytes_of(services.gallery.path_of(found)))
        facts = verdict.facts.get("comparison")
    except SfumatoError:
        credentials = missing_credentials()
    likeness = finding_in(facts, learned)
    return WorkDetail.model_validate(
        WorkAnswer.of(found).model_dump(by_alias=True)
        | {
            "recipe": found.recipe,
            "asked": {} if recipe is None else asked_plainly(recipe),
            "parameters": "" if recipe is None else recipe.parameters_text(),
            "nearest": likeness.nearest,
            "finding": SaidOfLikeness(found=likeness.found, sentence=likeness.sentence),
            "credentials": credentials,
        }
    )


@router.patch("/{id}")
def change(id: Number, changes: Changes, services: Served) -> WorkAnswer:
    """Star a work, or give it a title."""
    found = existing_work(services, id)
    if changes.starred is not None:
        found = services.gallery.star(id, changes.starred)
    if changes.title is not None:
        found = services.gallery.title(id, " ".join(changes.title.split()))
    return WorkAnswer.of(found)


@router.get("/{id}/picture", response_class=Response)
def picture(id: Number, request: Request, services: Served) -> Response:
    """A work's file, with all that it carries."""
    path = services.gallery.path_of(existing_work(services, id))
    return file_answer(request, path, _type(path), cache=_cache(request))


@router.get("/{id}/thumbnail", response_class=Response)
def small_picture(id: Number, request: Request, services: Served, side: Literal["256", "512"] = "256") -> Response:
    """A work as a WebP, the longer side at most so many pixels."""
    path = services.gallery.path_of(existing_work(services, id))
    return bytes_answer(request, services.pictures.thumbnail(path, int(side)), "image/webp", cache=_cache(request))


@router.get("/{id}/download", response_class=Response)
def download(id: Number, request: Request, services: Served, recipe: Annotated[bool, Query()] = True) -> Response:
    """A work's file to keep. recipe: 0 for a copy without its settings, signed anew."""
    found = existing_work(services, id)
    path = services.gallery.path_of(found)
    name = file_name(found, path)
    if recipe or found.recipe is None:
        return file_answer(request, path, _type(path), name=name)
    headers = {"Content-Disposition": f'attachment; filename="{name}"', "Cache-Control": "private, no-store"}
    return Response(copy_without_recipe(path, name), headers=headers, media_type="image/png")


def existing_work(services: Services, id: int) -> Work:
    """Raises HttpError 404 for none."""
    try:
        return services.gallery.work(id)
    except NoSuchWorkError as error:
        raise HttpError(404, str(error), code="not_found") from error


def file_name(work: Work, path: Path) -> str:
    """What a browser is to call the file: 'waves-7-12.png'."""
    words = "-".join(re.findall(r"[a-zA-Z0-9]+", work.title or work.label or work.prompt or work.model))
    return f"{'-'.join(filter(None, (shortened(words, 60).strip('. '), str(work.id))))}{path.suffix.lower()}"


def _type(path: Path) -> str:
    """Raises HttpError 404 for a file that the program would not have written."""
    found = TYPES.get(path.suffix.lower())
    if found is None:
        raise HttpError(404, "this work is no picture that a browser shows", code="no_picture")
    return found


def _recipe(work: Work) -> Recipe | None:
    """None for one without, and for one of another version."""
    try:
        return None if work.recipe is None else Recipe.model_validate(work.recipe)
    except ValueError:
        return None


def _cache(request: Request) -> str:
    """An address with the moment of the work in it is that work's alone, for ever."""
    return FOREVER if "v" in request.query_params else REVALIDATED
