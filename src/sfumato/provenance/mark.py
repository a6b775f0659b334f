"""The mark of the program's own pictures and videos: XMP that names the program, and that a model made them.

Whatever the program writes as a picture or a video bears it (`sfumato.works.saving`), so that it is never taken for
somebody's art. Art that the program draws without a model carries no mark.
"""

from __future__ import annotations

import mmap
import re
from collections.abc import Iterable
from html import escape
from pathlib import Path
from typing import Final

from sfumato.disk import open_file
from sfumato.provenance.containers import XMP, Text, texts_of

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

# Programs that save a PNG again may drop its XMP and keep its other texts: these are ours too, and JSON.
RECIPE_KEY: Final = "sfumato"
GRID_KEY: Final = "sfumato-grid"
_OWN_TEXTS: Final = (RECIPE_KEY.encode(), GRID_KEY.encode())


def is_marked(data: bytes | mmap.mmap) -> bool:
    """Whether a PNG, WebP, GIF, JPEG or MP4 was made by this program, of whatever version; damaged bytes were not.

    A picture that another program saved under its own name, without our texts, is that program's, and so are other
    models' pictures.
    """
    return are_marked(texts_of(data))


def are_marked(texts: Iterable[Text]) -> bool:
    """Whether texts and packets, as `texts_of` finds them in a file, are those of this program."""
    return any(
        is_ours(text) if keyword == XMP else keyword in _OWN_TEXTS and b'"digest"' in text for keyword, text in texts
    )


def is_marked_file(path: Path) -> bool:
    """The same of a file, of which no more is read than needed. Raises OSError where it cannot be read."""
    with open_file(path) as file:
        try:
            data = mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ)
        except ValueError:  # empty
            return False
        with data:
            return is_marked(data)


def xmp_packet(creator_tool: str, source_type: str = TRAINED_ALGORITHMIC_MEDIA) -> str:
    """The XMP packet of a generated picture. creator_tool: program and version, as 'sfumato 0.1.0'."""
    return _PACKET.format(creator_tool=escape(creator_tool, quote=False), source_type=source_type)


def is_ours(packet: bytes) -> bool:
    """Whether a packet, in UTF-8, names sfumato as the program that made the picture."""
    return _OURS.search(packet) is not None
