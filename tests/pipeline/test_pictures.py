"""Pictures become a collection and a dataset, which are handed on by their places."""

from collections.abc import Callable, Generator
from pathlib import Path
from typing import Any

import pytest
from PIL import Image

from sfumato import pipeline
from sfumato.collection import Collection, Fetched, Finished, Origin
from sfumato.errors import SfumatoError
from sfumato.pipeline.events import Began, Event
from sfumato.pipeline.pictures import collection_of, dataset_of, short_sides


def ended(steps: Generator[Event, None, Any]) -> tuple[list[Event], Any]:
    """All events, and what is returned at the end."""
    events = []
    while True:
        try:
            events.append(next(steps))
        except StopIteration as end:
            return events, end.value


def test_a_collection_that_is_there_is_opened_and_not_made_again(tiny_collection: Collection, tmp_path: Path) -> None:
    events, found = ended(collection_of(tiny_collection.path, tmp_path / "c"))
    assert (events, found.digest) == ([], tiny_collection.digest)
    assert not (tmp_path / "c").exists()


def test_art_is_collected_and_prepared(tiny_art: Path, tmp_path: Path, names: Callable[..., list[str]]) -> None:
    events, collection = ended(collection_of(tiny_art, tmp_path / "c", workers=1))
    assert names(events) == ["pipeline.Began", "collection.Scanned", "collection.Read", "collection.Finished"]
    assert isinstance(events[-1], Finished) and events[-1].path == collection.path == tmp_path / "c"
    assert events[-1].summary == collection.summary
    assert short_sides(collection) == [32] * 20
    events, dataset = ended(dataset_of(collection, tmp_path / "d", 32, workers=1))
    assert names(events) == ["pipeline.Began", "dataset.Prepared", "dataset.Ready"]
    assert dataset.path == tmp_path / "d" and len(dataset) == 20


def test_a_data_set_by_name_is_fetched_first(tiny_art: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def fetch(reference: str, place: Path, *, limit: int | None, force: bool) -> Any:
        yield Fetched(tiny_art, Origin(reference, "3", "CC0-1.0"))

    monkeypatch.setattr("sfumato.pipeline.pictures.fetch", fetch)
    events = list(pipeline.collect("hf:owner/art", tmp_path / "c", workers=1))
    assert events[0] == Began("fetching", "Fetching hf:owner/art")
    assert isinstance(events[-1], Finished) and events[-1].origin == Origin("hf:owner/art", "3", "CC0-1.0")


def test_art_that_is_not_there_is_said(tmp_path: Path) -> None:
    with pytest.raises(SfumatoError, match="no such folder"):
        ended(collection_of(tmp_path / "nowhere", tmp_path / "c"))


def test_closing_while_pictures_are_read_leaves_nothing(tmp_path: Path) -> None:
    (tmp_path / "art").mkdir()
    for number in range(6):
        Image.effect_noise((40, 40), 40 + number).save(tmp_path / "art" / f"{number}.png")
    events = pipeline.collect(tmp_path / "art", tmp_path / "c", workers=1)
    for event in events:
        if pipeline.record(event)["event"] == "collection.Read":
            break
    events.close()  # type: ignore[attr-defined]
    assert not (tmp_path / "c").exists()
