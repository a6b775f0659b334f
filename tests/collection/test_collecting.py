import json
import os
import resource
import shutil
import sys
import threading
import zipfile

import pytest
from PIL import Image

from sfumato.collection import Collection, LeftOut, Origin, Read, Scanned, collect, fetch
from sfumato.collection.workers import Workers
from sfumato.errors import SfumatoError
from sfumato.images import unusable


def test_the_events_and_what_is_written(art, gather):
    (art / "broken.png").touch()
    found = gather(art)
    assert found.events[0] == Scanned(total=7, unchanged=0)
    assert [event.done for event in found.of(Read)] == list(range(1, 8))
    assert found.kinds == {"broken.png": unusable.EMPTY}
    assert found.finished.changed
    assert found.files == [f"{name}/{index}.png" for name in ("drawing", "painting") for index in range(3)]
    opened = Collection.open(found.collection.path)
    assert opened.pictures == found.collection.pictures
    assert opened.classes == ["drawing", "painting"]
    assert opened.source == art
    assert opened.rejected == 1
    assert opened.summary == found.finished.summary
    assert (opened.summary.pictures, opened.summary.left_out) == (6, {"empty": 1})


def test_the_same_pictures_are_the_same_collection(art, tmp_path, gather):
    shutil.copytree(art, tmp_path / "copy")
    one, other = gather(art), gather(tmp_path / "copy", tmp_path / "other", workers=2)
    assert one.collection.digest == other.collection.digest
    (tmp_path / "copy" / "painting").rename(tmp_path / "copy" / "oil")
    third = gather(tmp_path / "copy", tmp_path / "other")
    assert third.collection.digest != one.collection.digest


def test_a_second_run_reads_only_directory_entries(art, gather, monkeypatch):
    (art / "metadata.csv").write_text("file_name,title\npainting/0.png,Sea\n")
    (art / "broken.png").write_bytes(b"no picture")
    shutil.copy(art / "painting" / "0.png", art / "painting" / "again.png")
    first = gather(art)
    before = {path: path.stat().st_mtime_ns for path in first.collection.path.iterdir()}
    for path in art.rglob("*.*"):
        # The content goes; size and time, which are all that a directory tells, stay.
        status = path.stat()
        path.write_bytes(bytes(status.st_size))
        os.utime(path, ns=(status.st_atime_ns, status.st_mtime_ns))
    monkeypatch.setattr(
        Workers, "answers", lambda self, requests: iter(list(requests) and pytest.fail("a file is read"))
    )
    second = gather(art)
    assert second.events[0] == Scanned(total=8, unchanged=8)
    assert not second.finished.changed
    assert second.collection.pictures == first.collection.pictures
    assert second.kinds == first.kinds
    assert {path: path.stat().st_mtime_ns for path in second.collection.path.iterdir()} == before


def test_only_what_changed_is_read_again(art, gather, paint):
    gather(art)
    paint(77).save(art / "painting" / "new.png")
    paint(78, (80, 80)).save(art / "painting" / "0.png")
    (art / "drawing" / "1.png").unlink()
    found = gather(art)
    assert sorted(event.file for event in found.of(Read)) == ["painting/0.png", "painting/new.png"]
    assert "drawing/1.png" not in found.files
    assert "painting/new.png" in found.files
    assert next(picture.width for picture in found.collection.pictures if picture.file == "painting/0.png") == 80


def test_a_duplicate_takes_the_place_of_a_picture_that_goes(art, gather):
    shutil.copy(art / "drawing" / "0.png", art / "painting" / "twin.png")
    assert gather(art).left_out["painting/twin.png"].reason == "the same file as drawing/0.png"
    (art / "drawing" / "0.png").unlink()
    found = gather(art)
    assert "painting/twin.png" in found.files
    assert found.of(Read) == []
    shutil.copy(art / "painting" / "twin.png", art / "drawing" / "0.png")
    assert gather(art).kinds == {"painting/twin.png": unusable.DUPLICATE}


def test_new_metadata_alone_is_taken_in_without_reading_a_picture(art, gather):
    gather(art)
    (art / "metadata.csv").write_text("file_name,title\npainting/0.png,Sea\n")
    found = gather(art)
    assert found.of(Read) == []
    assert [picture.title for picture in found.collection.pictures if picture.title] == ["Sea"]


