import unicodedata
import zipfile
from pathlib import Path

from sfumato.collection import Noted


def put(path: Path, text: str) -> None:
    path.write_text(text, encoding="utf-8")


def test_what_metadata_and_captions_say_is_kept(art, gather):
    put(art / "metadata.csv", "file_name,artist,licence\npainting/0.png,Ana,CC0-1.0\npainting/1.png,Ben,\n")
    put(art / "painting" / "metadata.jsonl", '{"file_name": "0.png", "title": "Sea", "creator": "Bea"}\n')
    put(art / "painting" / "1.txt", "a hill\nat dusk")
    pictures = {picture.file: picture for picture in gather(art).collection.pictures}
    first, second = pictures["painting/0.png"], pictures["painting/1.png"]
    assert (first.creator, first.title, first.licence) == ("Bea", "Sea", "CC0-1.0")  # the nearer file has the last word
    assert (second.creator, second.caption, second.licence) == ("Ben", "a hill at dusk", "unknown")
    assert pictures["drawing/0.png"].licence == "unknown"


def test_folders_are_classes_whatever_the_metadata_says(art, gather):
    put(art / "metadata.csv", "file_name,category\npainting/0.png,other\n")
    assert gather(art).collection.classes == ["drawing", "painting"]


def test_without_folders_the_metadata_gives_the_classes(tmp_path, paint, gather):
    folder = tmp_path / "flat"
    folder.mkdir()
    for index in range(3):
        paint(index).save(folder / f"{index}.png")
    assert gather(folder).collection.classes == []
    put(folder / "metadata.csv", "file_name,label\n0.png,sea\n1.png,hill\n")
    collection = gather(folder).collection
    assert collection.classes == ["hill", "sea"]  # what is of no class is none
    assert collection.counts == {"": 1, "hill": 1, "sea": 1}


def test_the_folders_of_a_split_are_no_classes_and_kept_with_each_picture(art, gather):
    for split in ("training_set", "validation_set"):
        (art / split).mkdir()
    (art / "drawing").rename(art / "training_set" / "drawing")
    (art / "painting").rename(art / "validation_set" / "painting")
    found = gather(art)
    assert found.collection.classes == ["drawing", "painting"]
    assert "training_set, validation_set: taken for a split" in found.of(Noted)[0].text
    assert {picture.split for picture in found.collection.pictures if picture.category == "drawing"} == {"train"}
    assert found.finished.summary.splits == {"train": 3, "validation": 3}


def test_metadata_has_the_last_word_on_the_split(art, gather):
    put(art / "metadata.csv", "file_name,split\npainting/0.png,val\npainting/1.png,extra\n")
    splits = {picture.file: picture.split for picture in gather(art).collection.pictures}
    assert (splits["painting/0.png"], splits["painting/1.png"], splits["painting/2.png"]) == ("validation", "extra", "")
    (art / "test").mkdir()
    (art / "train").mkdir()
    for name in ("drawing", "painting"):
        (art / name).rename(art / "test" / name)
    put(art / "metadata.csv", "file_name,split\ntest/painting/0.png,train\n")
    splits = {picture.file: picture.split for picture in gather(art).collection.pictures}
    assert (splits["test/painting/0.png"], splits["test/painting/1.png"]) == ("train", "test")


def test_one_folder_around_a_zip_is_no_class(art, tmp_path, gather):
    path = tmp_path / "art.zip"
    with zipfile.ZipFile(path, "w") as archive:
        for file in sorted(art.rglob("*.png")):
            archive.write(file, f"my art/{file.relative_to(art)}")
        archive.writestr("my art/metadata.csv", "file_name,title\npainting/2.png,Rain\n")
        archive.writestr("my art/painting/2.txt", "rain")
        archive.writestr("__MACOSX/my art/._x.png", b"x")
    collection = gather(path).collection
    assert collection.classes == ["drawing", "painting"]
    assert (collection.pictures[-1].title, collection.pictures[-1].caption) == ("Rain", "rain")


def test_a_zip_of_a_split_has_its_classes_below_it(art, tmp_path, gather):
    path = tmp_path / "art.zip"
    with zipfile.ZipFile(path, "w") as archive:
        for file in sorted(art.rglob("*.png")):
            archive.write(file, f"my art/train/{file.relative_to(art)}")
    pictures = gather(path).collection.pictures
    assert {(picture.category, picture.split) for picture in pictures} == {("drawing", "train"), ("painting", "train")}


def test_what_is_wrong_with_the_texts_is_noted_and_stops_nothing(art, gather):
    put(art / "metadata.csv", "file_name,title\nnot there.png,x\n")
    put(art / "drawing" / "metadata.jsonl", "{oops\n")
    found = gather(art)
    assert len(found.files) == 6
    notes = [note.text for note in found.of(Noted)]
    assert any("not there.png" in note for note in notes)
    assert any("drawing/metadata.jsonl: line 1" in note for note in notes)
    again = gather(art)
    assert [note.text for note in again.of(Noted)] == notes


def test_accents_written_another_way_are_the_same_name(tmp_path, paint, gather):
    folder = tmp_path / "art"
    folder.mkdir()
    paint(1).save(folder / unicodedata.normalize("NFD", "é.png"))
    put(folder / "metadata.csv", f"file_name,title\n{unicodedata.normalize('NFC', 'é.png')},E\n")
    assert gather(folder).collection.pictures[0].title == "E"
