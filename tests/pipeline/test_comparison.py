"""A comparison that cannot be made says so before anything is written, and leaves nothing."""

from collections.abc import Callable
from pathlib import Path

import pytest

from sfumato import pipeline
from sfumato.errors import SfumatoError
from sfumato.pipeline.events import ContenderBegan


def test_mistakes_leave_nothing(tiny_art: Path, tmp_path: Path) -> None:
    for events, said in (
        (pipeline.compare(tiny_art, tiny_art), "is where the pictures are"),
        (pipeline.compare(tiny_art, tmp_path / "c", resume=True), "holds no comparison to go on with"),
        (pipeline.compare(tmp_path / "no", tmp_path / "c"), "no such folder"),
        (pipeline.compare(tiny_art, tmp_path / "c", size=64), "training needs at least"),
    ):
        with pytest.raises(SfumatoError, match=said):
            list(events)
    assert list(tmp_path.iterdir()) == []


def test_the_contenders_follow_on_collecting_and_preparing(
    tiny_art: Path, tmp_path: Path, names: Callable[..., list[str]]
) -> None:
    events, told = pipeline.compare(tiny_art, tmp_path / "c", minutes=0.05, size=32), []
    for event in events:
        told.append(event)
        if isinstance(event, ContenderBegan):
            break
    events.close()  # type: ignore[attr-defined]
    assert told[-1] == ContenderBegan(1, 3, "autoencoder", 0.05)
    assert names(told)[-3:] == ["dataset.Prepared", "dataset.Ready", "pipeline.ContenderBegan"]
