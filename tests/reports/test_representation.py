"""The page on a collection needs nothing from anywhere, and says what was counted and measured, and no more."""

import json
from collections.abc import Callable
from dataclasses import replace
from typing import Any

import numpy as np
import pytest

from sfumato.collection import Picture
from sfumato.collection.drawn import draw
from sfumato.evaluation.collection_report import FORMAT, CollectionReport, Compared, WorksBeside
from sfumato.evaluation.palette import Swatch
from sfumato.evaluation.representation import Representation
from sfumato.evaluation.shift import Shift
from sfumato.evaluation.traits import TONES, TRAITS
from sfumato.reports import representation_words as words
from sfumato.reports.representation import representation_page

EVIL = "<script>alert('\"&{x}')</script>"


def pictures(**said: Any) -> list[Picture]:
    fields: dict[str, Any] = {"width": 300, "height": 400, "transparent": False, "hash": 0}
    return [
        Picture(f"{number}.png", f"{number:064x}", 1, 1, group=f"g{number // 2}", **(fields | said))
        for number in range(60)
    ]


def represented(some: list[Picture]) -> Representation:
    return Representation.of(some, np.random.default_rng(0).integers(0, 256, (len(some), 16, 16, 3), dtype=np.uint8))


def shift(name: str, difference: float, kind: Any = "class") -> Shift:
    value = 0.5 + difference
    ends = (difference - 0.05, difference + 0.05)
    told = 0.001 if abs(difference) > 0.05 else 0.4
    return Shift(
        name,
        kind,
        0.5,
        value,
        (value - 0.05, value + 0.05),
        difference,
        ends,
        0.3,
        told,
        seen=value,
        asked=value,
        found=0.8,
    )


def beside(name: str, difference: float) -> WorksBeside:
    traits = [shift(trait, difference / 2, "tone" if trait in TONES else "colour") for trait in TRAITS]
    return WorksBeside(
        name=name,
        count=512,
        shifts=[shift("waves", difference), shift(EVIL, -difference), *traits],
        agreement=0.75,
        palette=[Swatch((10, 20, 30), 0.25), Swatch((200, 210, 220), 0.75)],
        pictures=[draw("flow", number, 32) for number in range(3)],
        notes=["A note."],
        facts={"Works": "the first 512 of seed 0"},
        digests={"model": "abc"},
    )


def report(some: list[Picture] | None = None, works: tuple[WorksBeside, ...] = (), **changes: Any) -> CollectionReport:
    found = represented(some or pictures(category="waves", creator=EVIL, year="1888"))
    compared = Compared(32, 60, ["waves", EVIL], [0.8, 0.7], [[0.8, 0.2], [0.3, 0.7]], [Swatch((0, 0, 0), 1.0)])
    made = CollectionReport(
        name="art",
        digest="d" * 64,
        seed=0,
        representation=found,
        compared=compared if works else None,
        works=works,
        examples={"waves": [(draw("waves", 0, 32), "waves/0.png")]},
        largest=[(draw("glass", 0, 32), EVIL)],
        families=[[(draw("glass", 1, 32), "a.png"), (draw("glass", 2, 32), "b.png")]],
        notes=["Said of all."],
    )
    return replace(made, **changes)


def test_the_page_of_a_collection_alone_is_whole_and_asks_for_nothing(read_page: Callable[[str], Any]) -> None:
    html = representation_page(report())
    page = read_page(html)
    assert "<script" not in html and "http://" not in html and "https://" not in html
    assert all((image["src"] or "").startswith("data:image/png;base64,") for image in page.all("img"))
    assert EVIL in page.alts() and "waves/0.png" in page.alts()
    assert page.room(2).startswith("Room 2 When it was made 60 of 60 pictures are dated, all from the 19th century.")
    assert "What the model adds" not in page.text and "Said of all." in page.text
    assert "30 pictures beyond the first are near duplicates, in 30 families" in page.text


