"""Answers: one form of error for all routes, and files of pictures that a browser may keep."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from pathlib import Path
from typing import Any, Final, Literal

from fastapi import FastAPI, Request
from fastapi.exceptions import RequestValidationError
from fastapi.responses import FileResponse, JSONResponse, Response
from pydantic import BaseModel
from starlette.exceptions import HTTPException

from sfumato.disk import DISK_FULL, disk_fault
from sfumato.errors import SfumatoError
from sfumato.studio.jobs.database import DatabaseError
from sfumato.studio.jobs.gallery import NoSuchWorkError
from sfumato.studio.jobs.job import NoSuchJobError
from sfumato.studio.jobs.queue import NotAllowedError, QueueFullError
from sfumato.studio.models import NoSuchModelError
from sfumato.studio.open_collections import NoSuchCollectionError
from sfumato.studio.runs import NoSuchTrainingError
from sfumato.studio.uploads import NoSuchUploadError
from sfumato.text import readable, shortened

# A picture that is named by its content never changes; other files are asked for again, and answered with 304.
FOREVER: Final = "private, max-age=31536000, immutable"
REVALIDATED: Final = "private, no-cache"
# A page that was made of others' words may do nothing at all: no script, no form, no request.
REPORT_POLICY: Final = (
    "default-src 'none'; style-src 'unsafe-inline'; img-src data:; sandbox; base-uri 'none'; form-action 'none'; "
    "frame-ancestors 'self'"
)
RETRY_SECONDS: Final = 5  # after which a full queue or a busy server is worth asking again
_LONGEST: Final = 2000  # letters of a message
_MISSING: Final = (
    NoSuchJobError,
    NoSuchWorkError,
    NoSuchUploadError,
    NoSuchModelError,
    NoSuchCollectionError,
    NoSuchTrainingError,
)


class Fault(BaseModel):
    """What is wrong with a request, as OpenAI's API has it. param: the field that it is about; code: for programs."""

    message: str
    type: Literal["invalid_request_error", "authentication_error", "rate_limit_error", "server_error"]
    param: str | None = None
    code: str | None = None


class Faulty(BaseModel):
    """The body of every answer that is not what was asked for."""

    error: Fault


class HttpError(SfumatoError):
    """A request that cannot be answered, with its HTTP status. Raised by routes, and by what they call."""

    def __init__(
        self,
        status: int,
        message: str,
        *,
        code: str | None = None,
        param: str | None = None,
        headers: Mapping[str, str] | None = None,
    ) -> None:
        super().__init__(message)
        self.status, self.code, self.param, self.headers = status, code, param, dict(headers or {})


def faulty(
    status: int,
    message: str,
    *,
    code: str | None = None,
    param: str | None = None,
    headers: Mapping[str, str] | None = None,
) -> JSONResponse:
    """An error as an answer."""
    kind: Literal["invalid_request_error", "authentication_error", "rate_limit_error", "server_error"]
    if status >= 500:
        kind = "server_error"
    elif status == 429:
        kind = "rate_limit_error"
    else:
        kind = "authentication_error" if status == 401 else "invalid_request_error"
    said = Fault(message=shortened(readable(message), _LONGEST), type=kind, param=param, code=code)
    body = Faulty(error=said).model_dump(mode="json")
    return JSONResponse(body, status, {"Cache-Control": "no-store", **(headers or {})})


