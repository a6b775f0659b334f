"""Requests to the studio that nobody with good intent sends: each is refused, and what it wanted is not done."""

import contextlib
import json
import socket
import threading
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from fastapi.testclient import TestClient

from sfumato.studio.jobs.database import Database
from sfumato.studio.place import Place
from sfumato.studio.server.app import create_app
from sfumato.studio.server.services import Services
from sfumato.studio.server.serving import listening, server_of
from sfumato.studio.server.settings import Limits, Settings
from sfumato.studio.server.tokens import Tokens, new_token
from sfumato.studio.uploads import Upload

TINY = Limits(
    upload_bytes=200_000, body_bytes=20_000, api_body_bytes=50_000, files=5, idle_seconds=0.4, body_seconds=0.6,
    strangers_per_minute=5, most_waiting=10_000,
)  # fmt: skip
SPEC = {"kind": "generate", "model": "waves"}


class Studio:
    """One that listens, with a secret beside it that nobody may get."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.root = folder / "root"
        self.root.mkdir()
        (folder / "secret.txt").write_text("the secret")
        (self.root / "link").symlink_to(folder)
        self.place = Place(folder / "studio")
        self.database = Database.open(self.place)
        listener, settings = listening(Settings(port=0, roots=(self.root,), limits=TINY))
        app = create_app(self.place, self.database, settings, tokens=Tokens.open(self.place))
        self.services: Services = app.state.services
        self.settings, self.app, self.port = settings, app, settings.port
        self.server, self.strangers = server_of(app), 0
        self.thread = threading.Thread(target=self.server.run, args=([listener],))
        self.thread.start()
        while not self.server.started:
            time.sleep(0.01)

    @property
    def bearer(self) -> dict[str, str]:
        return {"Authorization": f"Bearer {self.services.tokens.owner}"}

    def client(self, **headers: str) -> TestClient:
        """The owner's program, without a socket in between."""
        return TestClient(self.app, base_url=f"http://localhost:{self.port}", headers=self.bearer | headers)

    def stranger(self, **headers: str) -> TestClient:
        """Who has no token, from an address that was not heard of before."""
        self.strangers += 1
        url, address = f"http://localhost:{self.port}", f"203.0.113.{self.strangers}"
        return TestClient(self.app, base_url=url, headers=headers, client=(address, 5000))

    def said(self, *parts: bytes | float, seconds: float = 5.0) -> bytes:
        """The answer to what is sent through a socket as it stands; a number is a pause in seconds."""
        with socket.create_connection(("127.0.0.1", self.port), timeout=seconds) as connection:
            with contextlib.suppress(OSError):  # the other side has heard enough
                for part in parts:
                    if isinstance(part, bytes):
                        connection.sendall(part)
                    else:
                        time.sleep(part)
            found = b""
            with contextlib.suppress(OSError):
                while block := connection.recv(65536):
                    found += block
            return found

    def head(self, line: str, *headers: str, host: str | None = None) -> bytes:
        """The first lines of a request of the owner's, up to the empty one."""
        own = f"Authorization: Bearer {self.services.tokens.owner}"
        return "\r\n".join([line, f"Host: {host or f'localhost:{self.port}'}", own, *headers, "", ""]).encode()

    def close(self) -> None:
        self.server.should_exit = True
        self.thread.join()
        self.database.close()


@pytest.fixture(scope="module")
def studio(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Studio]:
    found = Studio(tmp_path_factory.mktemp("hostile"))
    try:
        yield found
    finally:
        found.close()


@pytest.fixture
def owner(studio: Studio) -> TestClient:
    return studio.client()


def status(answer: bytes) -> int:
    return int(answer.split(b" ", 2)[1]) if answer else 0


def refused(answer: Any, *statuses: int) -> str:
    """The error's code; the answer has one of the statuses, and the one form of error."""
    assert answer.status_code in statuses, answer.text
    error = answer.json()["error"]
    assert error.keys() == {"message", "type", "param", "code"} and error["message"]
    return str(error["code"])


CLIMBING = [
    "../secret.txt",
    "..%2fsecret.txt",
    "%2e%2e/%2e%2e/secret.txt",
    "..%5csecret.txt",
    "%2fetc%2fpasswd",
    "a%00b",
]
FOLLOWED = [
    "/{}", "/parts/{}", "/api/uploads/{}/0/thumbnail", "/api/uploads/0123456789abcdef/{}/picture", "/api/jobs/{}",
    "/api/jobs/1/{}",
]  # fmt: skip


@pytest.mark.parametrize("climbing", CLIMBING)
@pytest.mark.parametrize("place", FOLLOWED)
def test_no_address_leads_out_of_what_is_served(studio: Studio, place: str, climbing: str) -> None:
    verb = "POST" if place == "/api/jobs/1/{}" else "GET"
    answer = studio.said(studio.head(f"{verb} {place.format(climbing)} HTTP/1.1", "Connection: close"))
    assert status(answer) in (400, 404, 405, 422), answer[:300]
    assert b"the secret" not in answer and b"root:" not in answer


