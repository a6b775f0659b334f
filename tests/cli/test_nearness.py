"""New works are compared with the pictures of the run that made them, where those are there."""

import shutil
from pathlib import Path

import pytest
from PIL import Image

from sfumato.cli import nearness
from sfumato.cli.nearness import said_of_nearness
from sfumato.dataset import Dataset


@pytest.fixture(scope="module")
def learned(run: Path) -> list[Image.Image]:
    dataset = Dataset.open(run / "dataset")
    return [dataset.picture(int(index)) for index in dataset.train]


def test_copies_are_counted_and_the_nearest_is_named(run: Path, learned: list[Image.Image]) -> None:
    dataset = Dataset.open(run / "dataset")
    grey = Image.new("RGB", (32, 32), (128, 128, 128))
    mirrored = learned[3].transpose(Image.Transpose.FLIP_LEFT_RIGHT).resize((64, 64))
    said = said_of_nearness(str(run), [grey.resize((64, 64)), mirrored], ["0000.png", "0001.png"])
    file = dataset.files[int(dataset.train[3])]
    assert said.startswith(
        f"Nearest to a picture learned from: 0001.png to {file} (correlation 1.00); 1 of 2 is a near"
    )
    assert said_of_nearness(str(run / "model"), [grey], ["0000.png"]).endswith("it is not a near copy.")


def test_where_the_pictures_are_not_there_nothing_is_said(
    run: Path, learned: list[Image.Image], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    shutil.copytree(run / "model", tmp_path / "model")
    assert said_of_nearness(str(tmp_path / "model"), learned[:1], ["0000.png"]) == ""
    shutil.copytree(run, tmp_path / "run")
    shutil.rmtree(tmp_path / "run" / "dataset")
    assert said_of_nearness(str(tmp_path / "run"), learned[:1], ["0000.png"]) == ""
    assert said_of_nearness("artist/model-on-the-hub", learned[:1], ["0000.png"]) == ""
    monkeypatch.setattr(nearness, "MOST_COMPARED", 100)
    assert said_of_nearness(str(run), learned[:1], ["0000.png"]).startswith("Not compared with the ")
