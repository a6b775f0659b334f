import json
import os
import shutil
import sys
import unicodedata
import zipfile
from dataclasses import asdict, replace
from pathlib import Path

import pytest

from sfumato.collection import Collection, Noted, Read


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


def test_where_a_caption_was_found_is_kept_with_it(art, gather):
    put(art / "metadata.csv", "file_name,caption\npainting/0.png,a sea\npainting/1.png,a hill\n")
    put(art / "painting" / "1.txt", "a hill at dusk")
    pictures = {picture.file: picture for picture in gather(art).collection.pictures}
    assert pictures["painting/0.png"].found == {"caption": "metadata.csv"}
    assert pictures["painting/1.png"].found == {"caption": "picture.txt"}
    assert pictures["painting/2.png"].found == {}


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


def shown(collection: Collection) -> dict[str, str]:
    return {picture.file: picture.category for picture in collection.pictures}


@pytest.fixture
def lay(tmp_path, paint):
    """A folder of pictures, each another one, under these names."""

    def lay(*files: str | bytes, name: str = "layout") -> Path:
        folder = tmp_path / name
        for number, file in enumerate(files):
            path = Path(os.fsdecode(os.fsencode(folder) + b"/" + os.fsencode(file)))
            path.parent.mkdir(parents=True, exist_ok=True)
            paint(number).save(path, "PNG")
        return folder

    return lay


def pack(folder: Path, path: Path) -> Path:
    with zipfile.ZipFile(path, "w") as archive:
        for file in sorted(folder.rglob("*")):
            if file.is_file() and file != path:
                archive.write(file, file.relative_to(folder))
    return path


def both(gather, folder: Path) -> list:
    """What collecting a folder says, and collecting a zip of it."""
    packed = pack(folder, folder.with_suffix(".zip"))
    return [
        gather(source, folder.with_name(f"{folder.name}_{number}")) for number, source in enumerate((folder, packed))
    ]


def test_a_folder_and_a_zip_of_it_have_the_same_classes(lay, gather):
    for name, files in {
        "two": ("data/Images/sea/1.png", "data/Images/hill/2.png"),
        "own": ("own/1.png", "own/2.png"),
    }.items():
        folder, packed = both(gather, lay(*files, name=name))
        assert shown(folder.collection) == shown(packed.collection)
        assert folder.collection.classes == {"own": [], "two": ["hill", "sea"]}[name]


def test_two_folders_of_one_name_are_one_class(lay, gather):
    name = unicodedata.normalize("NFC", "Gemälde")
    folder = lay(f"{name}/0.png", unicodedata.normalize("NFD", f"{name}/1.png"), "b/2.png")
    for found in both(gather, folder):
        assert found.collection.counts == {name: 2, "b": 1}


@pytest.mark.skipif(sys.platform != "linux", reason="other systems keep their file names Unicode")
def test_names_of_old_bytes_are_readable_and_their_files_are_read(lay, gather, tmp_path):
    folder = lay(b"Gem\xe4lde/\xfcber.png", b"Gem\xe4lde/1.png", b"b/2.png")
    put(folder / "metadata.csv", "file_name,creator\nGemälde/über.png,Jö\nGemälde/1.png,Al\n")
    found = gather(folder)
    assert found.collection.classes == ["Gemälde", "b"]
    assert [picture.creator for picture in found.collection.pictures] == ["Al", "Jö", ""]
    assert found.of(Noted) == []
    collection = Collection.open(tmp_path / "collection")
    assert collection.read(collection.pictures[1]).size == (64, 48)
    for picture in collection.pictures:
        json.dumps(asdict(replace(picture, file="")), ensure_ascii=False).encode()


def test_a_zip_of_the_pictures_beside_a_table_of_them(lay, gather, tmp_path):
    folder, inside = tmp_path / "hub", lay("a_0.png", "a_1.png")
    folder.mkdir()
    pack(inside, folder / "images.zip")
    put(folder / "metadata.jsonl", "".join(f'{{"file_name": "a_{n}.png", "text": "no. {n}"}}\n' for n in range(2)))
    put(folder / "a_1.txt", "beside")
    found = gather(folder)
    assert {picture.file: picture.caption for picture in found.collection.pictures} == {
        "images.zip/a_0.png": "no. 0",
        "images.zip/a_1.png": "beside",
    }
    assert found.left_out == {} and found.of(Noted) == []
    assert found.collection.read(found.collection.pictures[1]).size == (64, 48)
    again = gather(folder)
    assert not again.finished.changed and again.of(Read) == []


def test_zips_beside_each_other_are_folders(lay, gather, tmp_path):
    folder = tmp_path / "parts"
    folder.mkdir()
    for number, name in enumerate(("cats", "dogs")):
        pack(lay(*(f"{number}{index}.png" for index in range(number + 1)), name=name), folder / f"{name}.zip")
    assert gather(folder).collection.counts == {"cats": 1, "dogs": 1}  # the first of each is the same picture


def test_stylegans_labels_are_classes_in_a_folder_and_in_a_zip(lay, gather):
    files = [f"{index // 2:05}/img{index:08}.png" for index in range(4)]
    folder = lay(*files)
    put(folder / "dataset.json", json.dumps({"labels": [[file, index % 2] for index, file in enumerate(files)]}))
    for found in both(gather, folder):
        assert shown(found.collection) == dict(zip(files, "0101", strict=True))
        assert found.left_out == {}
        assert [note.text for note in found.of(Noted)] == [
            "dataset.json: the classes are those stated there, not the folders (00000, 00001)"
        ]
    put(folder / "dataset.json", '{"labels": null}')
    for found in both(gather, folder):
        assert (found.collection.classes, found.left_out) == ([], {})


