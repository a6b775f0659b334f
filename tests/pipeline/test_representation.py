"""A report on a collection as a stream: what was found, the page, and nothing left of one that fails."""

import json
import shutil
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import pytest

from sfumato import pipeline
from sfumato.collection import collect
from sfumato.collection.drawn_collection import draw_collection
from sfumato.errors import SfumatoError
from sfumato.pipeline import works_beside
from sfumato.pipeline.events import PageWritten, Represented
from sfumato.training import Run


@pytest.fixture(autouse=True)
def _few_draws(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(works_beside, "DRAWS", 99)


@pytest.fixture(scope="module")
def place(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A collection of five classes with nine pictures each. Do not change it."""
    folder = tmp_path_factory.mktemp("drawn")
    list(draw_collection(folder / "art", per_class=9, size=32))
    list(collect(folder / "art", folder / "collection", workers=1))
    return folder / "collection"


def record(place: Path) -> dict[str, Any]:
    read: dict[str, Any] = json.loads((place / "representation.json").read_text())
    return read


def reported(collection: Path, place: Path, works: Sequence[str] = (), **chosen: Any) -> Represented:
    events = list(pipeline.report(collection, place, works=works, **{"count": 20, **chosen}))
    assert events[-1] == PageWritten(place / "index.html")
    (found,) = [event for event in events if isinstance(event, Represented)]
    return found


def test_a_collection_alone_is_a_page_and_a_record(place: Path, tmp_path: Path) -> None:
    found = reported(place, tmp_path / "r")
    assert found.sentences == () and found.headline.startswith("45 pictures")
    assert {path.name for path in (tmp_path / "r").iterdir()} == {".sfumato.jsonl", "index.html", "representation.json"}
    assert (
        record(tmp_path / "r")["collection"]["classes"]
        == dict.fromkeys(("dunes", "flow", "glass", "rings", "waves"), 9)
        or len(record(tmp_path / "r")["collection"]["classes"]) == 5
    )
    with pytest.raises(SfumatoError, match="holds a report already"):
        reported(place, tmp_path / "r")
    assert reported(place, tmp_path / "r", force=True) == found


def test_the_works_of_a_folder_are_told_by_class_and_the_same_seed_says_the_same(place: Path, tmp_path: Path) -> None:
    """The folder holds two of the five classes, and no others."""
    art = place.parent / "art"
    names = sorted(path.name for path in art.iterdir() if path.is_dir())[:2]
    for number, picture in enumerate(path for name in names for path in sorted((art / name).iterdir())):
        for copy in ("a", "b"):
            (tmp_path / "works" / picture.parent.name).mkdir(parents=True, exist_ok=True)
            shutil.copy(picture, tmp_path / "works" / picture.parent.name / f"{copy}{number}.png")
    reported(place, tmp_path / "r", [str(tmp_path / "works")], count=36)
    made = record(tmp_path / "r")
    classes = {each["name"]: each for each in made["works"][0]["measures"] if each["kind"] == "class"}
    assert len(classes) == 5 and all(each["asked"] == 0.5 for name, each in classes.items() if name in names)
    assert sum(each["works"] for each in classes.values()) == pytest.approx(1)
    assert made["compared"]["pictures"] == 45 and len(made["compared"]["confusion"]) == 5
    assert made["compared"]["size"] == 32 and made["works"][0]["count"] == 36
    reported(place, tmp_path / "again", [str(tmp_path / "works")], count=36)
    assert record(tmp_path / "again") == made


def test_works_of_a_model_stand_beside_what_it_learned_from(
    trained: Run, tmp_path: Path, names: Callable[..., list[str]]
) -> None:
    path = trained.path
    events = list(pipeline.report(path / "collection", tmp_path / "r", works=[str(path), str(path)], count=20))
    assert names(events) == ["pipeline.Began", "pipeline.Sampled", "pipeline.Represented", "pipeline.PageWritten"]
    assert not (tmp_path / "r" / "dataset").exists()
    made = record(tmp_path / "r")
    assert [each["name"] for each in made["works"]] == [path.name, f"{path.name} (2)"]
    assert made["works"][0]["measures"] == made["works"][1]["measures"]
    assert made["works"][0]["facts"]["Balance"] == "none" and made["works"][0]["notes"] == []
    assert made["notes"] == ["The collection has too few of each class, so works are not counted by class."]


def test_a_model_of_another_collection_is_said_to_be_one(trained: Run, place: Path, tmp_path: Path) -> None:
    found = reported(place, tmp_path / "r", [str(trained.path)])
    assert any("does not say that it learned from this collection" in sentence for sentence in found.sentences)
    assert record(tmp_path / "r")["works"][0]["measures"][0]["kind"] == "class"  # it has the same classes


def test_pictures_that_were_moved_are_missed_in_a_sentence(place: Path, tmp_path: Path, trained: Run) -> None:
    shutil.copytree(place, tmp_path / "collection")
    text = (tmp_path / "collection" / "collection.json").read_text()
    (tmp_path / "collection" / "collection.json").write_text(text.replace(str(place.parent), str(tmp_path / "gone")))
    reported(tmp_path / "collection", tmp_path / "r")
    (note,) = record(tmp_path / "r")["notes"]
    assert note.startswith("Pictures are no longer where they were collected, in ") and note.endswith("none is shown.")
    with pytest.raises(SfumatoError, match="is not there any more"):
        reported(tmp_path / "collection", tmp_path / "other", [str(trained.path)])
    assert not (tmp_path / "other").exists()


def test_too_few_pictures_or_works_are_said_before_any_is_made(
    place: Path, tiny_art: Path, trained: Run, tmp_path: Path
) -> None:
    for path in sorted(tiny_art.rglob("*.png"))[:12]:
        (tmp_path / "few").mkdir(exist_ok=True)
        shutil.copy(path, tmp_path / "few")
    list(collect(tmp_path / "few", tmp_path / "collection", workers=1))
    with pytest.raises(SfumatoError, match=r"12 pictures that are not near duplicates, and beside works 20 are needed"):
        reported(tmp_path / "collection", tmp_path / "r", [str(trained.path)])
    with pytest.raises(SfumatoError, match="5 works, and beside a collection 20"):
        reported(place, tmp_path / "r", [str(trained.path)], count=5)
    with pytest.raises(SfumatoError, match="12 pictures, and 20 or more are needed"):
        reported(place, tmp_path / "r", [str(tmp_path / "few")])
    assert not (tmp_path / "r").exists()
    assert "no creator is named" in reported(tmp_path / "collection", tmp_path / "r").headline


def test_the_collection_itself_is_never_written_over(place: Path, tmp_path: Path) -> None:
    with pytest.raises(SfumatoError):
        reported(place, place)
    with pytest.raises(SfumatoError, match="sfumato collect ART"):
        reported(tmp_path / "none", tmp_path / "r")
