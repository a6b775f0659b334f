"""What the page is told of collections: counts, pictures, what is left out and why, pairs, and pictures themselves."""

import io
import os
import shutil
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from fastapi.testclient import TestClient
from PIL import Image

from sfumato import pipeline
from sfumato.collection import Collection
from sfumato.collection.decisions import Edit
from sfumato.collection.pairs import keeps_for
from sfumato.studio.entries import Entry
from sfumato.studio.place import Place


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory, paint: Callable[..., Image.Image]) -> Path:
    """A collection of two classes, with a copy, a near duplicate, and a file that is no picture."""
    art = tmp_path_factory.mktemp("made") / "art"
    for number, name in enumerate(("drawing", "painting")):
        (art / name).mkdir(parents=True)
        for index in range(3):
            paint(10 * number + index).save(art / name / f"{index}.png")
    shutil.copy(art / "drawing/0.png", art / "painting/copy.png")
    with Image.open(art / "painting/1.png") as image:
        image.resize((40, 30)).save(art / "painting/small.jpg", quality=92)
    (art / "painting/broken.png").write_bytes(b"\x89PNG\r\n\x1a\n")
    (art / "metadata.csv").write_text("file_name,creator,licence,title\ndrawing/0.png,Ana Bo,CC0,<b>Waves</b>\n")
    list(pipeline.collect(art, art.parent / "collection", workers=1))
    return art.parent / "collection"


@pytest.fixture(autouse=True)
def folder(place: Place, made: Path) -> Iterator[Path]:
    """The collection 'sea-1' of the studio."""
    place.collections.mkdir(parents=True, exist_ok=True)
    folder = Entry("sea", 1, "2026-01-01").folder(place.collections)
    shutil.copytree(made, folder)
    yield folder
    shutil.rmtree(place.collections)


def got(client: TestClient, address: str, status: int = 200) -> Any:
    answer = client.get(address)
    assert answer.status_code == status, answer.text
    return answer.json()


def test_the_list_and_the_state_have_the_counts_of_each(client: TestClient, folder: Path) -> None:
    (row,) = got(client, "/api/collections")
    assert row == got(client, "/api/state")["collections"][0]
    assert (row["id"], row["name"], row["job"]) == ("sea-1", "sea", 1)
    assert (row["pictures"], row["left_out"], row["exact_duplicates"], row["near_duplicates"]) == (7, 1, 1, 1)
    assert row["classes"] == {"drawing": 3, "painting": 4}
    assert row["licences"] == {"unknown": 6, "CC0-1.0": 1}
    (folder / "collection.json").write_text("{")
    assert got(client, "/api/collections") == [], "a damaged one hides no other"


def test_one_says_why_files_are_left_out_and_what_is_not_known(client: TestClient) -> None:
    details = got(client, "/api/collections/sea-1")
    assert details["left_out_reasons"] == {"exact duplicate": 1, "truncated": 1}
    assert details["unknown"] == {"creator": 6, "title": 6, "year": 7, "source": 7, "licence": 6, "class": 0}
    assert (details["pairs"], details["undecided"], details["report"]) == (2, 1, False)


@pytest.mark.parametrize(
    ("query", "files"),
    [
        ("class=drawing", ["drawing/0.png", "drawing/1.png", "drawing/2.png"]),
        ("class=drawing&offset=1&limit=1", ["drawing/1.png"]),
        ("class=", []),
        ("licence=CC0-1.0", ["drawing/0.png"]),
        ("unknown=creator&class=drawing", ["drawing/1.png", "drawing/2.png"]),
        ("query=ana+WAVES", ["drawing/0.png"]),
        ("query=small+painting", ["painting/small.jpg"]),
        ("query=nothing", []),
    ],
)
def test_pictures_are_found_by_what_is_known_of_them(client: TestClient, query: str, files: list[str]) -> None:
    found = got(client, f"/api/collections/sea-1/pictures?{query}")
    assert [picture["file"] for picture in found["pictures"]] == files
    assert found["total"] == (3 if "offset" in query else len(files))


def test_a_picture_says_what_is_known_and_by_whom(client: TestClient, folder: Path) -> None:
    before = got(client, "/api/collections/sea-1/pictures")["pictures"][0]
    assert (before["title"], before["creator"], before["licence"]) == ("<b>Waves</b>", "Ana Bo", "CC0-1.0")
    assert (before["found"]["creator"], before["edited"], before["class"]) == ("metadata.csv", [], "drawing")
    edit = Edit(before["sha256"], before["file"], {"creator": "Cy Moe", "class": "sketch"})
    list(pipeline.edit(folder, [edit]))
    after = got(client, "/api/collections/sea-1/pictures?class=sketch")["pictures"][0]
    assert (after["creator"], after["edited"]) == ("Cy Moe", ["class", "creator"])
    assert after["conflicts"] == [{"about": "creator", "text": "Ana Bo", "where": "metadata.csv"}]


def test_what_is_left_out_stands_with_its_reason(client: TestClient) -> None:
    found = got(client, "/api/collections/sea-1/left-out")
    assert [(each["file"], each["kind"]) for each in found["files"]] == [
        ("painting/broken.png", "truncated"),
        ("painting/copy.png", "exact duplicate"),
    ]
    assert [bool(each["thumbnail"]) for each in found["files"]] == [False, True]
    assert got(client, "/api/collections/sea-1/left-out?kind=truncated")["total"] == 1


