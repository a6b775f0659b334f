"""Routes of what a browser sends: files by their numbers, and views of them before anything is made of them."""

from __future__ import annotations

import asyncio
import shutil
from typing import Annotated, Any, Final

from fastapi import APIRouter, Path, Query, Request
from fastapi.responses import Response
from starlette.datastructures import FormData, UploadFile

from sfumato.studio.jobs.specs import MOST_PICTURES
from sfumato.studio.server.answers import ERRORS, HttpError, bytes_answer
from sfumato.studio.server.pictures import MOST_SIDE
from sfumato.studio.server.services import Served, Services
from sfumato.studio.uploads import Upload, UploadedFile
from sfumato.text import counted

router = APIRouter(prefix="/api/uploads", tags=["uploads"], responses=ERRORS)
# Files that stand beside pictures and say something of them, or hold them: they are taken and not shown.
_COMPANIONS: Final = ("csv", "tsv", "json", "jsonl", "txt", "xmp", "caption", "tags", "xlsx", "parquet",
                     "zip", "cbz")  # fmt: skip
_FREE_BYTES: Final = 256 << 20  # of the disk, which uploads leave to what is being made
_BODY: Final = {
    "requestBody": {
        "required": True,
        "content": {
            "multipart/form-data": {
                "schema": {
                    "type": "object",
                    "required": ["files"],
                    "properties": {
                        "files": {"type": "array", "items": {"type": "string", "format": "binary"}},
                        "paths": {
                            "type": "array",
                            "items": {"type": "string"},
                            "description": "As many as files: where each stood in its folder, with '/'.",
                        },
                        "upload": {"type": "string", "description": "The id of an upload to add to."},
                    },
                }
            }
        },
    }
}
_SHOWN: Final[dict[int | str, dict[str, Any]]] = {
    200: {"content": {"image/png": {}, "image/webp": {}}, "description": "The picture"}
}
Id = Annotated[str, Path(pattern=r"^[a-z0-9]{16}$")]
Number = Annotated[int, Path(ge=0, le=MOST_PICTURES)]


@router.post("", status_code=201, openapi_extra=_BODY)
async def send(request: Request, services: Served) -> dict[str, Any]:
    """Send files, some hundred at once; more can be added to the same upload. Nothing is made of them before a job
    names the upload."""
    length = request.headers.get("content-length", "")
    check_space(services, int(length) if length.isascii() and length.isdigit() and len(length) < 16 else 0)
    most = services.settings.limits.files
    async with request.form(max_files=most, max_fields=most + 1, max_part_size=4096) as form:
        return await asyncio.to_thread(_kept, services, form)


@router.get("/{id}/{number}/thumbnail", response_class=Response, responses=_SHOWN)
def thumbnail(
    id: Id, number: Number, request: Request, services: Served, side: Annotated[int, Query(ge=1, le=512)] = 256
) -> Response:
    """A picture of an upload, small, as WebP."""
    path = Upload.open(services.place, id).path_of(number)
    return bytes_answer(request, services.pictures.thumbnail(path, side), "image/webp")


@router.get("/{id}/{number}/picture", response_class=Response, responses=_SHOWN)
def picture(id: Id, number: Number, request: Request, services: Served) -> Response:
    """A picture of an upload, upright and in sRGB, as PNG; at most 2048 pixels a side."""
    path = Upload.open(services.place, id).path_of(number)
    return bytes_answer(request, services.pictures.picture(path, MOST_SIDE), "image/png")


def check_space(services: Services, wanted: int) -> None:
    """Raises HttpError where so many bytes would fill the disk: they lie on it twice for a moment."""
    if shutil.disk_usage(services.place.path).free < 2 * wanted + _FREE_BYTES:
        raise HttpError(507, "the disk has not enough room for these files; make some and send them again",
                        code="disk_full")  # fmt: skip


def _kept(services: Services, form: FormData) -> dict[str, Any]:
    files = [each for each in form.getlist("files") if isinstance(each, UploadFile)]
    paths = [each for each in form.getlist("paths") if isinstance(each, str)]
    if not files:
        raise HttpError(422, "there are no files in the field 'files'", code="invalid", param="files")
    if paths and len(paths) != len(files):
        message = f"there are {counted(len(paths), 'path')} for {counted(len(files), 'file')}; give as many, or none"
        raise HttpError(422, message, code="invalid", param="paths")
    names = paths or [each.filename or "" for each in files]
    added_to = form.get("upload")
    upload = Upload.open(services.place, added_to) if isinstance(added_to, str) else Upload.begin(services.place)
    added = upload.add((each.file, name) for each, name in zip(files, names, strict=True))
    return {"id": upload.id, "files": [_said(services, upload, each) for each in added]}


def _said(services: Services, upload: Upload, file: UploadedFile) -> dict[str, Any]:
    """A file as the page has it. error: why it cannot be used; None for a picture, and for what need not be one."""
    said: dict[str, Any] = {
        "number": file.number,
        "path": file.path,
        "bytes": file.bytes,
        "width": None,
        "height": None,
        "thumbnail": None,
        "error": None,
    }
    if file.path.rpartition(".")[2].lower() in _COMPANIONS:
        return said
    look = services.pictures.look(upload.files / file.path)
    if isinstance(look, str):
        return said | {"error": look}
    address = f"/api/uploads/{upload.id}/{file.number}/thumbnail"
    return said | {"width": look[0], "height": look[1], "thumbnail": address}
