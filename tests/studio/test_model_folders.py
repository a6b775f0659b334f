from pathlib import Path

import pytest

from sfumato.errors import SfumatoError
from sfumato.studio.model_folders import id_of, model_folder, model_folders
from sfumato.studio.place import Place


def model(folder: Path, weights: str = "model.safetensors") -> Path:
    folder.mkdir(parents=True)
    (folder / "config.json").write_text("{}")
    (folder / weights).write_bytes(b"")
    return folder


@pytest.fixture
def place(tmp_path: Path) -> Place:
    return Place(tmp_path / "studio")


def test_runs_come_by_their_own_ids_and_others_by_their_folders(place: Place, tmp_path: Path) -> None:
    model(place.runs / "sea-1" / "model")
    (place.runs / "begun-2" / "model").mkdir(parents=True)
    root = tmp_path / "root"
    adapted = model(root / "Mine" / "model", "adapter.safetensors")
    pipeline = root / "a" / "b" / "sd"
    pipeline.mkdir(parents=True)
    (pipeline / "model_index.json").write_text("{}")
    model(root / ".hidden" / "m")
    found = dict(model_folders(place, [root]))
    assert found == {
        "sea-1": place.runs / "sea-1" / "model", id_of(adapted): adapted, id_of(pipeline): pipeline
    }  # fmt: skip
    assert id_of(adapted).startswith("mine-")
    for id, folder in found.items():
        assert model_folder(place, id, [root]) == folder


def test_the_newest_run_is_the_first(place: Place) -> None:
    import os

    for number, name in enumerate(("old", "new", "older")):
        model(place.runs / name / "model")
        moment = (100, 200, 50)[number]
        os.utime(place.runs / name / "model" / "config.json", (moment, moment))
    assert [id for id, _ in model_folders(place)] == ["new", "old", "older"]


@pytest.mark.parametrize("id", ["../secret", "gone", "", "a/b", ".."])
def test_what_is_no_model_is_said(place: Place, id: str) -> None:
    model(place.path.parent / "secret")
    with pytest.raises(SfumatoError, match="there is no model"):
        model_folder(place, id)


def test_a_run_without_a_model_yet_is_said_to_be_one(place: Place) -> None:
    (place.runs / "begun-2").mkdir(parents=True)
    (place.runs / "begun-2" / "run.json").write_text("{}")
    with pytest.raises(SfumatoError, match="has made no model yet"):
        model_folder(place, "begun-2")


def test_links_that_lead_in_a_circle_end(place: Place, tmp_path: Path) -> None:
    root = tmp_path / "root"
    root.mkdir()
    (root / "again").symlink_to(root)
    assert list(model_folders(place, [root, tmp_path / "gone"])) == []