def test_pairs_say_which_is_kept_and_what_was_chosen(client: TestClient, folder: Path) -> None:
    same, near = got(client, "/api/collections/sea-1/duplicates")["pairs"]
    assert (same["kept"]["file"], same["other"]["file"], same["kind"]) == ("drawing/0.png", "painting/copy.png", "same")
    assert (near["kept"]["file"], near["other"]["file"]) == ("painting/1.png", "painting/small.jpg")
    assert (near["kind"], near["both"], near["decided"]) == ("near", True, False)
    undecided = "/api/collections/sea-1/duplicates?undecided=true"  # of identical files one is kept by itself
    assert [pair["kind"] for pair in got(client, undecided)["pairs"]] == ["near"]
    list(pipeline.keep(folder, keeps_for(Collection.open(folder), "painting/small.jpg")))
    (after,) = [pair for pair in got(client, "/api/collections/sea-1/duplicates")["pairs"] if pair["kind"] == "near"]
    assert (after["kept"]["file"], after["both"], after["decided"]) == ("painting/small.jpg", False, True)
    assert "which is kept instead" in after["other"]["excluded"]
    assert got(client, undecided)["total"] == 0


def test_a_few_pictures_can_stand_for_all_classes(client: TestClient) -> None:
    page = got(client, "/api/collections/sea-1/pictures?limit=2&spread=true")
    assert page["total"] == 7
    assert [picture["class"] for picture in page["pictures"]] == ["drawing", "painting"]
    assert len(got(client, "/api/collections/sea-1/pictures?spread=true")["pictures"]) == 7


def test_pictures_are_shown_small_and_large_and_kept_by_the_browser(client: TestClient) -> None:
    row = got(client, "/api/collections/sea-1/pictures")["pictures"][0]
    answer = client.get(row["thumbnail"])
    assert (answer.status_code, answer.headers["Content-Type"]) == (200, "image/webp")
    assert answer.headers["X-Content-Type-Options"] == "nosniff"
    assert Image.open(io.BytesIO(answer.content)).size == (64, 48)
    assert client.get(row["thumbnail"], headers={"If-None-Match": answer.headers["ETag"]}).status_code == 304
    whole = client.get(f"/api/collections/sea-1/pictures/{row['sha256']}/picture")
    assert Image.open(io.BytesIO(whole.content)).format == "PNG"


def test_a_file_that_was_changed_is_not_shown_as_what_it_was(client: TestClient, folder: Path) -> None:
    row = got(client, "/api/collections/sea-1/pictures")["pictures"][0]
    file = Collection.open(folder).source / row["file"]
    data, times = file.read_bytes(), (file.stat().st_atime_ns, file.stat().st_mtime_ns)
    try:
        file.write_bytes(data[::-1])
        assert "was changed since" in got(client, row["thumbnail"], 409)["error"]["message"]
        file.unlink()
        assert client.get(row["thumbnail"]).status_code == 422
    finally:
        file.write_bytes(data)
        os.utime(file, ns=times)
    assert client.get(row["thumbnail"]).status_code == 200


@pytest.mark.parametrize(
    ("address", "status"),
    [
        ("/api/collections/sea-2", 404),
        ("/api/collections/..%2fsea-1", 400),
        ("/api/collections/SEA-1/pictures", 422),
        ("/api/collections/sea-1/pictures/" + "0" * 64 + "/thumbnail", 404),
        ("/api/collections/sea-1/pictures/..%2f..%2fcollection.json/thumbnail", 400),
        ("/api/collections/sea-1/pictures/x/picture", 422),
        ("/api/collections/sea-1/pictures?limit=501", 422),
        ("/api/collections/sea-1/pictures?offset=-1", 422),
        ("/api/collections/sea-1/left-out?limit=0", 422),
        ("/api/collections/sea-1/report", 404),
    ],
)
def test_what_is_not_there_is_refused_in_the_one_form(client: TestClient, address: str, status: int) -> None:
    assert got(client, address, status)["error"]["message"]


def test_a_collection_is_called_otherwise_and_keeps_its_address(client: TestClient) -> None:
    answer = client.patch("/api/collections/sea-1", json={"name": "  The sea "})
    assert (answer.status_code, answer.json()["name"], answer.json()["id"]) == (200, "The sea", "sea-1")
    assert got(client, "/api/collections")[0]["name"] == "The sea"
    assert client.patch("/api/collections/sea-1", json={"name": ""}).status_code == 422


def test_a_report_can_do_nothing_in_the_page(client: TestClient, place: Place) -> None:
    report = place.reports / "sea-1"
    report.mkdir(parents=True)
    (report / "index.html").write_text("<!doctype html><script>alert(1)</script>")
    answer = client.get("/api/collections/sea-1/report")
    assert answer.status_code == 200
    assert "sandbox" in answer.headers["Content-Security-Policy"]
    assert "script-src" not in answer.headers["Content-Security-Policy"]
    assert got(client, "/api/collections/sea-1")["report"] is True
