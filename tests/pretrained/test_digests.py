"""Digests are reckoned once, and again as soon as a file may be another."""

import hashlib
import json
import os

import pytest

from sfumato.errors import SfumatoError
from sfumato.pretrained import digests
from sfumato.pretrained.digests import NAME, digest_of_all, digests_of


@pytest.fixture
def state(tmp_path, monkeypatch):
    """The state directory, in which files are taken for settled at once."""
    monkeypatch.setenv("SFUMATO_STATE", str(tmp_path / "state"))
    monkeypatch.setattr(digests, "_SETTLED", -1)
    return tmp_path / "state"


@pytest.fixture
def reckoned(monkeypatch):
    """How many files were read."""
    counted = []
    reckon = hashlib.file_digest
    monkeypatch.setattr(hashlib, "file_digest", lambda *given: counted.append(1) or reckon(*given))
    return counted


def of(data):
    return hashlib.sha256(data).hexdigest()


def test_a_file_is_read_once_until_it_changes(state, reckoned, tmp_path):
    path = tmp_path / "weights"
    path.write_bytes(b"one")
    for _ in range(2):
        assert digests_of({"a/weights": path}) == {"a/weights": of(b"one")}
    assert len(reckoned) == 1
    times = path.stat()
    path.write_bytes(b"two")
    os.utime(path, ns=(times.st_atime_ns, times.st_mtime_ns))  # its size and the time that it tells are as before
    assert digests_of({"a/weights": path}) == {"a/weights": of(b"two")}
    other = tmp_path / "other"
    other.write_bytes(b"six")
    other.replace(path)
    assert digests_of({"a/weights": path})["a/weights"] == of(b"six")
    assert len(reckoned) == 3
    assert [entry.name for entry in state.iterdir()] == [NAME]


def test_a_file_that_may_be_written_still_is_not_remembered(state, reckoned, tmp_path, monkeypatch):
    monkeypatch.setattr(digests, "_SETTLED", 10**12)
    path = tmp_path / "weights"
    path.write_bytes(b"one")
    assert digests_of({"w": path}) == digests_of({"w": path}) == {"w": of(b"one")}
    assert len(reckoned) == 2


@pytest.mark.parametrize(
    "kept", ["", "{", "[]", '{"format": 2, "files": {}}', '{"format": 1, "files": []}', "[" * 100_000, "entry"]
)
def test_a_memory_that_is_damaged_costs_time_alone(state, tmp_path, kept):
    path = tmp_path / "weights"
    path.write_bytes(b"one")
    digests_of({"w": path})
    if kept == "entry":
        said = json.loads((state / NAME).read_text())
        said["files"][str(path)][-1] = 7
        kept = json.dumps(said)
    (state / NAME).write_text(kept)
    assert digests_of({"w": path}) == {"w": of(b"one")}


def test_without_a_place_to_remember_them_they_are_reckoned(tmp_path, monkeypatch):
    (tmp_path / "file").write_bytes(b"one")
    monkeypatch.setenv("SFUMATO_STATE", str(tmp_path / "file" / "within"))
    assert digests_of({"w": tmp_path / "file"}) == {"w": of(b"one")}
    monkeypatch.setattr(digests, "state_directory", lambda: (_ for _ in ()).throw(SfumatoError("no home")))
    assert digests_of({"w": tmp_path / "file"}) == {"w": of(b"one")}


def test_no_more_is_remembered_than_has_its_place(state, tmp_path, monkeypatch):
    monkeypatch.setattr(digests, "_MOST_FILES", 2)
    for name in "abc":
        (tmp_path / name).write_bytes(name.encode())
        digests_of({name: tmp_path / name})
    assert list(json.loads((state / NAME).read_text())["files"]) == [str(tmp_path / name) for name in "bc"]


def test_a_file_that_cannot_be_read_is_one_sentence(tmp_path):
    with pytest.raises(SfumatoError, match=r"none: cannot be read \(No such file or directory\)"):
        digests_of({"none": tmp_path / "none"})


def test_the_whole_is_known_by_one_digest():
    assert digest_of_all({"model.safetensors": of(b"x")}) == of(b"x")
    two = {"unet/b": of(b"b"), "a": of(b"a")}
    lines = f"{of(b'a')}  a\n{of(b'b')}  unet/b\n".encode()
    assert digest_of_all(two) == digest_of_all(dict(reversed(two.items()))) == of(lines)
