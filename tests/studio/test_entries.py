from pathlib import Path

import pytest

from sfumato.studio.entries import Entry, is_id, named

SEA = Entry("Sea studies", 12, "2026-11-29T18:00:00+00:00")


def test_a_jobs_folder_is_the_same_at_each_attempt(tmp_path: Path) -> None:
    folder = SEA.folder(tmp_path)
    assert folder == tmp_path / "sea-studies-12"
    assert not folder.exists()
    assert SEA.folder(tmp_path) == folder
    folder.mkdir()
    assert SEA.folder(tmp_path) == folder
    assert Entry.read(folder) == SEA


def test_another_databases_folder_of_the_same_name_is_left_alone(tmp_path: Path) -> None:
    SEA.folder(tmp_path).mkdir()
    later = Entry("Sea studies", 12, "2027-01-01T00:00:00+00:00")
    assert later.folder(tmp_path) == tmp_path / "sea-studies-12-2"
    (tmp_path / "mine-1").mkdir()
    assert Entry("mine", 1, "").folder(tmp_path).name == "mine-1-2", "nor one that nobody noted"


@pytest.mark.parametrize(
    ("name", "folder"),
    [("ภาพวาด", "untitled-3"), ("../../etc", "etc-3"), ("Café №1!", "cafe-no1-3"), ("x" * 80, f"{'x' * 50}-3")],
)
def test_any_name_gives_an_id_that_no_path_is_spelled_with(tmp_path: Path, name: str, folder: str) -> None:
    assert Entry(name, 3, "").folder(tmp_path).name == folder
    assert is_id(folder)


def test_a_folder_can_be_called_otherwise(tmp_path: Path) -> None:
    folder = SEA.folder(tmp_path)
    named(folder, "ทะเล")
    noted = Entry.read(folder)
    assert noted is not None
    assert (noted.name, noted.job) == ("ทะเล", 12)
    assert SEA.folder(tmp_path) == folder


def test_a_damaged_note_is_none(tmp_path: Path) -> None:
    (tmp_path / "a.json").write_text("[1]")
    assert Entry.read(tmp_path / "a") is None
    assert Entry.read(tmp_path / "b") is None


@pytest.mark.parametrize("text", ["", ".", "..", "../a", "a/b", "A", "-a", "a.json", "ภาพ", "a\n", "x" * 81])
def test_nothing_else_is_an_id(text: str) -> None:
    assert not is_id(text)
