"""What the program made itself is no art: runs and the like as a whole, pictures by their mark; unless asked for."""

import json
import shutil
import zipfile
from dataclasses import dataclass
from pathlib import Path

import pytest
from PIL import Image

from sfumato.collection import Collection
from sfumato.collection.collecting import collect
from sfumato.collection.events import Read
from sfumato.collection.listing import list_source
from sfumato.collection.own_products import HERE
from sfumato.collection.pictures import Rejected
from sfumato.errors import SfumatoError
from sfumato.images import unusable
from sfumato.provenance.containers import video_with
from sfumato.provenance.mark import xmp_packet
from sfumato.works import save


def mark(picture: Image.Image, path: Path) -> Path:
    return save(picture, path, force=True)


def marker(kind: str, *names: str) -> str:
    lines = [{"format": "sfumato-directory-1", "kind": kind}, *names]
    return "".join(json.dumps(line) + "\n" for line in lines)


@pytest.fixture
def run(art, paint):
    """A run beside the folder of art, which it was made from; its strip lost its mark."""
    run = art.parent / "run"
    (run / "collection").mkdir(parents=True)
    (run / "run.json").write_text('{"format": "sfumato-run-1"}')
    (run / "collection" / "collection.json").write_text(json.dumps({"format": 1, "source": str(art)}))
    (run / "collection" / "pictures.jsonl").touch()
    (run / "collection" / "rejected.jsonl").touch()
    mark(paint(50), run / "snapshots" / "00000001.png")
    paint(51).save(run / "evolution.png")
    return run


@dataclass
class Listed:
    """What the source holds by its directories alone."""

    files: list[str]
    left_out: dict[str, Rejected]

    @property
    def kinds(self) -> dict[str, str]:
        return {file: entry.kind for file, entry in self.left_out.items()}


@pytest.fixture
def listed(tmp_path):
    def run(source: Path, **options: bool) -> Listed:
        listing = list_source(source, tmp_path / "collection", **options)
        return Listed([entry.file for entry in listing.pictures], {entry.file: entry for entry in listing.rejected})

    return run


def test_marked_files_are_left_out_by_name(art, gather, paint):
    for name in ("work.png", "sheet.webp", "deep/video.gif"):
        mark(paint(60), art / name)
    (art / "film.mp4").write_bytes(video_with(b"\0\0\0\x10ftypisom\0\0\0\0", xmp_packet("sfumato 0.1.0").encode()))
    (art / "other.mp4").write_bytes(b"\0\0\0\x10ftypisom\0\0\0\0")
    found = gather(art)
    assert len(found.files) == 6
    own = {file: entry.reason for file, entry in found.left_out.items() if entry.kind == unusable.OWN}
    assert own == dict.fromkeys(("work.png", "sheet.webp", "deep/video.gif", "film.mp4"), "made by sfumato")
    assert found.left_out["other.mp4"].reason == "not a picture: a video"
    assert found.finished.summary.left_out == {"made by sfumato": 4, "not a picture": 1}


def test_marked_members_of_a_zip_are_left_out_too(art, gather, paint, tmp_path):
    mark(paint(60), art / "work.png")
    with zipfile.ZipFile(tmp_path / "art.zip", "w") as file:
        for path in art.rglob("*.*"):
            file.write(path, path.relative_to(art))
    assert gather(tmp_path / "art.zip").kinds == {"work.png": unusable.OWN}


def test_they_are_taken_when_asked_for_and_a_collection_follows_what_is_asked(art, gather, paint):
    mark(paint(60), art / "work.png")
    shutil.copy(art / "work.png", art / "twin.png")
    assert len(gather(art).files) == 6
    found = gather(art, include_works=True)
    assert "twin.png" in found.files
    assert found.collection.include_works
    assert found.kinds == {"work.png": unusable.DUPLICATE}
    assert sorted(event.file for event in found.of(Read)) == ["twin.png", "work.png"]  # the others are known
    again = gather(art, include_works=True)
    assert (again.of(Read), again.finished.changed) == ([], False)
    without = gather(art)
    assert without.kinds == {"work.png": unusable.OWN, "twin.png": unusable.OWN}
    assert len(without.files) == 6
    assert without.finished.changed
    assert not without.collection.include_works
    assert not gather(art).finished.changed


def test_an_earlier_versions_collection_that_did_not_ask_is_looked_through_again(art, gather, paint):
    mark(paint(60), art / "work.png")
    path = gather(art, include_works=True).collection.path / "collection.json"
    description = json.loads(path.read_text())
    del description["include_works"]
    path.write_text(json.dumps(description))
    assert gather(art).kinds == {"work.png": unusable.OWN}


def test_a_run_among_the_art_is_one_line(art, run, listed):
    run.rename(art / "run")
    found = listed(art)
    assert len(found.files) == 6
    assert {file: entry.reason for file, entry in found.left_out.items()} == {
        "run": "a run of sfumato, its 6 files are not art"
    }
    assert listed(art, include_works=True).kinds == {"run": unusable.OWN}  # a run's pictures are no works
    (art / "run" / "log.jsonl").touch()
    assert listed(art).left_out["run"].reason == "a run of sfumato, its 7 files are not art"


def test_a_run_in_a_zip_is_one_line_too(art, run, listed, tmp_path):
    run.rename(art / "run")
    shutil.make_archive(str(tmp_path / "packed"), "zip", tmp_path, "art")
    found = listed(tmp_path / "packed.zip")
    assert found.kinds == {"art/run": unusable.OWN}
    assert len(found.files) == 6


