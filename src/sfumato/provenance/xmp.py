"""What a generated picture says of itself in XMP, which catalogues, editors and search engines read."""

import re
from html import escape
from typing import Final

# IPTC's terms for a picture that a trained model made, and for one that it went on with or changed in part:
# https://cv.iptc.org/newscodes/digitalsourcetype/
TRAINED_ALGORITHMIC_MEDIA: Final = "http://cv.iptc.org/newscodes/digitalsourcetype/trainedAlgorithmicMedia"
COMPOSITE: Final = "http://cv.iptc.org/newscodes/digitalsourcetype/compositeWithTrainedAlgorithmicMedia"

# The id between the quotes is the XMP specification's own constant (part 1, section 7.3.2).
_PACKET: Final = """\
<?xpacket begin="\ufeff" id="W5M0MpCehiHzreSzNTczkc9d"?>
<x:xmpmeta xmlns:x="adobe:ns:meta/">
 <rdf:RDF xmlns:rdf="http://www.w3.org/1999/02/22-rdf-syntax-ns#">
  <rdf:Description rdf:about=""
    xmlns:xmp="http://ns.adobe.com/xap/1.0/"
    xmlns:Iptc4xmpExt="http://iptc.org/std/Iptc4xmpExt/2008-02-29/">
   <xmp:CreatorTool>{creator_tool}</xmp:CreatorTool>
   <Iptc4xmpExt:DigitalSourceType>{source_type}</Iptc4xmpExt:DigitalSourceType>
  </rdf:Description>
 </rdf:RDF>
</x:xmpmeta>
<?xpacket end="w"?>"""

# Programs that write a packet again may turn the element into an attribute. 'Sfumato 2' is another's.
_OURS: Final = re.compile(rb"""xmp:CreatorTool\s*(?:>\s*|=\s*["'])sfumato \d""")


def xmp_packet(creator_tool: str, source_type: str = TRAINED_ALGORITHMIC_MEDIA) -> str:
    """The XMP packet of a generated picture. creator_tool: program and version, as 'sfumato 0.1.0'."""
    return _PACKET.format(creator_tool=escape(creator_tool, quote=False), source_type=source_type)


def is_ours(packet: bytes) -> bool:
    """Whether a packet, in UTF-8, names sfumato as the program that made the picture."""
    return _OURS.search(packet) is not None
