import warnings
import zipfile
from contextlib import closing

from sfumato.collection import unusable
from sfumato.collection.archive import Archive
from sfumato.collection.entries import Entry, is_ignored, is_zip, zip_entries
from sfumato.collection.pictures import Rejected


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