def test_another_background_reads_the_transparent_pictures_alone(art, gather, paint):
    veil = paint(90, (32, 32)).convert("RGBA")
    veil.putalpha(50)
    veil.save(art / "painting" / "veil.png")
    white = gather(art).collection
    found = gather(art, background=(0, 0, 0))
    assert [event.file for event in found.of(Read)] == ["painting/veil.png"]
    assert found.collection.background == (0, 0, 0)
    hashes = {collection: collection.pictures[-1].hash for collection in (white, found.collection)}
    assert found.collection.pictures[-1].file == "painting/veil.png"
    assert found.collection.read(found.collection.pictures[-1]).getpixel((3, 3)) != white.read(
        white.pictures[-1]
    ).getpixel((3, 3))
    assert len(hashes) == 2


def test_a_picture_left_out_for_a_passing_reason_is_tried_again(art, gather):
    events = collect(art, art.parent / "collection", workers=1)
    assert isinstance(next(events), Scanned)
    hidden = (art / "painting" / "0.png").rename(art.parent / "hidden.png")  # between the listing and the reading
    kinds = [event.kind for event in events if isinstance(event, LeftOut)]
    assert kinds == [unusable.UNREADABLE]
    hidden.rename(art / "painting" / "0.png")
    found = gather(art)
    assert [event.file for event in found.of(Read)] == ["painting/0.png"]
    assert found.kinds == {}


@pytest.mark.skipif(not hasattr(os, "geteuid") or os.geteuid() == 0, reason="nothing is unreadable to this user")
def test_a_locked_file_is_unreadable(art, gather):
    (art / "painting" / "0.png").chmod(0)
    assert gather(art).kinds == {"painting/0.png": unusable.UNREADABLE}


def test_a_broken_collection_is_collected_anew(art, gather):
    first = gather(art)
    (first.collection.path / "pictures.jsonl").write_text("")
    with pytest.raises(SfumatoError):
        Collection.open(first.collection.path)
    again = gather(art)
    assert len(again.of(Read)) == 6
    assert again.collection.pictures == first.collection.pictures


def test_closing_in_between_leaves_everything_as_it_was(art, tmp_path):
    events = collect(art, tmp_path / "c", workers=2)
    for event in events:
        if isinstance(event, Read):
            break
    events.close()
    assert not (tmp_path / "c").exists()
    assert not [thread for thread in threading.enumerate() if thread.name == "sfumato-decoding"]


def test_a_zip_is_a_source_and_what_is_in_it_has_no_way_out(art, tmp_path, gather):
    path = tmp_path / "art.zip"
    with zipfile.ZipFile(path, "w") as archive:
        for file in sorted(art.rglob("*.png")):
            archive.write(file, file.relative_to(art))
        archive.writestr("../escape.png", b"x")
        archive.writestr("notes.png", b"no picture")
    found = gather(path)
    assert found.kinds == {"../escape.png": unusable.UNSAFE, "notes.png": unusable.NOT_A_PICTURE}
    assert found.files == gather(art, tmp_path / "other").files
    picture = found.collection.pictures[0]
    assert found.collection.read(picture).size == (picture.width, picture.height)
    again = gather(path)
    assert not again.finished.changed
    assert again.kinds == found.kinds


def test_versions_of_a_picture_have_one_group(art, gather, paint):
    picture = paint(200, (200, 150))
    picture.save(art / "painting" / "a.png")
    picture.resize((100, 75)).save(art / "painting" / "b.jpg", quality=70)
    picture.transpose(0).save(art / "drawing" / "mirrored.webp")
    found = gather(art)
    groups = {entry.file: entry.group for entry in found.collection.pictures}
    assert groups["painting/a.png"] == groups["painting/b.jpg"] == groups["drawing/mirrored.webp"]
    assert len(set(groups.values())) == 7
    assert found.finished.summary.near_duplicates == 2


def test_reading_a_picture_that_has_gone_is_said(art, gather):
    collection = gather(art).collection
    (art / "drawing" / "0.png").unlink()
    with pytest.raises(SfumatoError, match=r"drawing/0\.png.*collect again"):
        collection.read(collection.pictures[0])


