"""What a collection holds is counted once, keeps no place on a disk, and survives its JSON."""

import json
from collections.abc import Callable
from pathlib import Path
from types import SimpleNamespace

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import Image

from sfumato.collection import Collection, Origin, Ownership, Picture, Rejected, Summary
from sfumato.collection import holdings as counting
from sfumato.collection.holdings import MOST_TITLES, Credit, DataSet, Holdings, Tally, host_of
from sfumato.collection.picture_policy import PicturePolicy
from sfumato.images import unusable

BY, MARK = "CC-BY-4.0", "https://creativecommons.org/publicdomain/mark/1.0/"


def picture(number: int, **facts: object) -> Picture:
    return Picture(
        f"{number}.png", f"{number:064x}", 1000, 1, 40 + number % 7, 50, False, 7, group=str(number), **facts
    )


def collection(pictures: list[Picture], rejected: list[Rejected] = [], **others: object) -> Collection:  # noqa: B006
    """One that is not on the disk, as large as it may be."""
    summary = Summary.of(pictures, rejected)
    stated = {"origin": None, "ownership": None, "policy": PicturePolicy(), "digest": "a" * 64, **others}
    return SimpleNamespace(pictures=pictures, left_out=rejected, summary=summary, **stated)  # type: ignore[return-value]


def test_all_that_is_known_of_pictures_is_counted() -> None:
    pictures = [
        picture(1, creator="Ana", licence=BY, title="One", source="https://www.museum.org/1", year="1888-05-01"),
        picture(2, creator="Ana", licence=BY, title="Two", source="/home/ana/scans/2.png", year="ca. 1500-1510"),
        picture(3, creator="", licence=MARK, source="http://me:secret@museum.org/3", category="sea", generated="by C"),
        picture(4, creator="Bo", licence="CC-BY-SA-4.0", source="a flea market", category="sea", lifted="noai (XMP)"),
        picture(5, credit="The Museum, Gift of Ana"),
    ]
    rejected = [
        Rejected("a.png", unusable.OPTED_OUT, "not to be learned from: noai (XMP)"),
        Rejected("b.png", unusable.GENERATED, "made by a model: C2PA"),
        Rejected("c.png", unusable.DUPLICATE, "the same file as 1.png"),
        Rejected("d.png", unusable.REMOVED, "of Cyd"),
    ]
    stated = {
        "origin": Origin("hf:ana/art", "abc", "cc-by-4.0"),
        "ownership": Ownership("own", "Bo"),
        "policy": PicturePolicy.of([BY, MARK], unknown=True),
    }
    held = Holdings.of(collection(pictures, rejected, **stated))
    assert (held.pictures, held.bytes, held.sides) == (5, 5000, (41, 43, 45))
    assert held.classes.counts == {"sea": 2, "": 3}
    assert (held.classes.names, held.classes.unknown) == (1, 3)
    assert held.creators.counts == {"Ana": 2, "Bo": 1, "": 2}
    assert held.hosts.counts == {"museum.org": 2, "a flea market": 1, "": 2}
    assert held.licences == {BY: 2, "CC-BY-SA-4.0": 1, MARK: 1, "unknown": 1}
    assert held.years is not None
    assert (held.years.earliest, held.years.latest, held.years.known) == (1500, 1888, 2)
    assert (held.generated, held.lifted, held.owner) == (1, 1, "Bo")
    assert held.left_out == {each.kind: 1 for each in rejected}
    assert held.excluded == {unusable.OPTED_OUT: 1, unusable.GENERATED: 1, unusable.REMOVED: 1}
    assert held.opted_out == 1
    assert held.credits == (
        Credit(creator="Ana", licence=BY, pictures=2, titles=("One", "Two"), sources=("https://www.museum.org/1",)),
        Credit(creator="Bo", licence="CC-BY-SA-4.0", pictures=1, sources=("a flea market",)),
    )
    assert held.policy == stated["policy"]
    assert held.owners.counts == {"The Museum, Gift of Ana": 1}
    assert held.terms.counts["attribution"] == 3
    assert held.origin is not None
    assert (held.origin.name_on("hf"), held.origin.name_on("kaggle")) == ("ana/art", "")
    assert DataSet(reference="hf:no name").name_on("hf") == ""
    assert [DataSet(reference=name).is_of_museum for name in ("met:sea", "hf:a/b", "no name")] == [True, False, False]
    assert "/home" not in held.to_json()
    assert "secret" not in held.to_json()
    assert Holdings.from_json(held.to_json()) == held


