"""The words that works are found by, as people write them."""

from datetime import datetime

import pytest
import sqlalchemy as sa
from hypothesis import given, settings
from hypothesis import strategies as st

from sfumato.studio.jobs.gallery import Gallery
from sfumato.studio.jobs.search import KEYS, SearchError, Term, conditions, terms
from sfumato.studio.jobs.work import NewWork
from sfumato.text import readable

WORKS = {
    "waves": {"label": "waves", "seed": 7, "model": "Coast at night", "created_at": datetime(2026, 3, 31, 23, 59)},
    "mixture": {"label": 'waves:0.7,"red, blue":0.3', "seed": 70, "model": "Coast", "near_copy": True},
    "still life": {"label": "still life", "seed": 7, "kind": "inpaint", "created_at": datetime(2026, 4, 1)},
    "prompt": {"prompt": "a Calm SEA, 100% blue_green", "created_at": datetime(2025, 12, 31, 23, 59)},
    "thai": {"label": "ทะเล", "title": "คลื่นสีฟ้า", "near_copy": False},
    "german": {"title": "STRASSE am Fluß", "model": "Stra\u00dfe", "label": "Äpfel"},
}


FOUND = {
    "": [*WORKS],
    "class:waves": ["waves", "mixture"],
    "class:wav": ["waves", "mixture"],
    "class:aves": [],
    "class:WAVES seed:7": ["waves"],
    'class:"still life"': ["still life"],
    'class:"red, blue"': ["mixture"],
    "class:ทะเล": ["thai"],
    "class:a\u0308pfel": ["german"],
    "คลื่น": ["thai"],
    "strasse": ["german"],
    "model:strasse": ["german"],
    "model:coast": ["waves", "mixture"],
    'model:"at night"': ["waves"],
    "model:%": [],
    "class:%": [],
    "100%": ["prompt"],
    "blue_green": ["prompt"],
    "blue-green": [],
    "calm sea": ["prompt"],
    '"sea, 100%"': ["prompt"],
    '"sea 100%"': [],
    "kind:inpaint": ["still life"],
    "seed:7": ["waves", "still life"],
    "before:2026": ["prompt"],
    "before:2026-04": ["waves", "prompt"],
    "after:2026-03-31 before:2026-04-01": ["waves"],
    "after:2026-4-1 before:2026-04-2": ["still life"],
    "is:starred": ["thai"],
    "is:copy": ["mixture"],
    "-is:copy": ["waves", "still life", "prompt", "thai", "german"],
    "-class:waves -kind:inpaint": ["prompt", "thai", "german"],
    '-class:"still life" seed:7': ["waves"],
    "-waves -seed:7": ["prompt", "thai", "german"],
    "class:": [*WORKS],
    'class:"': [*WORKS],
    "-": [],
    "http://waves": [],
    "colour:red": [],
}


@pytest.fixture
def full(gallery: Gallery) -> Gallery:
    for name, known in WORKS.items():
        row = {"kind": "generate", "created_at": datetime(2026, 6, 1), **known}
        row["created_at"] = row["created_at"].astimezone()
        gallery.add(NewWork(file=f"/elsewhere/{name}.png", width=8, height=8, **row))
    gallery.star(5, True)
    return gallery


def test_a_search_finds_what_it_says(full: Gallery) -> None:
    names = {work.id: work.file.rpartition("/")[2].removesuffix(".png") for work in full.search().works}
    assert {query: [names[work.id] for work in full.search(query).works][::-1] for query in FOUND} == FOUND


@pytest.mark.parametrize(
    ("query", "said"),
    [
        ("seed:seven", "seed:seven: a seed is a whole number"),
        ("seed:99999999999999999999", "a seed is a whole number"),
        ("before:spring", "before:spring: write a day as 2026-03-31, a month as 2026-03 or a year as 2026"),
        ("after:2026-02-30", "after:2026-02-30: write a day"),
        ("before:0000", "before:0000: write a day"),
        ("is:nice", r"is:nice: works can be starred \(is:starred\)"),
        ("a" * 1001, "the search has 1,001 letters, and 1,000 are the most"),
    ],
)
def test_what_cannot_be_read_is_said(query: str, said: str) -> None:
    with pytest.raises(SearchError, match=said):
        conditions(query)


# In the one normal form that a query is read in.
QUOTED = st.text(st.characters(codec="utf-8", exclude_characters='"\0'), min_size=1, max_size=20).map(readable)


@settings(max_examples=40, deadline=None)
@given(st.lists(st.builds(
    Term,
    st.sampled_from(["", *sorted(KEYS)]),
    QUOTED.filter(str.strip),
    st.booleans(),
), max_size=5))  # fmt: skip
def test_what_stands_in_quotes_is_read_as_it_is(wanted: list[Term]) -> None:
    query = " ".join(f'{"-" * term.without}{term.key}{":" * bool(term.key)}"{term.value}"' for term in wanted)
    assert terms(query) == wanted


@settings(max_examples=40, deadline=None)
@given(st.text(max_size=60) | st.text('classmodelseedbeforeafteris:-" 2026', max_size=60))
def test_whatever_is_typed_is_a_search_or_a_sentence(query: str) -> None:
    try:
        made = conditions(query)
    except SearchError as error:
        assert str(error).count("\n") == 0 or "\n" in query
    else:
        str(sa.and_(True, *made))
