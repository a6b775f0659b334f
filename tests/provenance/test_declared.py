"""What manifests say is believed as far as their signature holds; they are made by the library itself."""

from collections.abc import Callable

import pytest
from PIL import Image

from sfumato.provenance.credentials import Claim, Input, signed
from sfumato.provenance.declared import UNSURE, manifest_said
from sfumato.provenance.statements import C2PA, CREATOR, FAULT, GENERATED, LICENCE, OPT_OUT, YEAR, Statement

Declared = Callable[..., bytes]
NO = {"entries": {"cawg.ai_generative_training": {"use": "notAllowed"}}}
WORK = {
    "@context": "http://schema.org/",
    "@type": "CreativeWork",
    "author": [{"@type": "Person", "name": "Ana"}],
    "dateCreated": "1999",
    "license": "https://creativecommons.org/licenses/by/4.0/",
    "copyrightNotice": "© Ana",
}
METADATA = {
    "@context": {"dc": "http://purl.org/dc/elements/1.1/"},
    "dc:creator": ["Béa"],
    "dc:rights": {"x-default": "CC0"},
}


@pytest.fixture(scope="module")
def plain(saved: Callable[..., bytes]) -> bytes:
    return saved("PNG")


def test_facts_are_read_from_both_kinds_of_assertion(plain: bytes, declared: Declared) -> None:
    said = manifest_said(declared(plain, {"stds.schema-org.CreativeWork": WORK}))
    assert said == [
        Statement(CREATOR, "Ana", C2PA),
        Statement(YEAR, "1999", C2PA),
        Statement(LICENCE, WORK["license"], C2PA),
        Statement(LICENCE, "© Ana", C2PA),
    ]
    said = manifest_said(declared(plain, {"cawg.metadata": METADATA}))
    assert said == [Statement(CREATOR, "Béa", C2PA), Statement(LICENCE, "CC0", C2PA)]


@pytest.mark.parametrize("kind", ["PNG", "JPEG", "WEBP", "TIFF", "GIF"])
def test_an_opt_out_is_read_in_every_format(kind: str, saved: Callable[..., bytes], declared: Declared) -> None:
    data = declared(saved(kind), {"cawg.training-mining": NO})
    assert manifest_said(data) == [Statement(OPT_OUT, "cawg.ai_generative_training notAllowed", C2PA)]


def test_a_generated_picture_says_so_and_so_does_its_edit(plain: bytes, declared: Declared) -> None:
    generated = declared(plain, made="TRAINED_ALGORITHMIC_MEDIA")
    assert manifest_said(generated) == [Statement(GENERATED, "trainedAlgorithmicMedia", C2PA)]
    assert manifest_said(declared(plain, made="DIGITAL_CREATION")) == []
    edited = signed(
        plain, Claim("edit", "http://cv.iptc.org/newscodes/digitalsourcetype/humanEdits", (Input(generated),))
    )
    assert manifest_said(edited) == [Statement(GENERATED, "trainedAlgorithmicMedia", C2PA)]


def test_an_opt_out_of_what_it_was_made_from_counts(plain: bytes, declared: Declared) -> None:
    edited = signed(plain, Claim("edit", inputs=(Input(declared(plain, {"cawg.training-mining": NO})),)))
    assert Statement(OPT_OUT, "cawg.ai_generative_training notAllowed", C2PA) in manifest_said(edited)


def test_what_was_changed_is_not_believed_but_an_opt_out_is_obeyed(
    saved: Callable[..., bytes], picture: Image.Image, declared: Declared
) -> None:
    whole = declared(
        saved("JPEG"), {"cawg.training-mining": NO, "cawg.metadata": METADATA}, "TRAINED_ALGORITHMIC_MEDIA"
    )
    broken = whole[:-20] + bytes([whole[-20] ^ 1]) + whole[-19:]
    said = manifest_said(broken)
    assert said == [
        Statement(
            FAULT, "its Content Credentials do not hold (assertion.dataHash.mismatch) and are not believed", C2PA
        ),
        Statement(OPT_OUT, "cawg.ai_generative_training notAllowed", UNSURE),
    ]


def test_a_strangers_words_count_like_any_others(plain: bytes, declared: Declared, certified: Callable) -> None:
    key = certified()
    said = manifest_said(signed(plain, Claim("work"), key))
    assert said == [Statement(GENERATED, "trainedAlgorithmicMedia", C2PA)]


def test_what_cannot_be_read_is_said(plain: bytes, declared: Declared) -> None:
    whole = declared(plain, {"cawg.metadata": METADATA})
    spoilt = whole.replace(b"jumdc2ma", b"jumdxxxx")
    (fault,) = manifest_said(spoilt)
    assert fault.about == FAULT and "Content Credentials" in fault.text
    assert manifest_said(plain) == manifest_said(b"no picture") == []
