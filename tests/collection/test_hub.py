"""Data sets on the Hub, fetched by its real client from a server on this machine that answers like the Hub."""

import io
import json
import os
import subprocess
import sys
import threading
import zipfile
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from sfumato.collection import fetch
from sfumato.errors import SfumatoError
from sfumato.marker import MARKER

pytest.importorskip("datasets")

COMMIT = "0123456789" * 4
CARD = b"---\nlicense: cc-by-4.0\n---\n# Pictures\n"


@pytest.fixture
def publish(hub) -> Callable[..., None]:
    def put(name: str, files: dict[str, bytes], commit: str = COMMIT) -> None:
        hub.repositories[name], hub.commits[name] = files, commit

    return put


# Fetches and collects what it is asked for, one line after the other.
PROGRAM = """
import json, os, sys
from dataclasses import asdict
from sfumato.collection import Collection, Fetched, Noted, Written, collect, fetch
from sfumato.errors import SfumatoError
for line in sys.stdin:
    reference, here, name, force = json.loads(line)
    os.chdir(here)
    place = os.path.join(here, name)
    said = {"notes": [], "written": 0, "error": ""}
    try:
        for event in fetch(reference, place, force=force):
            if isinstance(event, Noted):
                said["notes"].append(event.text)
            elif isinstance(event, Written):
                said["written"] += 1
                assert event.done <= event.total
        *_, finished = collect(event.folder, place, workers=1, origin=event.origin, force=force)
        said["origin"] = asdict(finished.origin)
        said["pictures"] = [json.loads(picture.to_json()) for picture in Collection.open(finished.path).pictures]
    except SfumatoError as error:
        said["error"] = str(error)
    print(json.dumps(said), flush=True)
"""


@pytest.fixture(scope="module")
def cache(tmp_path_factory) -> Path:
    """Where the client keeps what it fetched."""
    return tmp_path_factory.mktemp("cache") / "hf"


class Client:
    """A process with the Hub's client, which reads where its Hub is, and whether it may ask it, when it is imported."""

    def __init__(self, log: Path, environment: dict[str, str]) -> None:
        self.log = log
        with log.open("w") as errors:
            self.process = subprocess.Popen(
                [sys.executable, "-W", "error", "-c", PROGRAM],
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                stderr=errors,
                text=True,
                env=os.environ | environment,
                cwd=log.parent,
            )

    def ask(self, *question: object) -> dict:
        late = threading.Timer(120, self.process.kill)
        late.start()
        self.process.stdin.write(json.dumps([*map(str, question[:-1]), question[-1]]) + "\n")
        self.process.stdin.flush()
        answer = self.process.stdout.readline()
        late.cancel()
        assert answer, self.log.read_text()
        return json.loads(answer)

    def end(self) -> None:
        self.process.stdin.close()
        self.process.stdout.close()
        assert self.process.wait(120) == 0, self.log.read_text()


@pytest.fixture(scope="module")
def clients(hub, cache) -> Iterator[Callable[..., Client]]:
    """(settings) -> the client with these: one process for all that are asked of it, for importing it takes seconds."""
    started: dict[tuple, Client] = {}

    def client(**settings: str) -> Client:
        environment = {
            "HF_ENDPOINT": hub.address,
            "HF_HOME": str(cache),
            "HF_TOKEN": "hf_none",
            "HF_HUB_DISABLE_XET": "1",
            "HF_HUB_DISABLE_TELEMETRY": "1",
            "NO_PROXY": "127.0.0.1",
        }
        key = tuple(sorted(settings.items()))
        if key not in started:
            started[key] = Client(cache.parent / f"{len(started)}.log", environment | settings)
        return started[key]

    yield client
    for each in started.values():
        each.end()


@pytest.fixture
def fetched(clients, tmp_path) -> Callable[..., list[dict]]:
    """(references, name of the collection, settings) -> for each, what was said and what the collection then holds."""

    def run(references: str, name: str = "c", *, force: bool = False, **settings: str) -> list[dict]:
        return [clients(**settings).ask(reference, tmp_path, name, force) for reference in references.split()]

    return run


