import warnings
import zipfile
from contextlib import closing
from pathlib import Path

import pytest

from sfumato.collection.archive import Archive
from sfumato.collection.entries import Entry, is_ignored, is_zip, places, with_unpacked, zip_entries
from sfumato.collection.pictures import Rejected
from sfumato.images import unusable


def test_the_files_of_a_zip_and_why_some_are_none(tmp_path):
    path = tmp_path / "art.zip"
    with zipfile.ZipFile(path, "w") as archive, warnings.catch_warnings():
        warnings.simplefilter("ignore")  # Python's own, of the name that is there twice
        for name in ("b.png", "a.png", "b.png", "../x.png", "in.zip", ".hidden", "__MACOSX/._a.png", "a/Thumbs.db"):
            archive.writestr(name, name)
    with closing(Archive(path)) as archive:
        entries = list(zip_entries(archive, "art.zip/"))
    assert [entry.file for entry in entries if isinstance(entry, Entry)] == ["art.zip/a.png", "art.zip/b.png"]
    assert [(entry.file, entry.kind) for entry in entries if isinstance(entry, Rejected)] == [
        ("art.zip/b.png", unusable.REPLACED),
        ("art.zip/../x.png", unusable.UNSAFE),
        ("art.zip/in.zip", unusable.NOT_A_PICTURE),
    ]


def test_names_of_hidden_files_and_zips():
    assert is_ignored(".git") and is_ignored("__MACOSX") and not is_ignored("a.git")
    assert is_zip("A.ZIP") and is_zip("a.cbz") and not is_zip("zip")


def packed(path: Path, *names: str) -> Entry:
    with zipfile.ZipFile(path, "w") as archive:
        for name in names:
            archive.writestr(name, name)
    return Entry(path.name, path.stat().st_size, 0)


def unpacked(folder: Path, *entries: Entry, named: tuple[str, ...] = ()) -> tuple[list[str], dict[str, str]]:
    found = list(with_unpacked(folder, entries, iter(named)))
    files = [entry.file for entry in found if isinstance(entry, Entry)]
    return files, {entry.file: entry.kind for entry in found if isinstance(entry, Rejected)}


def test_a_zip_is_opened_where_the_folder_has_no_pictures(tmp_path):
    entry, table = packed(tmp_path / "images.zip", "a/1.png", "2.png", "__MACOSX/._2.png"), Entry("m.csv", 1, 0)
    assert unpacked(tmp_path, table, entry) == (["m.csv", "images.zip/2.png", "images.zip/a/1.png"], {})


def test_beside_pictures_only_a_zip_whose_files_are_named_is_opened(tmp_path):
    entry, picture = packed(tmp_path / "images.zip", "a/1.png"), Entry("cover.JPG", 1, 0)
    assert unpacked(tmp_path, picture, entry) == (["cover.JPG"], {"images.zip": unusable.NOT_A_PICTURE})
    assert unpacked(tmp_path, picture, entry, named=("2.png",))[1] == {"images.zip": unusable.NOT_A_PICTURE}
    assert unpacked(tmp_path, picture, entry, named=("x/1.png",)) == (["cover.JPG", "images.zip/a/1.png"], {})


def test_tables_are_not_asked_for_names_without_need(tmp_path):
    def never():
        raise AssertionError
        yield ""

    assert list(with_unpacked(tmp_path, [Entry("1.png", 1, 0)], never())) == [Entry("1.png", 1, 0)]
    list(with_unpacked(tmp_path, [packed(tmp_path / "a.zip", "1.png")], never()))


def test_what_is_in_a_zip_is_checked_and_zips_in_it_stay_closed(tmp_path):
    assert unpacked(tmp_path, packed(tmp_path / "a.zip", "1.png", "../2.png", "b.zip")) == (
        ["a.zip/1.png"],
        {"a.zip/../2.png": unusable.UNSAFE, "a.zip/b.zip": unusable.NOT_A_PICTURE},
    )


def test_a_broken_zip_and_one_that_would_fill_the_machine_are_named(tmp_path):
    (tmp_path / "broken.zip").write_bytes(b"PK\x03\x04")
    bomb = packed(tmp_path / "bomb.zip", "1.png")
    data = bytearray((tmp_path / "bomb.zip").read_bytes())
    place = data.rindex(b"PK\x01\x02")
    data[place + 24 : place + 28] = (4_000_000_000).to_bytes(4, "little")
    (tmp_path / "bomb.zip").write_bytes(data)
    assert unpacked(tmp_path, Entry("broken.zip", 4, 0), bomb)[1] == {
        "broken.zip": unusable.BROKEN,
        "bomb.zip": unusable.BROKEN,
    }


@pytest.mark.parametrize(
    ("files", "expected"),
    [
        (["a.zip/1.png", "a.zip/b/2.png", "m.csv"], ["1.png", "b/2.png", "m.csv"]),
        (["x/a.zip/1.png", "y/b.zip/2.png"], ["x/1.png", "y/2.png"]),
        (["cats.zip/1.png", "dogs.ZIP/2.png", "dogs.ZIP/a/3.png"], ["cats/1.png", "dogs/2.png", "dogs/a/3.png"]),
        (["cats.zip/cats/1.png", "dogs.zip/2.png"], ["cats/1.png", "dogs/2.png"]),
    ],
)
def test_where_files_would_lie_if_their_zips_were_unpacked(files, expected):
    found = places(files)
    assert [found[file] for file in files] == expected
