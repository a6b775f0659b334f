"""How a museum is asked when it is busy, slow, broken, or somebody else."""

import socket
import threading
from collections.abc import Callable, Iterator
from email.utils import formatdate
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from types import SimpleNamespace

import pytest

from sfumato.collection.museums.client import MOST_DATA, TRIES, Client, FailedError, Host, RefusedError
from sfumato.collection.museums.pace import Rate

Answer = tuple[int, dict[str, str], bytes]


class Handler(BaseHTTPRequestHandler):
    """Gives its answers one after the other, the last of them again and again."""

    answers: list[Answer]
    asked: list[str]
    heard: list[dict[str, str]]

    def do_GET(self) -> None:
        self.asked.append(self.path)
        self.heard.append(dict(self.headers))
        status, headers, body = self.answers.pop(0) if len(self.answers) > 1 else self.answers[0]
        self.send_response(status)
        for name, value in {"Content-Length": str(len(body)), **headers}.items():
            self.send_header(name, value)
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *arguments: object) -> None:
        pass


@pytest.fixture
def host(tmp_path, clock) -> Iterator[Callable[..., SimpleNamespace]]:
    """(answers...) -> a host that gives them, and a client of it."""
    running = []

    def start(*answers: Answer, **choices: object) -> SimpleNamespace:
        handler = type("Own", (Handler,), {"answers": list(answers), "asked": [], "heard": []})
        server = ThreadingHTTPServer(("127.0.0.1", 0), handler)
        thread = threading.Thread(target=server.serve_forever, args=(0.02,), daemon=True)
        thread.start()
        origin = f"http://127.0.0.1:{server.server_port}"
        throttling = choices.pop("throttling", frozenset({429}))
        client = Client(
            (Host(origin, Rate(1.0), {"X-Key": "secret"}, throttling),),
            clock=clock,
            folder=tmp_path / "asked",
            **choices,
        )
        running.append((server, thread, client))
        return SimpleNamespace(origin=origin, client=client, asked=handler.asked, heard=handler.heard)

    yield start
    for server, thread, client in running:
        client.close()
        server.shutdown()
        server.server_close()
        thread.join()


GOOD: Answer = (200, {}, b'{"a": 1}')
PAGE: Answer = (200, {}, b"\n<!DOCTYPE html><html>Incapsula</html>")


def waits(clock) -> list[float]:
    """What was waited for other reasons than the pace of one a second."""
    return [round(seconds, 3) for seconds in clock.slept if seconds > 1]


@pytest.mark.parametrize(
    ("answer", "waited"),
    [
        ((503, {}, b""), [2.0]),
        ((500, {}, b""), [2.0]),
        ((503, {"Retry-After": "7"}, b""), [7.0]),
        ((429, {"Retry-After": "90"}, b""), [90.0]),
        ((429, {}, b""), [30.0]),
        ((429, {"Retry-After": "soon"}, b""), [30.0]),
        ((200, {"Content-Length": "99"}, b'{"a": '), [2.0]),
        (PAGE, [2.0]),
        ((200, {}, b"no JSON"), [2.0]),
        ((200, {}, b"[" * 100_000), [2.0]),
    ],
)
def test_what_may_pass_is_waited_for_and_asked_again(host, clock, answer, waited):
    one = host(answer, GOOD)
    assert one.client.data(f"{one.origin}/x", q="a b") == {"a": 1}
    assert one.asked == ["/x?q=a+b"] * 2
    assert waits(clock) == waited


def test_a_date_says_too_how_long_to_wait(host, clock):
    one = host((429, {"Retry-After": formatdate(clock.time + 40, usegmt=True)}, b""), GOOD)
    one.client.data(f"{one.origin}/x")
    assert waits(clock) == [40.0]


def test_the_waits_double_and_end(host, clock):
    one = host((503, {}, b""))
    with pytest.raises(FailedError, match=r"is busy or out of order \(503\)") as caught:
        one.client.data(f"{one.origin}/x")
    assert not caught.value.is_lasting
    assert (len(one.asked), waits(clock)) == (TRIES, [2.0, 4.0, 8.0, 16.0])


def test_a_guard_that_answers_403_is_a_museum_asked_too_often(host, clock):
    one = host((403, {}, PAGE[2]), GOOD, throttling=frozenset({403, 429}))
    assert one.client.data(f"{one.origin}/x") == {"a": 1}
    assert waits(clock) == [30.0]


def test_who_wants_to_be_left_alone_for_long_is(host, clock):
    one = host((429, {"Retry-After": "3600"}, b""))
    with pytest.raises(FailedError, match=r"is asked too often .* wants to be left alone for 60 minutes") as caught:
        one.client.data(f"{one.origin}/x")
    assert caught.value.is_lasting
    assert (len(one.asked), clock.slept) == (1, [])


