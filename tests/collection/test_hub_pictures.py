import io
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from sfumato.collection import Collection, Noted, Origin, Written, collect
from sfumato.collection.fetched_folder import check_place, read_origin
from sfumato.collection.hub_columns import Columns
from sfumato.collection.hub_pictures import CachedFiles, write_pictures
from sfumato.errors import SfumatoError

datasets = pytest.importorskip("datasets")

ORIGIN = Origin("hf:owner/art", "a" * 40)
COLUMNS = Columns("image", "label")


@pytest.fixture
def table(paint) -> Callable[..., dict]:
    """Classes, None for a row without a picture -> a split of the client's with a picture of each."""

    def make(*labels: str | None) -> dict:
        pictures = []
        for number, label in enumerate(labels):
            paint(number).save(buffer := io.BytesIO(), "PNG")
            pictures.append(None if label is None else {"bytes": buffer.getvalue(), "path": None})
        rows = {"image": pictures, "label": [label or "" for label in labels]}
        features = datasets.Features({"image": datasets.Image(), "label": datasets.Value("string")})
        return {"train": datasets.Dataset.from_dict(rows, features=features)}

    return make


def write(loaded: dict, folder: Path, origin: Origin = ORIGIN) -> Iterator:
    return write_pictures(loaded, len(loaded["train"]), COLUMNS, folder, origin, CachedFiles())


def files(folder: Path) -> list[str]:
    return sorted(path.relative_to(folder).as_posix() for path in folder.rglob("*.png"))


def test_classes_that_no_folder_can_be_called_have_a_folder_of_their_own(table, tmp_path):
    labels = ("a/b", "a:b", "A_b", "..", "metadata.csv", ".hidden", "x" * 300, "../../up")
    list(write(table(*labels), tmp_path / "p"))
    assert [file.split("/")[0] for file in sorted(files(tmp_path / "p"), key=lambda file: file[-8:])] == [
        "a_b",
        "a_b 2",
        "A_b 3",
        "_",
        "metadata.csv 2",
        "hidden",
        "x" * 80,
        "_.._up",
    ]
    assert [path.name for path in tmp_path.iterdir()] == ["p"]


def test_who_does_not_want_to_be_learned_from_is_left_out(table, tmp_path):
    loaded = {"train": table("a", "a", "b")["train"].add_column("trainable", [True, False, True])}
    columns = Columns("image", "label", rights=["trainable"])
    list(write_pictures(loaded, 3, columns, tmp_path / "p", ORIGIN, CachedFiles()))
    list(collect(tmp_path / "p", tmp_path / "c", workers=1))
    collection = Collection.open(tmp_path / "c")
    assert [picture.file for picture in collection.pictures] == ["a/0000000.png", "b/0000002.png"]
    assert [picture.file for picture in collection.excluded] == ["a/0000001.png"]


def test_rows_without_a_picture_are_counted(table, tmp_path):
    events = list(write(table("a", None, "b"), tmp_path / "p"))
    assert events == [Written(1, 3), Written(3, 3), Noted("hf:owner/art: 1 of 3 rows holds no picture")]
    with pytest.raises(SfumatoError, match="1 row, and none holds a picture"):
        list(write(table(None), tmp_path / "q"))
    assert not (tmp_path / "q").exists()


def test_a_folder_is_there_whole_or_not_at_all(table, tmp_path):
    list(write(table("a"), tmp_path / "p"))
    events = write(table("b", "c"), tmp_path / "p", Origin("hf:owner/art", "b" * 40))
    next(events)
    events.close()
    assert (files(tmp_path / "p"), read_origin(tmp_path / "p")) == (["a/0000000.png"], ORIGIN)
    assert [path.name for path in tmp_path.iterdir()] == ["p"]


def test_what_was_not_fetched_is_not_replaced(table, tmp_path):
    list(write(table("a"), tmp_path / "p"))
    check_place(tmp_path / "p", "hf:owner/art", force=False)
    check_place(tmp_path / "none", "hf:owner/art", force=False)
    with pytest.raises(SfumatoError, match="holds the pictures of hf:owner/art; choose another place, or replace"):
        check_place(tmp_path / "p", "hf:owner/other", force=False)
    check_place(tmp_path / "p", "hf:owner/other", force=True)
    (tmp_path / "mine").mkdir()
    with pytest.raises(SfumatoError, match="was not fetched"):
        check_place(tmp_path / "mine", "hf:owner/art", force=True)


def test_a_place_that_cannot_be_written_is_said(table, tmp_path):
    (tmp_path / "file").touch()
    with pytest.raises(SfumatoError, match="cannot be written"):
        list(write(table("a"), tmp_path / "file" / "p"))


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
