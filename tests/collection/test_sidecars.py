from contextlib import closing
from pathlib import Path

import pytest

from sfumato.collection.listing import list_source
from sfumato.collection.sidecars import gather_reservations, gather_sidecars
from sfumato.collection.sources import Source
from sfumato.provenance.statements import Statement

PACKET = """<x:xmpmeta xmlns:x="adobe:ns:meta/"><rdf:RDF xmlns:rdf="http://www.w3.org/1999/02/22-rdf-syntax-ns#">
<rdf:Description rdf:about="" xmlns:dc="http://purl.org/dc/elements/1.1/" dc:source="the attic"/></rdf:RDF>
</x:xmpmeta>"""


@pytest.fixture
def said(tmp_path: Path, paint):
    """(texts by name, pictures) -> what is stated of each picture, and the notes."""

    def gather(texts: dict[str, str], *pictures: str) -> tuple[dict[str, list[Statement]], list[str]]:
        for number, name in enumerate(pictures):
            (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
            paint(number).save(tmp_path / name)
        for name, text in texts.items():
            (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
            (tmp_path / name).write_text(text, encoding="utf-8")
        stated: dict[str, list[Statement]] = {}
        notes: list[str] = []
        listing = list_source(tmp_path, tmp_path / "elsewhere")
        assert [entry.file for entry in listing.pictures] == sorted(pictures)
        assert listing.rejected == []
        with closing(Source(tmp_path)) as source:
            gather_sidecars(listing, source, stated, notes)
            gather_reservations(listing, source, stated, notes)
        return stated, notes

    return gather


@pytest.mark.parametrize("name", ["a/1.xmp", "a/1.png.xmp", "a/1.XMP"])
def test_xmp_beside_a_picture_is_about_it(said, name: str) -> None:
    stated, notes = said({name: PACKET}, "a/1.png", "a/2.png", "1.png")
    assert stated == {"a/1.png": [Statement("source", "the attic", name)]}
    assert notes == []


def test_xmp_of_no_picture_is_no_picture_either(said) -> None:
    assert said({"other.xmp": PACKET}, "1.png") == ({}, [])


def test_xmp_that_cannot_be_read_is_noted(said) -> None:
    stated, notes = said({"1.xmp": PACKET[:-9], "2.xmp": "x" * 1_100_000}, "1.png", "2.png")
    assert stated == {} and len(notes) == 1
    assert notes[0].endswith("(and 1 more file beside pictures)")


def test_a_reservation_is_about_all_in_its_folder(said) -> None:
    stated, notes = said({"a/ai.txt": "User-agent: *\nDisallow: /b\n"}, "a/1.png", "a/b/2.png", "b/3.png")
    assert stated == {"a/b/2.png": [Statement("opt-out", "Disallow: /b", "a/ai.txt")]}
    assert notes == ["a/ai.txt: 1 file of its folder not to be learned from"]


def test_a_well_known_place_stands_for_the_root(said) -> None:
    rules = '[{"location": "/b/", "tdm-reservation": 1}]'
    texts = {".well-known/tdmrep.json": rules, ".well-known/security.txt": "x", "b/.hidden/y.txt": "y"}
    stated, _ = said(texts, "a.png", "b/c.png")
    assert stated == {"b/c.png": [Statement("opt-out", "tdm-reservation 1", ".well-known/tdmrep.json")]}


def test_a_reservation_that_is_none_is_noted(said) -> None:
    stated, notes = said({"tdmrep.json": "{"}, "a.png")
    assert (stated, notes) == ({}, ["tdmrep.json: is not as the TDM Reservation Protocol has it, so it is not used"])