@pytest.mark.parametrize(
    ("answer", "said"),
    [
        ((404, {}, b""), r"is not there \(404\)"),
        ((410, {}, b""), r"is not there \(410\)"),
        ((403, {}, b""), "answers with status 403"),
        ((204, {}, b""), "answers with status 204"),
        ((302, {"Location": "https://example.org/x"}, b""), r"lies elsewhere \(https://example.org/x\)"),
        ((302, {"Location": "file:///etc/passwd"}, b""), r"lies elsewhere \(file:///etc/passwd\)"),
        ((302, {"Location": "http://169.254.169.254/"}, b""), "lies elsewhere"),
        ((302, {"Location": "//example.org/x"}, b""), r"lies elsewhere \(http://example.org/x\)"),
        ((302, {"Location": "/x"}, b""), "redirects again and again"),
        ((302, {}, b""), "redirects again and again"),
    ],
)
def test_what_will_not_pass_is_not_asked_again(host, answer, said):
    one = host(answer)
    with pytest.raises(RefusedError, match=said):
        one.client.data(f"{one.origin}/x")
    assert len(one.asked) <= 4


@pytest.mark.parametrize(
    "address",
    ["https://{}@127.0.0.1/", "http://example.org/", "http://127.0.0.1:1/", "file:///etc/passwd", "ftp://{}", "", "{}",
     "//{}/", "http://{}\\@example.org/", "http://user@{}/", "http://{}\t.example.org/", "http://[", "javascript:1",
     "http://{}:x/"],
)  # fmt: skip
def test_no_other_host_is_ever_asked(host, address):
    one = host(GOOD)
    with pytest.raises(RefusedError, match="lies elsewhere"):
        one.client.picture(address.format(one.origin.removeprefix("http://")))
    assert one.asked == []


def test_a_host_gets_its_own_headers_and_none_stand_in_what_is_printed(host):
    one = host((302, {"Location": "/y"}, b""), GOOD)
    one.client.data(f"{one.origin}/x", q="a")
    assert one.asked == ["/x?q=a", "/y"]
    assert all(heard["X-Key"] == "secret" and heard["User-Agent"].startswith("sfumato/") for heard in one.heard)
    assert "secret" not in repr(Host(one.origin, Rate(1.0), {"X-Key": "secret"}))


def test_a_picture_is_one_from_end_to_end(host, records):
    picture = records.paint(1)
    one = host((200, {}, picture[:-40]), (200, {}, b""), (200, {"Content-Type": "text/html"}, picture))
    assert one.client.picture(f"{one.origin}/x.jpg") == picture
    for body, said in ((PAGE[2].lstrip(), "a web page"), (b"%PDF-1.4", "a PDF document"), (b"\0" * 99, "zeros only")):
        other = host((200, {"Content-Type": "image/jpeg"}, body))
        with pytest.raises(RefusedError, match=f"cannot be used .*{said}"):
            other.client.picture(f"{other.origin}/x.jpg")
        assert len(other.asked) == 1


def test_no_more_is_read_than_there_may_be(host, monkeypatch):
    monkeypatch.setattr("sfumato.collection.museums.client.MOST_DATA", 1000)
    one = host((200, {"Content-Length": str(MOST_DATA)}, b"[" + b"1," * 1000))
    with pytest.raises(RefusedError, match="has more than 0 MB"):
        one.client.data(f"{one.origin}/x")


def test_a_host_that_refuses_the_connection_or_does_not_answer_is_said(host, clock, tmp_path):
    with socket.socket() as nobody:  # bound, but nobody listens
        nobody.bind(("127.0.0.1", 0))
        origin = f"http://127.0.0.1:{nobody.getsockname()[1]}"
        client = Client((Host(origin, Rate(1.0)),), clock=clock, folder=tmp_path / "asked")
        with pytest.raises(FailedError, match="the connection is refused"):
            client.data(f"{origin}/x")
        nobody.listen()  # connects, and never answers
        slow = Client((Host(origin, Rate(1.0)),), clock=clock, folder=tmp_path / "asked", timeouts=(0.05, 0.05, 1.0))
        with pytest.raises(FailedError, match="does not answer in time"):
            slow.data(f"{origin}/x")
        client.close()
        slow.close()


def test_an_answer_that_comes_in_drops_is_not_waited_for(host, clock, tmp_path, records):
    picture = records.paint(1)
    ready = threading.Event()

    class Dripping(Handler):
        def do_GET(self) -> None:
            self.send_response(200)
            self.send_header("Content-Length", str(len(picture)))
            self.end_headers()
            for byte in picture[:3]:
                self.wfile.write(bytes([byte]))
                clock.time += 200
                ready.wait(0.02)
            self.close_connection = True

    server = ThreadingHTTPServer(("127.0.0.1", 0), Dripping)
    thread = threading.Thread(target=server.serve_forever, args=(0.02,), daemon=True)
    thread.start()
    origin = f"http://127.0.0.1:{server.server_port}"
    client = Client((Host(origin, Rate(1.0)),), clock=clock, folder=tmp_path / "asked")
    with pytest.raises(FailedError, match=r"does not answer in time|breaks off"):
        client.picture(f"{origin}/x")
    client.close()
    server.shutdown()
    server.server_close()
    thread.join()


def test_where_the_time_cannot_be_noted_nobody_is_asked(host, tmp_path):
    one = host(GOOD)
    (tmp_path / "asked").write_bytes(b"")
    with pytest.raises(FailedError, match="is not asked, as the time of that cannot be noted"):
        one.client.data(f"{one.origin}/x")
    assert one.asked == []
