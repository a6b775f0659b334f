"""From a museum's list to a folder of pictures: who is let in, what is said of the others, and that nothing is asked
twice."""

import json
from itertools import pairwise

import pytest

from sfumato.collection import Collection, collect
from sfumato.collection.museums import fetching
from sfumato.errors import SfumatoError

KINDS = ("met", "artic", "cleveland", "smithsonian")


def refusal(visitor, *question, **choices) -> str:
    with pytest.raises(SfumatoError) as caught:
        visitor.fetch(*question, **choices)
    assert "\n" not in str(caught.value)
    return str(caught.value)


def lasting(records, count) -> list[object]:
    """Works that are to be had, and some that are not and will not be."""
    closed, gone = (records.Work(90 + n, records.paint(90 + n), flaw) for n, flaw in enumerate(("closed", "gone")))
    first, *others = records.works(count, flawed=0)
    return [first, closed, gone, *others]


def table(got) -> list[dict[str, str]]:
    return [json.loads(line) for line in (got.folder / "metadata.jsonl").read_text().splitlines()]


@pytest.mark.parametrize("kind", KINDS)
def test_every_open_work_comes_once_with_its_facts_and_no_other(visit, records, kind):
    visitor = visit(kind, records.works(8, flawed=1), faults=0.3)
    got = visitor.fetch()
    wanted = visitor.standing.wanted()
    assert got.files.keys() == wanted.keys()
    assert all(data == wanted[name].picture for name, data in got.files.items() if wanted[name].flaw != "shared")
    assert got.written[-1] == len(got.files) == 9
    rows = {row["file_name"].rpartition("/")[2]: row for row in table(got)}
    assert rows.keys() == wanted.keys()
    for name, row in rows.items():
        assert row["title"] == wanted[name].title
        assert row["creator"] == f"Painter {wanted[name].number % 7}"
        assert (row["year"], row["licence"]) == ("1887", "CC0-1.0")
        assert row["source"].startswith("https://")
        assert row["credit"].partition(",")[0] in (
            "The Metropolitan Museum of Art",
            "The Art Institute of Chicago",
            "The Cleveland Museum of Art",
            "Smithsonian American Art Museum",
        )


def test_what_was_fetched_is_a_collection_with_all_of_its_facts(visit, records, tmp_path):
    got = visit("met", records.works(12, flawed=0)).fetch()
    *_, finished = collect(got.fetched.folder, tmp_path / "c", workers=1, origin=got.fetched.origin)
    collection = Collection.open(finished.path)
    assert collection.origin.reference == "met:sunflowers"
    assert finished.summary.licences == {"CC0-1.0": 12}
    assert collection.classes == ["Drawing and Watercolors", "European Paintings", "Paintings", "Prints"]
    rows = {row["file_name"]: row for row in table(got)}
    for picture in collection.pictures:
        row = rows[picture.file]
        assert (picture.title, picture.creator, picture.year) == (row["title"], row["creator"], row["year"])
        assert (picture.source, picture.licence, picture.credit) == (row["source"], row["licence"], row["credit"])
        assert set(picture.found.values()) == {"metadata.jsonl"}
    notes = json.loads((finished.path / "collection.json").read_text())["notes"]
    assert not [note for note in notes if "not used" in note]


@pytest.mark.parametrize("kind", KINDS)
def test_those_left_out_are_counted_and_named_with_the_reason(visit, records, kind):
    visitor = visit(kind, records.works(3, flawed=1))
    notes = "\n".join(visitor.fetch().notes)
    changed = fetching.CLOSED if kind == "met" else fetching.CHANGED
    for reason in (changed, fetching.UNASKED, fetching.WITHOUT, fetching.GONE, fetching.LOST, fetching.TWICE):
        assert f" {reason}" in notes
    assert "3 works cannot be had now: work " in notes
    assert "has a picture that lies elsewhere (http://127.0.0.2:9/stolen.jpg), which is not the museum's" in notes
    assert "has a picture that cannot be used (not a picture: a web page" in notes
    if kind != "met":
        assert f"1 {fetching.CLOSED}" in notes


def test_a_licence_that_changed_since_the_list_was_made_is_said_and_obeyed(visit, records):
    works = [records.Work(1, records.paint(1)), records.Work(2, records.paint(2), "closed")]
    got = visit("cleveland", works).fetch()
    assert list(got.files) == ["cleveland-1001.jpg"]
    assert any("no longer given away, though the list says so" in note and "Copyrighted" in note for note in got.notes)
    assert not [path for _, path, _ in visit("met", works).standing.asked]


def test_nothing_is_asked_again_and_without_a_connection_what_is_there_serves(visit, records):
    visitor = visit("met", lasting(records, 6))
    first = visitor.fetch(limit=4)
    asked = len(visitor.standing.asked)
    again = visitor.fetch(limit=4)
    assert (len(visitor.standing.asked), again.files, again.fetched) == (asked, first.files, first.fetched)
    more = visitor.fetch(limit=5)
    assert first.files.items() < more.files.items()
    addresses = [path for server, path, _ in visitor.standing.asked]
    assert len(addresses) == len(set(addresses))
    visitor.museum = type(visitor.museum)(api="http://127.0.0.1:9", images="http://127.0.0.1:9")
    offline = visitor.fetch(limit=7)
    assert offline.files == more.files
    assert any(
        "cannot be reached (the connection is refused); what is here is used (5 works)" in n for n in offline.notes
    )
    assert any("are here already, and all of them are used" in note for note in visitor.fetch(limit=2).notes)