def test_a_class_stated_for_every_picture_counts_more_than_folders_of_dates(lay, gather):
    folder = lay("2021-05/0.png", "2021-05/1.png", "2022-11/2.png")
    put(folder / "metadata.csv", "file_name,category\n2021-05/0.png,house\n2021-05/1.png,tree\n2022-11/2.png,tree\n")
    assert gather(folder).collection.counts == {"house": 1, "tree": 2}


def test_captions_of_training_scripts(lay, gather):
    folder = lay(*(f"10_sks_style/{index}.jpg" for index in range(5)))
    own = folder / "10_sks_style"
    put(own / "0.caption", "from caption")
    put(own / "0.txt", "from txt")
    put(own / "1.jpg.txt", "from jpg.txt")
    put(own / "2.json", '{"caption": "from json", "title": "T", "seed": 3}')
    put(own / "3.tags", "from, tags")
    put(own / "4.TXT", "in capitals")
    found = gather(folder)
    assert [picture.caption for picture in found.collection.pictures] == [
        "from caption", "from jpg.txt", "from json", "from, tags", "in capitals",
    ]  # fmt: skip
    assert found.collection.pictures[2].title == "T"
    assert (found.collection.classes, found.left_out) == (["sks_style"], {})
    assert [note.text for note in found.of(Noted)] == [
        "captions: .txt files beside .caption ones are not used (1 of them)",
        "JSON files beside pictures, not used: the field 'seed'",
        "10_sks_style: read as repeats and a name; repeats are not used, so every picture counts once",
    ]


def test_texts_that_are_no_captions_are_said_in_one_line(lay, gather):
    folder = lay("0.jpg", "1.jpg", "2.jpg")
    put(folder / "0.txt", "0 0.5 0.5 0.25 1e-3\n1 0.2 0.1 0.3 0.4\n")
    put(folder / "1.json", "[1]")
    put(folder / "2.txt", "x" * 70_000)
    found = gather(folder)
    assert {picture.caption for picture in found.collection.pictures} == {""}
    assert [note.text for note in found.of(Noted)] == [
        "0.txt: holds only numbers, so it is not a caption (and 2 more texts beside pictures, not used)"
    ]


@pytest.mark.parametrize(
    ("table", "text"),
    [
        ("train.csv", "ImageId,LabelName\n0.png,sea\n1.png,hill\n"),
        ("labels.csv", "id,breed\n0,sea\n1,hill\n2,\n2,\n"),
        ("train_labels.csv", "image_id,sea,hill\n0,1,0\n1,0,1\n"),
        ("train.csv", "sep=;\r\nimage;target\r\ntrain/0.png;sea\r\nC:\\data\\train\\1.PNG;hill\r\n"),
    ],
)
def test_tables_of_competitions(lay, gather, table, text):
    folder = lay("train/0.png", "train/1.png", "test/2.png")
    put(folder / table, text)
    put(folder / "sample_submission.csv", "id,label\n2,sea\n")
    found = gather(folder)
    assert shown(found.collection) == {"test/2.png": "", "train/0.png": "sea", "train/1.png": "hill"}
    assert found.finished.summary.splits == {"test": 1, "train": 2}
    assert found.collection.classes == ["hill", "sea"]
    assert found.left_out == {}
    assert "sample_submission.csv: a form for answers, so it is not used" in [note.text for note in found.of(Noted)]


def test_a_train_folder_alone_with_its_table(lay, gather):
    folder = lay("train/0.png", "train/1.png")
    put(folder / "train.csv", "ImageId,LabelName\n0.png,sea\n1.png,hill\n")
    found = gather(folder)
    assert (found.collection.classes, found.finished.summary.splits) == (["hill", "sea"], {"train": 2})


def test_a_table_may_name_files_of_a_folder_below_in_any_case(lay, gather):
    folder = lay("images/IMG_1.JPG", "images/img_2.png")
    put(folder / "metadata.csv", "file_name,creator\nimg_1.jpg,Ana\n.\\images\\IMG_2.PNG,Ben\n")
    assert [picture.creator for picture in gather(folder).collection.pictures] == ["Ana", "Ben"]


def test_the_line_by_which_an_owner_wants_to_be_named_is_kept(lay, gather):
    folder = lay("1.png", "2.png")
    put(folder / "metadata.csv", 'file_name,credit_line\n1.png,"The Museum, Gift of Ana"\n2.png,\n')
    first, second = gather(folder).collection.pictures
    assert (first.credit, second.credit) == ("The Museum, Gift of Ana", "")
    assert '"credit": ' in first.to_json()
    assert "credit" not in second.to_json()


def test_classes_come_in_the_order_of_their_numbers(lay, gather):
    collection = gather(lay(*(f"{name}/a.png" for name in ("0", "1", "2", "10", "100")))).collection
    assert collection.classes == list(collection.counts) == ["0", "1", "2", "10", "100"]


def test_of_two_files_with_one_content_the_one_that_has_a_class_stays(lay, gather):
    folder = lay("test/1.png", "train/sea/2.png", "train/hill/3.png")
    shutil.copy(folder / "test" / "1.png", folder / "train" / "sea" / "1.png")
    assert shown(gather(folder).collection)["train/sea/1.png"] == "sea"


def test_a_collection_by_earlier_rules_is_put_together_anew(art, gather, monkeypatch):
    monkeypatch.setattr("sfumato.collection.assembling._READING", 1)
    gather(art)
    monkeypatch.undo()
    again = gather(art)
    assert again.finished.changed and again.of(Read) == []
    assert not gather(art).finished.changed
