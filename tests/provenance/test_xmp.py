"""The XMP packet is sound XML whatever the program's name, and is told from those of other programs."""

import xml.etree.ElementTree as ET

import pytest

from sfumato.provenance.xmp import TRAINED_ALGORITHMIC_MEDIA, is_ours, xmp_packet


def test_the_packet_is_sound_xml_with_the_names_escaped() -> None:
    packet = xmp_packet("a <b> & c")
    assert packet.startswith('<?xpacket begin="\ufeff" id="W5M0MpCehiHzreSzNTczkc9d"?>')
    root = ET.fromstring(packet)
    texts = [element.text for element in root.iter() if element.text and element.text.strip()]
    assert texts == ["a <b> & c", TRAINED_ALGORITHMIC_MEDIA]


@pytest.mark.parametrize("version", ["0.1.0", "12.0", "1.0.0rc1"])
def test_our_packet_is_known_also_where_another_program_wrote_it_again(version: str) -> None:
    assert is_ours(xmp_packet(f"sfumato {version}").encode())
    assert is_ours(f'<rdf:Description rdf:about="" xmp:CreatorTool="sfumato {version}"/>'.encode())
    assert is_ours(f"<rdf:Description xmp:CreatorTool='sfumato {version}'/>".encode())


@pytest.mark.parametrize(
    "said",
    [
        "Adobe Photoshop 25.0",
        "sfumatos 1.0",
        "Sfumato Painter 2",
        "sfumato",
        "not sfumato 0.1.0",
        "sfumato-like 3",
    ],
)
def test_other_programs_packets_are_not_ours(said: str) -> None:
    assert not is_ours(xmp_packet(said).encode())
    assert not is_ours(f'<rdf:Description xmp:CreatorTool="{said}"/>'.encode())


def test_a_picture_that_only_speaks_of_us_is_not_ours() -> None:
    other = xmp_packet("GIMP 3.0").replace(
        "</rdf:RDF>", "<dc:title>sfumato 0.1.0, xmp:CreatorTool</dc:title></rdf:RDF>"
    )
    assert not is_ours(other.encode())
    assert not is_ours(b"")
