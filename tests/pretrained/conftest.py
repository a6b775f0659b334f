"""Tiny pipelines as single files, a Hub on this machine, and no way to any other."""

import functools
import importlib
import json
import socket
import threading
from collections.abc import Callable, Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from types import ModuleType
from typing import Any
from urllib.parse import unquote

import pytest

BENCHMARKS = Path(__file__).parents[2] / "benchmarks"
COMMIT = "0123456789" * 4


@pytest.fixture(scope="session")
def tiny(pretrained_folder: Callable[[str], Path]) -> ModuleType:
    """The module that builds tiny pipelines, which that fixture can import."""
    return importlib.import_module("tiny_pipelines")


@pytest.fixture(scope="session")
def checkpoints(pretrained_folder: Callable[[str], Path]) -> ModuleType:
    """The module that writes a pipeline as one file."""
    return importlib.import_module("tiny_checkpoints")


@pytest.fixture(scope="session")
def model_of(tiny: ModuleType) -> Callable[[str], Any]:
    """(family) -> its tiny pipeline behind the contract, one for all tests, which leave it as it is."""
    from sfumato.pretrained.bridge import bridged

    return functools.cache(lambda family: bridged(tiny.pipeline(family)))


@pytest.fixture
def no_network(monkeypatch: pytest.MonkeyPatch) -> None:
    """Whatever asks for a connection fails."""

    def refuse(*arguments: object, **named: object) -> None:
        raise AssertionError("a connection was asked for")

    monkeypatch.setattr(socket.socket, "connect", refuse)
    monkeypatch.setattr(socket, "getaddrinfo", refuse)


class Hub(BaseHTTPRequestHandler):
    """As much of the Hub as its client needs to list a repository and to fetch files of it.

    repositories: files by their names, of each 'owner/name'; gated: those whose files are not given out; asked: the
    paths of files that were fetched; tokens: what came with requests for lists as authorization.
    """

    repositories: dict[str, dict[str, bytes]]
    gated: set[str]
    asked: list[str]
    tokens: set[str]
    protocol_version = "HTTP/1.1"

    def do_GET(self) -> None:
        path = self.path.partition("?")[0].strip("/").split("/")
        if path[:2] == ["api", "models"]:
            self.tokens.add(self.headers["Authorization"])
            self._describe(path)
            return
        name, file = "/".join(path[:2]), unquote("/".join(path[4:]))
        if name in self.gated:
            self._answer(403, b"{}", {"X-Error-Code": "GatedRepo"})
        elif file in self.repositories.get(name, {}):
            content = self.repositories[name][file]
            if self.command == "GET":
                self.asked.append(file)
            self._answer(200, content, {"ETag": f'"{len(content)}-{path[-1]}"', "X-Repo-Commit": COMMIT})
        else:
            self._answer(404, b"{}", {"X-Error-Code": "EntryNotFound"})

    def do_HEAD(self) -> None:
        self.do_GET()

    def _describe(self, path: list[str]) -> None:
        name = "/".join(path[2:4])
        if name not in self.repositories:
            self._answer(404, b"{}", {"X-Error-Code": "RepoNotFound"})
        elif path[4:5] == ["revision"] and path[5] not in ("main", COMMIT):
            self._answer(404, b"{}", {"X-Error-Code": "RevisionNotFound"})
        elif path[4:5] == ["tree"]:
            files = self.repositories[name].items()
            self._json([{"type": "file", "path": file, "size": len(data), "oid": "0" * 40} for file, data in files])
        else:
            files = [{"rfilename": file} for file in self.repositories[name]]
            self._json({"_id": "1", "id": name, "modelId": name, "sha": COMMIT, "siblings": files, "private": False})

    def _json(self, value: object) -> None:
        self._answer(200, json.dumps(value).encode(), {"Content-Type": "application/json"})

    def _answer(self, status: int, content: bytes, headers: dict[str, str] | None = None) -> None:
        self.send_response(status)
        for name, value in (headers or {}).items():
            self.send_header(name, value)
        self.send_header("Content-Length", str(len(content)))
        self.end_headers()
        if self.command != "HEAD":
            self.wfile.write(content)

    def log_message(self, *arguments: object) -> None:
        pass


@pytest.fixture
def hub(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[type[Hub]]:
    """A Hub on this machine, which the client asks in place of the other, with a cache of its own."""
    from huggingface_hub import constants
    from huggingface_hub.utils import close_session, disable_progress_bars

    handler = type("OwnHub", (Hub,), {"repositories": {}, "gated": set(), "asked": [], "tokens": set()})
    server = ThreadingHTTPServer(("127.0.0.1", 0), handler)
    thread = threading.Thread(target=server.serve_forever, args=(0.01,), daemon=True)
    thread.start()
    address = f"http://127.0.0.1:{server.server_port}"
    monkeypatch.setenv("HF_TOKEN", "hf_none")
    monkeypatch.setenv("NO_PROXY", "127.0.0.1")
    monkeypatch.setattr(constants, "HF_HUB_OFFLINE", False)
    monkeypatch.setattr(constants, "ENDPOINT", address)
    monkeypatch.setattr(
        constants, "HUGGINGFACE_CO_URL_TEMPLATE", f"{address}/{{repo_id}}/resolve/{{revision}}/{{filename}}"
    )
    monkeypatch.setattr(constants, "HF_HUB_CACHE", str(tmp_path / "hub"))
    monkeypatch.setattr(constants, "HF_HUB_DISABLE_XET", True)
    disable_progress_bars()
    close_session()
    yield handler
    close_session()
    server.shutdown()
    server.server_close()
    thread.join()
