import os
import socket
import sys
import zipfile
from pathlib import Path

import pytest

from sfumato.collection.listing import list_source
from sfumato.images import unusable

NOWHERE = Path("/nowhere")


def files(source: Path, skipped: Path = NOWHERE) -> list[str]:
    return [entry.file for entry in list_source(source, skipped).pictures]


def kinds(source: Path) -> dict[str, str]:
    return {entry.file: entry.kind for entry in list_source(source, NOWHERE).rejected}


def put(folder: Path, *names: str) -> Path:
    for name in names:
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(b"x")
    return folder


def test_everything_is_found_sorted_and_the_systems_own_files_are_not(tmp_path):
    put(
        tmp_path,
        "b/2.png",
        "b/10.png",
        "a.jpg",
        "c/d/e.webp",
        ".hidden.png",
        ".git/x.png",
        "__MACOSX/b/._2.png",
        "b/Thumbs.db",
    )
    assert files(tmp_path) == ["a.jpg", "b/10.png", "b/2.png", "c/d/e.webp"]
    assert kinds(tmp_path) == {}


def test_texts_about_the_art_are_no_pictures_and_no_faults(tmp_path):
    put(
        tmp_path,
        "a.png",
        "a.txt",
        "LICENCE.txt",
        "license",
        "README.md",
        "b/credits.txt",
        "metadata.csv",
        "b/metadata.jsonl",
    )
    listing = list_source(tmp_path, NOWHERE)
    assert [entry.file for entry in listing.pictures] == ["a.png"]
    assert [entry.file for entry in listing.captions] == ["a.txt"]
    assert [entry.file for entry in listing.tables] == ["b/metadata.jsonl", "metadata.csv"]


def test_texts_beside_pictures_and_tables(tmp_path):
    put(
        tmp_path,
        *("a/0.jpg", "a/0.caption", "a/0.jpg.txt", "a/1.PNG", "a/1.json", "a/1.tags", "source.png", "source.txt"),
        *("train.csv", "dataset.json", "a/info.jsonl", "t.TSV", "b.json", "c.caption"),
    )
    listing = list_source(tmp_path, NOWHERE)
    assert [entry.file for entry in listing.captions] == [
        "a/0.caption", "a/0.jpg.txt", "a/1.json", "a/1.tags", "source.txt",
    ]  # fmt: skip
    assert [entry.file for entry in listing.tables] == [
        "a/info.jsonl", "b.json", "dataset.json", "t.TSV", "train.csv",
    ]  # fmt: skip
    assert [entry.file for entry in listing.pictures] == ["a/0.jpg", "a/1.PNG", "c.caption", "source.png"]


def test_a_file_without_a_suffix_is_a_picture_if_it_begins_like_one(tmp_path, paint):
    names = ["licence", "credits", "sources", "notice_3", "authors-2", "copying", "README"]
    for number, name in enumerate(names):
        paint(number).save(tmp_path / name, "PNG")
    put(tmp_path, "license", "attribution", ".hidden")
    (tmp_path / "notice").write_bytes(b"")
    assert files(tmp_path) == sorted(names)
    with zipfile.ZipFile(tmp_path / "art.zip", "w") as archive:
        for path in tmp_path.iterdir():
            if path.name != "art.zip":
                archive.write(path, path.name)
    assert files(tmp_path / "art.zip") == sorted(names)


def test_a_zip_that_holds_the_folders_pictures_is_listed_as_unpacked(tmp_path):
    with zipfile.ZipFile(tmp_path / "images.zip", "w") as archive:
        archive.writestr("1.png", "x")
        archive.writestr("1.txt", "x")
        archive.writestr("metadata.csv", "x")
    put(tmp_path, "labels.csv", "README.md")
    listing = list_source(tmp_path, NOWHERE)
    assert [entry.file for entry in listing.pictures] == ["images.zip/1.png"]
    assert [entry.file for entry in listing.captions] == ["images.zip/1.txt"]
    assert [entry.file for entry in listing.tables] == ["images.zip/metadata.csv", "labels.csv"]
    put(tmp_path, "cover.png")
    assert files(tmp_path) == ["cover.png"]
    assert "a zip beside pictures" in list_source(tmp_path, NOWHERE).rejected[0].reason
    (tmp_path / "labels.csv").write_text("id,label\n1.png,sea\n")
    assert files(tmp_path) == ["cover.png", "images.zip/1.png"]


def test_a_text_without_its_picture_and_pictures_with_names_of_texts_are_looked_into(tmp_path):
    put(tmp_path, "notes.txt", "source.png", "credits.jpg", "authors_portrait.png")
    assert files(tmp_path) == ["authors_portrait.png", "credits.jpg", "notes.txt", "source.png"]


def test_the_collection_in_the_folder_itself_is_skipped(tmp_path):
    put(tmp_path, "a.png", "out/collection.json", "out/pictures.jsonl")
    assert files(tmp_path, tmp_path / "out") == ["a.png"]


def test_links(tmp_path):
    art, other = put(tmp_path / "art", "a/1.png"), put(tmp_path / "other", "2.png")
    (art / "good.png").symlink_to("a/1.png")
    (art / "gone.png").symlink_to("nothing.png")
    (art / "self.png").symlink_to("self.png")
    (art / "a" / "up").symlink_to("..", target_is_directory=True)
    (art / "outside").symlink_to(other, target_is_directory=True)
    (art / "again").symlink_to("a", target_is_directory=True)
    (art / "parent").symlink_to(tmp_path, target_is_directory=True)
    (art / "gone_folder").symlink_to("nothing", target_is_directory=True)
    assert files(art) == ["a/1.png", "good.png", "outside/2.png"]
    assert kinds(art) == dict.fromkeys(
        ["a/up", "again", "gone.png", "gone_folder", "parent", "self.png"], unusable.LINK
    )
    reasons = {entry.file: entry.reason for entry in list_source(art, NOWHERE).rejected}
    assert "circular" in reasons["a/up"]
    assert "circular" in reasons["self.png"]
    assert "circular" in reasons["parent"]
    assert "dangling" in reasons["gone.png"]
    assert "read already, as a" in reasons["again"]


@pytest.mark.skipif(sys.platform == "win32", reason="Windows has no such files")
def test_special_files(tmp_path, monkeypatch):
    os.mkfifo(tmp_path / "pipe.png")
    monkeypatch.chdir(tmp_path)  # a socket's name must be short
    with socket.socket(socket.AF_UNIX) as server:
        server.bind("socket.png")
        (tmp_path / "device.png").symlink_to("/dev/null")
        assert kinds(tmp_path) == dict.fromkeys(["pipe.png", "socket.png", "device.png"], unusable.SPECIAL)
    assert files(tmp_path) == []


@pytest.mark.skipif(not hasattr(os, "geteuid") or os.geteuid() == 0, reason="nothing is unreadable to this user")
def test_an_unreadable_folder_is_named(tmp_path):
    put(tmp_path, "a.png", "locked/b.png")
    (tmp_path / "locked").chmod(0)
    try:
        assert kinds(tmp_path) == {"locked": unusable.UNREADABLE}
        assert files(tmp_path) == ["a.png"]
    finally:
        (tmp_path / "locked").chmod(0o700)


@pytest.mark.skipif(sys.platform != "linux", reason="other systems keep their file names Unicode")
def test_names_that_are_no_unicode(tmp_path):
    name = os.fsdecode(b"caf\xe9\n\x1b[31m.png")
    put(tmp_path, name)
    assert files(tmp_path) == [name]