def test_what_somebody_else_put_into_a_run_stays_art(art, run, listed, paint):
    run.rename(art / "run")
    paint(70).save(art / "run" / "mine.png")
    found = listed(art)
    assert "run/mine.png" in found.files
    assert found.left_out["run"].reason == "a run of sfumato, its own 6 files are not art"


def test_a_run_that_lies_around_its_art_is_left_and_the_art_taken(art, run, listed):
    shutil.move(art, run / "art")
    found = listed(run)
    assert [file.split("/")[0] for file in found.files] == ["art"] * 6
    assert found.left_out[HERE].reason == "a run of sfumato, its own 6 files are not art"


def test_works_with_a_marker_are_one_line_and_taken_when_asked_for(art, listed, paint):
    works = art / "works"
    for number in range(3):
        mark(paint(80 + number), works / f"{number:04d}.png")
    (works / ".sfumato.jsonl").write_text(marker("works", *(f"{number:04d}.png" for number in range(3))))
    assert {file: entry.reason for file, entry in listed(art).left_out.items()} == {
        "works": "a folder of works of sfumato, its 3 files are not art"
    }
    assert len(listed(art, include_works=True).files) == 9
    with pytest.raises(SfumatoError, match=r"works is a folder of works of sfumato, .*or say --include-works"):
        listed(works)
    assert len(listed(works, include_works=True).files) == 3


def test_works_that_were_made_into_a_folder_of_art_do_not_make_it_a_folder_of_works(art, listed, paint):
    mark(paint(80), art / "0000.png")
    (art / ".sfumato.jsonl").write_text(marker("works", "0000.png"))
    found = listed(art)
    assert len(found.files) == 6
    assert found.left_out[HERE].reason == "a folder of works of sfumato, its own 1 file is not art"


def test_only_marked_files_is_said_with_the_way_out(gather, paint, tmp_path):
    for number in range(3):
        mark(paint(number), tmp_path / "works" / f"{number}.png")
    with pytest.raises(SfumatoError, match=r"\(0\.png and 2 more\); give a folder of art, or say --include-works"):
        gather(tmp_path / "works")


@pytest.mark.parametrize("kind", ["pictures", "drawn", "demo"])
def test_directories_that_hold_art_are_art(kind, art, listed):
    (art / ".sfumato.jsonl").write_text(marker(kind, *(str(path.relative_to(art)) for path in art.rglob("*.png"))))
    found = listed(art)
    assert len(found.files) == 6
    assert not found.left_out
    art.rename(art.parent / "inner")
    art.mkdir()
    (art.parent / "inner").rename(art / "inner")
    assert len(listed(art).files) == 6


def test_pictures_that_were_fetched_for_a_collection_belong_to_it(art, listed, paint):
    other = art / "other"
    (other / "pictures").mkdir(parents=True)
    (other / "collection.json").write_text('{"format": 1}')
    for name in ("pictures.jsonl", "rejected.jsonl", "thumbnails.npy"):
        (other / name).touch()
    paint(99).save(other / "pictures" / "0.png")
    (other / "pictures" / ".sfumato.jsonl").write_text(marker("pictures", "0.png"))
    found = listed(art)
    assert found.left_out["other"].reason == "a collection of sfumato, its 5 files are not art"
    assert len(found.files) == 6


@pytest.mark.parametrize("form", ["run", "run.zip", "wrapped.zip", "above"])
def test_a_run_is_not_taken_for_art_and_it_is_said_where_its_pictures_are(art, run, listed, tmp_path, form):
    shutil.make_archive(str(tmp_path / "run"), "zip", run)
    shutil.make_archive(str(tmp_path / "wrapped"), "zip", tmp_path, "run")
    shutil.copytree(run, tmp_path / "above" / "run")
    source = tmp_path / form
    place = source / "run" if form in ("wrapped.zip", "above") else source
    said = f"{place} is a run of sfumato, not a folder of art; its pictures are in {art}; give that folder."
    with pytest.raises(SfumatoError) as caught:
        listed(source)
    assert str(caught.value) == said
    assert not (tmp_path / "collection").exists()


def test_without_a_collection_it_is_said_what_to_give_all_the_same(run, listed):
    shutil.rmtree(run / "collection")
    with pytest.raises(SfumatoError, match=r"a run of sfumato, .*give the folder of pictures that it was made from"):
        listed(run)
    (run / "run.json").unlink()
    (run / "config.json").write_text('{"format": "sfumato-model-1"}')
    shutil.rmtree(run / "snapshots")
    (run / "evolution.png").unlink()
    with pytest.raises(SfumatoError, match="is a model of sfumato, not a folder of art"):
        listed(run)


def test_other_programs_files_of_the_same_names_set_nothing_aside(art, listed):
    (art / "dataset.json").write_text('{"labels": [["drawing/0.png", 0]]}')
    (art / "config.json").write_text('{"model_type": "bert"}')
    (art / "run.json").write_text("{}")
    found = listed(art)
    assert len(found.files) == 6
    assert not found.left_out


def test_a_link_in_a_run_is_none_of_the_persons_concern(art, run, listed):
    (run / "model").symlink_to("gone")
    run.rename(art / "run")
    assert listed(art).kinds == {"run": unusable.OWN}


def test_a_folder_of_works_is_left_out_of_what_is_collected_from_above(art, gather, tmp_path, paint):
    """As the demonstration lays them: art, run and works side by side."""
    demo = tmp_path / "demo"
    demo.mkdir()
    art.rename(demo / "art")
    mark(paint(5), demo / "works" / "waves" / "0000.png")
    mark(paint(6), demo / "trajectory.webp")
    events = list(collect(demo, tmp_path / "out", workers=1))
    assert [picture.file.split("/")[0] for picture in Collection.open(events[-1].path).pictures] == ["art"] * 6
