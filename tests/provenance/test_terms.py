"""What follows from licences is read from their names alone, of every name that the program gives."""

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st
from packaging.licenses import _spdx

from sfumato.provenance.licences import (
    IN_COPYRIGHT,
    OWN,
    PUBLIC_DOMAIN_CERTIFICATION,
    PUBLIC_DOMAIN_MARK,
    RIGHTS_STATEMENTS,
    UNKNOWN,
    licence_of,
)
from sfumato.provenance.terms import CONDITIONS, STANDINGS, Terms, terms_of

PARTS = ("by", "by-sa", "by-nc", "by-nc-sa", "by-nd", "by-nc-nd")
ASKED = {
    "by": ("attribution",),
    "by-sa": ("attribution", "share_alike"),
    "by-nc": ("attribution", "non_commercial"),
    "by-nc-sa": ("attribution", "share_alike", "non_commercial"),
    "by-nd": ("attribution", "no_derivatives"),
    "by-nc-nd": ("attribution", "non_commercial", "no_derivatives"),
}
STATEMENTS = {
    "InC": ("in copyright", ()),
    "InC-OW-EU": ("in copyright", ()),
    "InC-EDU": ("in copyright", ()),
    "InC-NC": ("in copyright", ("non_commercial",)),
    "InC-RUU": ("in copyright", ()),
    "NoC-CR": ("see its text", ()),
    "NoC-NC": ("see its text", ("non_commercial",)),
    "NoC-OKLR": ("see its text", ()),
    "NoC-US": ("free in the US", ()),
    "CNE": ("unknown", ()),
    "UND": ("unknown", ()),
    "NKC": ("unknown", ()),
}


@pytest.mark.parametrize("parts", PARTS)
def test_every_edition_of_a_creative_commons_licence_asks_for_its_elements(parts: str) -> None:
    written = [f"CC {parts.upper()}", f"https://creativecommons.org/licenses/{parts}/"]
    for version in ("1.0", "2.0", "2.5", "3.0", "4.0"):
        written += [f"CC-{parts.upper()}-{version}", f"CC {parts.upper()} {version}"]
        written += [
            f"http://creativecommons.org/licenses/{parts}/{version}/{place}"
            for place in ("", "de/", "br/", "uk/", "igo/", "scotland/", "deed.fr")
        ]
    for text in written:
        found = terms_of(licence_of(text))
        assert (found.standing, found.conditions) == ("licensed", ASKED[parts]), text
        stated = re.search(r"\d\.\d", text)
        assert found.version == (stated[0] if stated else "")
        assert ("version" in found.note) == (stated is None)


def test_every_id_of_spdx_is_either_read_or_its_text_is_named() -> None:
    for entry in _spdx.LICENSES.values():
        licence = licence_of(entry["id"])
        found = terms_of(licence)
        if licence in ("CC0-1.0", "CC-PDDC", PUBLIC_DOMAIN_MARK):
            assert (found.standing, found.conditions) == ("free", ())
        elif licence.startswith("CC-"):
            assert found.standing == "licensed"
            assert found.conditions
            assert found.version
        else:
            assert (found.standing, found.conditions) == ("see its text", ()), licence


@pytest.mark.parametrize("name", RIGHTS_STATEMENTS)
def test_every_statement_of_rightsstatements_has_its_standing(name: str) -> None:
    found = terms_of(licence_of(f"https://rightsstatements.org/page/{name}/1.0/?language=en"))
    assert (found.standing, found.conditions) == STATEMENTS[name]
    assert bool(found.note) == (name != "InC")


def test_what_is_no_licence_of_a_list_has_no_terms_of_its_own() -> None:
    assert terms_of(OWN).standing == "own"
    assert terms_of(UNKNOWN).standing == terms_of("").standing == "unknown"
    assert terms_of(PUBLIC_DOMAIN_CERTIFICATION).standing == "free"
    for words in ("free for friends", "CC BY-SA 4.0 AND MIT", "see the sign: CC0 OR nothing", "LicenseRef-InC-ours"):
        assert terms_of(licence_of(words)).standing == "see its text", words
    for deed in ("sampling+/1.0/", "devnations/2.0/", "foo+/2.0/"):
        assert terms_of(licence_of(f"https://creativecommons.org/licenses/{deed}")).standing == "see its text"