@pytest.mark.parametrize("named", ["../../../../outside.png", "/outside.png", "C:\\outside.png", "a/../../outside.png"])
def test_an_uploaded_name_cannot_climb(studio: Studio, owner: TestClient, named: str) -> None:
    answer = owner.post("/api/uploads", files=[("files", (named, b"x" * 50))], data={"paths": [named]})
    upload = Upload.open(studio.place, answer.json()["id"])
    lies = upload.path_of(0)
    assert lies.resolve().is_relative_to(upload.files.resolve()) and lies.name == "outside.png"
    assert not list(studio.folder.glob("outside.png"))


@pytest.mark.parametrize(
    "path", ["/etc", "{folder}", "{folder}/secret.txt", "{root}/../secret.txt", "{root}/link", "~", "x\0"]
)
@pytest.mark.parametrize("kind", ["collect", "import"])
def test_no_folder_is_opened_that_is_under_no_root(studio: Studio, owner: TestClient, kind: str, path: str) -> None:
    named = path.format(folder=studio.folder, root=studio.root)
    code = refused(owner.post("/api/jobs", json={"kind": kind, "name": "x", "path": named}), 403, 422)
    assert code in ("outside_roots", "invalid")


def test_what_is_under_a_root_and_what_is_not_there_outside_are_told_apart_by_nobody(
    studio: Studio, owner: TestClient
) -> None:
    said = [
        owner.post("/api/jobs", json={"kind": "collect", "name": "x", "path": str(path)}).json()["error"]["message"]
        for path in (studio.folder / "secret.txt", studio.folder / "nothing")
    ]
    assert said[0] == said[1]
    asked = {"kind": "collect", "name": "x", "path": str(studio.root)}
    assert owner.post("/api/jobs", json=asked).status_code == 201


@pytest.mark.parametrize(
    "host", ["evil.example", "evil.example:8411", "localhost.evil.example", "127.0.0.1.evil.example", "[::2]", "",
             "a b", "localhost:8411@evil.example", "localhost,evil.example"]
)  # fmt: skip
def test_a_name_that_the_owner_did_not_allow_is_no_name_of_the_studio(studio: Studio, host: str) -> None:
    head = studio.head("GET /api/jobs HTTP/1.1", "Connection: close").replace(
        f"Host: localhost:{studio.port}".encode(), f"Host: {host}".encode()
    )
    assert status(studio.said(head)) in (400, 421)


def test_a_host_that_equals_its_origin_is_still_not_allowed(studio: Studio) -> None:
    """As a page has it whose name was made to mean this machine (DNS rebinding)."""
    rebound = TestClient(studio.app, base_url="http://evil.example:8411", headers=studio.bearer)
    assert refused(rebound.post("/api/jobs", json=SPEC, headers={"Origin": "http://evil.example:8411"}), 421) == "host"


def test_two_hosts_are_none(studio: Studio) -> None:
    head = studio.head("GET /api/jobs HTTP/1.1", "Host: evil.example", "Connection: close")
    assert status(studio.said(head)) in (400, 421)


@pytest.mark.parametrize(
    "headers",
    [
        {"Origin": "null"},
        {"Origin": "https://evil.example"},
        {"Origin": "http://localhost:9999"},  # another program of this machine
        {"Origin": "http://localhost.evil.example"},
        {"Origin": "http://localhost:{port}@evil.example"},
        {"Origin": "file://"},
        {"Origin": "http://[broken"},
        {"Sec-Fetch-Site": "cross-site"},
        {"Sec-Fetch-Site": "same-site"},
        {"Sec-Fetch-Site": "cross-site", "Sec-Fetch-Mode": "navigate"},
    ],
)
def test_another_web_page_asks_in_vain(studio: Studio, headers: dict[str, str]) -> None:
    sent = {name: value.format(port=studio.port) for name, value in headers.items()}
    browser = TestClient(studio.app, base_url=f"http://localhost:{studio.port}")
    browser.cookies.set(studio.settings.cookie, studio.services.tokens.cookie)
    last = studio.services.journal.last()
    assert refused(browser.post("/api/jobs", json=SPEC, headers=sent), 403) == "origin"
    assert refused(browser.get("/api/events", headers=sent), 403) == "origin"
    assert studio.services.journal.last() == last
    own = {"Origin": f"http://localhost:{studio.port}", "Sec-Fetch-Site": "same-origin"}
    assert browser.get("/api/jobs", headers=own).status_code == 200


