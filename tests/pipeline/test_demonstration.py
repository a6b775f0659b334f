"""A demonstration that is closed goes on where it can; one that is there is not made anew unasked."""

from pathlib import Path

import pytest

from sfumato import pipeline
from sfumato.directory import OwnDirectory
from sfumato.errors import SfumatoError
from sfumato.pipeline import demonstration
from sfumato.pipeline.events import Began, Drew


def test_pictures_are_drawn_first_and_again_after_it_was_closed(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(demonstration, "DRAWN_PER_CLASS", 2)
    for _ in range(2):
        events = pipeline.demonstrate(tmp_path / "demo", minutes=0.05)
        assert next(iter(events)) == Began("drawing", "drawing 10 pictures of 5 classes")
        drew = next(iter(events))
        assert isinstance(drew, Drew) and (drew.folder, drew.pictures) == (tmp_path / "demo" / "art", 10)
        events.close()  # type: ignore[attr-defined]
    assert len(list((tmp_path / "demo" / "art").rglob("*.png"))) == 10


def test_one_that_is_there_is_not_made_anew_unasked(tmp_path: Path) -> None:
    with OwnDirectory(tmp_path / "demo", "demo").at_work() as directory:
        directory.claim("index.html").touch()
    with pytest.raises(SfumatoError, match="holds a demonstration already"):
        list(pipeline.demonstrate(tmp_path / "demo"))
