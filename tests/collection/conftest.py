"""Pictures to test with, made on the spot, and a Hub to fetch them from."""

import json
import re
import threading
from collections.abc import Callable, Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path, PurePosixPath

import pytest
from PIL import Image

from sfumato.collection import CollectEvent, Collection, Finished, LeftOut, collect


@pytest.fixture
def art(tmp_path: Path, paint: Callable[..., Image.Image]) -> Path:
    """A folder of two classes with three pictures each."""
    folder = tmp_path / "art"
    for number, name in enumerate(("drawing", "painting")):
        (folder / name).mkdir(parents=True)
        for index in range(3):
            paint(10 * number + index).save(folder / name / f"{index}.png")
    return folder


class Gathered:
    """What a run of `collect` said."""

    def __init__(self, events: list[CollectEvent]) -> None:
        self.events = events
        assert isinstance(events[-1], Finished)
        self.finished: Finished = events[-1]
        self.collection: Collection = Collection.open(self.finished.path)
        self.files = [picture.file for picture in self.collection.pictures]
        self.left_out = {event.file: event for event in events if isinstance(event, LeftOut)}
        self.kinds = {file: event.kind for file, event in self.left_out.items()}

    def of(self, kind: type) -> list:
        return [event for event in self.events if isinstance(event, kind)]


@pytest.fixture
def gather(tmp_path: Path) -> Callable[..., Gathered]:
    """Collect a source into `collection` with one worker, and keep what was said."""

    def run(source: Path, destination: Path | None = None, **options: object) -> Gathered:
        options = {"workers": 1, **options}
        return Gathered(list(collect(source, destination or tmp_path / "collection", **options)))

    return run


class Hub(BaseHTTPRequestHandler):
    """As much of the Hub as its client needs to read a data set."""

    repositories: dict[str, dict[str, bytes]]  # by name: the files, by path
    commits: dict[str, str]
    gated: set[str]
    asked: list[str]
    protocol_version = "HTTP/1.1"

    def do_GET(self) -> None:
        path = self.path.partition("?")[0].strip("/").split("/")
        self.asked.append(self.path)
        if path[:2] == ["api", "datasets"]:
            self._describe("/".join(path[2:4]), path[4:])
        elif path[:1] == ["datasets"] and path[3:4] == ["resolve"]:
            self._resolve("/".join(path[1:3]), path[4], "/".join(path[5:]))
        else:
            self._answer(404, b"{}", {"X-Error-Code": "RepoNotFound"})

    def do_HEAD(self) -> None:
        self.do_GET()

    def do_POST(self) -> None:
        body = self.rfile.read(int(self.headers["Content-Length"] or 0))
        path = self.path.partition("?")[0].strip("/").split("/")
        self.asked.append(self.path)
        if path[4:5] == ["paths-info"]:
            wanted = json.loads(body)["paths"]
            files = self.repositories["/".join(path[2:4])]
            self._json([self._entry(file, files[file]) for file in wanted if file in files])
        else:
            self._answer(404, b"{}")

    def _resolve(self, name: str, revision: str, file: str) -> None:
        if not self._is_there(name, revision):
            return
        if name in self.gated:  # what it is may be known to all, but not what is in it
            self._answer(403, b"{}", {"X-Error-Code": "GatedRepo"})
            return
        headers = {"X-Repo-Commit": self.commits[name]}
        content = self.repositories[name].get(file)
        if content is None:
            self._answer(404, b"", {**headers, "X-Error-Code": "EntryNotFound"})
        else:
            self._answer(200, content, {**headers, "ETag": f'"{len(content)}-{file.replace("/", "-")}"'})

    def _describe(self, name: str, rest: list[str]) -> None:
        if not self._is_there(name, rest[1] if rest[1:] else "main"):
            return
        files, commit = self.repositories[name], self.commits[name]
        if rest[:1] == ["tree"]:
            self._list(files, "/".join(rest[2:]), deep="recursive=true" in self.path.lower())
        else:
            siblings = [{"rfilename": file} for file in files]
            about = {"_id": "1", "id": name, "sha": commit, "siblings": siblings, "private": False, "tags": []}
            card = re.match(rb"---\nlicense: (.*)\n", files.get("README.md", b""))
            self._json(about | ({"cardData": {"license": card[1].decode()}} if card else {}))

    def _list(self, files: dict[str, bytes], below: str, deep: bool) -> None:
        folders = {str(folder) for file in files for folder in PurePosixPath(file).parents} - {"."}
        entries = [{"type": "directory", "path": folder, "oid": "0" * 40, "size": 0} for folder in sorted(folders)]
        entries += [self._entry(file, data) for file, data in files.items()]
        start = f"{below}/" if below else ""
        inside = [entry for entry in entries if str(entry["path"]).startswith(start)]
        self._json([entry for entry in inside if deep or "/" not in str(entry["path"]).removeprefix(start)])

    def _is_there(self, name: str, revision: str) -> bool:
        if name not in self.repositories:
            self._answer(401, b"{}", {"X-Error-Code": "RepoNotFound"})
        elif revision not in ("main", "v1", self.commits[name]):
            self._answer(404, b"{}", {"X-Error-Code": "RevisionNotFound"})
        else:
            return True
        return False

    @staticmethod
    def _entry(file: str, data: bytes) -> dict[str, object]:
        return {"type": "file", "path": file, "size": len(data), "oid": f"{len(data):040x}"}

    def _json(self, value: object) -> None:
        self._answer(200, json.dumps(value).encode(), {"Content-Type": "application/json"})

    def _answer(self, status: int, content: bytes, headers: dict[str, str] | None = None) -> None:
        start, end = 0, len(content)
        if status == 200 and (span := self.headers.get("Range", "")).startswith("bytes="):
            first, _, last = span.removeprefix("bytes=").partition("-")
            start, end, status = int(first or 0), min(end, int(last or end) + 1), 206
        self.send_response(status)
        for name, value in (headers or {}).items():
            self.send_header(name, value)
        if status == 206:
            self.send_header("Content-Range", f"bytes {start}-{end - 1}/{len(content)}")
        self.send_header("Content-Length", str(end - start))
        self.end_headers()
        if self.command != "HEAD":
            self.wfile.write(content[start:end])

    def log_message(self, *arguments: object) -> None:
        pass


@pytest.fixture(scope="module")
def hub() -> Iterator[type[Hub]]:
    """A Hub on this machine: its `address`, and what lies in it. A module's tests share it, each with its own names."""
    handler = type("OwnHub", (Hub,), {"repositories": {}, "commits": {}, "gated": set(), "asked": []})
    server = ThreadingHTTPServer(("127.0.0.1", 0), handler)
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    handler.address = f"http://127.0.0.1:{server.server_port}"
    yield handler
    server.shutdown()
    server.server_close()
    thread.join()