@pytest.mark.skipif(sys.platform != "linux", reason="ru_maxrss has another unit elsewhere")
def test_many_pictures_take_little_memory(tmp_path, paint, gather):
    folder = tmp_path / "many"
    folder.mkdir()
    picture = paint(1, (16, 16))
    for index in range(2000):
        picture.putpixel((index % 16, index // 16 % 16), (index % 256, index // 256, 7))
        picture.save(folder / f"{index}.bmp")
    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    assert len(gather(folder).files) > 1500
    grown = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before
    assert grown < 40_000  # kB: 20 kB a picture, where 100,000 may take 1 GB in all; most of it is not per picture


def test_what_pillows_verify_finds_bad_is_left_out_and_more(art, paint, gather):
    """The check of many a tutorial: `Image.open(file).verify()`. It lets JPEGs pass whose end is missing."""
    paint(50).save(art / "whole.jpg")
    whole = (art / "whole.jpg").read_bytes()
    png = (art / "painting" / "0.png").read_bytes()
    bad = {
        "empty.jpg": b"",
        "text.jpg": b"a letter to the editor",
        "cut.jpg": whole[: len(whole) * 9 // 10],
        "cut.png": png[: len(png) // 2],
        "checksum.png": png[:60] + bytes([png[60] ^ 255]) + png[61:],
        "head.jpg": whole[:20],
    }
    for name, data in bad.items():
        (art / name).write_bytes(data)

    def verifies(path):
        try:
            with Image.open(path) as image:
                image.verify()
        except (OSError, SyntaxError):
            return False
        return True

    found = gather(art)
    rejected = {name for name in bad if not verifies(art / name)}
    assert len(rejected) >= 4
    assert rejected <= found.kinds.keys()
    assert verifies(art / "cut.jpg")
    assert found.kinds.keys() == bad.keys()
    assert "whole.jpg" in found.files


def test_of_files_with_one_content_the_one_of_which_most_is_known_stays(art, gather):
    shutil.copy(art / "painting" / "0.png", art / "drawing" / "a-copy.png")
    (art / "metadata.csv").write_text("file_name,title,licence\npainting/0.png,Sea,CC0-1.0\n")
    found = gather(art)
    assert found.kinds == {"drawing/a-copy.png": unusable.DUPLICATE}
    assert found.files == sorted(found.files)
    (kept,) = [picture for picture in found.collection.pictures if picture.file == "painting/0.png"]
    assert (kept.title, kept.licence) == ("Sea", "CC0-1.0")


def refusal(reference, destination, **options) -> str:
    with pytest.raises(SfumatoError) as caught:
        list(fetch(reference, destination, **options))
    return str(caught.value)


def test_a_name_that_does_not_say_which_is_refused(tmp_path):
    assert "kaggle:OWNER/NAME" in refusal("kaggle:name", tmp_path / "c")


def test_what_is_there_already_is_not_written_over(art, tmp_path, gather):
    collected = gather(art).collection.path
    assert f"is a collection of {art}, not of kaggle:owner/art" in refusal("kaggle:owner/art", collected)
    list(collect(art, tmp_path / "named", workers=1, origin=Origin("kaggle:owner/art", "3")))
    assert "is a collection of kaggle:owner/art, not of hf:owner/art" in refusal("hf:owner/art", tmp_path / "named")
    (tmp_path / "notes").mkdir()
    (tmp_path / "notes" / "x.txt").write_text("mine")
    for reference in ("kaggle:owner/art", "hf:owner/art"):
        assert "is not empty and is not a collection of sfumato" in refusal(reference, tmp_path / "notes")
        assert "is a file" in refusal(reference, tmp_path / "notes" / "x.txt")


def test_a_collection_says_where_it_comes_from_until_told_otherwise(art, tmp_path):
    origin = Origin("kaggle:owner/art", "3", "CC0")
    list(collect(art, tmp_path / "c", workers=1, origin=origin))
    assert Collection.open(tmp_path / "c").origin == origin
    *_, again = collect(art, tmp_path / "c", workers=1)
    assert (again.changed, again.origin) == (False, origin)
    *_, newer = collect(art, tmp_path / "c", workers=1, origin=Origin("kaggle:owner/art", "4"))
    assert newer.changed
    assert Collection.open(tmp_path / "c").origin == Origin("kaggle:owner/art", "4")


def test_a_folder_of_ones_own_has_no_origin(art, gather):
    assert gather(art).collection.origin is None


def test_an_origin_that_is_none_is_found_out(art, tmp_path, gather):
    path = gather(art).collection.path / "collection.json"
    path.write_text(json.dumps(json.loads(path.read_text()) | {"origin": {"owner": "x"}}))
    with pytest.raises(SfumatoError, match="not whole"):
        Collection.open(path.parent)
