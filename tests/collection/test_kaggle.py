"""Data sets on Kaggle, fetched by its real client: through a proxy that answers in the place of the client's server."""

import base64
import hashlib
import io
import json
import sys
import threading
import zipfile
from collections.abc import Callable, Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest

from sfumato.collection import Collection, Fetched, Noted, collect, fetch
from sfumato.errors import SfumatoError
from sfumato.images import unusable

pytest.importorskip("kagglehub")


class Kaggle(BaseHTTPRequestHandler):
    """As much of Kaggle as its client needs to download a data set."""

    datasets: dict[str, tuple[int, str, bytes]]  # by name: version, licence, zip
    status: int  # of all answers about a data set
    asked: list[str]
    protocol_version = "HTTP/1.1"

    def do_POST(self) -> None:
        wanted = json.loads(self.rfile.read(int(self.headers["Content-Length"] or 0)))
        service, _, call = self.path.rpartition("/")
        self.asked.append(call)
        name = f"{wanted.get('ownerSlug')}/{wanted.get('datasetSlug')}"
        if not service.endswith("/v1/datasets.DatasetApiService") or name not in self.datasets or self.status != 200:
            status = self.status if self.status != 200 else 404
            self._answer(status, json.dumps({"code": status, "message": "refused"}).encode())
            return
        version, licence, packed = self.datasets[name]
        if call == "GetDataset":
            about = {"id": 1, "ref": name, "currentVersionNumber": version, "licenseName": licence}
            self._answer(200, json.dumps(about).encode())
        elif call == "DownloadDataset":
            digest = base64.b64encode(hashlib.md5(packed).digest()).decode()
            self._answer(200, packed, {"Content-Type": "application/zip", "X-Goog-Hash": f"md5={digest}"})

    def _answer(self, status: int, content: bytes, headers: dict[str, str] | None = None) -> None:
        self.send_response(status)
        for name, value in {"Content-Type": "application/json", **(headers or {})}.items():
            self.send_header(name, value)
        self.send_header("Content-Length", str(len(content)))
        self.end_headers()
        self.wfile.write(content)

    def log_message(self, *arguments: object) -> None:
        pass