@pytest.fixture
def encoded(paint) -> Callable[..., bytes]:
    def encode(seed: int, kind: str = "PNG") -> bytes:
        buffer = io.BytesIO()
        paint(seed).save(buffer, kind)
        return buffer.getvalue()

    return encode


def parquet(rows: dict[str, list], features: dict) -> bytes:
    from datasets import Dataset, Features

    buffer = io.BytesIO()
    Dataset.from_dict(rows, features=Features(features)).to_parquet(buffer)
    return buffer.getvalue()


def tables(encoded: Callable[..., bytes]) -> tuple[dict[str, bytes], list[bytes]]:
    """Two splits as Parquet, and the pictures' bytes."""
    from datasets import ClassLabel, Image, Value

    features = {
        "image": Image(),
        "Style": ClassLabel(names=["Cubism", "Pop / Op: Art"]),
        "artist": ClassLabel(names=["Ana", "Ben"]),
        "prompt": Value("string"),
        "license": Value("string"),
        "score": Value("float32"),
    }
    data = [encoded(0), encoded(1, "JPEG"), encoded(2), encoded(3, "WEBP"), encoded(4), encoded(5)[:60]]

    def part(*numbers: int) -> bytes:
        rows = {
            "image": [{"bytes": data[number], "path": f"{number}.jpg"} for number in numbers],
            "Style": [None if number == 4 else number % 2 for number in numbers],
            "artist": [number // 3 for number in numbers],
            "prompt": [f'picture\n{number}, "so"' for number in numbers],
            "license": ["CC0-1.0" if number == 0 else None for number in numbers],
            "score": [0.5 for _ in numbers],
        }
        return parquet(rows, features)

    return {
        "README.md": CARD,
        "data/train-00000-of-00001.parquet": part(0, 1, 2, 5),
        "data/test-00000-of-00001.parquet": part(3, 4),
    }, data


@pytest.mark.slow
def test_a_table_becomes_a_folder_of_the_very_same_pictures(publish, encoded, fetched, tmp_path):
    files, data = tables(encoded)
    publish("owner/art", files)
    (tmp_path / "owner" / "art").mkdir(parents=True)  # a folder here of the same name is not the data set
    (tmp_path / "owner" / "art" / "x.png").write_bytes(encoded(99))
    (said,) = fetched("hf:owner/art")
    assert said["error"] == ""
    assert said["written"] == 6
    assert said["notes"] == [
        "hf:owner/art: pictures from the column 'image', classes from 'Style', caption from 'prompt', "
        "creator from 'artist', licence from 'license', not used: 'score'"
    ]
    assert said["origin"] == {"reference": "hf:owner/art", "version": COMMIT, "licence": "cc-by-4.0"}
    folder = tmp_path / "c" / "pictures"
    written = {path.relative_to(folder).as_posix(): path.read_bytes() for path in folder.rglob("0*.*")}
    names = {
        "Cubism/0000000.png": 0,
        "Pop _ Op_ Art/0000001.jpg": 1,
        "Cubism/0000002.png": 2,
        "Pop _ Op_ Art/0000003.png": 5,
        "Pop _ Op_ Art/0000004.webp": 3,
        "0000005.png": 4,
    }
    assert written == {name: data[number] for name, number in names.items()}
    pictures = {picture["file"]: picture for picture in said["pictures"]}
    assert set(pictures) == set(names) - {"Pop _ Op_ Art/0000003.png"}  # the sixth is truncated
    first, last = pictures["Cubism/0000000.png"], pictures["0000005.png"]
    assert (first["category"], first["split"], first["creator"]) == ("Cubism", "train", "Ana")
    assert (first["caption"], first["licence"]) == ('picture 0, "so"', "CC0-1.0")
    assert (last["category"], last["split"], last["creator"]) == ("", "test", "Ben")
    assert last["licence"] == "unknown"  # what the card states is no fact about a picture


@pytest.mark.slow
def test_nothing_is_fetched_or_written_twice(publish, encoded, fetched, hub):
    files, _ = tables(encoded)
    publish("owner/twice", files)
    (first,) = fetched("hf:owner/twice")
    hub.asked.clear()
    (again,) = fetched("hf:owner/twice")
    assert (again["pictures"], again["origin"], again["written"]) == (first["pictures"], first["origin"], 0)
    assert len(hub.asked) == 1  # what its revision is now
    (unreachable,) = fetched("hf:owner/twice", HF_ENDPOINT="http://127.0.0.1:9")
    assert (unreachable["pictures"], unreachable["origin"], unreachable["written"]) == (
        first["pictures"],
        first["origin"],
        0,
    )
    # Elsewhere it is written anew, from the client's cache and without asking anybody.
    hub.asked.clear()
    (offline,) = fetched("hf:owner/twice", "other", HF_HUB_OFFLINE="1")
    assert (offline["error"], offline["origin"], offline["written"]) == ("", first["origin"], 6)
    pinned, other = fetched(f"hf:owner/twice@{COMMIT} hf:owner/twice@v2", "third", HF_HUB_OFFLINE="1")
    assert (pinned["origin"], pinned["written"]) == (first["origin"], 6)
    assert "the cache holds revision 012345678901, not v2" in other["error"]
    assert hub.asked == []


@pytest.mark.slow
def test_a_new_revision_takes_the_place_of_the_old_one(publish, encoded, fetched, tmp_path):
    files, _ = tables(encoded)
    publish("owner/renewed", files)
    assert len(fetched("hf:owner/renewed")[0]["pictures"]) == 5
    newer = "9" * 40
    publish("owner/renewed", {name: data for name, data in files.items() if "test" not in name}, newer)
    (said,) = fetched("hf:owner/renewed")
    assert (said["origin"]["version"], len(said["pictures"])) == (newer, 3)
    assert sorted(path.name for path in (tmp_path / "c").iterdir() if path.name.startswith(".")) == [MARKER]


@pytest.mark.slow
def test_a_repository_of_files_keeps_their_folders_as_classes_and_splits(publish, encoded, fetched):
    names = [f"train/{name}/{number}.png" for name in ("sea", "hill") for number in (1, 2)] + ["test/sea/3.png"]
    publish("owner/files", {name: encoded(number) for number, name in enumerate(names)})
    (said,) = fetched("hf:owner/files")
    assert said["error"] == ""
    assert sorted((picture["category"], picture["split"]) for picture in said["pictures"]) == [
        ("hill", "train"),
        ("hill", "train"),
        ("sea", "test"),
        ("sea", "train"),
        ("sea", "train"),
    ]
    assert said["origin"] == {"reference": "hf:owner/files", "version": COMMIT, "licence": ""}


@pytest.mark.slow
def test_files_of_this_machine_that_a_table_names_are_not_read(publish, encoded, fetched, cache, tmp_path):
    """Neither those of the person, nor those that other data sets left in the cache, by whatever way around."""
    from datasets import Dataset, Features, Image
    from pyarrow.parquet import write_table

    publish("owner/theirs", {"train/sea/1.png": encoded(1), "train/hill/2.png": encoded(2)})
    (tmp_path / "mine.png").write_bytes(encoded(9))
    assert fetched("hf:owner/theirs", "other")[0]["error"] == ""
    (theirs,) = (cache / "hub" / "datasets--owner--theirs").rglob("snapshots/*/train/sea/1.png")
    own = cache / "hub" / "datasets--owner--table" / "snapshots" / COMMIT
    around = str(own / ".." / ".." / ".." / "datasets--owner--theirs" / "snapshots" / COMMIT / "train/sea/1.png")
    paths = ["/etc/passwd", str(tmp_path / "mine.png"), "mine.png", "~/.profile", str(theirs), around, "\x00"]
    rows = [{"bytes": encoded(5), "path": "mine.png"}, *({"bytes": None, "path": path} for path in paths)]
    # The client itself would not write such a table: it puts the files' bytes in.
    table = Dataset.from_dict({"image": rows}, features=Features({"image": Image()})).data.table
    write_table(table, buffer := io.BytesIO())
    publish("owner/table", {"train.parquet": buffer.getvalue()})
    (said,) = fetched("hf:owner/table")
    assert said["error"] == ""
    assert said["notes"][-1] == (
        "hf:owner/table: 7 of 8 rows hold no picture, 7 of them but the name of a file that did not come with the data "
        "set"
    )
    written = [path.read_bytes() for path in (tmp_path / "c" / "pictures").iterdir() if path.suffix == ".png"]
    assert written == [encoded(5)]


@pytest.mark.slow
def test_pictures_that_the_client_unpacked_belong_to_their_data_set(publish, encoded, fetched):
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w") as file:
        for number in range(3):
            file.writestr(f"sea/{number}.png", encoded(number))
    publish("owner/zipped", {"images.zip": buffer.getvalue()})
    (said,) = fetched("hf:owner/zipped")
    assert said["error"] == ""
    assert len(said["pictures"]) == 3


@pytest.mark.slow
def test_what_cannot_be_had_is_one_sentence_with_what_to_do(publish, encoded, fetched, hub, tmp_path):
    from datasets import Image, Value

    files, _ = tables(encoded)
    publish("owner/art", files)
    publish("owner/gated", files)
    hub.gated.add("owner/gated")
    publish("owner/text", {"data.csv": b"a,b\n1,2\n"})
    publish("owner/script", {"script.py": b"raise SystemExit('run')", "README.md": b"# x"})
    publish("owner/empty", {"README.md": b"# nothing"})
    none = parquet({"image": [None, None], "label": ["a", "b"]}, {"image": Image(), "label": Value("string")})
    publish("owner/none", {"data.parquet": none})
    subsets = "\n".join(f"- config_name: {name}\n  data_files: {name}.parquet" for name in ("small", "large"))
    part = files["data/test-00000-of-00001.parquet"]
    cards = {"README.md": f"---\nconfigs:\n{subsets}\n---\n".encode()}
    publish("owner/many", cards | {"small.parquet": part, "large.parquet": part})
    names = ("gated", "missing", "text", "script", "empty", "none", "many", "art@v9", "many/large")
    *refused, found = fetched(" ".join(f"hf:owner/{name}" for name in names))
    said = {name: each["error"] for name, each in zip(names, refused, strict=False)}
    assert "its owner must first grant access" in said["gated"]
    assert "hf auth login" in said["gated"]
    assert "no such data set, or a private one" in said["missing"]
    assert "has no column with pictures ('a', 'b')" in said["text"]
    assert "programs of data sets are not run" in said["script"]
    assert "doesn't contain any data files" in said["empty"]
    assert "2 rows, and none holds a picture" in said["none"]
    assert "it has subsets ('small', 'large'); name one of them, as in hf:owner/many/small" in said["many"]
    assert "has no revision 'v9'" in said["art@v9"]
    assert not any("\n" in sentence for sentence in said.values())
    assert (found["error"], len(found["pictures"])) == ("", 2)
    assert found["origin"]["reference"] == "hf:owner/many/large"
    publish("owner/unseen", files)
    (offline,) = fetched("hf:owner/unseen", "d", HF_HUB_OFFLINE="1")
    assert "cannot be reached, and the data set is not in the cache" in offline["error"]
    assert not (tmp_path / "d").exists()


@pytest.mark.slow
def test_another_data_set_takes_nothings_place_without_force(publish, encoded, fetched, tmp_path):
    files, _ = tables(encoded)
    publish("owner/art", files)
    publish("owner/other", {"README.md": b"# x", "a.parquet": files["data/test-00000-of-00001.parquet"]})
    _, refused = fetched("hf:owner/art hf:owner/other")
    assert "is a collection of hf:owner/art, not of hf:owner/other" in refused["error"]
    assert len(fetched("hf:owner/other", force=True)[0]["pictures"]) == 2
    (tmp_path / "d" / "pictures").mkdir(parents=True)
    (tmp_path / "d" / "pictures" / "mine.txt").write_text("mine")
    assert "was not fetched" in fetched("hf:owner/art", "d", force=True)[0]["error"]
    assert (tmp_path / "d" / "pictures" / "mine.txt").read_text() == "mine"


def test_without_the_client_the_command_that_installs_it_is_named(tmp_path, monkeypatch):
    monkeypatch.setitem(sys.modules, "datasets", None)
    with pytest.raises(SfumatoError, match=r"pip install 'sfumato\[hub\]'"):
        list(fetch("hf:owner/art", tmp_path / "c"))
