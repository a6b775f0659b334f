"""Who asks to be taken out is told what holds the pictures, and what has learned from them."""

import shutil
from pathlib import Path

from sfumato import pipeline
from sfumato.collection import Collection
from sfumato.dataset import Dataset
from sfumato.pipeline.holders import Holder, holders
from sfumato.training import Run


def test_a_run_is_found_with_all_that_holds_a_picture(trained: Run) -> None:
    place = trained.path
    collection, dataset = Collection.open(place / "collection"), Dataset.open(place / "dataset")
    learned = [dataset.contents[number] for number in dataset.train.tolist()]
    held_out = [dataset.contents[number] for number in dataset.held_out.tolist()]
    assert set(dataset.contents) == {picture.sha256 for picture in collection.pictures}

    found = {each.path.relative_to(place).as_posix(): each for each in holders([learned[0], held_out[0]], [place])}
    assert {name: (each.kind, each.pictures) for name, each in found.items()} == {
        "collection": ("collection", 2),
        "dataset": ("dataset", 2),
        "model": ("model", 1),
    }
    assert list(holders(["0" * 64], [place])) == []


def test_each_is_named_once_and_what_cannot_be_read_is_named_too(trained: Run, tmp_path: Path) -> None:
    copy = Path(shutil.copytree(trained.path / "model", tmp_path / "models" / "copy"))
    (tmp_path / "models" / "again").symlink_to(copy)
    shutil.copytree(copy, tmp_path / ".hidden")
    content = Dataset.open(trained.path / "dataset").contents[0]
    assert len([*holders([content], [tmp_path, tmp_path / "models", copy])]) <= 1
    (copy / "likeness.safetensors").write_bytes(b"broken")
    (found,) = holders([content], [tmp_path])
    assert (found.path, found.pictures) == (copy, None)
    assert "likeness.safetensors" in found.fault


def test_a_student_has_learned_what_its_teacher_has(trained: Run, tmp_path: Path) -> None:
    list(pipeline.distill(trained.path, tmp_path / "student", {"steps": 1}))
    learned = Dataset.open(trained.path / "dataset")
    content = learned.contents[int(learned.train[0])]
    assert Holder(tmp_path / "student" / "model", "model", 1) in [*holders([content], [tmp_path])]
