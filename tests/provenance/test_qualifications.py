"""A licence is not read out of a text that takes something of it away."""

from __future__ import annotations

import pytest

from sfumato.provenance.licences import REFERENCE, is_reference, licence_of, short_name

TAKEN_AWAY = (
    "not CC0",
    "CC0?",
    "pd?",
    "own?",
    "cc0 (pending)",
    "CC0 for metadata only",
    "metadata CC0, images in copyright",
    "CC0 or in copyright",
    "CC0 / all rights reserved",
    "CC0; CC BY-NC 4.0",
    "formerly CC0",
    "no CC-BY-4.0",
    "CC BY 4.0 NC",
    "CC BY 4.0 non-commercial",
    "CC BY 4.0, no derivatives",
    "CC BY 4.0 / CC BY-NC 4.0",
    "CC BY 4.0 (text only; images all rights reserved)",
    "CC BY 4.0 unless noted otherwise",
    "© Ana, CC0 except the photographs",
    "nicht CC0",
    "CC BY 4.0 sauf images",
    "This isn't under https://creativecommons.org/publicdomain/zero/1.0/",
    "CC BY-NC 4.0, https://creativecommons.org/licenses/by/4.0/",
)
STANDS = {
    "© 2020 Ana, CC BY 4.0": "CC-BY-4.0",
    "Photo: Ana Bo (CC BY-SA 3.0 DE)": "CC-BY-SA-3.0-DE",
    "This work is licensed under a Creative Commons Attribution 4.0 International License.": "CC-BY-4.0",
    "Creative Commons Attribution-Share Alike 3.0 Germany https://creativecommons.org/licenses/by-sa/3.0/de/deed.en": (
        "CC-BY-SA-3.0-DE"
    ),
    "CC BY, see https://creativecommons.org/licenses/by/4.0/?ref=chooser": "CC-BY-4.0",
    "This image was released under CC0 1.0": "CC0-1.0",
    "CC0, no rights reserved, no attribution required": "CC0-1.0",
    "CC0: no copyright, attribution is not required": "CC0-1.0",
    "unknown?": "unknown",
}


@pytest.mark.parametrize("text", TAKEN_AWAY)
def test_what_is_taken_away_leaves_words_and_no_licence(text: str) -> None:
    licence = licence_of(text)
    assert is_reference(licence) and licence not in (f"{REFERENCE}CC-BY", f"{REFERENCE}CC0-1.0")


@pytest.mark.parametrize(("text", "licence"), STANDS.items())
def test_what_is_said_beside_a_licence_leaves_it(text: str, licence: str) -> None:
    assert short_name(licence_of(text)) == licence
