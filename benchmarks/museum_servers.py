"""Stand-ins for four museums on this machine, which answer as the real ones do, and as badly as they sometimes do.

Each has two servers, one for data and one for pictures; of their works some are closed, some have no picture, and so
on.
"""

from __future__ import annotations

import contextlib
import random
import threading
import time
from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from email.utils import formatdate
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import parse_qs, unquote, urlsplit

from museum_records import LISTS, PAGE, RECORDS, Answer, Museum, Work, answer, id_of, image_name  # which lies beside

KINDS = ("met", "artic", "cleveland", "smithsonian")
# What is wrong with an address the first time that it is asked for.
FAULTS = ("429", "429 date", "503", "cut", "page", "slow")


@dataclass
class Standing(Museum):
    """A museum that runs: its addresses, and what was asked. asked: (server, address, time) of each request; served:
    how often each address was answered as it should be; refused: requests that came too often; faults: what happened to
    each address the first time, '' for nothing."""

    asked: list[tuple[str, str, float]] = field(default_factory=list)
    headers: dict[str, Mapping[str, str]] = field(default_factory=dict)
    served: Counter[str] = field(default_factory=Counter)
    faults: dict[str, str] = field(default_factory=dict)
    broken: set[str] = field(default_factory=set)  # addresses that are out of order until they are taken out
    locked: bool = False  # whether the key is refused
    refused: int = 0
    most_a_second: int = 0  # 0: any number
    now: Callable[[], float] = time.monotonic
    lock: Any = field(default_factory=threading.Lock)

    def times(self, server: str) -> list[float]:
        return [moment for name, _, moment in self.asked if name == server]

    def busiest_second(self) -> int:
        """The most requests to one server within any second."""
        most = 0
        for server in ("api", "images"):
            times, first = self.times(server), 0
            for last, moment in enumerate(times):
                while moment - times[first] >= 1:
                    first += 1
                most = max(most, last - first + 1)
        return most


@contextmanager
def standing(
    kind: str,
    made: Sequence[Work],
    *,
    faults: float = 0.0,
    seed: int = 0,
    most_a_second: int = 0,
) -> Iterator[Standing]:
    """A museum with these works, in this order. faults: the share of addresses that fail when they are first asked for;
    most_a_second: requests to each server, beyond which it refuses."""
    museum = Standing(kind, {id_of(kind, work): work for work in made}, most_a_second=most_a_second)
    servers = []
    for name in ("api", "images"):
        handler = type("Handler", (_Handler,), {"museum": museum, "name": name, "share": faults, "seed": seed})
        server = _Server(("127.0.0.1", 0), handler)
        servers.append((server, threading.Thread(target=server.serve_forever, args=(0.02,), daemon=True)))
        setattr(museum, name, f"http://127.0.0.1:{server.server_port}")
    for _, thread in servers:
        thread.start()
    try:
        yield museum
    finally:
        for server, thread in servers:
            server.shutdown()
            server.server_close()
            thread.join()


class _Server(ThreadingHTTPServer):
    def handle_error(self, request: Any, client_address: Any) -> None:
        """Whoever asked was killed."""


class _Handler(BaseHTTPRequestHandler):
    museum: Standing
    name: str
    share: float
    seed: int
    protocol_version = "HTTP/1.1"
    wbufsize = 1 << 16  # head and body in one piece: the system would wait for an answer between two

    def do_GET(self) -> None:
        museum = self.museum
        moment = museum.now()
        with museum.lock:
            since = [past for server, _, past in museum.asked[-2 * museum.most_a_second :] if server == self.name]
            museum.asked.append((self.name, self.path, moment))
            museum.headers[self.name] = dict(self.headers)
            often = sum(moment - past < 1 for past in since)
            if museum.most_a_second and often >= museum.most_a_second:
                museum.refused += 1
                self._send(429, PAGE, {"Retry-After": "1"})
                return
            fault = self._fault()
        split = urlsplit(self.path)
        asked = {name: values[0] for name, values in parse_qs(split.query).items()}
        status, body, headers = (_picture if self.name == "images" else _record)(museum, unquote(split.path), asked)
        if museum.locked:
            status, body, headers = 403, b'{"error": {"code": "API_KEY_INVALID"}}', {}
        elif split.path in museum.broken:
            status, body, headers = 503, b"", {"Retry-After": "1"}
        elif fault == "slow":
            time.sleep(0.05)
        elif fault.startswith("429"):
            after = formatdate(time.time() + 1, usegmt=True) if fault == "429 date" else "0"
            status, body, headers = 429, PAGE, {"Retry-After": after}
        elif fault == "503":
            status, body, headers = 503, b"", {"Retry-After": "0"} if len(self.path) % 2 else {}
        elif fault == "page":
            status, body = 200, PAGE
        if status == 200 and fault in ("", "slow"):
            with museum.lock:
                museum.served[self.path] += 1
        self._send(status, body, headers, cut=fault == "cut")

    def _fault(self) -> str:
        """What is wrong with an address now: something the first time, and nothing then."""
        if self.path in self.museum.faults:
            return ""
        drawn = random.Random(f"{self.seed}{self.name}{self.path}")
        # A page in place of a picture is final, as the museum means it.
        some = [fault for fault in FAULTS if fault != "page" or self.name == "api"]
        fault = drawn.choice(some) if drawn.random() < self.share else ""
        self.museum.faults[self.path] = fault
        return fault

    def _send(self, status: int, body: bytes, headers: Mapping[str, str], *, cut: bool = False) -> None:
        self.send_response(status)
        for name, value in headers.items():
            self.send_header(name, value)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        with contextlib.suppress(OSError):  # whoever asked was killed
            self.wfile.write(body[: len(body) // 2] if cut else body)
            self.wfile.flush()
        self.close_connection = self.close_connection or cut

    def log_message(self, *arguments: object) -> None:
        pass


def _picture(museum: Standing, path: str, asked: Mapping[str, str]) -> Answer:
    id = asked.get("id") or path.strip("/").split("/")[2 if museum.kind == "artic" else 0]
    work = next((work for work in museum.works.values() if image_name(work) == id), None)
    if work is None or work.flaw == "gone":
        return 404, b"", {}
    if work.flaw == "elsewhere":
        return 302, b"", {"Location": "http://127.0.0.2:9/stolen.jpg"}
    if work.number % 10 == 3 and "moved" not in path:  # as real ones do, within the museum
        return 301, b"", {"Location": f"{path}/moved" + (f"?id={id}" if asked else "")}
    return 200, work.picture, {"Content-Type": "image/jpeg"}


def _record(museum: Standing, path: str, asked: Mapping[str, str]) -> Answer:
    last = path.rstrip("/").rpartition("/")[2]
    if last not in museum.works:
        return LISTS[museum.kind](museum, asked)
    work = museum.works[last]
    if work.flaw == "no record":
        return answer({"message": "Not Found"}, 404)
    return answer(RECORDS[museum.kind](museum, last, work))
