from collections.abc import Callable
from typing import Any

import pytest
from PIL import Image

from sfumato.studio.jobs.specs import Generate, OfCollection, OfWork, Uploaded, Verify


@pytest.fixture(scope="module")
def work(filled: Any) -> Any:
    return filled.works(filled.done(Generate(model="tiny", asked={"steps": 2, "seed": 2})))[0]


def test_a_work_is_known_with_what_made_it_and_what_it_is_near_to(filled: Any, work: Any) -> None:
    result = filled.done(Verify(picture=OfWork(work=work.id), again=True)).result
    assert result["status"] == "trusted"
    assert "with your key" in result["sentence"]
    assert result["recipe"] == work.recipe
    assert result["again"] == {"same": True, "said": "the pixels are the same"}
    assert any(line.startswith("recipe: ") for line in result["details"])
    nearest = result["nearest"][0]
    assert nearest["file"] == work.nearest[0]["file"]
    assert nearest["similarity"] == pytest.approx(work.nearest[0]["similarity"], abs=1e-3)
    assert nearest["picture"].startswith("/api/collections/art/pictures/")
    assert nearest["licence"] == "CC0-1.0"
    assert result["finding"]["model"] == "tiny"


def test_of_a_picture_without_a_recipe_it_is_told_what_it_is_near_to(filled: Any) -> None:
    from sfumato.collection import Collection

    learned = Collection.open(filled.place.collections / "art").pictures
    found = [
        filled.done(Verify(picture=OfCollection(collection="art", sha256=picture.sha256), again=True)).result
        for picture in learned[:4]
    ]
    assert {result["status"] for result in found} == {"none"}
    assert [result["nearest"][0]["sha256"] for result in found].count(None) == 0
    own = sum(result["nearest"][0]["file"] == picture.file for result, picture in zip(found, learned, strict=False))
    assert own >= 2, "but for those that were held out"
    assert not any(result["again"]["same"] for result in found)
    assert {result["again"]["said"] for result in found} == {"it cannot be, as it carries no recipe"}


def test_a_changed_file_is_said_to_be(filled: Any, work: Any) -> None:
    from sfumato.studio.uploads import Upload

    data = bytearray(filled.gallery.path_of(work).read_bytes())
    place = data.index(b"parameters")
    data[place : place + 10] = b"Parameters"
    upload = Upload.begin(filled.place)
    import io

    upload.add([(io.BytesIO(bytes(data)), "changed.png")])
    assert filled.done(Verify(picture=Uploaded(upload=upload.id))).result["status"] in ("changed", "unreadable")


def test_any_picture_can_be_dropped(filled: Any, paint: Callable[..., Image.Image]) -> None:
    result = filled.done(Verify(picture=Uploaded(upload=filled.upload(any=paint(7, (300, 200)))))).result
    assert result["sentence"] == "carries no credentials"
    assert (result["mark"], result["saved"], result["again"]) == (None, [], None)
    assert len(result["nearest"]) == 2
