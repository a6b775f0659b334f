"""Every fact, its source and every exclusion, of a folder in which all ways of stating them are mixed, as a table that
was written by hand has them."""

import json
from collections import Counter
from pathlib import Path
from typing import Any

import pytest

from sfumato import pipeline
from sfumato.collection import Collection, Finished, LeftOut, Noted, Ownership, PicturePolicy, Rejected, collect
from sfumato.collection.admission import Admission, Choices, notes_on
from sfumato.collection.holdings import Holdings
from sfumato.collection.metadata import Metadata
from sfumato.collection.pictures import Picture
from sfumato.dataset import Dataset
from sfumato.errors import SfumatoError
from sfumato.images import unusable
from sfumato.provenance.licences import short_name
from sfumato.provenance.statements import Statement

# The cases are in conftest.py:
# case | creator, and where it was found | licence, and where | made by a model | left out for | who says otherwise
TABLE = """
nothing             | -                   | unknown                                  | -    | -                | -
table               | Ana @ metadata.csv  | CC0-1.0 @ metadata.csv                   | -    | -                | -
table public domain | Ana @ metadata.csv  | PDM-1.0 @ metadata.csv                   | -    | -                | -
table us            | -                   | NoC-US @ metadata.csv                    | -    | -                | -
table cc by         | -                   | LicenseRef-CC-BY @ metadata.csv          | -    | -                | -
table cc by 4       | Ana @ metadata.csv  | CC-BY-4.0 @ metadata.csv                 | -    | -                | -
table deed          | -                   | CC-BY-4.0 @ metadata.csv                 | -    | -                | -
table words         | -                   | LicenseRef-Fair-Use @ metadata.csv       | -    | -                | -
table unknown       | -                   | unknown                                  | -    | -                | -
table noai          | -                   | CC0-1.0 @ metadata.csv                   | -    | metadata.csv     | -
table opt out       | -                   | CC0-1.0 @ metadata.csv                   | -    | metadata.csv     | -
more/jsonl          | Ana @ more/metadata.jsonl | InC @ more/metadata.jsonl          | -    | -                | -
more/museum         | Ana @ more/metadata.jsonl | PDM-1.0 @ more/metadata.jsonl      | -    | -                | -
sidecar xmp         | Ben @ .xmp          | CC-BY-SA-4.0 @ .xmp                      | -    | -                | -
sidecar no          | -                   | unknown                                  | -    | .xmp             | -
sidecar broken      | -                   | unknown                                  | -    | -                | -
sidecar json        | Ben @ .json         | CC-BY-NC-4.0 @ .json                     | -    | -                | -
sidecar json no     | -                   | unknown                                  | -    | .json            | -
sidecars            | Ben @ .xmp          | CC0-1.0 @ .json                  | -    | -                | creator .json
xmp                 | Cy @ XMP            | CC-BY-4.0 @ XMP                          | -    | -                | -
xmp deed            | -                   | CC-BY-3.0-BR @ XMP                       | -    | -                | -
xmp page            | -                   | LicenseRef-https-example.org-terms @ XMP | -    | -                | -
xmp marked          | -                   | PDM-1.0 @ XMP                            | -    | -                | -
xmp reserved        | Cy @ XMP            | InC @ XMP                                | -    | -                | -
xmp plus            | -                   | unknown                                  | -    | XMP              | -
xmp plus constraint | -                   | unknown                                  | -    | XMP              | -
xmp plus allowed    | -                   | CC0-1.0 @ XMP                            | -    | -                | -
xmp noai            | Cy @ XMP            | unknown                                  | -    | XMP              | -
xmp generated       | -                   | unknown                                  | XMP  | -                | -
xmp drawn           | -                   | unknown                                  | -    | -                | -
xmp broken          | Ed @ EXIF           | unknown                                  | -    | -                | -
xmp entities        | -                   | unknown                                  | -    | -                | -
xmp long            | -                   | unknown                                  | -    | -                | -
xmp png             | Cy @ XMP            | CC0-1.0 @ XMP                            | -    | -                | -
xmp webp            | Cy @ XMP            | CC0-1.0 @ XMP                            | -    | -                | -
xmp gif             | Cy @ XMP            | CC0-1.0 @ XMP                            | -    | -                | -
xmp tiff            | Cy @ XMP            | CC0-1.0 @ XMP                            | -    | -                | -
xmp avif            | Cy @ XMP            | CC0-1.0 @ XMP                            | -    | -                | -
iptc                | Dé @ IPTC           | InC @ IPTC                               | -    | -                | -
iptc no             | -                   | unknown                                  | -    | IPTC             | -
exif                | Éd @ EXIF           | CC-BY-NC-ND-4.0 @ EXIF                   | -    | -                | -
exif notice         | Ed @ EXIF           | InC @ EXIF                               | -    | -                | -
exif no             | -                   | unknown                                  | -    | EXIF             | -
png text            | Flo @ PNG text      | CC0-1.0 @ PNG text                       | -    | -                | -
png settings        | -                   | unknown                                  | PNG text | -            | -
png nodes           | -                   | unknown                                  | PNG text | -            | -
c2pa facts          | Dora @ C2PA         | CC-BY-SA-4.0 @ C2PA                      | -    | -                | -
c2pa generated      | -                   | unknown                                  | C2PA | -                | -
c2pa edited         | -                   | unknown                                  | C2PA | -                | -
c2pa no             | -                   | unknown                                  | -    | C2PA             | -
c2pa older no       | -                   | unknown                                  | -    | C2PA             | -
c2pa constrained    | -                   | unknown                                  | -    | C2PA             | -
c2pa allowed        | -                   | unknown                                  | -    | -                | -
c2pa broken         | -                   | unknown                                  | -    | -                | -
table and xmp       | Ana @ metadata.csv  | CC0-1.0 @ metadata.csv                   | - | - | creator XMP, licence XMP
xmp and exif        | Cy Moe @ XMP        | InC @ EXIF                               | -    | -                | -
licence and notice  | -                   | CC-BY-4.0 @ EXIF                         | -    | -                | -
reserved/all        | -                   | CC0-1.0 @ EXIF                           | -    | reserved/tdmrep.json | -
robots/all          | -                   | CC0-1.0 @ EXIF                           | -    | robots/robots.txt    | -
open/all            | -                   | CC0-1.0 @ EXIF                           | -    | -                | -
"""
ROWS = {cells[0]: cells[1:] for cells in ([c.strip() for c in row.split("|")] for row in TABLE.strip().splitlines())}
FILES = 300