@pytest.mark.parametrize(
    "said",
    ["", "Bearer", "Bearer ", "Bearer x", "Basic {token}", "Bearer {token}x", "Bearer {token} {token}", "{token}",
     "Bearer {cookie}"],
)  # fmt: skip
def test_a_wrong_token_is_none(studio: Studio, said: str) -> None:
    value = said.format(token=studio.services.tokens.owner, cookie=studio.services.tokens.cookie)
    assert refused(studio.stranger(Authorization=value).get("/api/jobs"), 401) == "invalid_api_key"


@pytest.mark.parametrize("cookie", ["x", "", "{token}", "{cookie}0", '"; Path=/'])
def test_a_wrong_cookie_is_none(studio: Studio, cookie: str) -> None:
    value = cookie.format(token=studio.services.tokens.owner, cookie=studio.services.tokens.cookie)
    refused(studio.stranger(Cookie=f"{studio.settings.cookie}={value}").get("/api/jobs"), 401)


def test_the_cookie_of_another_studio_is_none(studio: Studio, tmp_path: Path) -> None:
    other = Tokens.open(Place(tmp_path))
    refused(studio.stranger(Cookie=f"{studio.settings.cookie}={other.cookie}").get("/api/jobs"), 401)


def test_keys_are_not_guessed(studio: Studio) -> None:
    guesser = studio.stranger()
    answers = [guesser.get(f"/enter?key={number}") for number in range(TINY.strangers_per_minute + 2)]
    assert [each.status_code for each in answers] == [401] * TINY.strangers_per_minute + [429, 429]
    assert 1 <= int(answers[-1].headers["retry-after"]) < 120
    owner = studio.client()
    assert owner.get("/api/jobs").status_code == 200, "the owner is not kept out by it"


def test_a_program_cannot_listen_to_anothers_job(studio: Studio, owner: TestClient) -> None:
    job = owner.post("/api/jobs", json=SPEC).json()["id"]
    token = new_token(studio.place, "listener")
    program = studio.client(Authorization=f"Bearer {token}")
    assert refused(program.get(f"/api/events?job={job}"), 404) == "not_found"
    assert refused(program.get("/api/events"), 403) == "owner_only"
    assert refused(program.post(f"/api/jobs/{job}/cancel"), 404) == "not_found"
    assert refused(program.post(f"/api/jobs/{job}/move", json={}), 403) == "owner_only"


def test_a_title_is_never_markup(owner: TestClient) -> None:
    title = "<script>alert(1)</script>"
    answer = owner.post("/api/jobs", json={"kind": "collect", "name": title, "drawn": True})
    assert answer.headers["content-type"] == "application/json"
    assert answer.headers["x-content-type-options"] == "nosniff"
    assert "script-src" not in answer.headers["content-security-policy"]
    assert answer.json()["title"] == title, "it is kept as it was said"
    assert "<" not in owner.get(f"/api/jobs/{title}").json()["error"]["message"]


@pytest.mark.parametrize(("address", "most"), [("/api/uploads", 200_000), ("/api/jobs", 20_000), ("/v1/none", 50_000)])
def test_a_body_that_is_announced_too_large_is_not_read(studio: Studio, address: str, most: int) -> None:
    kind = "Content-Type: multipart/form-data; boundary=b" if "uploads" in address else "Content-Type: application/json"
    head = studio.head(f"POST {address} HTTP/1.1", kind, f"Content-Length: {10**15 + most}")
    began = time.monotonic()
    assert status(studio.said(head)) in (404, 405, 413, 507)
    assert time.monotonic() - began < 2


@pytest.mark.parametrize("address", ["/api/jobs", "/api/uploads"])
def test_a_body_that_turns_out_too_large_is_cut_off(studio: Studio, address: str) -> None:
    kind = "multipart/form-data; boundary=b" if "uploads" in address else "application/json"
    head = studio.head(f"POST {address} HTTP/1.1", f"Content-Type: {kind}", "Transfer-Encoding: chunked")
    start = b'--b\r\nContent-Disposition: form-data; name="files"; filename="a"\r\n\r\n'
    block = b"8000\r\n" + b"x" * 0x8000 + b"\r\n"
    first = f"{len(start):x}\r\n".encode() + start + b"\r\n" if "uploads" in address else b""
    before = list(studio.place.uploads.glob("*")) if studio.place.uploads.exists() else []
    assert status(studio.said(head, first, *[block] * 20)) == 413
    assert before == (list(studio.place.uploads.glob("*")) if studio.place.uploads.exists() else [])


def test_a_body_that_does_not_come_is_not_waited_for(studio: Studio) -> None:
    head = studio.head("POST /api/jobs HTTP/1.1", "Content-Type: application/json", "Content-Length: 100")
    assert status(studio.said(head, b"{", 0.1)) == 408


def test_a_body_that_comes_by_drops_is_not_waited_for(studio: Studio) -> None:
    head = studio.head("POST /api/jobs HTTP/1.1", "Content-Type: application/json", "Content-Length: 100")
    began = time.monotonic()
    assert status(studio.said(head, *[b" ", 0.1] * 15)) == 408
    assert time.monotonic() - began < 3


