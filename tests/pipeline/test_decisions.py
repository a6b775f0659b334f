"""Decisions on single pictures are put down and carried out together, or not at all."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from sfumato import pipeline
from sfumato.collection import Collection, Finished
from sfumato.collection.decisions import FILE, Decisions, Edit, Keep, Removal
from sfumato.errors import SfumatoError


@pytest.fixture
def place(tiny_art: Path, tmp_path: Path) -> Path:
    place = tmp_path / "collection"
    list(pipeline.collect(tiny_art, place, workers=1, background=(1, 2, 3)))
    return place


def done(events: Iterator[Any]) -> Finished:
    *_, last = events
    assert isinstance(last, Finished)
    return last


def test_an_edit_is_in_the_collection_at_once_and_files_are_not_read_again(place: Path) -> None:
    first, *others = Collection.open(place).pictures
    done(pipeline.edit(place, [Edit(first.sha256, first.file, {"creator": "Ana Bo", "licence": "own"})]))
    edited = Collection.open(place)
    assert edited.pictures[0].creator == "Ana Bo"
    assert edited.pictures[1:] == others
    assert edited.background == (1, 2, 3)
    done(pipeline.forget(place, [first.sha256]))
    assert Collection.open(place).pictures == [first, *others]


def test_pictures_go_and_come_back(place: Path) -> None:
    before = Collection.open(place)
    first, second = before.pictures[:2]
    done(pipeline.remove(place, [], [first.file]))
    assert Collection.open(place).pictures == before.pictures[1:]
    done(pipeline.remove(place, ["Nobody"], [second.file]))
    assert Collection.open(place).pictures == before.pictures[2:]
    done(pipeline.restore(place, ["Nobody"], [first.file, second.file]))
    assert Collection.open(place).pictures == before.pictures
    assert Collection.open(place).decisions == Decisions()


def test_a_class_is_written_as_a_folders_name_is_read(place: Path) -> None:
    first = Collection.open(place).pictures[0]
    done(pipeline.edit(place, [Edit(first.sha256, first.file, {"class": " Gema\u0308lde\n alt "})]))
    edited = Collection.open(place)
    assert edited.pictures[0].category == "Gem\u00e4lde alt"
    assert edited.counts["Gem\u00e4lde alt"] == 1
    with pytest.raises(SfumatoError, match="a class's name has at most 200 letters"):
        list(pipeline.edit(place, [Edit(first.sha256, first.file, {"class": "x" * 201})]))


def test_one_picture_is_kept_over_another(place: Path) -> None:
    first, second, *others = Collection.open(place).pictures
    done(pipeline.keep(place, [Keep(second.sha256, first.sha256)]))
    assert Collection.open(place).pictures == [second, *others]
    done(pipeline.keep(place, [Keep(second.sha256, first.sha256, both=True)]))
    assert Collection.open(place).pictures == [first, second, *others]
    with pytest.raises(SfumatoError, match="holds no picture with the digest 000"):
        list(pipeline.keep(place, [Keep("0" * 64, first.sha256)]))


def test_what_was_not_taken_out_cannot_be_taken_in(place: Path) -> None:
    first = Collection.open(place).pictures[0]
    for creators, files in ((["Ana"], []), ([], [first.file])):
        with pytest.raises(SfumatoError, match="nothing was taken out for "):
            list(pipeline.restore(place, creators, files))


def test_where_nothing_would_be_left_all_stays_as_it_was(place: Path) -> None:
    before = Collection.open(place)
    with pytest.raises(SfumatoError, match=r"would have no picture left in its collection; .* delete the"):
        list(pipeline.remove(place, [], ["*"]))
    after = Collection.open(place)
    assert (after.pictures, after.decisions) == (before.pictures, Decisions())


def test_what_is_interrupted_is_not_put_down(place: Path) -> None:
    before = Collection.open(place)
    events = pipeline.remove(place, [], [before.pictures[0].file])
    next(events)
    assert Decisions.read(place).removals
    events.close()  # type: ignore[attr-defined]
    assert Decisions.read(place) == Decisions()
    assert Collection.open(place).pictures == before.pictures


def test_one_that_is_carried_out_stays_whoever_stops_listening(place: Path) -> None:
    first = Collection.open(place).pictures[0]
    events = pipeline.remove(place, [], [first.file])
    for event in events:
        if isinstance(event, Finished):
            break
    events.close()  # type: ignore[attr-defined]
    assert Decisions.read(place).removals[0].sha256 == first.sha256


def test_the_pictures_must_be_there(place: Path, tiny_art: Path) -> None:
    first = Collection.open(place).pictures[0]
    tiny_art.rename(tiny_art.with_name("away"))
    try:
        with pytest.raises(SfumatoError, match=r"its pictures lie in .*, which is not there"):
            list(pipeline.edit(place, [Edit(first.sha256, first.file, {"title": "Waves"})]))
    finally:
        tiny_art.with_name("away").rename(tiny_art)
    assert not (place / FILE).exists()


def test_own_is_somebodys(place: Path) -> None:
    first = Collection.open(place).pictures[0]
    with pytest.raises(SfumatoError, match="'own' says that it is yours; say who you are"):
        list(pipeline.edit(place, [Edit(first.sha256, first.file, {"licence": "own"})]))


def test_a_persons_file_of_that_name_is_left_alone(place: Path) -> None:
    (place / FILE).write_text("my own decisions")
    first = Collection.open(place).pictures[0]
    with pytest.raises(SfumatoError, match="was not made by sfumato"):
        list(pipeline.edit(place, [Edit(first.sha256, first.file, {"title": "Waves"})]))
    assert (place / FILE).read_text() == "my own decisions"


def test_decisions_put_back_from_a_copy_are_taken(place: Path, tmp_path: Path) -> None:
    first, second = Collection.open(place).pictures[:2]
    Decisions((), (Removal(sha256=first.sha256, file=first.file),)).write(place)
    done(pipeline.remove(place, [], [second.file]))
    assert {first.sha256, second.sha256}.isdisjoint(picture.sha256 for picture in Collection.open(place).pictures)


def test_what_fails_does_not_take_back_what_another_command_has_decided(place: Path) -> None:
    first = Collection.open(place).pictures[0]
    events = pipeline.edit(place, [Edit(first.sha256, first.file, {"title": "Waves"})])
    next(events)
    later = Decisions((), (Removal(creator="Ana Bo"),))
    later.write(place)
    events.close()  # type: ignore[attr-defined]
    assert Decisions.read(place) == later


def test_the_policy_of_the_computer_holds_too(
    place: Path, tiny_art: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    pictures = Collection.open(place).pictures
    done(pipeline.edit(place, [Edit(each.sha256, each.file, {"licence": "CC BY 4.0"}) for each in pictures[:10]]))
    (tmp_path / "policy.toml").write_text("[pictures]\nallow = ['CC-BY-4.0']\n")
    monkeypatch.setenv("SFUMATO_POLICY", str(tmp_path / "policy.toml"))
    with pytest.raises(SfumatoError, match=r"holds 10 pictures that the policy .* does not allow"):
        list(pipeline.train_on(place, tmp_path / "run", {"steps": 1}))
    done(pipeline.collect(tiny_art, place, workers=1))
    assert {picture.licence for picture in Collection.open(place).pictures} == {"CC-BY-4.0"}
    monkeypatch.delenv("SFUMATO_POLICY")
    done(pipeline.collect(tiny_art, place, workers=1))
    assert len(Collection.open(place).pictures) == len(pictures), "it was not stated of the collection"


def test_what_was_decided_is_carried_out_before_a_training(place: Path, tmp_path: Path) -> None:
    first = Collection.open(place).pictures[0]
    Decisions().with_removals([Removal(sha256=first.sha256)]).write(place)  # as one that is killed on its way leaves it
    with pytest.raises(SfumatoError, match="what was edited or taken out is not in it"):
        list(pipeline.train_on(place, tmp_path / "run", {"steps": 1}))
    list(pipeline.collect(Collection.open(place).source, place, workers=1, background=(1, 2, 3)))
    assert first.file not in {picture.file for picture in Collection.open(place).pictures}