@pytest.fixture
def kaggle(tmp_path, monkeypatch) -> Iterator[type[Kaggle]]:
    """A Kaggle on this machine, and a cache and a home without anybody's credentials."""
    handler = type("OwnKaggle", (Kaggle,), {"datasets": {}, "status": 200, "asked": []})
    server = ThreadingHTTPServer(("127.0.0.1", 0), handler)
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    # The client's address for its makers' own machines is the one that is not encrypted, and so can be answered for.
    monkeypatch.setenv("KAGGLE_API_ENVIRONMENT", "LOCALHOST")
    for name in ("http_proxy", "HTTP_PROXY"):
        monkeypatch.setenv(name, f"http://127.0.0.1:{server.server_port}")
    for name in ("no_proxy", "NO_PROXY", "KAGGLE_API_TOKEN", "KAGGLE_USERNAME", "KAGGLE_KEY", "KAGGLE_KERNEL_RUN_TYPE"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("HOME", str(tmp_path / "home"))
    monkeypatch.setenv("KAGGLE_CONFIG_DIR", str(tmp_path / "home" / ".kaggle"))
    monkeypatch.setenv("KAGGLEHUB_CACHE", str(tmp_path / "cache"))
    yield handler
    server.shutdown()
    server.server_close()
    thread.join()


@pytest.fixture
def packed(paint) -> Callable[..., bytes]:
    """File names -> a zip with a picture in each, the same for the same name below 'again' and elsewhere."""

    def pack(*names: str) -> bytes:
        buffer = io.BytesIO()
        with zipfile.ZipFile(buffer, "w") as archive:
            for name in names:
                picture = io.BytesIO()
                seed = int(hashlib.sha256(name.removeprefix("again/").encode()).hexdigest()[:8], 16)
                paint(seed).save(picture, "PNG")
                archive.writestr(name, picture.getvalue())
        return buffer.getvalue()

    return pack


def last(reference: str, destination: Path, **options: object) -> tuple[Fetched, list[str]]:
    """What was fetched, and the notes."""
    *before, fetched = fetch(reference, destination, **options)
    assert isinstance(fetched, Fetched)
    return fetched, [event.text for event in before if isinstance(event, Noted)]


def refusal(reference: str, destination: Path) -> str:
    with pytest.raises(SfumatoError) as caught:
        list(fetch(reference, destination))
    assert "\n" not in str(caught.value)
    return str(caught.value)


def test_folders_deep_within_and_packed_twice_are_classes_and_splits_once(kaggle, packed, tmp_path):
    below = "dataset_updated"
    names = [
        f"{below}/{split}/{name}/{number}.png"
        for split, count in (("training_set", 2), ("validation_set", 1))
        for name in ("drawings", "engraving")
        for number in range(count)
    ]
    files = packed(*names, *(f"again/{name}" for name in names))
    with zipfile.ZipFile(buffer := io.BytesIO(files), "a") as archive:
        archive.writestr(f"{below}/training_set/drawings/broken.png", b"")
    kaggle.datasets["owner/art"] = (3, "CC0: Public Domain", buffer.getvalue())
    fetched, notes = last("kaggle:owner/art", tmp_path / "c")
    assert fetched.folder == tmp_path / "cache" / "datasets" / "owner" / "art" / "versions" / "3"
    assert (fetched.origin.reference, fetched.origin.version) == ("kaggle:owner/art", "3")
    assert fetched.origin.licence == "CC0: Public Domain"
    assert notes == []
    *_, finished = collect(fetched.folder, tmp_path / "c", workers=1, origin=fetched.origin)
    collection = Collection.open(finished.path)
    assert collection.classes == ["drawings", "engraving"]
    assert finished.summary.splits == {"train": 4, "validation": 2}
    assert (finished.summary.exact_duplicates, finished.summary.left_out) == (6, {unusable.EMPTY: 1})
    assert collection.origin == fetched.origin
    assert {picture.licence for picture in collection.pictures} == {"unknown"}
    assert "states 'CC0: Public Domain'" in collection.origin.licence_sentence


def test_nothing_is_downloaded_twice_and_a_new_version_is_seen(kaggle, packed, tmp_path):
    kaggle.datasets["owner/art"] = (1, "Unknown", packed("a/1.png"))
    first, _ = last("kaggle:owner/art", tmp_path / "c")
    assert first.origin.licence == ""
    kaggle.asked.clear()
    assert last("kaggle:owner/art", tmp_path / "c") == (first, [])
    assert "DownloadDataset" not in kaggle.asked
    kaggle.datasets["owner/art"] = (2, "Unknown", packed("a/1.png", "b/2.png"))
    assert last("kaggle:owner/art", tmp_path / "c")[0].origin.version == "2"
    assert last("kaggle:owner/art/versions/1", tmp_path / "d")[0].folder == first.folder


def test_without_a_connection_the_newest_version_in_the_cache_serves(kaggle, packed, tmp_path, monkeypatch):
    for version in (9, 10):
        kaggle.datasets["owner/art"] = (version, "CC0", packed("a/1.png"))
        last("kaggle:owner/art", tmp_path / "c")
    unfinished = tmp_path / "cache" / "datasets" / "owner" / "art" / "versions" / "11"
    unfinished.mkdir()
    for name in ("http_proxy", "HTTP_PROXY"):
        monkeypatch.setenv(name, "http://127.0.0.1:9")
    fetched, notes = last("kaggle:owner/art", tmp_path / "c")
    assert fetched.origin.version == "10"
    assert notes == ["kaggle:owner/art: Kaggle cannot be reached; version 10 from the cache is used"]
    assert "cannot be reached, and the data set is not in the cache" in refusal("kaggle:owner/other", tmp_path / "c")
    assert "not in the cache" in refusal("kaggle:owner/art/versions/8", tmp_path / "c")


def test_the_licence_that_was_stated_once_is_kept_when_it_cannot_be_asked_for(kaggle, packed, tmp_path, monkeypatch):
    kaggle.datasets["owner/art"] = (1, "CC0", packed("a/1.png", "b/1.png"))
    fetched, _ = last("kaggle:owner/art", tmp_path / "c")
    list(collect(fetched.folder, tmp_path / "c", workers=1, origin=fetched.origin))
    kaggle.status = 503
    fetched, _ = last("kaggle:owner/art/versions/1", tmp_path / "c")
    *_, finished = collect(fetched.folder, tmp_path / "c", workers=1, origin=fetched.origin)
    assert (fetched.origin.licence, finished.origin.licence) == (None, "CC0")


@pytest.mark.parametrize(
    ("status", "said"),
    [
        (404, "Kaggle has no such data set or version; look at https://www.kaggle.com/datasets/owner/none"),
        (403, "accept what it asks for, and log in"),
        (401, "accept what it asks for, and log in"),
        (429, "too many requests"),
        (500, "could not fetch it"),
    ],
)
def test_what_kaggle_refuses_is_one_sentence_with_what_to_do(kaggle, tmp_path, status, said):
    kaggle.status = status
    assert said in refusal("kaggle:owner/none", tmp_path / "c")


def test_a_download_that_is_broken_is_said_and_not_used(kaggle, tmp_path):
    kaggle.datasets["owner/art"] = (1, "", b"no archive")
    assert "could not fetch it (Unsupported archive type)" in refusal("kaggle:owner/art", tmp_path / "c")
    assert "could not fetch it" in refusal("kaggle:owner/art", tmp_path / "c")


def test_without_the_client_the_command_that_installs_it_is_named(tmp_path, monkeypatch):
    monkeypatch.setitem(sys.modules, "kagglehub", None)
    assert "pip install 'sfumato[kaggle]'" in refusal("kaggle:owner/art", tmp_path / "c")


def test_a_folder_around_everything_is_no_class(kaggle, packed, tmp_path):
    kaggle.datasets["owner/art"] = (1, "", packed("art/sea/1.png", "art/hill/2.png"))
    fetched, _ = last("kaggle:owner/art", tmp_path / "c")
    *_, finished = collect(fetched.folder, tmp_path / "c", workers=1, origin=fetched.origin)
    assert Collection.open(finished.path).classes == ["hill", "sea"]