def test_a_collection_on_the_disk_is_counted_as_its_summary_is(tiny_collection: Collection) -> None:
    held = Holdings.of(tiny_collection)
    summary = tiny_collection.summary
    assert held.collection == tiny_collection.digest
    assert held.pictures == summary.pictures == len(tiny_collection.pictures)
    assert held.classes.counts == summary.classes
    assert held.licences == summary.licences
    assert str(tiny_collection.source) not in held.to_json()


def test_names_that_are_no_unicode_or_very_long_are_kept_as_text(
    tmp_path: Path, gather: Callable, paint: Callable[..., Image.Image]
) -> None:
    folder = tmp_path / "art" / "mar\udce9e"
    folder.mkdir(parents=True)
    paint(1).save(folder / "1.png")
    paint(2).save(folder / "2.png")
    (tmp_path / "art" / "other").mkdir()
    paint(3).save(tmp_path / "art" / "other" / "3.png")
    held = Holdings.of(gather(tmp_path / "art").collection)
    assert held.classes.counts == {"marée": 2, "other": 1}
    assert Holdings.from_json(held.to_json()) == held
    (long,) = Tally.of(["x" * 5000]).counts
    assert len(long) < 400


def test_more_creators_than_are_listed_are_counted_and_credited_in_bounds(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(counting, "MOST_NAMES", 1000)
    monkeypatch.setattr(counting, "MOST_CREDITS", 500)
    pictures = [picture(n, creator=f"Creator {n}", licence=BY, title=f"Work {n}") for n in range(1000)]
    pictures += [picture(n, creator="Ana", licence=BY, title=f"Work {n}") for n in range(1000, 1100)]
    held = Holdings.of(collection(pictures))
    assert held.creators.names == 1001
    assert (held.creators.beyond, held.creators.beyond_pictures) == (1, 1)
    assert held.creators.pictures == held.pictures == 1100
    assert len(held.credits) == 500
    assert (held.credits[0].creator, held.credits[0].pictures) == ("Ana", 100)
    assert len(held.credits[0].titles) == MOST_TITLES
    assert sum(each.pictures for each in held.credits) + held.credits_beyond == held.pictures


@pytest.mark.parametrize(
    ("change", "said"),
    [
        ({"pictures": 21}, "counts"),
        ({"licences": {BY: 20}}, "credits"),
        ({"collection": "x"}, "collection"),
        ({"more": 1}, "more"),
        ({"classes": {"counts": {"sea": -1}}}, "classes"),
        ({"format": "sfumato-holdings-2"}, "format"),
    ],
)
def test_a_record_that_contradicts_itself_is_none(
    tiny_collection: Collection, change: dict[str, object], said: str
) -> None:
    fields = json.loads(Holdings.of(tiny_collection).to_json())
    with pytest.raises(ValueError, match=said):
        Holdings.from_json(json.dumps(fields | change))


@pytest.mark.parametrize("text", ["", "{", "[]", "null", '{"format": "sfumato-holdings-1"}', b"\xff"])
def test_what_is_no_record_is_refused(text: str | bytes) -> None:
    with pytest.raises(ValueError):
        Holdings.from_json(text)


@pytest.mark.parametrize(
    ("source", "host"),
    [
        ("https://www.metmuseum.org/art/1", "metmuseum.org"),
        ("HTTP://Example.org:8080/x?y", "example.org"),
        ("file:///home/ana/1.png", ""),
        ("C:\\scans\\1.png", ""),
        ("~/scans", ""),
        ("../scans/1.png", ""),
        ("Rijksmuseum, room 3/4", "Rijksmuseum, room 3/4"),
        ("https://[broken/1", ""),
        ("", ""),
    ],
)
def test_a_source_is_its_host_or_its_words_and_no_place_on_a_disk(source: str, host: str) -> None:
    assert host_of(source) == host


TEXTS = st.text(st.characters(), max_size=40)


@settings(max_examples=30)
@given(st.lists(st.builds(picture, st.integers(0, 99), creator=TEXTS, title=TEXTS, year=TEXTS, source=TEXTS,
                          category=TEXTS, licence=st.sampled_from((BY, MARK, "unknown", "LicenseRef-x"))),
                min_size=1, max_size=8))  # fmt: skip
def test_any_texts_are_counted_and_survive_their_json(pictures: list[Picture]) -> None:
    held = Holdings.of(collection(pictures))
    assert Holdings.from_json(held.to_json()) == held
    assert held.classes.pictures == held.creators.pictures == held.hosts.pictures == len(pictures)