def test_what_was_interrupted_goes_on_and_is_not_taken_for_whole(visit, records, clock):
    visitor = visit("artic", lasting(records, 10))
    events = visitor.events("sunflowers", 500)
    for event in events:
        if getattr(event, "done", 0) == 4:
            break
    events.close()
    museum = visitor.museum
    visitor.museum = type(museum)(api="http://127.0.0.1:9", images="http://127.0.0.1:9")
    said = refusal(visitor)
    assert said.startswith("artic:sunflowers: the Art Institute of Chicago cannot be reached")
    assert said.endswith("run the same command again later, which goes on from here (4 works of 500 so far).")
    visitor.museum = museum
    assert len(visitor.fetch().files) == 10
    addresses = [path for server, path, _ in visitor.standing.asked]
    assert len(addresses) == len(set(addresses))


def test_half_a_line_of_the_journal_and_a_lost_picture_cost_one_request_each(visit, records):
    visitor = visit("cleveland", records.works(5, flawed=0))
    got = visitor.fetch()
    journal = got.folder / ".journal.jsonl"
    lines = journal.read_bytes().splitlines(keepends=True)
    journal.write_bytes(b"".join(lines[:-1]) + lines[-1][: len(lines[-1]) // 2])
    next(path for path in got.folder.rglob("*.jpg") if path.name not in lines[-1].decode()).unlink()
    before = {path.name: path.read_bytes() for path in got.folder.rglob("*.jpg")}
    asked = len(visitor.standing.asked)
    assert before.items() < visitor.fetch().files.items()
    assert len(visitor.standing.asked) == asked + 4  # two records and two pictures
    assert len(visitor.fetch().files) == 5


def test_another_question_replaces_nothing_without_force(visit, records):
    visitor = visit("met", records.works(3, flawed=1))
    first = visitor.fetch()
    assert "holds the pictures of met:sunflowers" in refusal(visitor, "harbour")
    museum, visitor.museum = visitor.museum, type(visitor.museum)("http://127.0.0.1:9", "http://127.0.0.1:9")
    assert "cannot be reached" in refusal(visitor, "harbour", force=True)
    visitor.museum = museum
    works, visitor.standing.works = visitor.standing.works, {}
    assert "finds no work that fits" in refusal(visitor, "harbour", force=True)
    visitor.standing.works = works
    assert first.files.items() <= visitor.fetch(limit=3).files.items()
    got = visitor.fetch("harbour", force=True)
    assert [row["title"].partition(",")[0] for row in table(got)] == ["Harbour"]
    assert len(got.files) == 1
    assert got.fetched.origin.reference == "met:harbour"


def test_somebody_elses_file_in_the_folder_is_not_mixed_with_what_is_fetched(visit, records):
    visitor = visit("met", records.works(2, flawed=0))
    got = visitor.fetch()
    (got.folder / "mine.jpg").write_bytes(b"mine")
    assert "mine.jpg lies there and was not fetched" in refusal(visitor)


@pytest.mark.parametrize("limit", [0, -3])
def test_a_limit_is_a_number_of_works(visit, limit):
    assert "is no number of works" in refusal(visit("met", []), limit=limit)


def test_a_question_is_needed(visit):
    assert (
        refusal(visit("artic", []), "") == "artic: is asked for nothing yet; say what, as in: artic: --query sunflowers"
    )


def test_nothing_found_leaves_nothing_behind(visit, records, tmp_path):
    assert "finds no work that fits" in refusal(visit("artic", []))
    assert not (tmp_path / "c").exists()
    said = refusal(visit("met", [records.Work(1, b"", "closed"), records.Work(2, b"", "other")]))
    assert "finds 2 works, and none is left (1 not given away, 1 about something else" in said
    assert not (tmp_path / "c").exists()


def test_a_question_that_is_too_loose_ends(visit, records):
    works = [records.Work(number, records.paint(number), "other") for number in range(1, 45)]
    works.insert(5, records.Work(99, records.paint(99)))
    visitor = visit("met", works)
    got = visitor.fetch(limit=2)
    assert any("40 works of the list were looked at, and few fit; a closer question" in note for note in got.notes)
    asked = len(visitor.standing.asked)
    visitor.fetch(limit=2)
    assert len(visitor.standing.asked) == asked


def test_a_museum_out_of_order_is_left_and_works_that_fail_for_ever_hold_up_no_others(visit, records):
    visitor = visit("cleveland", records.works(9, flawed=0))
    visitor.standing.broken.update(f"/api/artworks/{1000 + number}" for number in (2, 4, 5, 6, 7, 8))
    said = refusal(visitor)
    assert "the Cleveland Museum of Art is busy or out of order (503)" in said
    assert "(2 works of 500 so far)" in said
    got = visitor.fetch()
    assert got.files.keys() == {f"cleveland-{1000 + number}.jpg" for number in (1, 3, 9)}
    assert any("6 works cannot be had now: work 1002 is busy or out of order (503); work 1004" in n for n in got.notes)
    visitor.standing.broken.clear()
    assert len(visitor.fetch().files) == 9


@pytest.mark.parametrize("kind", KINDS)
def test_no_host_is_asked_faster_than_its_rate_nor_are_others_with_its_headers(visit, records, kind, clock):
    visitor = visit(kind, records.works(3, flawed=1), faults=0.2)
    visitor.standing.now = clock.now
    visitor.fetch()
    for server in ("api", "images"):
        times = visitor.standing.times(server)
        assert len(times) > 5
        assert all(later - earlier > 0.999 for earlier, later in pairwise(times))
    api, images = (visitor.standing.headers[server] for server in ("api", "images"))
    assert api["User-Agent"].startswith("sfumato/")
    assert ("AIC-User-Agent" in api, "AIC-User-Agent" in images) == (kind == "artic", kind == "artic")
    assert ("X-Api-Key" in api, "X-Api-Key" in images) == (kind == "smithsonian", False)
