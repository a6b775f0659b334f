import io
import stat
import struct
import unicodedata
import zipfile
import zlib
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sfumato.collection.archive import Archive, is_safe_name, with_slashes
from sfumato.errors import SfumatoError
from sfumato.images import unusable
from sfumato.images.unusable import UnusableError

BITMAP = b"BM" + bytes(12) + b"\x28\x00\x00\x00"


def zipped(path: Path, members: dict[str, bytes]) -> Path:
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, data in members.items():
            archive.writestr(name, data)
    return path


def named(path: Path, names: list[bytes], *, system: int = 0, extra: bytes = b"") -> Path:
    """A zip of members with these bytes for names, without a word about their encoding, as old tools wrote them."""
    with zipfile.ZipFile(path, "w") as archive:
        for number, name in enumerate(names):
            member = OldMember(str(number))
            member.raw = name
            member.create_system, member.extra = system, extra
            archive.writestr(member, BITMAP + bytes([number]))
    return path


class OldMember(zipfile.ZipInfo):
    raw: bytes

    def _encodeFilenameFlags(self) -> tuple[bytes, int]:  # noqa: N802 (Python's own, which would choose an encoding)
        return self.raw, self.flag_bits


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


def test_with_slashes_any_separator_is_one():
    assert with_slashes("a\\b.png") == with_slashes("./a/b.png") == with_slashes("a//./b.png") == "a/b.png"
    assert with_slashes("a\\") == "a/"
    assert with_slashes("..\\a.png") == "../a.png"
    assert with_slashes("//a.png") == "/a.png"


@given(st.text(max_size=30))
def test_no_name_is_made_safe(name):
    if ".." in name.replace("\\", "/").split("/")[:-1] or name.startswith(("/", "\\")):
        assert not is_safe_name(with_slashes(name))


def test_colons_are_letters_and_drives_are_not():
    assert is_safe_name("Kunst: 1900/a.png")
    assert not is_safe_name("c:a.png")


@pytest.mark.parametrize(
    ("names", "system"),
    [
        ([unicodedata.normalize("NFD", "Gemälde/1.png").encode()], 0),
        ([unicodedata.normalize("NFD", "Gemälde/1.png").encode(), b"plain/2.png"], 3),
        (["Gemälde/1.png".encode("cp437")], 0),
        (["Gemälde\\1.png".encode("cp850"), b"plain\\2.png"], 0),
        (["Gemälde/1.png".encode("cp1252")], 3),
        (["./Gemälde/1.png".encode("cp1252")], 11),
    ],
)
def test_names_without_a_word_about_their_encoding(tmp_path, names, system):
    archive = Archive(named(tmp_path / "art.zip", names, system=system))
    found = [unicodedata.normalize("NFC", name) for name, _, _ in archive.files()]
    assert found == ["Gemälde/1.png", "plain/2.png"][: len(names)]
    assert archive.read(next(archive.files())[0]) == BITMAP + b"\x00"
    archive.close()


@pytest.mark.parametrize(("change", "expected"), [(0, "浮世絵.png"), (1, "abc.png")])
def test_the_field_with_a_name_in_utf_8_counts_while_it_belongs_to_the_name(tmp_path, change, expected):
    stated = struct.pack("<BI", 1, zlib.crc32(b"abc.png") ^ change) + "浮世絵.png".encode()
    field = struct.pack("<HH", 0x7075, len(stated)) + stated
    archive = Archive(named(tmp_path / "art.zip", [b"abc.png"], extra=field))
    assert list(archive.members) == [expected]
    archive.close()


def test_of_several_members_of_one_name_the_last_counts(tmp_path):
    path = named(tmp_path / "art.zip", [b"a/1.bmp", b"a\\1.bmp", b"./a/1.bmp", b"b.bmp"])
    archive = Archive(path)
    assert [name for name, _, _ in archive.files()] == ["a/1.bmp", "b.bmp"]
    assert archive.read("a/1.bmp") == BITMAP + b"\x02"
    assert [name for name, _, _ in archive.replaced] == ["a/1.bmp", "a/1.bmp"]
    archive.close()


def test_names_that_differ_by_normal_form_are_two_members(tmp_path):
    both = ["é.bmp", unicodedata.normalize("NFD", "é.bmp")]
    archive = Archive(zipped(tmp_path / "art.zip", {name: BITMAP + name.encode() for name in both}))
    assert [archive.read(name) for name in both] == [BITMAP + name.encode() for name in both]
    archive.close()


def test_a_folder_of_an_old_tool_is_no_member(tmp_path):
    archive = Archive(named(tmp_path / "art.zip", [b"a\\", b"a\\1.bmp"]))
    assert list(archive.members) == ["a/1.bmp"]
    archive.close()


@given(
    st.lists(st.binary(min_size=2, max_size=12).filter(lambda name: b"\x00" not in name), max_size=4),
    st.binary(max_size=20),
)
def test_no_names_and_no_extra_fields_break_it(tmp_path_factory, names, extra):
    path = named(tmp_path_factory.mktemp("zip") / "art.zip", names, extra=extra)
    try:
        archive = Archive(path)
    except SfumatoError:
        return
    for name in archive.members:
        name.encode()
    archive.close()


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
