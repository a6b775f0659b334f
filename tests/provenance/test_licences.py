import re

import pytest
from hypothesis import example, given
from hypothesis import strategies as st
from packaging.licenses import canonicalize_license_expression

from sfumato.provenance.licences import (
    IN_COPYRIGHT,
    OWN,
    PUBLIC_DOMAIN_MARK,
    RIGHTS_STATEMENTS,
    UNKNOWN,
    WORDS,
    is_notice,
    is_reference,
    licence_of,
    short_name,
)

WRITTEN = {
    # words
    "public domain": "PDM-1.0",
    "Public Domain.": "PDM-1.0",
    "PDM-1.0": "PDM-1.0",
    "gemeinfrei": "PDM-1.0",
    "public-domain-us": "NoC-US",
    "PD-US": "NoC-US",
    "This work is in the public domain in the United States, for it is old.": "NoC-US",
    "not in the public domain in the US": "LicenseRef-not-in-the-public-domain-in-the-US",
    "No Copyright - United States": "NoC-US",
    "In Copyright - EU Orphan Work": "InC-OW-EU",
    "no known copyright restrictions": "NKC",
    "CC0": "CC0-1.0",
    "CC0 1.0 Universal": "CC0-1.0",
    "Public Domain (CC0)": "CC0-1.0",
    "All rights reserved": "InC",
    "alle Rechte vorbehalten": "InC",
    "© 2020 Ana": "InC",
    "(c) 2020 Ana. All Rights Reserved.": "InC",
    "Copyright: public domain": "PDM-1.0",
    "no copyright": "LicenseRef-no-copyright",
    "copyright-free": "LicenseRef-copyright-free",
    "own work": "own",
    # Creative Commons
    "CC BY": "LicenseRef-CC-BY",
    "CC-BY 4.0": "CC-BY-4.0",
    "cc by nc sa 4.0": "CC-BY-NC-SA-4.0",
    "CC BY-SA 3.0 DE": "CC-BY-SA-3.0-DE",
    "CC BY 3.0 in print": "CC-BY-3.0",
    "(c) CC BY 4.0 Ana": "CC-BY-4.0",
    "Creative Commons Attribution-ShareAlike 4.0 International": "CC-BY-SA-4.0",
    "creative commons attribution non-commercial no derivatives 4.0": "CC-BY-NC-ND-4.0",
    "Licensed under a Creative Commons Attribution 4.0 International License.": "CC-BY-4.0",
    "https://creativecommons.org/licenses/by/4.0/deed.de": "CC-BY-4.0",
    "http://creativecommons.org/licenses/by/3.0/br/": "CC-BY-3.0-BR",
    "creativecommons.org/licenses/by-nc/2.0/uk/legalcode": "CC-BY-NC-2.0-UK",
    "https://creativecommons.org/publicdomain/zero/1.0/": "CC0-1.0",
    "https://creativecommons.org/publicdomain/mark/1.0/deed.en": "PDM-1.0",
    "Free, see https://creativecommons.org/licenses/by-sa/4.0/": "CC-BY-SA-4.0",
    # rightsstatements.org
    "http://rightsstatements.org/page/InC-EDU/1.0/?language=en": "InC-EDU",
    "https://rightsstatements.org/vocab/NoC-US/1.0/": "NoC-US",
    "NoC-US": "NoC-US",
    # SPDX
    "cc-by-nc-4.0": "CC-BY-NC-4.0",
    "mit": "MIT",
    "MIT OR CC0-1.0": "LicenseRef-MIT-OR-CC0-1.0",
    # what is nobody's list
    "Fair Use license": "LicenseRef-Fair-Use-license",
    "LicenseRef-museum": "LicenseRef-museum",
    "版権所有": "LicenseRef-1e9a9d5e",
    # nothing
    "": "unknown",
    "N/A": "unknown",
    "not specified": "unknown",
    "?": "unknown",
}


@pytest.mark.parametrize(("text", "name"), WRITTEN.items())
def test_a_licence_is_understood_as_people_write_it(text: str, name: str) -> None:
    found = short_name(licence_of(text))
    assert found == name or (found.startswith("LicenseRef-") and not text.isascii())


def test_what_is_stored_is_an_id_a_uri_or_words() -> None:
    assert licence_of("public domain") == PUBLIC_DOMAIN_MARK == "https://creativecommons.org/publicdomain/mark/1.0/"
    assert licence_of("public-domain-us") == "http://rightsstatements.org/vocab/NoC-US/1.0/"
    assert licence_of("CC BY 3.0 BR") == "https://creativecommons.org/licenses/by/3.0/br/"
    assert len(RIGHTS_STATEMENTS) == 12
    assert {licence_of(name) for name in RIGHTS_STATEMENTS} == {licence_of(said) for said in RIGHTS_STATEMENTS.values()}


def is_listed(licence: str) -> bool:
    if licence in (OWN, UNKNOWN):
        return True
    if licence.startswith("http"):
        return re.fullmatch(
            r"http://rightsstatements\.org/vocab/[A-Za-z-]+/1\.0/|https://creativecommons\.org/[a-z/-]+/(\d\.\d/)?([a-z]+/)?",
            licence,
        ) is not None  # fmt: skip
    return bool(canonicalize_license_expression(licence) == licence)  # a LicenseRef too has to be well-formed


@given(
    st.one_of(
        st.text(max_size=300),
        st.sampled_from(list(WRITTEN)),
        st.builds(" ".join, st.lists(st.sampled_from([*WORDS, *WRITTEN, "by", "nc", "4.0", "©", "2020"]), max_size=5)),
    )
)
@example("\ud800 © CC")
@example("CC-BY-4.0+")
def test_every_text_becomes_a_name_that_is_listed_and_stays_as_it_is(text: str) -> None:
    licence = licence_of(text)
    assert is_listed(licence)
    assert licence_of(licence) == licence
    assert short_name(licence) and len(licence) < 250
    if licence == UNKNOWN:
        assert not is_reference(licence)


@given(st.text(st.characters(categories=["L", "N", "Z"]), max_size=200))
def test_words_that_say_something_are_not_unknown(text: str) -> None:
    plain = " ".join(text.split()).casefold()
    if any(letter.isalnum() for letter in text) and plain not in WORDS:
        assert licence_of(text) != UNKNOWN


def test_a_notice_is_told_from_a_reservation() -> None:
    assert is_notice("© 2020 Ana") and is_notice("copyright")
    assert not is_notice("© 2020 Ana, all rights reserved")
    assert not is_notice("In Copyright") and licence_of("In Copyright") == IN_COPYRIGHT
    assert not is_notice("(c) Ana, CC BY 4.0") and not is_notice("own")
