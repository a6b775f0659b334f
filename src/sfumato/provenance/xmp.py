"""An XMP packet (ISO 16684-1) as properties by their usual names: {'dc:creator': ['Ana'], ...}."""

from __future__ import annotations

from functools import lru_cache
from typing import Final
from xml.etree import ElementTree
from xml.etree.ElementTree import Element

MOST_BYTES: Final = 1_000_000  # of a packet: what is known of a picture is a thousandth of that
_MOST_VALUES: Final = 1000

_RDF: Final = "{http://www.w3.org/1999/02/22-rdf-syntax-ns#}"
_RDF_ROOT, _ITEM, _LANGUAGES, _RESOURCE = (f"{_RDF}{name}" for name in ("RDF", "li", "Alt", "resource"))
_LANGUAGE: Final = "{http://www.w3.org/XML/1998/namespace}lang"
_PREFIXES: Final = {
    "http://purl.org/dc/elements/1.1/": "dc",
    "http://ns.adobe.com/xap/1.0/": "xmp",
    "http://ns.adobe.com/xap/1.0/rights/": "xmpRights",
    "http://ns.adobe.com/photoshop/1.0/": "photoshop",
    "http://ns.adobe.com/tiff/1.0/": "tiff",
    "http://ns.adobe.com/exif/1.0/": "exif",
    "http://creativecommons.org/ns#": "cc",
    "http://web.resource.org/cc/": "cc",
    "http://iptc.org/std/Iptc4xmpExt/2008-02-29/": "Iptc4xmpExt",
    "http://ns.useplus.org/ldf/xmp/1.0/": "plus",
    "http://www.w3.org/ns/tdmrep/": "tdm",
    "http://www.w3.org/ns/tdmrep#": "tdm",
    "http://purl.org/dc/terms/": "dcterms",
}


class XmpError(ValueError):
    """A packet that is not read; says why, to be put behind 'its XMP'."""


def properties_of(packet: bytes) -> dict[str, list[str]]:
    """The texts of each property of the picture itself, without what lies in structures. Raises XmpError.

    Of a text in several languages the usual one comes, or else the first.
    """
    if len(packet) > MOST_BYTES:
        raise XmpError(f"is {len(packet) / 1e6:.1f} MB long, and no more than {MOST_BYTES / 1e6:g} MB are read")
    if b"\x00" not in packet[:8]:  # which UTF-16 has; behind others it is padding
        packet = packet.strip(b"\x00 \t\r\n")
    found: dict[str, list[str]] = {}
    for about in _parsed(packet).iter(_RDF_ROOT):
        for description in about:
            for tag, value in description.attrib.items():
                if (name := _name_of(tag)) and value.strip():
                    found.setdefault(name, []).append(value)
            for each in description:
                if (name := _name_of(each.tag)) and (values := _values(each)):
                    found.setdefault(name, []).extend(values)
    return found


@lru_cache(maxsize=1024)
def _name_of(tag: str) -> str:
    """'dc:creator' for its whole name; '' for one of no namespace, such as a comment's."""
    namespace, _, name = str(tag)[1:].partition("}")
    return f"{_PREFIXES.get(namespace, '')}:{name}" if name else ""


def _parsed(packet: bytes) -> Element:
    """The root of a packet, in which nothing is declared."""
    # What can do harm begins with '<!', in every encoding but those of two or four bytes. Without it the parser itself
    # will do, which takes a third of the time.
    is_plain = b"<!" not in packet and b"\x00" not in packet and not packet.startswith(b"<?xml ")
    try:
        if is_plain:
            return ElementTree.fromstring(packet)
        return _with_care(packet)
    except XmpError:
        raise
    except (ElementTree.ParseError, ValueError, LookupError, RecursionError) as error:
        raise XmpError("is broken") from error


def _with_care(packet: bytes) -> Element:
    from defusedxml import DefusedXmlException
    from defusedxml.ElementTree import fromstring

    try:
        root: Element = fromstring(packet, forbid_dtd=True)
    except DefusedXmlException as error:
        raise XmpError("declares a document type or entities, as no XMP does and an attack would") from error
    return root


def _values(element: Element) -> list[str]:
    """The text of a property, its resource, or the texts of its list (part 1, 7.4 to 7.9); of languages one."""
    if (resource := element.get(_RESOURCE)) is not None:
        return [resource]
    for array in element:
        items = [item for item in array if item.tag == _ITEM][:_MOST_VALUES]
        if array.tag == _LANGUAGES:
            items = [item for item in items if item.get(_LANGUAGE) == "x-default"][:1] or items[:1]
        texts = [item.text or item.get(_RESOURCE) or "" for item in items]
        return [text for text in texts if text.strip()]
    return [element.text] if element.text and element.text.strip() else []
