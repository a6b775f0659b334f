from contextlib import suppress

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sfumato.provenance.mark import xmp_packet
from sfumato.provenance.xmp import MOST_BYTES, XmpError, properties_of

RDF = 'xmlns:rdf="http://www.w3.org/1999/02/22-rdf-syntax-ns#" xmlns:dc="http://purl.org/dc/elements/1.1/"'


def packet(inside: str, attributes: str = "", head: str = "") -> bytes:
    return (
        f'{head}<x:xmpmeta xmlns:x="adobe:ns:meta/"><rdf:RDF {RDF}><rdf:Description rdf:about="" '
        f'xmlns:cc="http://creativecommons.org/ns#" {attributes}>{inside}</rdf:Description></rdf:RDF></x:xmpmeta>'
    ).encode()


def test_properties_stand_in_elements_attributes_lists_and_resources() -> None:
    found = properties_of(
        packet(
            "<dc:creator><rdf:Seq><rdf:li>Ana</rdf:li><rdf:li>Ben</rdf:li></rdf:Seq></dc:creator>"
            '<dc:title><rdf:Alt><rdf:li xml:lang="de">Meer</rdf:li><rdf:li xml:lang="x-default">Sea</rdf:li></rdf:Alt>'
            '</dc:title><cc:license rdf:resource="https://creativecommons.org/licenses/by/4.0/"/><dc:empty> </dc:empty>',  # noqa: E501
            'dc:source="the attic"',
        )
    )
    assert found == {
        "dc:source": ["the attic"],
        "dc:creator": ["Ana", "Ben"],
        "dc:title": ["Sea"],
        "cc:license": ["https://creativecommons.org/licenses/by/4.0/"],
    }


def test_a_packet_in_its_wrapping_and_with_padding_is_read() -> None:
    whole = xmp_packet("sfumato 1").encode() + b" " * 2000 + b"\x00"
    assert properties_of(whole)["xmp:CreatorTool"] == ["sfumato 1"]
    assert properties_of(xmp_packet("sfumato 1").encode("utf-16"))["xmp:CreatorTool"] == ["sfumato 1"]
    assert properties_of(b'<?xml version="1.0" encoding="UTF-8"?>' + packet("", 'dc:source="x"')) == {
        "dc:source": ["x"]
    }


def test_what_is_said_of_parts_is_not_said_of_the_picture() -> None:
    inside = '<dc:relation rdf:parseType="Resource"><dc:creator>Ben</dc:creator></dc:relation>'
    assert "dc:creator" not in properties_of(packet(inside))


BOMB = "<!DOCTYPE x [<!ENTITY a 'ha'>" + "".join(
    f"<!ENTITY {after} '&{before};&{before};&{before};'>" for before, after in zip("abcdefgh", "bcdefghi", strict=True)
)


@pytest.mark.parametrize("encoding", ["utf-8", "utf-16"])
@pytest.mark.parametrize(
    "head", [f"{BOMB}]>", '<!DOCTYPE x [<!ENTITY a SYSTEM "file:///etc/passwd">]>', "<!DOCTYPE x>"]
)
def test_entities_are_refused(head: str, encoding: str) -> None:
    with pytest.raises(XmpError, match="declares a document type or entities"):
        properties_of(packet("<dc:source>&a;</dc:source>", head=head).decode().encode(encoding))


def test_what_is_broken_or_too_long_says_so() -> None:
    for broken in (
        b"",
        b"\x00",
        b"<x",
        packet("<dc:source>"),
        b"no XML",
        packet("&nbsp;"),
        b'<?xml encoding="x"?><a/>',
    ):
        with pytest.raises(XmpError, match="is broken"):
            properties_of(broken)
    assert len(packet(f"<dc:source>{'x' * 900_000}</dc:source>")) < MOST_BYTES
    with pytest.raises(XmpError, match=r"is 1\.2 MB long, and no more than 1 MB are read"):
        properties_of(packet(f"<dc:source>{'x' * 1_200_000}</dc:source>"))


def test_a_deep_packet_is_read_or_refused() -> None:
    depth = 100_000
    assert properties_of(packet("<a>" * depth + "</a>" * depth)) == {}


@given(st.binary(max_size=300))
def test_any_bytes_are_read_or_refused(data: bytes) -> None:
    for each in (data, packet("<dc:title/>")[:100] + data):
        with suppress(XmpError):
            properties_of(each)
