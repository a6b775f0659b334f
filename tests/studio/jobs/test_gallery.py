"""Works are kept, found again, and removed by the one rule that is stated."""

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
import sqlalchemy as sa

from sfumato.studio.jobs import tables
from sfumato.studio.jobs.claim import Claim
from sfumato.studio.jobs.database import Database
from sfumato.studio.jobs.gallery import Gallery, NoSuchWorkError
from sfumato.studio.jobs.journal import Journal
from sfumato.studio.jobs.queue import Queue
from sfumato.studio.jobs.specs import Generate
from sfumato.studio.jobs.work import NewWork


def new(name: str = "a", **known: Any) -> NewWork:
    return NewWork(file=f"/elsewhere/{name}.png", kind="generate", width=8, height=8, **known)


def aged(database: Database, id: int, days: float) -> None:
    """A work that was put into the bin so many days ago."""
    with database.writing() as connection:
        connection.execute(
            sa.update(tables.work)
            .where(tables.work.c.id == id)
            .values(deleted_at=datetime.now(UTC) - timedelta(days=days))
        )


def test_a_work_is_kept_with_all_that_is_known_of_it(gallery: Gallery, journal: Journal) -> None:
    moment = datetime(2026, 3, 1, 12, tzinfo=UTC)
    parent = gallery.add(new("parent"))
    row = new(
        model_id="m", model="coast", model_digest="ab", label="waves", prompt="sea", seed=2**63 - 1, number=2,
        strength=0.5, recipe={"format": 2}, near_copy=False, nearest=[{"file": "x"}], parent=parent, title="Öl",
        created_at=moment,
    )  # fmt: skip
    work = gallery.work(gallery.add(row))
    assert {name: getattr(work, name) for name in row.__dataclass_fields__} == row.__dict__
    assert (work.job, work.index, work.starred, work.deleted_at) == (None, None, False, None)
    assert journal.after(0)[-1].json["work"] == work.to_json()
    assert work.to_json()["created_at"] == moment.isoformat()


def test_a_file_that_is_there_already_is_not_entered_again(gallery: Gallery, journal: Journal) -> None:
    id = gallery.add(new())
    gallery.title(id, "mine")
    last = journal.last()
    assert gallery.add(new()) == id
    assert (gallery.work(id).title, journal.last()) == ("mine", last)


def test_pages_follow_one_another_and_say_how_many_there_are(gallery: Gallery) -> None:
    for number in range(7):
        gallery.add(new(str(number), label="waves" if number % 2 else "sand"))
    first = gallery.search(limit=3)
    assert (first.total, [work.id for work in first.works], first.next) == (7, [7, 6, 5], 5)
    last = gallery.search(before=first.next, limit=4)
    assert (last.total, [work.id for work in last.works], last.next) == (7, [4, 3, 2, 1], None)
    found = gallery.search("class:waves", limit=2)
    assert (found.total, [work.id for work in found.works], found.next) == (3, [6, 4], 4)
    assert gallery.search("class:waves", limit=3).next is None
    assert gallery.search("class:none") == type(first)(0, None, [])


def test_stars_and_titles_are_kept_found_and_told(gallery: Gallery, journal: Journal) -> None:
    first, second = gallery.add(new("a")), gallery.add(new("b", title="old"))
    gallery.star(first, True)
    gallery.title(second, "Ida's harbour")
    assert [work.id for work in gallery.search(starred=True).works] == [first]
    assert [work.id for work in gallery.search(starred=False).works] == [second]
    assert [work.id for work in gallery.search("ida harbour").works] == [second]
    assert gallery.search("old").total == 0
    assert [event.json for event in journal.after(2)] == [
        {"ids": [first], "change": "starred"},
        {"ids": [second], "change": "titled"},
    ]
    for change in (gallery.work, lambda id: gallery.star(id, True), lambda id: gallery.title(id, "x")):
        with pytest.raises(NoSuchWorkError, match="there is no work 99"):
            change(99)


def test_the_bin_takes_works_and_gives_them_back(gallery: Gallery, journal: Journal) -> None:
    ids = [gallery.add(new(name)) for name in "abc"]
    assert gallery.bin([*ids[:2], 99]) == ids[:2]
    assert [work.id for work in gallery.search().works] == ids[2:]
    assert [work.id for work in gallery.search(bin=True).works] == ids[1::-1]
    since = gallery.work(ids[0]).deleted_at
    assert gallery.bin(ids[:1]) == []
    assert gallery.work(ids[0]).deleted_at == since
    assert gallery.restore(ids) == ids[:2]
    assert gallery.search().total == 3
    assert [event.json for event in journal.after(3)] == [
        {"ids": ids[:2], "change": "binned"},
        {"ids": ids[:2], "change": "restored"},
    ]


def test_thousands_are_binned_at_once(database: Database, gallery: Gallery) -> None:
    gallery.add(new())
    assert gallery.bin(range(1, 70_001)) == [1]


def test_after_thirty_days_in_the_bin_a_works_own_file_goes_and_no_other(
    database: Database, gallery: Gallery, queue: Queue, claimed: Callable[..., Claim], tmp_path: Path
) -> None:
    queue.add(Generate(model="m", count=3))
    claim = claimed()
    for index in range(3):
        file = database.place.path / f"works/1/{index}.png"
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_bytes(b"picture")
        claim.made(index, NewWork(file=f"works/1/{index}.png", kind="generate", width=8, height=8))
    (tmp_path / "mine.png").write_bytes(b"mine")
    (tmp_path / "linked.png").write_bytes(b"mine")
    (database.place.works / "link.png").symlink_to(tmp_path / "linked.png")
    others = [str(tmp_path / "mine.png"), "works/../../mine.png", "works/link.png", "works/1/gone.png"]
    ids = [1, 2, 3, *(gallery.add(NewWork(file=file, kind="import", width=8, height=8)) for file in others)]
    child = gallery.add(new("child", parent=1))
    gallery.bin([1, 2, *ids[3:]])
    for id in (1, *ids[3:]):
        aged(database, id, 30.01)
    aged(database, 2, 29.9)
    assert gallery.purge() == [1, *ids[3:]]
    assert sorted(path.name for path in (database.place.works / "1").iterdir()) == ["1.png", "2.png"]
    assert (tmp_path / "mine.png").read_bytes() == (tmp_path / "linked.png").read_bytes() == b"mine"
    assert [work.id for work in gallery.search(bin=True).works] == [2]
    assert gallery.work(child).parent is None
    assert gallery.purge() == []
    # What is made from one that is gone still comes in.
    assert gallery.work(gallery.add(new("late", parent=1))).parent is None


def test_a_work_has_its_file_where_its_row_says(database: Database, gallery: Gallery) -> None:
    inside = gallery.add(NewWork(file="works/1/0.png", kind="generate", width=8, height=8))
    outside = gallery.add(new())
    assert gallery.path_of(gallery.work(inside)) == database.place.path / "works/1/0.png"
    assert gallery.path_of(gallery.work(outside)) == Path("/elsewhere/a.png")


def test_letters_that_postgresql_has_none_of_are_left_out(gallery: Gallery) -> None:
    id = gallery.add(new(prompt="sea\0side", label="a\0b", title="t\0"))
    assert gallery.work(id).prompt == "seaside"
    assert gallery.title(id, "x\0y").title == "xy"
    assert gallery.search("sea\0side \udce4").total == 0
    assert gallery.search("sea\0side").total == 1
