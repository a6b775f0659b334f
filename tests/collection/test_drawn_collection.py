"""A folder of drawn art says what it is, goes on where it ended, and is drawn over nothing of somebody else's."""

import csv
from pathlib import Path

import pytest
from PIL import Image

from sfumato import __version__
from sfumato.collection.drawn import CLASSES, draw
from sfumato.collection.drawn_collection import draw_collection
from sfumato.errors import SfumatoError


def test_a_collection_says_of_every_picture_what_it_is(tmp_path: Path) -> None:
    folder = tmp_path / "new" / "art"
    paths = list(draw_collection(folder, per_class=3, size=32, seed=7))
    assert len(paths) == 3 * len(CLASSES)
    assert sorted(p.name for p in folder.iterdir() if p.is_dir()) == sorted(CLASSES)
    with (folder / "metadata.csv").open(encoding="utf-8", newline="") as table:
        rows = list(csv.DictReader(table))
    assert [folder / row["file_name"] for row in rows] == paths
    assert len({row["title"] for row in rows}) == len(paths)
    assert {row["licence"] for row in rows} == {"CC0-1.0"}
    assert {row["creator"] for row in rows} == {"sfumato (drawn by the program)"}
    assert rows[1]["source"] == f"drawn by sfumato {__version__}, seed 8"
    assert "CC0-1.0" in (folder / "LICENCE.txt").read_text(encoding="utf-8")
    with Image.open(paths[1]) as second:
        assert second.tobytes() == draw(CLASSES[0], 8, 32).tobytes()


def test_a_drawing_that_is_stopped_leaves_a_sound_smaller_collection(tmp_path: Path) -> None:
    pictures = draw_collection(tmp_path, per_class=5, size=16)
    first = [next(pictures), next(pictures)]
    pictures.close()  # type: ignore[attr-defined]
    with (tmp_path / "metadata.csv").open(encoding="utf-8", newline="") as table:
        assert [tmp_path / row["file_name"] for row in csv.DictReader(table)] == first
    assert (tmp_path / "LICENCE.txt").exists()


def test_a_drawing_that_died_goes_on(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def full(*arguments: object) -> None:
        raise OSError(28, "No space left on device")

    with monkeypatch.context() as patch, pytest.raises(SfumatoError, match="disk is full"):
        for number, _ in enumerate(draw_collection(tmp_path / "art", per_class=2, size=16)):
            if number == 3:
                patch.setattr("sfumato.collection.drawn_collection.draw", full)
    assert len(list(draw_collection(tmp_path / "art", per_class=2, size=16))) == 2 * len(CLASSES)
    with pytest.raises(SfumatoError, match="holds drawn art already"):
        draw_collection(tmp_path / "art", per_class=2, size=16)


def test_nothing_is_drawn_over_without_force(tmp_path: Path) -> None:
    precious = tmp_path / "mine.txt"
    precious.write_text("mine")
    with pytest.raises(SfumatoError, match="not empty"):
        draw_collection(tmp_path, per_class=1, size=16)
    assert [p.name for p in tmp_path.iterdir()] == ["mine.txt"]
    assert len(list(draw_collection(tmp_path, per_class=1, size=16, force=True))) == len(CLASSES)
    assert precious.read_text() == "mine"
    (tmp_path / "flow" / "flow-0002.png").write_text("mine")
    with pytest.raises(SfumatoError, match="was not made by sfumato"):
        list(draw_collection(tmp_path, per_class=2, size=16, force=True))
    assert (tmp_path / "flow" / "flow-0002.png").read_text() == "mine"
    with pytest.raises(SfumatoError, match="is a file"):
        draw_collection(precious, per_class=1, size=16)
    with pytest.raises(SfumatoError, match="1 or more"):
        draw_collection(tmp_path / "a", per_class=0)
    with pytest.raises(SfumatoError, match="16 to"):
        draw_collection(tmp_path / "a", size=4)
    assert not (tmp_path / "a").exists()