Said = tuple[Collection, dict[str, Rejected], list[str]]


def collect_mixed(mixed: Any, **options: object) -> Said:
    """The collection, what was left out by its name, and the notes."""
    place = mixed.folder.with_name("collection")
    events = list(collect(mixed.folder, place, workers=1, **options))
    assert isinstance(events[-1], Finished)
    left_out = {event.file: event for event in events if isinstance(event, LeftOut)}
    return Collection.open(place), left_out, [event.text for event in events if isinstance(event, Noted)]


@pytest.fixture(scope="module")
def collected(mixed: Any) -> Said:
    return collect_mixed(mixed)


@pytest.fixture
def no_decoder(monkeypatch: pytest.MonkeyPatch) -> None:
    """No file is read."""
    monkeypatch.setattr("sfumato.collection.workers._Feeder", None)


def found(picture: Picture, about: str) -> str:
    value = getattr(picture, about)
    value = short_name(value) if about == "licence" else value or "-"
    return f"{value} @ {place(picture, picture.found[about])}" if about in picture.found else value


def place(picture: Picture, where: str) -> str:
    """A file beside a picture by its suffix alone."""
    stem = picture.file.rpartition(".")[0]
    return where.removeprefix(stem)


def row_of(picture: Picture, mark: str) -> list[str]:
    generated = picture.generated.rpartition("(")[2].removesuffix(")") or "-"
    others = ", ".join(f"{each.about} {place(picture, each.where)}" for each in picture.conflicts) or "-"
    return [found(picture, "creator"), found(picture, "licence"), generated, mark, others]


def test_every_fact_its_source_and_every_exclusion_are_as_the_table_has_them(mixed, collected) -> None:
    collection, left_out, _ = collected
    assert len(mixed.cases) == FILES and set(mixed.cases.values()) == ROWS.keys()
    rows = {picture.file: row_of(picture, "-") for picture in collection.pictures}
    for picture in collection.excluded:
        reason = left_out[picture.file].reason
        assert left_out[picture.file].kind == unusable.OPTED_OUT and reason.startswith("not to be learned from")
        rows[picture.file] = row_of(picture, place(picture, reason.rpartition("(")[2].removesuffix(")")))
    assert rows == {file: ROWS[case] for file, case in mixed.cases.items()}
    assert len(left_out) == len(collection.excluded) == mixed.copies * sum(row[3] != "-" for row in ROWS.values())
    assert collection.summary.left_out == {unusable.OPTED_OUT: len(left_out)}


def test_the_counts_are_those_of_the_table(mixed, collected) -> None:
    collection, _, _ = collected
    kept = [row for row in ROWS.values() if row[3] == "-"]
    counts = {short_name(name): count for name, count in collection.summary.licences.items()}
    names = [row[1].partition(" @ ")[0] for row in kept]
    assert counts == {name: mixed.copies * names.count(name) for name in names}
    assert collection.summary.generated == mixed.copies * sum(row[2] != "-" for row in kept)
    assert collection.summary.conflicts == mixed.copies * sum(row[4] != "-" for row in kept)


