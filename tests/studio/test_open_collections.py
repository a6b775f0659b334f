"""Collections of the studio are read once, shown while they are written, and found by their ids alone."""

from collections.abc import Callable
from pathlib import Path

import pytest
from PIL import Image

from sfumato.collection import collect
from sfumato.errors import SfumatoError
from sfumato.studio import open_collections
from sfumato.studio.open_collections import NoSuchCollectionError, collection_folders, open_collection
from sfumato.studio.place import Place


@pytest.fixture
def place(tmp_path: Path, paint: Callable[..., Image.Image]) -> Place:
    """With the collection 'sea-1' of two pictures."""
    place = Place(tmp_path / "studio")
    (tmp_path / "art").mkdir()
    for number in range(2):
        paint(number).save(tmp_path / "art" / f"{number}.png")
    place.collections.mkdir(parents=True)
    list(collect(tmp_path / "art", place.collections / "sea-1", workers=1))
    return place


def test_it_is_read_once_and_while_it_is_written_it_is_as_it_was(place: Place) -> None:
    folder = place.collections / "sea-1"
    before = open_collection(place, "sea-1")
    assert open_collection(place, "sea-1") is before
    pictures = (folder / "pictures.jsonl").read_bytes()
    (folder / "pictures.jsonl").write_bytes(b"")
    (folder / "collection.json").touch()
    assert open_collection(place, "sea-1") is before
    (folder / "pictures.jsonl").write_bytes(pictures)
    assert open_collection(place, "sea-1") is not before


def test_one_that_stays_broken_is_said_to_be(place: Place, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(open_collections, "_PATIENCE_SECONDS", 0.1)
    (place.collections / "sea-1" / "pictures.jsonl").write_bytes(b"")
    with pytest.raises(SfumatoError, match="is not whole"):
        open_collection(place, "sea-1")


@pytest.mark.parametrize("id", ["sea-2", "../collections/sea-1", "SEA-1", "", "sea-1/"])
def test_no_path_opens_one(place: Place, id: str) -> None:
    with pytest.raises(NoSuchCollectionError):
        open_collection(place, id)


def test_only_folders_that_are_collections_are_listed(place: Place) -> None:
    (place.collections / "sea-2").mkdir()
    (place.collections / "sea-1.json").write_text("{}")
    assert [folder.name for folder in collection_folders(place)] == ["sea-1"]
    assert list(collection_folders(Place(place.path / "nowhere"))) == []


def test_a_picture_is_known_by_its_content(place: Place) -> None:
    opened = open_collection(place, "sea-1")
    first = opened.collection.pictures[0]
    assert opened.picture(first.sha256) == first
    with pytest.raises(NoSuchCollectionError, match="has no such picture"):
        opened.picture("0" * 64)
