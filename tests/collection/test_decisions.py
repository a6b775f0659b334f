"""What was edited and taken out: kept, read back, and carried out when the folder is collected."""

import json
import shutil
from collections.abc import Callable
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from PIL import Image

from sfumato.collection.decisions import EDITABLE, FILE, Decisions, Edit, Keep, Removal
from sfumato.collection.events import Read
from sfumato.collection.facts import Fact, Facts, names_creator
from sfumato.collection.picture_policy import PicturePolicy
from sfumato.collection.storing import Collection
from sfumato.errors import SfumatoError
from sfumato.images import unusable
from sfumato.provenance.statements import Statement

ONE, OTHER, THIRD = "1" * 64, "2" * 64, "3" * 64


def decide(collection: Collection, **decisions: object) -> None:
    Decisions(**decisions).write(collection.path)  # type: ignore[arg-type]


DIGESTS = st.text("0123456789abcdef", min_size=64, max_size=64)
EDITS = st.builds(
    Edit, DIGESTS, st.text(), st.dictionaries(st.sampled_from(EDITABLE), st.text()), st.just("2026-01-01")
)
REMOVALS = st.builds(Removal, creator=st.text(min_size=1)) | st.builds(Removal, sha256=DIGESTS, file=st.text())
# Of six pictures, so that decisions meet.
CONTENTS = st.integers(0, 5).map(lambda number: f"{number:064x}")
KEEPS = st.builds(Keep, CONTENTS, CONTENTS, file=st.text(), over_file=st.text()) | st.builds(
    Keep, st.just(ONE), CONTENTS, both=st.just(True)
)


@given(edits=st.lists(EDITS, max_size=4), removals=st.lists(REMOVALS, max_size=4), keeps=st.lists(KEEPS, max_size=4))
def test_they_are_read_as_they_were_written(
    tmp_path_factory, edits: list[Edit], removals: list[Removal], keeps: list[Keep]
) -> None:
    folder = tmp_path_factory.mktemp("decided")
    before = Decisions().with_edits(edits).with_removals(removals).with_keeps(keeps)
    before.write(folder)
    after = Decisions.read(folder)
    assert after == before
    assert after.digest == before.digest


@given(st.binary(max_size=200))
def test_any_bytes_are_decisions_or_one_sentence(tmp_path_factory, data: bytes) -> None:
    folder = tmp_path_factory.mktemp("decided")
    (folder / FILE).write_bytes(data)
    try:
        Decisions.read(folder)
    except SfumatoError as error:
        assert "is damaged" in str(error)
        assert (folder / FILE).read_bytes() == data


@pytest.mark.parametrize(
    "line",
    [
        {"edit": {"sha256": ONE, "file": "a.png", "fields": {"licence": 3}}},
        {"edit": {"sha256": ONE, "file": "a.png", "fields": {"mood": "sad"}}},
        {"edit": {"sha256": "../x", "file": "a.png", "fields": {}}},
        {"remove": {"creator": "", "sha256": ""}},
        {"remove": {"creator": ["Ana"]}},
        {"keep": {}},
        {"keep": {"sha256": ONE, "over": "a.png"}},
        {"keep": {"sha256": ONE, "over": ONE, "both": True}},
        {"keep": {"sha256": ONE, "over": OTHER, "both": "no"}},
        {"remove": {"creator": "Ana"}, "edit": {}},
        [],
        7,
    ],
)
def test_a_damaged_line_is_not_passed_over(tmp_path: Path, line: object) -> None:
    good = json.dumps({"remove": {"creator": "Ana"}})
    (tmp_path / FILE).write_text(f"{good}\n{json.dumps(line)}\n")
    with pytest.raises(SfumatoError, match=r"line 2 is damaged; .*put the file back"):
        Decisions.read(tmp_path)


def test_of_one_fact_the_later_edit_counts() -> None:
    first = Decisions().with_edits([Edit(ONE, "a.png", {"creator": "Ana", "title": "Waves"})])
    both = first.with_edits([Edit(ONE, "a.png", {"creator": "Ben"}), Edit(OTHER, "b.png", {"title": "Birds"})])
    assert [dict(each.fields) for each in both.edits] == [{"creator": "Ben", "title": "Waves"}, {"title": "Birds"}]
    assert both.without_edits([ONE]).edits == both.edits[1:]
    assert [dict(each.fields) for each in both.without_edits([ONE, OTHER], ["title"]).edits] == [{"creator": "Ben"}]


