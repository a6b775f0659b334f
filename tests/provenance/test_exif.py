from hypothesis import given
from hypothesis import strategies as st
from PIL import Image

from sfumato.provenance.exif import exif_said
from sfumato.provenance.statements import CREATOR, EXIF, FAULT, LICENCE, Statement


def block(**tags: object) -> bytes:
    exif = Image.Exif()
    exif.update({int(tag.removeprefix("t")): value for tag, value in tags.items()})
    return exif.tobytes().removeprefix(b"Exif\x00\x00")


def test_artist_and_copyright_are_read_with_all_their_letters() -> None:
    made = block(t315=b"Ana", t33432="© Béa\x00Ed".encode())
    statements, words = exif_said(made)
    assert statements == [Statement(CREATOR, "Ana", EXIF), Statement(LICENCE, "© Béa; Ed", EXIF)]
    assert words == ["Ana", "© Béa; Ed"]


def test_windows_names_an_author_in_its_own_way() -> None:
    assert exif_said(block(t40093="Zoë\x00".encode("utf-16-le")))[0] == [Statement(CREATOR, "Zoë", EXIF)]


def test_a_comment_is_read_in_the_characters_that_it_names() -> None:
    for value in (b"ASCII\x00\x00\x00a comment", b"UNICODE\x00" + "a comment".encode("utf-16-be")):
        assert exif_said(block(t34665={37510: value})) == ([], ["a comment"])


def test_a_block_that_is_none_is_broken() -> None:
    for broken in (b"", b"II*\x00", b"MM\x00*\xff\xff\xff\xff", b"nothing at all"):
        assert exif_said(broken) == ([Statement(FAULT, "its EXIF is broken", EXIF)], [])


@given(st.binary(max_size=200))
def test_any_bytes_are_read_or_broken(data: bytes) -> None:
    exif_said(data)
    exif_said(b"II*\x00\x08\x00\x00\x00" + data)