def test_works_stand_beside_the_collection_with_their_sentences(read_page: Callable[[str], Any]) -> None:
    page = read_page(representation_page(report(works=(beside("run", 0.2), beside("balanced", 0.0)))))
    text = page.text
    assert "The model exaggerates ‘waves’: 70% (65% to 75%) against 50% of the collection; 70% were made as it." in text
    assert "By none of 22 measures can the works be told from the collection" in text
    assert (
        "‘waves’: 65% to 75% of the works of run, and 45% to 55% of those of balanced: the intervals do not meet."
        in text
    )
    assert "80% of ‘waves’" in text and "75% are seen as that" in text and "A note." in text
    assert "--balance class" not in text  # of one class there is nothing to balance
    assert len(page.all("svg")) == 2 and all(svg["aria-label"] for svg in page.all("svg"))


def test_works_without_classes_have_no_room_for_them(read_page: Callable[[str], Any]) -> None:
    run = beside("run", 0.2)
    run = replace(run, shifts=[each for each in run.shifts if each.kind != "class"], agreement=None)
    made = report(works=(run,))
    made = replace(made, compared=replace(made.compared, classes=[], found=[], confusion=[]))  # type: ignore[type-var]
    page = read_page(representation_page(made))
    assert "The classes of the works" not in page.text and "What the model adds" in page.text


@pytest.mark.parametrize(
    ("said", "sentence"),
    [
        ({}, "Of none of 60 pictures a creator is named, so nothing can be said of who is in it."),
        ({}, "The pictures have no classes: put them into a sub-folder for each, or name them in metadata.csv."),
        ({}, "Of none of 60 pictures the century is known."),
        ({"category": "waves"}, "All that have a class are of one, ‘waves’."),
        ({"generated": "trained algorithmic media"}, "Of 60 pictures the files say that a model made them."),
        ({"creator": "me"}, "One creator is named, me, of 60 pictures."),
        ({"year": "n.d."}, "Of 60 pictures something is stated that is no date that can be read: ‘n.d.’."),
        ({"creator": "various"}, "60 pictures more go under names that stand for nobody in particular: ‘various’."),
    ],
)
def test_what_is_not_known_stands_there(read_page: Callable[[str], Any], said: dict[str, str], sentence: str) -> None:
    assert sentence in read_page(representation_page(report(pictures(**said), largest=[], examples={}))).text


def test_what_dominates_is_said_first() -> None:
    some = [*pictures(category="waves", creator="Doré")[:40], *pictures(category="glass", creator="Hogarth")[:20]]
    assert words.headline(represented(some)) == (
        "67% of what has a class is ‘waves’, and 67% of what is credited is by Doré"
    )
    assert words.headline(represented(pictures())) == "60 pictures, and no creator is named"
    steps = words.remedies(report(some))
    assert [line for line, _ in steps] == [
        "sfumato train COLLECTION --balance class",
        "sfumato generate RUN --class glass",
        "sfumato train COLLECTION --balance creator",
    ]
    assert words.few_said(represented(some[:12])) == "Of 12 pictures each is 8%: shares change with every one of them."
    assert words.few_said(represented(some)) == ""


def test_the_record_is_plain_json_and_has_every_measure() -> None:
    made = report(works=(beside("run", 0.2),)).record()
    again = json.loads(json.dumps(made))
    assert json.dumps(again) == json.dumps(made) and again["format"] == FORMAT
    assert list(again) == [
        *("format", "sfumato_version", "name", "digest", "seed", "notes", "collection", "compared", "level", "draws"),
        "works",
    ]
    (works,) = again["works"]
    assert [each["name"] for each in works["measures"]] == ["waves", EVIL, *TRAITS]
    assert works["measures"][0] | {"is_told": True, "p": 0.001, "asked": 0.7} == works["measures"][0]
    assert again["collection"]["periods"]["centuries"] == {"19": 60}
