import io
import stat
import zipfile
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sfumato.collection import unusable
from sfumato.collection.archive import Archive, is_safe_name
from sfumato.collection.unusable import UnusableError
from sfumato.errors import SfumatoError

BITMAP = b"BM" + bytes(12) + b"\x28\x00\x00\x00"


def zipped(path: Path, members: dict[str, bytes]) -> Path:
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, data in members.items():
            archive.writestr(name, data)
    return path


def kind(archive: Archive, name: str) -> str:
    with pytest.raises(UnusableError) as caught:
        archive.read(name)
    return caught.value.kind


def test_members_are_listed_and_read(tmp_path, paint):
    buffer = io.BytesIO()
    paint(1).save(buffer, "PNG")
    archive = Archive(zipped(tmp_path / "art.zip", {"b/1.png": buffer.getvalue(), "a.txt": b"text", "empty.png": b""}))
    assert [name for name, _, _ in archive.files()] == ["a.txt", "b/1.png", "empty.png"]
    assert archive.read("b/1.png") == buffer.getvalue()
    assert kind(archive, "a.txt") == unusable.NOT_A_PICTURE
    assert kind(archive, "empty.png") == unusable.EMPTY
    assert archive.read_text("a.txt", 2) == b"te"
    archive.close()


@pytest.mark.parametrize(
    "name", ["../a.png", "/a.png", "a/../../b.png", "C:/a.png", "a\\..\\b.png", "a//b.png", "./a.png", "", "a\x00.png"]
)
def test_names_that_lead_out_are_unsafe(name):
    assert not is_safe_name(name)


@given(st.text(max_size=30))
def test_a_safe_name_stays_below_its_folder(name):
    if is_safe_name(name):
        joined = Path("/root/folder").joinpath(name)
        assert ".." not in joined.parts
        assert joined.is_relative_to("/root/folder")


def test_encrypted_members_and_links_are_refused(tmp_path):
    path = tmp_path / "art.zip"
    with zipfile.ZipFile(path, "w") as archive:
        link = zipfile.ZipInfo("link.png")
        link.external_attr = (stat.S_IFLNK | 0o777) << 16
        archive.writestr(link, "/etc/passwd")
        archive.writestr("secret.png", BITMAP)
    data = bytearray(path.read_bytes())
    entry = data.rindex(b"PK\x01\x02")
    data[entry + 8] |= 1  # the flag of encryption, in the directory at the end
    path.write_bytes(data)
    archive = Archive(path)
    assert kind(archive, "link.png") == unusable.LINK
    assert kind(archive, "secret.png") == unusable.ENCRYPTED
    archive.close()


def test_a_damaged_member_is_broken(tmp_path):
    path = zipped(tmp_path / "art.zip", {"a.bmp": BITMAP + bytes(range(256)) * 40})
    data = bytearray(path.read_bytes())
    data[120] ^= 0xFF
    path.write_bytes(data)
    archive = Archive(path)
    assert kind(archive, "a.bmp") == unusable.BROKEN
    archive.close()


def test_a_zip_bomb_is_refused_before_anything_is_unpacked(tmp_path):
    path = zipped(tmp_path / "bomb.zip", {"a.bmp": BITMAP + bytes(100_000)})
    data = bytearray(path.read_bytes())
    entry = data.rindex(b"PK\x01\x02")
    data[entry + 24 : entry + 28] = (4_000_000_000).to_bytes(4, "little")  # the size that it claims to unpack to
    path.write_bytes(data)
    with pytest.raises(SfumatoError, match="zip bomb"):
        Archive(path)


def test_a_member_that_unpacks_to_more_than_it_says_is_not_followed(tmp_path):
    path = zipped(tmp_path / "liar.zip", {"a.bmp": BITMAP + bytes(1_000_000)})
    data = bytearray(path.read_bytes())
    entry = data.rindex(b"PK\x01\x02")
    data[entry + 24 : entry + 28] = (1000).to_bytes(4, "little")
    path.write_bytes(data)
    archive = Archive(path)
    try:
        assert len(archive.read("a.bmp")) <= 1000
    except UnusableError as error:
        assert error.kind == unusable.BROKEN
    archive.close()


@pytest.mark.parametrize("data", [b"", b"PK\x03\x04 but no more", b"no zip"])
def test_what_is_no_zip_is_said(tmp_path, data):
    (tmp_path / "art.zip").write_bytes(data)
    with pytest.raises(SfumatoError, match="not a zip file"):
        Archive(tmp_path / "art.zip")