def test_share_alike_and_old_elements_in_another_order_are_read() -> None:
    assert terms_of(licence_of("https://creativecommons.org/licenses/by-nd-nc/1.0/")).conditions == ASKED["by-nc-nd"]
    assert terms_of(licence_of("cc sharealike 1.0")).conditions == ("share_alike",)
    assert terms_of("CC-BY-4.0+").conditions == ASKED["by"]


def test_pictures_are_counted_once_by_standing_and_under_each_condition() -> None:
    terms = Terms.of(
        {"CC-BY-4.0": 10, "CC-BY-NC-SA-3.0": 2, UNKNOWN: 30, OWN: 1, "CC0-1.0": 5, "MIT": 3, "CC-BY-1.0": 0}
    )
    assert list(terms.licences) == [UNKNOWN, "CC-BY-4.0", "CC0-1.0", "MIT", "CC-BY-NC-SA-3.0", OWN]
    assert terms.counts == {
        "attribution": 12, "share_alike": 2, "non_commercial": 2,
        "own": 1, "free": 5, "licensed": 12, "see its text": 3, "unknown": 30,
    }  # fmt: skip
    assert terms.pictures == 51
    assert (
        terms.sentences[0]
        == "Attribution is asked for, which names the creator: 12 pictures, CC-BY-4.0 (10), CC-BY-NC-SA-3.0 (2)."
    )
    assert "Stated to be the collector's own: 1 picture." in terms.sentences
    assert terms.line == (
        "licences of 51 pictures: 1 own, 5 public domain or free, 12 ask for attribution, 2 for share-alike, "
        "2 for non-commercial use, 3 whose licence must be read, 30 unknown"
    )
    assert Terms.of({}).line == ""


@pytest.mark.parametrize(
    ("licences", "conflict"),
    [
        (("CC-BY-SA-4.0", "CC-BY-NC-SA-4.0"), "exclude one another"),
        (("CC-BY-SA-1.0", "CC-BY-SA-4.0"), "exclude one another"),
        (("CC-SA-1.0", "CC-BY-SA-4.0"), "exclude one another"),
        (("CC-BY-SA-4.0", "CC-BY-NC-2.0"), "commercially"),
        (("CC-BY-ND-4.0", "CC0-1.0"), "nothing adapted"),
        (("CC-BY-SA-2.0", "CC-BY-SA-3.0-DE", "CC-BY-SA-4.0", "LicenseRef-CC-BY-SA"), ""),
        (("CC-BY-NC-SA-2.0", "CC-BY-NC-4.0", "CC-BY-4.0", "CC0-1.0"), ""),
        (("CC-BY-ND-4.0",), ""),
        ((UNKNOWN, IN_COPYRIGHT, OWN, "MIT", "GPL-3.0-only"), ""),
    ],
)
def test_licences_that_exclude_one_another_are_named(licences: tuple[str, ...], conflict: str) -> None:
    found = Terms.of(dict.fromkeys(licences, 1)).conflicts
    assert len(found) == bool(conflict)
    assert all(conflict in each for each in found)


@given(st.dictionaries(st.text(max_size=60).map(licence_of), st.integers(0, 10**9), max_size=20))
def test_any_words_have_one_standing_and_their_counts_add_up(licences: dict[str, int]) -> None:
    terms = Terms.of(licences)
    assert sum(terms.counts.get(standing, 0) for standing in STANDINGS) == sum(licences.values())
    assert all(terms.counts.get(condition, 0) <= terms.pictures for condition in CONDITIONS)
    assert all("\n" not in each for each in terms.sentences)
    assert all("\n" not in terms_of(licence).sentence for licence in licences)
