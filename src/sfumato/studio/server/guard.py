"""The guard before all routes: who may ask, from where, how much and how often."""

from __future__ import annotations

import base64
import logging
import os
import re
from http.cookies import CookieError, SimpleCookie
from typing import Final
from urllib.parse import parse_qs, urlsplit

from starlette.datastructures import Headers, MutableHeaders
from starlette.requests import ClientDisconnect
from starlette.responses import HTMLResponse, RedirectResponse, Response
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from sfumato.studio.server.answers import faulty
from sfumato.studio.server.bodies import Body, TooSlowError, patient_send, said_most
from sfumato.studio.server.peers import user_of
from sfumato.studio.server.rates import Rates
from sfumato.studio.server.settings import Settings
from sfumato.studio.server.tokens import OWNER, Tokens

# What is said of every answer; a route's own value stays.
HEADERS: Final = {
    "X-Content-Type-Options": "nosniff",
    "X-Frame-Options": "DENY",
    "Referrer-Policy": "no-referrer",
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cross-Origin-Resource-Policy": "same-origin",
    "Permissions-Policy": "camera=(), microphone=(), geolocation=(), payment=(), usb=()",
    "Content-Security-Policy": "default-src 'none'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'",
    "Cache-Control": "no-store",
}
_LOG: Final = logging.getLogger("sfumato.studio")
ENTRY: Final = "/enter"
# What a program's token opens; of jobs and events those that it asked for itself, which the routes see to.
PROGRAMS: Final = ("/v1/", "/sdapi/", "/api/jobs", "/api/events")
_METHODS: Final = frozenset({"GET", "HEAD", "POST", "PUT", "PATCH", "DELETE"})
_MOST_RANGES: Final = 4
_MOST_HEADERS: Final = 100
_LONGEST_HEAD: Final = 32 << 10  # bytes
_LONGEST_TARGET: Final = 8192  # bytes of a path with its query
_AUTHORITY: Final = re.compile(r"(\[[0-9a-fA-F:.]+\]|[^:\[\]]+)(?::([0-9]{1,5}))?")
_UPLOADS: Final = "/api/uploads"
_USED: Final = """<!doctype html><html lang="en"><meta charset="utf-8"><title>sfumato</title>
<h1>This page needs its key</h1>
<p>A link to the studio opens it once. Type <code>sfumato studio</code> in a terminal: it opens the page again.</p>"""