def test_what_a_person_should_know_is_said_in_a_sentence_each(collected) -> None:
    _, _, notes = collected
    for said in (
        "sources disagree on the creator of 10 pictures: of sidecars 0.jpeg, sidecars 0.xmp says 'Ben', which counts, "
        "and sidecars 0.json says 'Cy'",
        "sources disagree on the licence of 5 pictures: of table and xmp 0.jpeg, metadata.csv says 'CC0-1.0', which "
        "counts, and XMP says 'CC BY 4.0'",
        "sidecar broken 0.xmp: its XMP is broken, so it is not used (and 4 more files beside pictures)",
        "xmp broken 0.jpeg: its XMP is broken (and 4 more)",
        "xmp entities 0.jpeg: its XMP declares a document type or entities, as no XMP does and an attack would (and 4 "
        "more)",
        "xmp long 0.png: its XMP is 1.1 MB long, and no more than 1 MB are read (and 4 more)",
        "c2pa broken 0.jpeg: its Content Credentials do not hold (assertion.dataHash.mismatch) and are not believed "
        "(and 4 more)",
        "reserved/tdmrep.json: 5 files of its folder not to be learned from",
    ):
        assert said in notes
    assert any(
        note.startswith("licences that no list has, or without their version, kept in their own") for note in notes
    )
    assert any(
        note.startswith("25 pictures made by a model (--no-generated leaves such out): c2pa edited") for note in notes
    )


def test_a_second_run_reads_nothing_and_other_wishes_read_no_file_again(mixed, collected, no_decoder) -> None:
    collection, left_out, notes = collected
    again, again_left_out, again_notes = collect_mixed(mixed)
    assert (again.pictures, again.excluded) == (collection.pictures, collection.excluded)
    assert (again_left_out, again_notes) == (left_out, notes)
    without, more_left_out, _ = collect_mixed(mixed, policy=PicturePolicy(generated=False))
    generated = {file for file, event in more_left_out.items() if event.kind == unusable.GENERATED}
    assert generated == {file for file, case in mixed.cases.items() if ROWS[case][2] != "-"}
    assert all(more_left_out[file].reason.startswith("made by a model: ") for file in generated)
    assert without.summary.generated == 0
    assert collect_mixed(mixed)[0].pictures == without.pictures, "which stays true"
    assert collect_mixed(mixed, policy=PicturePolicy())[0].pictures == collection.pictures


def test_ones_own_pictures_are_learned_from_whatever_their_marks(mixed, collected, no_decoder) -> None:
    own, left_out, notes = collect_mixed(mixed, ownership=Ownership("own", "Cy Moe"))
    cases = {mixed.cases[file] for file in left_out}
    assert cases == set(), "no mark is on a picture that is by anybody else"
    lifted = {mixed.cases[picture.file] for picture in own.pictures if picture.lifted}
    assert lifted == {case for case, row in ROWS.items() if row[3] != "-"}
    pictures = {mixed.cases[picture.file]: picture for picture in own.pictures}
    assert found(pictures["nothing"], "licence") == "own @ --licence"
    assert found(pictures["nothing"], "creator") == "Cy Moe @ --creator"
    assert found(pictures["xmp reserved"], "licence") == "own @ --licence", "who reserves all rights has them"
    assert found(pictures["xmp and exif"], "licence") == "own @ --licence"
    assert found(pictures["exif notice"], "licence") == "InC @ EXIF", "which is Ed's"
    assert found(pictures["exif notice"], "creator") == "Ed @ EXIF"
    assert [each.where for each in pictures["exif notice"].conflicts] == ["--creator"]
    assert found(pictures["table"], "licence") == "CC0-1.0 @ metadata.csv"
    assert any("marked as not to be learned from, and kept as the pictures are Cy Moe's own" in note for note in notes)
    assert collect_mixed(mixed)[0].ownership == Ownership("own", "Cy Moe"), "which stays true"
    assert collect_mixed(mixed, ownership=Ownership("unknown"))[0].pictures == collected[0].pictures


ALLOWED = ("own", "CC0-1.0", "PDM-1.0", "CC-BY-4.0", "CC-BY-SA-4.0")