def test_a_removal_stands_once() -> None:
    decisions = Decisions().with_removals([Removal(creator="Ana"), Removal(sha256=ONE)])
    assert decisions.with_removals([Removal(creator="Ana"), Removal(sha256=ONE)]) == decisions
    assert len(decisions.without_removals(["Ana"], [ONE]).removals) == 0


@given(keeps=st.lists(KEEPS, min_size=1, max_size=30), there=st.frozensets(CONTENTS))
def test_of_pictures_that_were_kept_over_each_other_one_always_stays(keeps: list[Keep], there: frozenset[str]) -> None:
    decisions = Decisions().with_keeps(keeps)
    left_out = {content for content in there if decisions.kept_instead(content, there)}
    assert not there or left_out < there
    last = keeps[-1]
    if not last.both and not last.is_of_names:
        assert decisions.kept_instead(last.sha256, {last.sha256, last.over}) == ""
        assert decisions.kept_instead(last.over, {last.sha256, last.over}) == last.sha256
        assert decisions.kept_instead(last.over, {last.over}) == "", "what was to be kept instead is gone"


def test_of_one_pair_the_later_choice_counts() -> None:
    first = Decisions().with_keeps([Keep(ONE, OTHER)])
    assert first.with_keeps([Keep(OTHER, ONE)]).kept_instead(OTHER, {ONE, OTHER}) == ""
    assert first.with_keeps([Keep(OTHER, ONE, both=True)]).kept_instead(OTHER, {ONE, OTHER}) == ""
    third = first.with_keeps([Keep(THIRD, ONE)])
    assert third.kept_instead(OTHER, {OTHER, THIRD}) == THIRD, "what it was left out for is left out for a third"
    circle = Decisions(keeps=(Keep(ONE, OTHER), Keep(OTHER, ONE)))  # by hand
    assert {circle.kept_instead(each, {ONE, OTHER}) for each in (ONE, OTHER)} == {""}


@pytest.mark.parametrize(
    ("text", "name", "is_named"),
    [
        ("Ana Bo", "ana  bo", True),
        ("Bo, Ana", "Ana Bo", True),
        ("Ana Bo and Cy Moe", "Cy Moe", True),
        ("Ana Bo; Cy Moe", "Ana Bo", True),
        ("Ana Bo, Cy Moe", "Ana Bo", True),
        ("William Hogarth (1697-1764), engravings", "William Hogarth", True),
        ("Donatello (c.1386-1466) and circle", "Donatello", True),
        ("Vincent van Gogh (Dutch, 1853-1890)", "van Gogh, Vincent", True),
        ("van Gogh, Vincent", "Vincent", False),
        ("Anabel Bo", "Ana Bo", False),
        ("Ana Bolt", "Ana Bo", False),
        ("Ana", "Ana Bo", False),
    ],
)
def test_a_creator_is_known_in_any_usual_way_of_writing(text: str, name: str, is_named: bool) -> None:
    assert names_creator(text, name) == is_named


def test_who_is_named_by_anybody_is_taken_out() -> None:
    decisions = Decisions().with_removals([Removal(creator="Ana Bo")])
    named = Facts({"creator": Fact("Cy Moe", "metadata.csv")}, (Statement("creator", "Ana Bo", "XMP"),))
    assert decisions.removal_of(ONE, named) is not None
    assert decisions.removal_of(ONE, Facts()) is None


def test_an_edit_counts_more_than_what_others_say_and_stays(art: Path, gather: Callable) -> None:
    (art / "metadata.csv").write_text("file_name,creator,licence\ndrawing/0.png,Ana,CC0\n")
    first = gather(art)
    picture = first.collection.pictures[0]
    decide(first.collection, edits=(Edit(picture.sha256, picture.file, {"creator": "Ben", "licence": "own"}),))
    again = gather(art)
    edited = again.collection.pictures[0]
    assert (edited.creator, edited.found["creator"]) == ("Ben", "your edit")
    assert (edited.licence, edited.found["licence"]) == ("own", "your edit")
    assert {(each.about, each.text) for each in edited.conflicts} == {("creator", "Ana"), ("licence", "CC0")}
    assert gather(art).collection.pictures == again.collection.pictures
    assert not gather(art).finished.changed


