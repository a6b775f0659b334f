import json
import shutil
import zipfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from PIL import Image

from sfumato.collection import Collection
from sfumato.studio.entries import Entry
from sfumato.studio.jobs.specs import Choice, Collect, Edit, Uploaded, Verify
from sfumato.studio.workers import collecting

Paint = Callable[..., Image.Image]


def digests(studio: Any, id: str) -> dict[str, str]:
    lines = (studio.place.collections / id / "pictures.jsonl").read_text().splitlines()
    return {said["file"]: said["sha256"] for said in map(json.loads, lines)}


@pytest.fixture
def collected(studio: Any, paint: Paint) -> Any:
    """A collection of two pictures of one class and one of another, as a browser sends a dropped folder."""
    upload = studio.upload(Sea__waves__1=paint(1), Sea__waves__2=paint(2), Sea__planes__1=paint(3))
    return studio.done(Collect(name="Sea studies", upload=upload, licence="CC0-1.0", creator="Ana Bo"))


def test_what_was_uploaded_becomes_a_collection_whose_pictures_the_studio_keeps(studio: Any, collected: Any) -> None:
    assert collected.state == "finished", collected.reason
    id = collected.result["collection"]
    assert collected.result["pictures"] == 3
    collection = Collection.open(studio.place.collections / id)
    assert dict(collection.counts) == {"planes": 1, "waves": 2}, "the folder that was dropped is no class"
    assert {picture.creator for picture in collection.pictures} == {"Ana Bo"}
    assert collection.source.is_relative_to(studio.place.pictures / id)
    entry = Entry.read(studio.place.collections / id)
    assert entry is not None
    assert (entry.name, entry.job) == ("Sea studies", collected.id)
    assert studio.events(collected, "collections")


def test_it_goes_on_where_a_worker_was_lost_after_the_pictures_were_moved(studio: Any, paint: Paint) -> None:
    upload = studio.upload(one=paint(1), two=paint(2))
    job = studio.queue.add(Collect(name="art", upload=upload))
    studio.queue.claim("files", "gone:1:1")
    place = Entry("art", job.id, job.created_at.isoformat()).folder(studio.place.collections)
    studio.place.pictures.mkdir()
    (studio.place.uploads / upload / "files").rename(studio.place.pictures / place.name)
    studio.queue.recover(is_alive=lambda _: False)
    assert studio.runner("files").one(job.id)
    assert studio.queue.job(job.id).result["pictures"] == 2


def test_a_folder_that_is_named_stays_where_it_is(studio: Any, paint: Paint, tmp_path: Path) -> None:
    folder = tmp_path / "mine"
    folder.mkdir()
    paint(1).save(folder / "one.png")
    (folder / "notes.png").write_text("no picture")
    job = studio.done(Collect(name="ภาพวาด", path=str(folder)))
    assert (job.result["pictures"], job.result["left_out"]) == (1, 1)
    assert job.result["collection"] == f"untitled-{job.id}"
    assert sorted(path.name for path in folder.iterdir()) == ["notes.png", "one.png"]


def test_an_upload_becomes_one_collection_and_is_no_upload_any_more(studio: Any, paint: Paint) -> None:
    upload = studio.upload(one=paint(1), two=paint(2))
    assert studio.done(Collect(name="first", upload=upload)).state == "finished"
    for spec in (Collect(name="second", upload=upload), Verify(picture=Uploaded(upload=upload))):
        job = studio.done(spec)
        assert job.state == "failed" and "send its files again" in job.reason


def test_a_zip_that_was_uploaded_is_read_as_it_is(studio: Any, paint: Paint, tmp_path: Path) -> None:
    from sfumato.studio.uploads import Upload

    for name in ("waves", "planes"):
        paint(len(name)).save(tmp_path / f"{name}.png")
    with zipfile.ZipFile(tmp_path / "art.zip", "w") as archive:
        for name in ("waves", "planes"):
            archive.write(tmp_path / f"{name}.png", f"{name}/1.png")
    upload = Upload.begin(studio.place)
    with (tmp_path / "art.zip").open("rb") as file:
        upload.add([(file, "art.zip")])
    job = studio.done(Collect(name="zipped", upload=upload.id))
    collection = Collection.open(studio.place.collections / job.result["collection"])
    assert collection.classes == ["planes", "waves"]


