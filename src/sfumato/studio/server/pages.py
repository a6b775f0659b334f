"""The page's own files, read once, with the policy that says what a browser may do with them."""

from __future__ import annotations

import base64
import gzip
import hashlib
import re
from dataclasses import dataclass
from functools import cached_property
from importlib import resources
from importlib.resources.abc import Traversable
from typing import Final

from fastapi import FastAPI, Request
from fastapi.responses import Response

from sfumato.studio.server.answers import HttpError, is_known

# What browsers are told; nothing is guessed from a file's content.
TYPES: Final = {
    "html": "text/html; charset=utf-8",
    "js": "text/javascript; charset=utf-8",
    "css": "text/css; charset=utf-8",
    "json": "application/json",
    "svg": "image/svg+xml",
    "png": "image/png",
    "ico": "image/x-icon",
    "woff2": "font/woff2",
    "txt": "text/plain; charset=utf-8",
    "webmanifest": "application/manifest+json",
}
_PACKED: Final = {"png", "ico", "woff2"}  # which gzip makes no smaller
_INLINE: Final = re.compile(r"<script\b(?![^>]*\bsrc=)[^>]*>(.*?)</script>", re.DOTALL | re.IGNORECASE)


@dataclass(frozen=True)
class PageFile:
    """media_type: as HTTP has it; policy: a Content-Security-Policy, '' where the guard's own will do."""

    data: bytes
    media_type: str
    policy: str = ""

    @cached_property
    def etag(self) -> str:
        return f'"{hashlib.sha256(self.data).hexdigest()[:32]}"'

    @cached_property
    def packed(self) -> bytes | None:
        """Smaller by gzip, None where it is not."""
        packed = gzip.compress(self.data, 9, mtime=0)
        return packed if len(packed) < 0.9 * len(self.data) else None


def content_policy(page: str) -> str:
    """What a browser may do with the page: run the package's own modules, and the inline scripts that stand in it (its
    import map), known by their digests; nothing from elsewhere, no markup that was made of text."""
    digests = "".join(
        f" 'sha256-{base64.b64encode(hashlib.sha256(script.encode()).digest()).decode()}'"
        for script in _INLINE.findall(page)
    )
    return (
        f"default-src 'none'; script-src 'self'{digests}; style-src 'self'; img-src 'self' data: blob:; "
        "font-src 'self'; connect-src 'self'; media-src 'self' blob:; worker-src 'self'; manifest-src 'self'; "
        "base-uri 'none'; form-action 'none'; frame-ancestors 'none'; require-trusted-types-for 'script'; "
        "trusted-types 'none'"
    )


def page_files(folder: Traversable | None = None) -> dict[str, PageFile]:
    """All files of the page by their addresses, such as '/parts/index.js'; '/' is index.html."""
    found: dict[str, PageFile] = {}
    _gather(folder if folder is not None else resources.files("sfumato.studio").joinpath("page"), "/", found)
    if "/index.html" in found:
        found["/"] = found.pop("/index.html")
    return found


def _gather(folder: Traversable, prefix: str, found: dict[str, PageFile]) -> None:
    if not folder.is_dir():
        return
    for entry in folder.iterdir():
        suffix = entry.name.rpartition(".")[2].lower()
        if entry.is_dir():
            _gather(entry, f"{prefix}{entry.name}/", found)
        elif suffix in TYPES and not entry.name.startswith("."):
            data = entry.read_bytes()
            policy = content_policy(data.decode()) if suffix == "html" else ""
            found[f"{prefix}{entry.name}"] = PageFile(data, TYPES[suffix], policy)


def serve_page(app: FastAPI) -> None:
    """Answers with the page's files whatever no route before has taken; there are no others to be had by any path."""
    files = page_files()

    @app.get("/{path:path}", include_in_schema=False)
    async def page(request: Request, path: str) -> Response:
        file = files.get(f"/{path}")
        if file is None:
            raise HttpError(404, "there is nothing at this address", code="not_found")
        headers = {"ETag": file.etag, "Cache-Control": "private, no-cache", "Vary": "Accept-Encoding"}
        if file.policy:
            headers["Content-Security-Policy"] = file.policy
        if is_known(request, file.etag):
            return Response(status_code=304, headers=headers)
        suffix = path.rpartition(".")[2]
        if suffix not in _PACKED and "gzip" in request.headers.get("accept-encoding", "") and file.packed is not None:
            return Response(file.packed, headers={**headers, "Content-Encoding": "gzip"}, media_type=file.media_type)
        return Response(file.data, headers=headers, media_type=file.media_type)