def test_what_is_edited_away_is_not_known(art: Path, gather: Callable) -> None:
    (art / "metadata.csv").write_text("file_name,creator,licence\ndrawing/0.png,Ana,CC0\n")
    first = gather(art)
    picture = first.collection.pictures[0]
    decide(first.collection, edits=(Edit(picture.sha256, picture.file, {"creator": "", "licence": "unknown"}),))
    again = gather(art)
    edited = again.collection.pictures[0]
    assert (edited.creator, edited.licence) == ("", "unknown")
    assert edited.found == {"creator": "your edit", "licence": "your edit"}
    assert any("your edit says 'unknown', which counts" in note for note in again.collection.notes)


def test_an_edit_is_of_the_picture_that_was_seen(art: Path, gather: Callable, paint: Callable) -> None:
    first = gather(art)
    picture = first.collection.pictures[0]
    decide(first.collection, edits=(Edit(picture.sha256, picture.file, {"creator": "Ben"}),))
    paint(99).save(art / picture.file)
    again = gather(art)
    assert again.collection.pictures[0].creator == ""
    assert any("changed since they were edited" in note and picture.file in note for note in again.collection.notes)


def test_a_class_that_is_edited_counts_more_than_folders_and_tables(art: Path, gather: Callable) -> None:
    first = gather(art)
    one, two, *_ = first.collection.pictures
    edits = (Edit(one.sha256, one.file, {"class": "etching"}), Edit(two.sha256, two.file, {"class": ""}))
    decide(first.collection, edits=edits)
    again = gather(art).collection
    assert again.classes == ["drawing", "etching", "painting"]
    assert [picture.category for picture in again.pictures[:3]] == ["etching", "", "drawing"]
    assert [picture.found.get("category", "") for picture in again.pictures[:3]] == ["your edit", "your edit", ""]
    (art / "metadata.csv").write_text("file_name,class\n" + "".join(f"{each.file},sea\n" for each in again.pictures))
    assert {picture.category for picture in gather(art).collection.pictures} == {"etching", "", "sea"}
    decide(first.collection)
    assert gather(art).collection.classes == ["sea"]


def test_of_files_with_one_content_the_one_is_kept_that_was_chosen(art: Path, gather: Callable) -> None:
    shutil.copy(art / "drawing/0.png", art / "painting/copy.png")
    first = gather(art)
    picture = first.collection.pictures[0]
    assert picture.file == "drawing/0.png"
    decide(first.collection, keeps=(Keep(picture.sha256, picture.sha256, "painting/copy.png"),))
    again = gather(art)
    assert "painting/copy.png" in again.files
    assert again.left_out["drawing/0.png"].same_as == "painting/copy.png"
    assert next(each for each in again.collection.pictures if each.sha256 == picture.sha256).category == "painting"
    (art / "painting/copy.png").unlink()
    assert gather(art).files == first.files


def test_one_of_two_near_duplicates_is_left_out_as_long_as_the_other_is_there(art: Path, gather: Callable) -> None:
    with Image.open(art / "drawing/0.png") as image:
        image.resize((30, 30)).save(art / "drawing/small.jpg", quality=92)
    first = gather(art)
    large, small = first.collection.pictures[0], first.collection.pictures[3]
    assert large.group == small.group
    decide(first.collection, keeps=(Keep(small.sha256, large.sha256),))
    again = gather(art)
    assert again.kinds == {"drawing/0.png": unusable.NEAR_DUPLICATE}
    assert again.left_out["drawing/0.png"].reason == (
        "nearly the same picture as drawing/small.jpg, which is kept instead"
    )
    assert "drawing/small.jpg" in again.files
    decide(first.collection, keeps=(Keep(small.sha256, large.sha256),), removals=(Removal(sha256=THIRD),))
    assert not gather(art).of(Read), "no file is read again"
    (art / "drawing/small.jpg").unlink()
    assert "drawing/0.png" in gather(art).files


def test_a_mark_does_not_count_for_a_picture_that_was_edited_to_be_ones_own(art: Path, gather: Callable) -> None:
    (art / "metadata.csv").write_text("file_name,noai\ndrawing/0.png,yes\ndrawing/1.png,yes\n")
    first = gather(art)
    marked = first.collection.excluded
    assert [picture.file for picture in marked] == ["drawing/0.png", "drawing/1.png"]
    mine = Edit(marked[0].sha256, marked[0].file, {"licence": "own", "creator": "Ana"})
    decide(first.collection, edits=(mine,))
    again = gather(art)
    assert [picture.file for picture in again.collection.excluded] == ["drawing/1.png"]
    assert again.collection.pictures[0].lifted


