from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sfumato.collection import Picture
from sfumato.collection.captions import USUAL_TEMPLATE, Captions, CaptionTemplate
from sfumato.errors import SfumatoError

BLANK = Picture("a.png", "0" * 64, 1, 1, 64, 64, transparent=False, hash=0)
KNOWN = replace(BLANK, category="sea_piece", creator="Ana Bo", title="Dusk, at last")
USUAL = CaptionTemplate.parse(USUAL_TEMPLATE)


def without(*names: str) -> Picture:
    return replace(KNOWN, **dict.fromkeys(names, ""))


@pytest.mark.parametrize(
    ("missing", "caption"),
    [
        ((), "sea piece by Ana Bo, Dusk, at last"),
        (("creator",), "sea piece, Dusk, at last"),
        (("category",), "by Ana Bo, Dusk, at last"),
        (("title",), "sea piece by Ana Bo"),
        (("creator", "title"), "sea piece"),
        (("category", "creator"), "Dusk, at last"),
        (("category", "creator", "title"), ""),
    ],
)
def test_what_is_not_known_leaves_no_stray_comma_and_no_word_that_leads_to_it(missing, caption):
    assert USUAL.filled(without(*missing)) == caption


@pytest.mark.parametrize(
    ("template", "caption"),
    [
        ("a painting by {creator} of {title}", "a painting of Dusk, at last"),
        ('"{title}" ({year}), {creator}', '"Dusk, at last"'),
        ("sks style, {creator}; {title}", "sks style, Dusk, at last"),
        ("{class}/{creator} – {year} – {title}", "sea piece – Dusk, at last"),
        ("{creator}'s {class}", "sea piece"),
        ("a photo of the {year}", "a photo"),
        ("plain words, , here,", "plain words, here"),
    ],
)
def test_words_of_the_template_stay_without_what_leads_nowhere(template, caption):
    assert CaptionTemplate.parse(template).filled(without("creator")) == caption


@pytest.mark.parametrize("text", ["{artist}", "{class", "class}", "{{class}}", "{}"])
def test_a_template_that_cannot_be_filled_is_refused_in_one_sentence(text):
    with pytest.raises(SfumatoError, match="--caption"):
        CaptionTemplate.parse(text)


def test_own_captions_come_before_the_template_and_all_are_counted():
    found = {"caption": "picture.txt"}
    pictures = [replace(KNOWN, caption="a sea", found=found), replace(BLANK, caption="old"), KNOWN, BLANK]
    captions = Captions.of(pictures)
    assert captions.texts == ("a sea", "old", "sea piece by Ana Bo, Dusk, at last", "")
    assert captions.sentence == (
        "captions: 1 from picture.txt, 1 from the collection, 1 from the template, "
        "1 picture without any, of which nothing is known"
    )


def test_the_trigger_begins_each_caption_that_does_not_hold_it():
    pictures = [replace(BLANK, caption=text) for text in ("a sea", "The SKS sea", "asks")] + [BLANK]
    assert Captions.of(pictures, trigger="sks").texts == ("sks, a sea", "The SKS sea", "sks, asks", "sks")


words = st.text(st.characters(exclude_categories=["C", "Z"], exclude_characters="{}"), min_size=1, max_size=5)
fields = st.sampled_from(["{class}", "{creator}", "{title}", "{year}"])
separators = st.sampled_from([" ", ", ", "; ", " – ", " by ", " (", ") "])
templates = st.lists(st.one_of(words, fields, separators), max_size=12).map("".join)


@given(templates, words, words, words, words)
def test_any_template_gives_one_tidy_line_that_says_all_that_is_known(template, category, creator, title, year):
    parsed = CaptionTemplate.parse(template)
    known = {"class": category.replace("_", " "), "creator": creator, "title": title, "year": year}
    picture = replace(BLANK, category=category, creator=creator, title=title, year=year)
    full, empty = parsed.filled(picture), parsed.filled(BLANK)
    assert all(" ".join(known[name].split()) in full for name in known if f"{{{name}}}" in parsed.text)
    for text in (full, empty):
        assert text == " ".join(text.split())
    assert "{" not in empty
    assert not empty.startswith((",", ";", ":")) or not parsed.text.startswith("{")


@given(st.text(max_size=30))
def test_any_text_is_a_template_or_is_refused(text):
    try:
        CaptionTemplate.parse(text).filled(KNOWN)
    except SfumatoError as error:
        assert "\n" not in str(error)
