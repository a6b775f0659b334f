"""Of the files on a machine those alone are a data set's that lie where the client keeps them, links followed."""

from pathlib import Path

import pytest

from sfumato.collection.hub_cache import CachedFiles


@pytest.fixture
def snapshot(tmp_path: Path) -> Path:
    path = tmp_path / "datasets--a--b" / "snapshots" / "1"
    path.mkdir(parents=True)
    return path


@pytest.fixture
def cached(snapshot: Path, tmp_path: Path) -> CachedFiles:
    (tmp_path / "datasets--a--b" / "blobs").mkdir()
    (tmp_path / "datasets--a--b" / "blobs" / "x").write_bytes(b"x")
    (snapshot / "own.png").symlink_to("../../blobs/x")
    (snapshot / "out.png").symlink_to("/etc/passwd")
    return CachedFiles((snapshot,), (tmp_path / "datasets--a--b",))


def test_a_file_of_the_snapshot_belongs_to_it(cached: CachedFiles, snapshot: Path) -> None:
    assert cached.has(str(snapshot / "own.png"))
    assert cached.read(str(snapshot / "own.png")) == b"x"
    assert cached.read(str(snapshot / "gone.png")) is None


@pytest.mark.parametrize("name", ["out.png", "../2/own.png", "../../blobs/x", "../../../other.png", "/etc/passwd", ""])
def test_nothing_else_does(cached: CachedFiles, snapshot: Path, name: str) -> None:
    path = str(snapshot / name) if name else "own.png"
    assert not cached.has(path)
    assert cached.read(path) is None
    assert cached.read(f"zip://a.png::{path}") is None


def test_of_no_data_set_nothing_belongs() -> None:
    assert not CachedFiles().has("/etc/passwd")
    assert not CachedFiles().has("a\x00b")
