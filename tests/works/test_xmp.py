"""The XMP packet is sound XML whatever the program's name."""

import xml.etree.ElementTree as ET

from sfumato.works.xmp import TRAINED_ALGORITHMIC_MEDIA, xmp_packet


def test_the_packet_is_sound_xml_with_the_names_escaped() -> None:
    packet = xmp_packet("a <b> & c")
    assert packet.startswith('<?xpacket begin="\ufeff" id="W5M0MpCehiHzreSzNTczkc9d"?>')
    root = ET.fromstring(packet)
    texts = [element.text for element in root.iter() if element.text and element.text.strip()]
    assert texts == ["a <b> & c", TRAINED_ALGORITHMIC_MEDIA]