def check_counts(place: Path, files: set[str], cases: dict[str, str], *cards: Path) -> None:
    """Whether collection and cards count these files, and no others."""
    collection = Collection.open(place)
    assert {picture.file for picture in collection.pictures} == files
    held, count = Holdings.of(collection), len(files)
    licences = Counter(ROWS[cases[file]][1].split(" @ ")[0] for file in files)
    assert {short_name(licence): number for licence, number in held.licences.items()} == licences
    kinds = dict(sorted(Counter(entry.kind for entry in collection.left_out).items()))
    assert held.left_out == kinds and sum(kinds.values()) == FILES - count
    listed = ", ".join(f"{licence} ({number})" for licence, number in licences.items())
    for each in (place, *cards):
        card, summary = pipeline.card(each), pipeline.card(each, "eu")
        described = json.loads(pipeline.card(each, "croissant"))
        assert f"| Pictures | {count} (" in card
        assert f"{count} pictures" in next(line for line in summary.splitlines() if "Training data size" in line)
        assert described["rai:dataCollection"].startswith(f"{count} pictures were collected")
        for text in (card, summary):
            said = next(line for line in text.splitlines() if line.startswith("| Licences |"))
            assert sorted(said.split(" | ")[1].rstrip(" |").split(", ")) == sorted(listed.split(", "))
            assert all(f"{kind} ({number})" in text for kind, number in kinds.items())


def test_what_a_strict_policy_leaves_out_is_in_no_dataset_and_in_no_count(mixed, tmp_path, tiny_settings) -> None:
    place, run = tmp_path / "collection", tmp_path / "run"
    list(collect(mixed.folder, place, workers=1, policy=PicturePolicy.of(ALLOWED, generated=False)))
    list(pipeline.train_on(place, run, {**tiny_settings, "steps": 2}))
    cases = {
        file: case
        for file, case in mixed.cases.items()
        if ROWS[case][1].split(" @ ")[0] in ALLOWED and ROWS[case][2:4] == ["-", "-"]
    }
    assert 60 < len(cases) < FILES
    assert set(Dataset.open(run / "dataset").files) == cases.keys()
    check_counts(place, set(cases), mixed.cases, run, run / "model")

    list(pipeline.remove(place, ["Ana"], []))
    left = {file for file, case in cases.items() if not ROWS[case][0].startswith("Ana @")}
    assert len(left) < len(cases)
    check_counts(place, left, mixed.cases)
    list(pipeline.train_on(place, tmp_path / "again", {**tiny_settings, "steps": 2}))
    assert set(Dataset.open(tmp_path / "again" / "dataset").files) == left
    check_counts(place, left, mixed.cases, tmp_path / "again" / "model")


def picture(file: str = "a.png", **fields: object) -> Picture:
    return Picture(file, fields.pop("sha256", file), 1, 0, 40, 40, False, 0, **fields)  # type: ignore[arg-type]


NO = Statement("opt-out", "noai", "XMP")


def test_somebody_elses_mark_is_not_lifted() -> None:
    by_ben = picture(said=(Statement("creator", "Ben", "EXIF"), NO))
    held = picture("b.png", said=(Statement("licence", "© 2020 Ben Bo", "EXIF"), NO))
    mine = picture("c.png", said=(Statement("licence", "© Ana Bo, Rome. All rights reserved", "EXIF"), NO))
    choices = Choices(ownership=Ownership("own", "Ana Bo"))
    admission = Admission.of({each.file: each for each in (by_ben, held, mine)}, Metadata(), choices)
    refused = [admission.refusal(each) for each in (by_ben, held, mine)]
    assert [refusal is not None for refusal in refused] == [True, True, False]
    assert refused[0] is not None
    assert refused[0].reason == "not to be learned from: noai (XMP); it names somebody else than Ana Bo"


def test_a_mark_on_one_of_two_files_of_one_content_counts_for_both() -> None:
    one, other = picture("a.png", sha256="x"), picture("b.png", sha256="x")
    metadata = Metadata(stated={"b.png": [NO]})
    admission = Admission.of({"a.png": one, "b.png": other}, metadata, Choices())
    assert admission.refusal(one) is not None and admission.refusal(other) is not None


def test_where_nothing_may_be_learned_from_it_says_what_to_do(tmp_path: Path, paint, gather) -> None:
    art = tmp_path / "art"
    art.mkdir()
    paint(1).save(art / "a.png")
    (art / "ai.txt").write_text("User-agent: *\nDisallow: /\n")
    with pytest.raises(SfumatoError, match=r"holds no picture that may be learned from \(a.png: .*--creator NAME"):
        gather(art)
    assert gather(art, ownership=Ownership("own", "Ana")).files == ["a.png"]


def test_own_pictures_are_somebodys() -> None:
    with pytest.raises(SfumatoError, match="say who you are with --creator"):
        Ownership("own")


def test_nothing_is_said_where_there_is_nothing_to_say() -> None:
    assert notes_on([picture(), picture("b.png", licence="CC0-1.0")], Choices()) == []