def answer_errors(app: FastAPI) -> None:
    """Have all errors of routes answered in the one form."""

    @app.exception_handler(SfumatoError)
    async def _of_ours(request: Request, error: SfumatoError) -> Response:
        if isinstance(error, HttpError):
            return faulty(error.status, str(error), code=error.code, param=error.param, headers=error.headers)
        if isinstance(error, QueueFullError):
            return faulty(429, str(error), code="queue_full", headers={"Retry-After": str(RETRY_SECONDS)})
        if isinstance(error, _MISSING):
            return faulty(404, str(error), code="not_found")
        if isinstance(error, NotAllowedError):
            return faulty(409, str(error), code="not_allowed")
        if isinstance(error, DatabaseError):
            full = DISK_FULL in str(error)
            return faulty(507 if full else 503, str(error), code="disk_full" if full else "database")
        return faulty(_status_of_invalid(request), str(error), code="invalid")

    @app.exception_handler(RequestValidationError)
    async def _of_fields(request: Request, error: RequestValidationError) -> Response:
        said = []
        for fault in error.errors():
            place = ".".join(str(part) for part in fault["loc"] if part not in ("body", "query", "path", "header"))
            message = str(fault["msg"]).removeprefix("Value error, ")
            said.append((place, f"{place}: {message}" if place else message))
        message = "; ".join(shortened(each, 300) for _, each in said[:5]) or "the request cannot be read"
        return faulty(_status_of_invalid(request), message, code="invalid", param=said[0][0] or None if said else None)

    @app.exception_handler(HTTPException)
    async def _of_http(_: Request, error: HTTPException) -> Response:
        message = str(error.detail)
        if error.status_code == 404:
            message = "there is nothing at this address"
        return faulty(error.status_code, message, headers=dict(error.headers or {}))

    @app.exception_handler(OSError)
    async def _of_the_disk(_: Request, error: OSError) -> Response:
        said = disk_fault(error)
        if said != DISK_FULL:
            raise error
        return faulty(507, f"{said}: make room and try again", code="disk_full")


def _status_of_invalid(request: Request) -> int:
    """OpenAI's and Stable Diffusion web UI's clients expect 400 for what is wrong with a body, the page 422."""
    return 400 if request.url.path.startswith("/v1/") else 422


def file_answer(
    request: Request, path: Path, media_type: str, *, name: str | None = None, cache: str = REVALIDATED
) -> Response:
    """A file, or 304 where the browser has it already.

    name: the file name under which it is to be saved; None to show it. Raises HttpError 404 where there is none.
    """
    try:
        found = path.stat()
    except (OSError, ValueError):
        raise HttpError(404, "there is no such file any more", code="not_found") from None
    headers = {
        "ETag": f'"{found.st_mtime_ns:x}-{found.st_size:x}"',
        "Cache-Control": cache,
        "X-Content-Type-Options": "nosniff",
    }
    if is_known(request, headers["ETag"]):
        return Response(status_code=304, headers=headers)
    return FileResponse(path, headers=headers, media_type=media_type, filename=name, stat_result=found)


def bytes_answer(request: Request, data: bytes, media_type: str, *, cache: str = REVALIDATED) -> Response:
    """The same of bytes, such as a thumbnail."""
    etag = f'"{hashlib.sha256(data).hexdigest()[:32]}"'
    headers = {"ETag": etag, "Cache-Control": cache, "X-Content-Type-Options": "nosniff"}
    if is_known(request, etag):
        return Response(status_code=304, headers=headers)
    return Response(data, headers=headers, media_type=media_type)


def report_answer(page: bytes | str) -> Response:
    """A page with others' titles in it, which can neither run anything nor ask for anything."""
    return Response(
        page,
        media_type="text/html; charset=utf-8",
        headers={"Content-Security-Policy": REPORT_POLICY, "Cache-Control": REVALIDATED},
    )


def check_text(text: str, param: str | None = None) -> None:
    """Raises HttpError 422 for text that not every database takes, or that is no Unicode: JSON can spell both."""
    if "\0" in text or any("\ud800" <= letter <= "\udfff" for letter in text):
        raise HttpError(422, "a text holds a character that is none; leave it out", code="invalid", param=param)


def is_known(request: Request, etag: str) -> bool:
    """Whether the browser has what it asks for, by its If-None-Match (RFC 9110, 13.1.2)."""
    said = request.headers.get("if-none-match", "")
    return said == "*" or etag in {each.strip().removeprefix("W/") for each in said.split(",")}


# For the schema: `responses=ERRORS` of a router.
ERRORS: Final[dict[int | str, dict[str, Any]]] = {
    status: {"model": Faulty, "description": said}
    for status, said in {
        400: "The request cannot be read",
        401: "No valid token or cookie",
        403: "Refused",
        404: "There is no such thing",
        409: "Not possible in this state",
        413: "Too large",
        422: "Something that was asked for is wrong",
        429: "Too much at once; see Retry-After",
        507: "The disk is full",
    }.items()
}