class Guard:
    """ASGI middleware. Every request needs an allowed Host, no foreign origin, and a token or the owner's cookie.

    It notes the client's name in ``scope["state"]["client"]``, which `sfumato.studio.server.services.client` returns.
    """

    def __init__(self, app: ASGIApp, *, settings: Settings, tokens: Tokens) -> None:
        self.app, self.settings, self.tokens = app, settings, tokens
        self.rates = Rates(settings.limits)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] == "lifespan":
            await self.app(scope, receive, send)
            return
        if scope["type"] != "http":  # nothing here speaks WebSocket
            await send({"type": "websocket.close", "code": 1008})
            return
        headers, limits = Headers(scope=scope), self.settings.limits
        body = Body(receive, headers, limits, self._most_bytes(scope["path"]))
        send = patient_send(_with_headers(send, body), limits.idle_seconds)
        found = self._client_or_refusal(scope, headers)
        if isinstance(found, Response):
            await found(scope, body, send)
        elif body.is_too_large:
            await faulty(413, said_most(body.most), code="too_large")(scope, body, send)
        else:
            scope.setdefault("state", {})["client"] = found
            with self.rates.at_work(found):
                await self._answered(scope, body, send)

    async def _answered(self, scope: Scope, body: Receive, send: Send) -> None:
        """Hands the request to the routes; what is wrong with them is nobody's to see but the owner's."""
        begun = False

        async def noting_send(message: Message) -> None:
            nonlocal begun
            begun = True
            await send(message)

        try:
            await self.app(scope, body, noting_send)
        except (TooSlowError, ClientDisconnect):
            pass  # nobody is there to be told
        except Exception:
            _LOG.exception("%s %s", scope["method"], scope["path"])
            if begun:
                raise
            await faulty(500, "the studio failed at this; its terminal says why", code="failed")(scope, body, send)

    def _client_or_refusal(self, scope: Scope, headers: Headers) -> str | Response:
        """Whose request it is, or the answer with which it ends here."""
        address = str((scope.get("client") or ("",))[0])
        refused = self._of_the_request(scope, headers) or self._of_the_origin(headers)
        if refused is not None:
            return refused
        if scope["path"] == ENTRY:
            return self._entry(scope, headers, address)
        client = self._client(headers, scope["path"])
        if client is None:
            return self._stranger(scope, headers, address)
        return _of_a_program(client, scope["path"]) or self._of_the_rate(client) or client

    def _most_bytes(self, path: str) -> int:
        limits = self.settings.limits
        if path == _UPLOADS:
            return limits.upload_bytes
        return limits.api_body_bytes if path.startswith(("/v1/", "/sdapi/")) else limits.body_bytes

    def _of_the_request(self, scope: Scope, headers: Headers) -> Response | None:
        """What no honest program sends, and names of the server that its owner did not allow (DNS rebinding)."""
        if scope["method"] not in _METHODS:
            return faulty(405, f"{scope['method'][:20]} is not answered here", code="method_not_allowed")
        if len(scope.get("raw_path") or b"") + len(scope["query_string"]) > _LONGEST_TARGET:
            return faulty(414, "the address is too long", code="too_long")
        if len(headers) > _MOST_HEADERS or sum(len(name) + len(value) for name, value in headers.raw) > _LONGEST_HEAD:
            return faulty(431, "the request's head is too long", code="too_long")
        if "content-length" in headers and "transfer-encoding" in headers:  # two servers could read two requests in it
            return faulty(400, "the body is said to be of two lengths", code="invalid")
        if "\0" in scope["path"] or "\\" in scope["path"] or ".." in scope["path"].split("/"):
            return faulty(400, "the address is not one of a file or a route", code="invalid_path")
        if headers.get("range", "").count(",") >= _MOST_RANGES:
            return faulty(416, f"at most {_MOST_RANGES} parts of a file are sent at once", code="too_many_ranges")
        hosts = headers.getlist("host")
        if len(hosts) != 1 or _name_of(hosts[0]) not in self.settings.allowed_hosts:
            return faulty(421, "the studio is not called so; start it with --allow-host to add a name", code="host")
        return None

    def _of_the_origin(self, headers: Headers) -> Response | None:
        """Other web pages that a browser has open, those of other ports of this machine included."""
        site, origins = headers.get("sec-fetch-site"), headers.getlist("origin")
        refused = faulty(403, "another web page may not ask this", code="origin")
        if site is not None and site not in ("same-origin", "none"):
            return refused
        if len(origins) > 1:
            return refused
        for origin in origins:
            try:
                said = urlsplit(origin)
            except ValueError:
                return refused
            if said.scheme not in ("http", "https") or _name_of(said.netloc) not in self.settings.allowed_hosts:
                return refused
            # The host is one of ours by the list; that it is also the same port keeps out this machine's other pages.
            if said.netloc.lower() != headers["host"].lower():
                return refused
        return None

    def _entry(self, scope: Scope, headers: Headers, address: str) -> Response:
        """The cookie in exchange for a key that opens the page once."""
        if wait := self.rates.wait_of_stranger(address):
            return _too_often(wait)
        if self._is_another_users(scope):  # who may have seen the link among the arguments of the browser
            return faulty(403, "the key belongs to another user of this machine", code="another_user")
        if scope["method"] != "GET" or "prefetch" in headers.get("sec-purpose", headers.get("purpose", "")):
            return faulty(405, "the key is used by opening the page", code="method_not_allowed")
        query = parse_qs(scope["query_string"].decode("latin-1"), max_num_fields=10)
        keys = query.get("key", [])
        if len(keys) != 1 or not self.tokens.use_key(keys[0]):
            if self._client(headers, scope["path"]) == OWNER:  # opened once more by a browser that is known
                return RedirectResponse("/", 303)
            self.rates.note_stranger(address)
            return HTMLResponse(_USED, 401)
        answer = RedirectResponse("/", 303)
        secure = "; Secure" if headers.get("x-forwarded-proto") == "https" else ""
        answer.headers["Set-Cookie"] = (
            f"{self.settings.cookie}={self.tokens.cookie}; Path=/; HttpOnly; SameSite=Strict; Max-Age=31536000{secure}"
        )
        return answer

    def _is_another_users(self, scope: Scope) -> bool:
        if self.settings.hosts or not scope.get("client"):  # a server in front of this one is another user's by right
            return False
        user = user_of(*scope["client"])
        return user is not None and user != os.getuid()

    def _client(self, headers: Headers, path: str) -> str | None:
        """Whose the request is, by its token or cookie; None for a stranger's."""
        said = headers.getlist("authorization")
        if said:  # a wrong token is not made good by a cookie
            token = _token_of(said[0], path) if len(said) == 1 else None
            return None if token is None else self.tokens.client(token)
        for line in headers.getlist("cookie"):
            try:
                found = SimpleCookie(line).get(self.settings.cookie)
            except CookieError:
                continue
            if found is not None and self.tokens.is_cookie(found.value):
                return OWNER
        return None

    def _stranger(self, scope: Scope, headers: Headers, address: str) -> Response:
        if wait := self.rates.wait_of_stranger(address):
            return _too_often(wait)
        if "authorization" in headers or "cookie" in headers:
            self.rates.note_stranger(address)
        if scope["path"] == "/" and "text/html" in headers.get("accept", ""):
            return HTMLResponse(_USED, 401)
        return faulty(
            401,
            "the studio needs its key: open the page by 'sfumato studio', or send 'Authorization: Bearer TOKEN'",
            code="invalid_api_key",
            headers={"WWW-Authenticate": "Bearer"},
        )

    def _of_the_rate(self, client: str) -> Response | None:
        wait = self.rates.wait(client)
        return _too_often(wait) if wait else None


