"""What museums say becomes a work, whatever they say."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from sfumato.collection.museums import artic, cleveland, met, smithsonian
from sfumato.collection.museums.exhibit import Exhibit, address_of, credit_of, part_of, text_of, texts_of


def work(**facts: object) -> Exhibit:
    return Exhibit("1", "CC0-1.0", "", "", **facts)


@pytest.mark.parametrize(
    ("question", "facts"),
    [
        ("sunflowers", {"title": "A Sunflower"}),
        ("sunflower", {"about": ("Flowers", "Sunflowers")}),
        ("paul cezanne", {"creator": "Paul Cézanne"}),
        ("portraits by Rembrandt", {"creator": "Rembrandt", "category": "Portrait"}),
        ("Van Gogh's irises", {"creator": "Vincent van Gogh", "title": "Irises"}),
        ("glass", {"about": ("Glass-Stained",)}),
        ("the", {}),
        ("Édo", {"about": ("Edo period (1615–1868)",)}),
    ],
)
def test_a_work_answers_a_question_by_its_own_fields(question, facts):
    assert work(**facts).answers(question)


@pytest.mark.parametrize(
    ("question", "facts"),
    [
        ("rembrandt", {"title": "Venus", "credit": "Gift of the Rembrandt Club"}),
        ("sunflowers", {"title": "The sun"}),
        ("van gogh irises", {"creator": "Vincent van Gogh", "title": "Shoes"}),
        ("art", {"title": "A cart"}),
    ],
)
def test_and_does_not_where_a_word_is_missing(question, facts):
    assert not work(**facts).answers(question)


def test_texts_are_found_on_one_line_and_without_markup():
    data = {"a": [{"b": " <em>The</em>\n Sea &amp; Sky "}], "n": 3, "x": True}
    data["tags"] = [{"term": "Waves"}, "Boats", None, []]
    assert text_of(data, "a", 0, "b") == "The Sea & Sky"
    assert (text_of(data, "n"), text_of(data, "x"), text_of(data, "a"), text_of(data, "a", 1, "b")) == ("3", "", "", "")
    assert texts_of(data, "tags", "n", "none") == ("Waves", "Boats", "3")
    assert address_of({"a": "https://a.org/x?y=1&copy=2"}, "a") == "https://a.org/x?y=1&copy=2"
    assert part_of([1, {"a": 2}], 1, "a") == 2
    assert part_of("text", 0) is None


def test_a_credit_line_names_the_museum_once():
    assert credit_of("The Met", "Rogers Fund, 1949") == "The Met, Rogers Fund, 1949"
    assert credit_of("The Met", "") == "The Met"
    assert credit_of("The Met", "the met, Rogers Fund") == "the met, Rogers Fund"


anything = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=20),
    lambda inner: st.lists(inner, max_size=3)
    | st.dictionaries(
        st.sampled_from([
            "data", "response", "content", "isPublicDomain", "primaryImage", "tags", "constituents", "is_public_domain",
            "image_id", "config", "thumbnail", "artist_title", "artist_display", "creators", "images", "web", "title",
            "share_license_status", "descriptiveNonRepeating", "online_media", "media", "metadata_usage", "freetext",
            "indexedStructured", "name", "usage", "access", "type",
        ]),
        inner,
        max_size=4,
    ),
    max_leaves=12,
)  # fmt: skip


@given(anything, st.sampled_from([met, artic, cleveland, smithsonian]))
@settings(max_examples=40, deadline=None)
def test_whatever_a_record_holds_it_is_read_and_opens_nothing_by_accident(record, museum):
    found = museum.read(record, "1")
    assert isinstance(found, Exhibit)
    assert found.licence in ("", "CC0-1.0")
    found.answers("a b")
    if found.licence:
        assert any(word in repr(record) for word in ("True", "CC0"))
