import errno
import json
import os
import stat
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from sfumato.collection import Collection, Picture, Rejected, collect, is_collection
from sfumato.collection.storing import Stored, read_stored, write_stored, writing_to
from sfumato.directory import OwnDirectory
from sfumato.errors import SfumatoError
from sfumato.marker import MARKER
from sfumato.provenance.statements import Statement

ODD = "caf\udce9\n\x1b[31m/é.png"


def stored() -> Stored:
    picture = Picture(ODD, "ab" * 32, 10, 123456789012345678, 32, 40, False, 2**63 + 5, group="g", licence="CC0-1.0")
    rejected = Rejected("x.png", "empty", "empty (0 bytes)")
    said = (Statement("creator", "Béa", "XMP"), Statement("opt-out", "noai", "XMP"))
    found, conflicts = {"licence": "metadata.csv"}, (Statement("licence", "CC BY 4.0", "XMP"),)
    picture = replace(picture, found=found, conflicts=conflicts, generated="x (C2PA)", said=said)
    excluded = replace(picture, file="no.png", sha256="cd" * 32)
    thumbnails = np.arange(1536, dtype=np.uint16).astype(np.uint8).reshape(2, 16, 16, 3)
    description = {"source": "/art", "background": [1, 2, 3], "notes": []}
    return Stored(description, [picture], [rejected], thumbnails, [excluded])


def write(path: Path, parts: Stored) -> None:
    with OwnDirectory(path, "collection").at_work() as directory:
        write_stored(directory, parts)


def test_all_parts_come_back(tmp_path):
    write(tmp_path / "c", stored())
    again, expected = read_stored(tmp_path / "c"), stored()
    assert (again.pictures, again.rejected) == (expected.pictures, expected.rejected)
    assert again.excluded == expected.excluded
    assert (again.thumbnails == expected.thumbnails).all()
    assert again.description["source"] == "/art"
    assert is_collection(tmp_path / "c")
    assert sorted(path.name for path in (tmp_path / "c").iterdir()) == [
        MARKER,
        "collection.json",
        "excluded.jsonl",
        "pictures.jsonl",
        "rejected.jsonl",
        "thumbnails.npy",
    ]


@pytest.mark.parametrize("name", ["pictures.jsonl", "rejected.jsonl", "excluded.jsonl", "thumbnails.npy"])
def test_a_part_that_is_missing_or_changed_is_found_out(tmp_path, name):
    write(tmp_path, stored())
    with (tmp_path / name).open("ab") as file:
        file.write(b"\n")
    with pytest.raises(SfumatoError, match="not whole"):
        Collection.open(tmp_path)
    (tmp_path / name).unlink()
    with pytest.raises(SfumatoError, match="not whole"):
        Collection.open(tmp_path)


@pytest.mark.parametrize("text", ["", "[]", '{"format": 99}', '{"format": 1}', "\x00"])
def test_a_description_that_is_none_is_said(tmp_path, text):
    (tmp_path / "collection.json").write_text(text)
    with pytest.raises(SfumatoError, match="sfumato collect again"):
        Collection.open(tmp_path)


def test_what_is_no_collection_is_said_with_what_to_do(tmp_path):
    with pytest.raises(SfumatoError, match="is not a collection; make one with"):
        Collection.open(tmp_path)
    with pytest.raises(SfumatoError, match="is not there"):
        Collection.open(tmp_path / "nowhere")


def test_lines_are_plain_json(tmp_path):
    write(tmp_path, stored())
    line = json.loads((tmp_path / "pictures.jsonl").read_text())
    assert line["file"] == ODD
    assert line["hash"] == "8000000000000005"


def test_a_file_system_that_flushes_no_directories_is_no_hindrance(tmp_path, monkeypatch):
    fsync, refused = os.fsync, []

    def files_alone(descriptor):
        if stat.S_ISDIR(os.fstat(descriptor).st_mode):
            refused.append(descriptor)
            raise OSError(errno.EINVAL, os.strerror(errno.EINVAL))
        fsync(descriptor)

    monkeypatch.setattr(os, "fsync", files_alone)
    write(tmp_path / "c", stored())
    assert refused
    assert read_stored(tmp_path / "c").pictures == stored().pictures