def _token_of(said: str, path: str) -> str | None:
    """The token of a header 'Authorization: Bearer TOKEN'. Programs that speak to Stable Diffusion web UI know user and
    password alone, of which the password is the token."""
    scheme, _, token = said.partition(" ")
    if scheme.lower() == "bearer":
        return token.strip()
    if scheme.lower() != "basic" or not path.startswith("/sdapi/"):
        return None
    try:
        return base64.b64decode(token.strip(), validate=True).decode().partition(":")[2]
    except ValueError:
        return None


def _of_a_program(client: str, path: str) -> Response | None:
    if client == OWNER or path.startswith(PROGRAMS):
        return None
    return faulty(403, "a program's token opens /v1, /sdapi and its own jobs; this is the owner's", code="owner_only")


def _too_often(seconds: float) -> Response:
    said = max(1, round(seconds + 0.5))
    return faulty(429, "too many requests at once; try again a little later", code="rate_limit_exceeded",
                  headers={"Retry-After": str(said)})  # fmt: skip


def _name_of(authority: str) -> str | None:
    """'localhost' of 'localhost:8411', '::1' of '[::1]:8411', in small letters; None for what is no host."""
    found = _AUTHORITY.fullmatch(authority)
    return found[1].strip("[]").lower().rstrip(".") if found else None


def _with_headers(send: Send, body: Body) -> Send:
    async def wrapped(message: Message) -> None:
        if message["type"] == "http.response.start":
            headers = MutableHeaders(scope=message)
            for name, value in HEADERS.items():
                headers.setdefault(name, value)
            if not body.is_read:  # nobody will read the rest
                headers["Connection"] = "close"
        await send(message)

    return wrapped