def test_a_head_that_does_not_come_is_not_waited_for(studio: Studio, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("sfumato.studio.server.serving._HEAD_SECONDS", 0.2)
    began = time.monotonic()
    assert studio.said(b"GET / HTTP/1.1\r\nHost: localhost\r\nX-Slow: ", 0.1, b"a", 0.2, b"b", 0.2, b"c") == b""
    assert time.monotonic() - began < 3


@pytest.mark.parametrize(
    "lines",
    [
        ["GET / HTTP/1.1", "X-Long: " + "x" * 70_000],
        ["GET / HTTP/1.1", *(f"X-{number}: {'x' * 60}" for number in range(1000))],
        ["GET /" + "a" * 9000 + " HTTP/1.1"],
        ["GET / HTTP/1.1", "Range: bytes=" + ",".join(f"{number}-" for number in range(500))],
        ["TRACE / HTTP/1.1"],
        ["CONNECT evil.example:443 HTTP/1.1"],
        ["GET http://evil.example/ HTTP/1.1"],
        ["GET / HTTP/1.1", "Content-Length: 5", "Transfer-Encoding: chunked"],
        ["GET / HTTP/1.1", "Content-Length: -1"],
        ["GET / HTTP/1.1", "X-Split: a\rb"],
        ["GET /api/events HTTP/1.1", "Upgrade: websocket", "Connection: Upgrade", "Last-Event-ID: " + "9" * 200],
        ["GARBAGE"],
    ],
)
def test_a_head_that_is_none_is_answered_at_once(studio: Studio, lines: list[str]) -> None:
    answer = studio.said(studio.head(*lines, "Connection: close"))
    assert 400 <= status(answer) < 500, answer[:200]


@pytest.mark.parametrize(
    "body",
    [b"", b"[" * 10_000, b"{", b"null", b"[]", b'{"kind": "generate"}', b'{"kind": "rm -rf"}', b"\xff\xfe",
     b'{"kind": "generate", "model": "waves", "count": 1e999}', b'{"kind": "generate", "model": "w", "count": 10000}',
     b'{"kind": "generate", "model": "waves", "asked": {"seed": ' + b"9" * 5000 + b"}}",
     b'{"kind": "train", "name": "x", "collection": "../../x"}',
     b'{"kind": "generate", "model": "waves", "asked": {"label": "\\ud800"}}',
     json.dumps({"kind": "generate", "model": "waves", "asked": {"label": "\0"}}).encode()],
)  # fmt: skip
def test_a_body_that_is_no_job_is_none(studio: Studio, owner: TestClient, body: bytes) -> None:
    last = studio.services.journal.last()
    answer = owner.post("/api/jobs", content=body, headers={"Content-Type": "application/json"})
    refused(answer, 400, 422)
    assert studio.services.journal.last() == last


def test_a_form_of_too_many_parts_is_none(owner: TestClient) -> None:
    many = [("files", (f"{number}.png", b"x")) for number in range(TINY.files + 1)]
    refused(owner.post("/api/uploads", files=many), 400)
    refused(owner.post("/api/uploads", files=many[:1], data={"paths": ["a"] * 20}), 400, 422)
    refused(owner.post("/api/uploads", files=many[:1], data={"paths": ["a" * 100_000]}), 400)
    refused(owner.post("/api/uploads", data={"paths": ["a"]}), 422)
    refused(owner.post("/api/uploads", files=many[:1], data={"upload": "../../../etc"}), 422, 404)


def test_a_queue_that_is_full_and_a_flood_of_requests_say_when_to_try_again(tmp_path: Path) -> None:
    database = Database.open(Place(tmp_path / "studio"))
    limits = Limits(most_waiting=2, burst=20, requests_per_second=0.5)
    app = create_app(database.place, database, Settings(limits=limits))
    owner = TestClient(app, base_url="http://localhost",
                       headers={"Authorization": f"Bearer {app.state.services.tokens.owner}"})  # fmt: skip
    program = TestClient(app, base_url="http://localhost",
                         headers={"Authorization": f"Bearer {new_token(database.place, 'flooder')}"})  # fmt: skip
    answers = [who.post("/api/jobs", json=SPEC) for who in (program, program, owner, owner)]
    assert [each.status_code for each in answers] == [201, 429, 201, 429], "some of the queue is the owner's"
    assert (refused(answers[3], 429), 1 <= int(answers[3].headers["retry-after"]) < 120) == ("queue_full", True)
    flood = [owner.get("/api/jobs") for _ in range(30)]
    assert refused(flood[-1], 429) == "rate_limit_exceeded" and 1 <= int(flood[-1].headers["retry-after"]) < 120
    database.close()