def test_a_full_disk_leaves_the_collection_as_it_was(tmp_path, monkeypatch):
    write(tmp_path, stored())
    before = {path.name: path.read_bytes() for path in tmp_path.iterdir()}

    def full(descriptor):
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    monkeypatch.setattr(os, "fsync", full)
    with pytest.raises(SfumatoError, match="disk is full"):
        write(tmp_path, Stored({"source": "/other"}, [], [], np.zeros((0, 16, 16, 3), np.uint8)))
    assert {path.name: path.read_bytes() for path in tmp_path.iterdir()} == before


def test_a_full_disk_has_its_own_sentence(tmp_path):
    with pytest.raises(SfumatoError, match="disk is full"), writing_to(tmp_path):
        raise OSError(28, "No space left on device")


def refusal(source, destination, **options) -> str:
    with pytest.raises(SfumatoError) as caught:
        list(collect(source, destination, workers=1, **options))
    return str(caught.value)


def test_sources_that_are_none(art, tmp_path, gather):
    assert "There is no" in refusal(tmp_path / "nothing", tmp_path / "c")
    (tmp_path / "text.md").write_text("hello")
    assert "neither a folder nor a zip" in refusal(tmp_path / "text.md", tmp_path / "c")
    (tmp_path / "empty").mkdir()
    assert "holds no pictures" in refusal(tmp_path / "empty", tmp_path / "c")
    gather(art)
    assert "a collection already" in refusal(tmp_path / "collection", tmp_path / "c")
    assert not (tmp_path / "c").exists()


def test_a_folder_of_nothing_usable_says_why(tmp_path):
    (tmp_path / "art").mkdir()
    (tmp_path / "art" / "a.png").touch()
    (tmp_path / "art" / "b.png").write_bytes(b"hello")
    assert "2 files left out: 1 empty, 1 not a picture" in refusal(tmp_path / "art", tmp_path / "c")


def test_nothing_of_others_is_overwritten_without_force(art, tmp_path, gather, paint):
    precious = tmp_path / "precious"
    precious.mkdir()
    (precious / "thesis.txt").write_text("all my work")
    assert "--force" in refusal(art, precious)
    gather(art, precious, force=True)
    assert (precious / "thesis.txt").read_text() == "all my work"

    other = tmp_path / "other"
    other.mkdir()
    paint(50).save(other / "a.png")
    assert f"a collection of {art}" in refusal(other, precious)
    assert gather(other, precious, force=True).files == ["a.png"]

    (tmp_path / "file").touch()
    assert "is a file" in refusal(art, tmp_path / "file")
    assert "the folder of pictures itself" in refusal(art, art, force=True)
    assert "cannot be written" in refusal(art, tmp_path / "file" / "below")


def test_a_source_within_the_destination_is_no_reason_to_refuse(art, tmp_path, gather):
    place = tmp_path / "place"
    place.mkdir()
    art.rename(place / "pictures")
    (place / f".{'0' * 32}.tmp").mkdir()  # as an interrupted fetching leaves it
    assert len(gather(place / "pictures", place).files) == 6
    (tmp_path / "mixed" / "pictures").mkdir(parents=True)
    (tmp_path / "mixed" / "thesis.txt").touch()
    assert "not empty" in refusal(tmp_path / "mixed" / "pictures", tmp_path / "mixed")


def test_a_part_of_the_source_is_no_place_for_the_collection(art, gather):
    inside = next(path for path in art.iterdir() if path.is_dir())
    assert "what lies in it would not be collected" in refusal(art, inside, force=True)
    assert len(gather(art, art / "collected").files) == 6
    assert len(gather(art, art / "collected").files) == 6


@pytest.mark.parametrize("background", [(256, 0, 0), (-1, 0, 0), (1, 2)])
def test_a_background_is_a_colour(art, tmp_path, background):
    assert "background" in refusal(art, tmp_path / "c", background=background)


def test_the_number_of_workers_is_positive(art, tmp_path):
    with pytest.raises(SfumatoError, match="workers"):
        list(collect(art, tmp_path / "c", workers=0))