def test_what_is_taken_out_does_not_come_back_in_any_form(art: Path, gather: Callable) -> None:
    (art / "metadata.csv").write_text("file_name,creator\ndrawing/0.png,Ana Bo\npainting/1.png,Ana Bo\n")
    first = gather(art)
    single = first.collection.pictures[1]
    decide(first.collection, removals=(Removal(creator="Ana Bo", when="2026-01-01"), Removal(sha256=single.sha256)))
    left = ["drawing/2.png", "painting/0.png", "painting/2.png"]
    again = gather(art)
    assert again.files == left
    assert again.kinds == dict.fromkeys(("drawing/0.png", "drawing/1.png", "painting/1.png"), unusable.REMOVED)
    assert again.left_out["drawing/0.png"].reason == "taken out on request: all by Ana Bo (2026-01-01)"
    assert not {picture.sha256 for picture in again.collection.pictures} & {single.sha256}

    shutil.copy(art / single.file, art / "under another name.png")
    with Image.open(art / single.file) as image:
        image.save(art / "saved again.jpg", quality=90)
    later = gather(art)
    assert later.files == left
    assert "nearly the same picture as" in later.left_out["saved again.jpg"].reason

    for name in (single.file, "under another name.png", "saved again.jpg", "drawing/0.png", "painting/1.png"):
        (art / name).unlink()
    assert gather(art).collection.excluded == [], "nothing of it is kept but the decision"


def test_what_is_nearly_the_same_as_a_marked_picture_is_left_out_with_it(art: Path, gather: Callable) -> None:
    with Image.open(art / "drawing/0.png") as image:
        image.resize((30, 30)).save(art / "drawing/small.jpg", quality=92)
    assert len(gather(art).files) == 7
    (art / "metadata.csv").write_text("file_name,noai\ndrawing/0.png,yes\n")
    marked = gather(art)
    assert "drawing/small.jpg" not in marked.files
    assert marked.kinds["drawing/small.jpg"] == unusable.OPTED_OUT
    assert marked.left_out["drawing/small.jpg"].reason.startswith(
        "nearly the same picture as drawing/0.png, which is not to be learned from"
    )


def test_what_tables_say_of_a_file_of_the_same_content_is_said_of_it_too(art: Path, gather: Callable) -> None:
    shutil.copy(art / "drawing/0.png", art / "drawing/copy.png")
    (art / "metadata.csv").write_text(
        "file_name,licence,creator\ndrawing/0.png,CC0,Ana\ndrawing/copy.png,All rights reserved,\n"
    )
    picture = gather(art).collection.pictures[0]
    assert (picture.licence, picture.creator) == ("CC0-1.0", "Ana")
    assert [each.text for each in picture.conflicts] == ["All rights reserved"]


def test_a_strict_policy_asks_for_agreement_or_a_decision(art: Path, gather: Callable) -> None:
    (art / "metadata.csv").write_text("file_name,license,rights\ndrawing/0.png,CC0,All rights reserved\n")
    policy = PicturePolicy.of(["CC0", "unknown"])
    strict = gather(art, policy=policy)
    assert strict.kinds == {"drawing/0.png": unusable.NOT_ALLOWED}
    assert (
        "is CC0-1.0 by metadata.csv and 'All rights reserved' by metadata.csv"
        in strict.left_out["drawing/0.png"].reason
    )
    picture = strict.collection.excluded[0]
    decide(strict.collection, edits=(Edit(picture.sha256, picture.file, {"licence": "CC0"}),))
    assert "drawing/0.png" in gather(art).files
    assert gather(art, policy=PicturePolicy.of(["CC0", "InC", "unknown"])).kinds == {}


def test_decisions_that_are_gone_are_missed(art: Path, gather: Callable) -> None:
    first = gather(art)
    decide(first.collection, removals=(Removal(sha256=first.collection.pictures[0].sha256),))
    assert not Collection.open(first.collection.path).is_decided
    again = gather(art)
    assert again.collection.is_decided
    (again.collection.path / FILE).unlink()
    with pytest.raises(SfumatoError, match=r"decisions.jsonl is gone, .* say --force"):
        gather(art)
    assert gather(art, force=True).files == first.files


def test_damaged_decisions_stop_a_collect_and_stay(art: Path, gather: Callable) -> None:
    place = gather(art).collection.path
    (place / FILE).write_text("{")
    with pytest.raises(SfumatoError, match="line 1 is damaged"):
        gather(art)
    assert (place / FILE).read_text() == "{"