def test_pictures_that_the_program_draws(studio: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(collecting, "DRAWN_PER_CLASS", 2)
    monkeypatch.setattr(collecting, "DRAWN_SIZE", 32)
    job = studio.done(Collect(name="drawn", drawn=True))
    assert job.result["pictures"] == 2 * len(collecting.CLASSES)


def test_what_a_person_states_of_pictures_is_put_down(studio: Any, collected: Any) -> None:
    id = collected.result["collection"]
    before = digests(studio, id)
    one = before["waves/1.png"]

    def picture(digest: str) -> Any:
        opened = Collection.open(studio.place.collections / id)
        return next(each for each in opened.pictures if each.sha256 == digest)

    stated = {"title": "  At   sea ", "class": "storms"}
    assert studio.done(Edit(collection=id, pictures=(one,), fields=stated)).state == "finished"
    assert (picture(one).title, picture(one).category) == ("At sea", "storms")
    assert studio.done(Edit(collection=id, pictures=(one,), remove=True)).result["pictures"] == 2
    assert one not in digests(studio, id).values()
    assert studio.done(Edit(collection=id, pictures=(one,), restore=True)).result["pictures"] == 3
    studio.done(Edit(collection=id, pictures=(one,), forget=True))
    assert picture(one).title == ""
    other = before["waves/2.png"]
    assert studio.done(Edit(collection=id, keep=(Choice(sha256=one, over=other),))).result["pictures"] == 2


def test_a_folder_is_looked_into_once_more(studio: Any, paint: Paint, tmp_path: Path) -> None:
    (tmp_path / "mine").mkdir()
    paint(1).save(tmp_path / "mine" / "one.png")
    first = studio.done(Collect(name="mine", path=str(tmp_path / "mine")))
    id = first.result["collection"]
    (digest,) = digests(studio, id).values()
    studio.done(Edit(collection=id, pictures=(digest,), fields={"class": "night"}))
    paint(2).save(tmp_path / "mine" / "two.png")
    again = studio.done(Collect(name="mine", collection=id))
    assert (again.state, again.result["collection"], again.result["pictures"]) == ("finished", id, 2)
    assert dict(Collection.open(studio.place.collections / id).counts) == {"": 1, "night": 1}
    assert [path.name for path in studio.place.collections.glob("*.json")] == [f"{id}.json"]


def test_an_edit_is_taken_back_fact_by_fact(studio: Any, collected: Any) -> None:
    id = collected.result["collection"]
    (digest, *_) = digests(studio, id).values()
    studio.done(Edit(collection=id, pictures=(digest,), fields={"class": "night", "title": "One"}))
    studio.done(Edit(collection=id, pictures=(digest,), forget=True, only=("class",)))
    (picture,) = [each for each in Collection.open(studio.place.collections / id).pictures if each.sha256 == digest]
    assert (picture.category, picture.title) == ("planes", "One")


def test_what_is_not_there_is_said(studio: Any, collected: Any) -> None:
    assert "no collection 'gone'" in studio.done(Edit(collection="gone", pictures=("0" * 64,), forget=True)).reason
    id = collected.result["collection"]
    assert "no picture 0000000000" in studio.done(Edit(collection=id, pictures=("0" * 64,), remove=True)).reason
    assert "send its files again" in studio.done(Collect(name="gone", upload="0" * 16)).reason


def test_a_folder_of_another_database_is_not_written_into(studio: Any, paint: Paint) -> None:
    first = studio.done(Collect(name="art", upload=studio.upload(one=paint(1))))
    other = shutil.copytree(studio.place.path, studio.place.path.with_name("other"))
    kept = studio.place.collections / first.result["collection"]
    entry = Entry("art", first.id, "2020-01-01T00:00:00+00:00")
    assert entry.folder(studio.place.collections) == kept.with_name(f"{kept.name}-2")
    shutil.rmtree(other)
