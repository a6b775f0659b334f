"""The gallery's routes over real works: files that were saved and signed, found again with all that they say."""

import functools
import io
import json
import shutil
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from fastapi.testclient import TestClient
from PIL import Image

from sfumato.collection import Collection, collect
from sfumato.likeness.finding import Finding, Neighbour
from sfumato.provenance.mark import RECIPE_KEY
from sfumato.provenance.sources import LearnedFrom
from sfumato.provenance.verification import credentials_of
from sfumato.studio.jobs.database import Database
from sfumato.studio.jobs.gallery import Gallery
from sfumato.studio.jobs.work import NewWork
from sfumato.studio.place import Place
from sfumato.studio.server.app import create_app
from sfumato.studio.server.tokens import Tokens
from sfumato.works import Recipe, Work
from sfumato.works.recipe import Environment, ModelReference
from sfumato.works.request import Request

DIGEST = "ab" * 32
HERE = Environment(sfumato_version="1.0", torch_version="2.10")


@pytest.fixture
def place(tmp_path: Path) -> Place:
    return Place(tmp_path / "studio")


@pytest.fixture
def gallery(place: Place) -> Iterator[Gallery]:
    database = Database.open(place)
    yield Gallery(database)
    database.close()


@pytest.fixture
def client(place: Place, gallery: Gallery) -> Iterator[TestClient]:
    database = Database.open(place)
    tokens = Tokens({"owner": "a-token-of-the-owner"})
    headers = {"Authorization": "Bearer a-token-of-the-owner"}
    app = create_app(place, database, tokens=tokens)
    # Not entered: without what the server keeps warm a test takes a tenth of a second.
    yield TestClient(app, base_url="http://127.0.0.1", headers=headers)
    app.state.services.close()
    database.close()


@pytest.fixture(scope="module")
def saved(tmp_path_factory: pytest.TempPathFactory) -> Callable[[str, int], tuple[Path, Recipe]]:
    """(class, side) -> the file of a work that was saved and signed as the program's are, made once."""

    @functools.cache
    def made(label: str, side: int) -> tuple[Path, Recipe]:
        near = (Neighbour("waves/1.png", "Ida Berg", "cd" * 32, 0.83, 0),)
        recipe = Recipe(
            model=ModelReference(name="coast", digest=DIGEST),
            request=Request.of(seed=7, label=label, width=side, height=side, steps=8),
            environment=HERE,
        )
        image = Image.effect_noise((side, side), 80).convert("RGB")
        learned = LearnedFrom(collection="ef" * 32, licences={"CC-BY-4.0": 3})
        work = Work(image, recipe, learned_from=(learned,), finding=Finding(near, 0.5, 0.9, 0.004)).marked()
        return work.save(tmp_path_factory.mktemp("works") / "0.png"), work.recipe

    return made


@pytest.fixture
def enter(place: Place, gallery: Gallery, saved: Callable[[str, int], tuple[Path, Recipe]]) -> Callable[..., int]:
    """(what differs) -> the id of a work in the gallery, with a file of its own."""

    def made(seed: int = 7, label: str = "waves", side: int = 64, **row: Any) -> int:
        file, recipe = saved(label, side)
        path = place.works / "1" / f"{seed}.png"
        path.parent.mkdir(parents=True, exist_ok=True)
        shutil.copy(file, path)
        return gallery.add(
            NewWork(
                file=str(path.relative_to(place.path)), kind="generate", width=side, height=side, model="coast",
                model_digest=DIGEST, label=label, seed=seed, number=0, near_copy=False,
                recipe=json.loads(recipe.to_json()), **row,
            )
        )  # fmt: skip

    return made


def test_a_search_finds_works_newest_first_and_counts_all(client: TestClient, enter: Callable[..., int]) -> None:
    ids = [enter(seed=seed, label=label) for seed, label in ((1, "waves"), (2, "rocks"), (3, "waves"))]
    answer = client.get("/api/works", params={"query": "class:waves", "limit": 1}).json()
    assert (answer["total"], answer["next"], [work["id"] for work in answer["works"]]) == (2, ids[2], [ids[2]])
    following = client.get("/api/works", params={"query": "class:waves", "before": answer["next"]}).json()
    assert [work["id"] for work in following["works"]] == [ids[0]]
    anywhere = client.get("/api/works", params={"before": ids[2] + 1, "offset": 1, "limit": 1}).json()
    assert [work["seed"] for work in anywhere["works"]] == [2]


def test_a_search_that_cannot_be_read_is_answered_with_a_sentence(client: TestClient) -> None:
    answer = client.get("/api/works", params={"query": "seed:waves"})
    assert answer.status_code == 422
    assert "a seed is a whole number" in answer.json()["error"]["message"]


def test_a_work_tells_how_it_was_asked_for_what_it_is_near_to_and_who_signed_it(
    client: TestClient, enter: Callable[..., int]
) -> None:
    work = client.get(f"/api/works/{enter(seed=7)}").json()
    asked = {"seed": 7, "label": "waves", "steps": 8, "width": 64, "height": 64}
    assert asked.items() <= work["asked"].items()
    assert not any(isinstance(value, dict | list) for value in work["asked"].values()), "they are plain"
    assert work["recipe"]["model"]["name"] == "coast"
    assert "Steps: 8" in work["parameters"]
    assert work["credentials"]["status"] == "trusted"
    assert work["credentials"]["is_own"]
    assert any("CC-BY-4.0" in line or "CC BY 4.0" in line for line in work["credentials"]["details"])
    assert work["finding"]["found"] == "no near copy"
    (near,) = work["nearest"]
    assert (near["file"], near["creator"], near["similarity"]) == ("waves/1.png", "Ida Berg", 0.83)
    assert near["picture"] is None


def test_a_near_training_picture_is_shown_with_its_credits_where_the_studio_has_it(
    client: TestClient, enter: Callable[..., int], place: Place, tmp_path: Path
) -> None:
    art = tmp_path / "art" / "waves"
    art.mkdir(parents=True)
    Image.effect_noise((64, 64), 90).save(art / "1.png")
    (tmp_path / "art" / "metadata.csv").write_text("file_name,title,licence\nwaves/1.png,A wave,CC-BY-4.0\n")
    _collected(tmp_path / "art", place.collections / "shore")
    run = place.runs / "coast-1"
    run.mkdir(parents=True)
    (run / "run.json").write_text(json.dumps({"collection": str((place.collections / "shore").resolve())}))
    (near,) = client.get(f"/api/works/{enter(model_id='coast-1')}").json()["nearest"]
    assert (near["title"], near["licence"], near["collection"]) == ("A wave", "CC-BY-4.0", "shore")
    assert near["picture"] == f"/api/collections/shore/pictures/{near['sha256']}/thumbnail?side=512"


def _collected(source: Path, directory: Path) -> None:
    for _ in collect(source, directory):
        pass
    assert len(Collection.open(directory).pictures) == 1


def test_a_work_whose_file_is_gone_says_so(
    client: TestClient, enter: Callable[..., int], gallery: Gallery, place: Place
) -> None:
    id = enter()
    (place.path / gallery.work(id).file).unlink()
    answer = client.get(f"/api/works/{id}")
    assert answer.json()["credentials"]["status"] == "missing"
    assert answer.json()["finding"]["found"] == "not compared"
    for part in ("picture", "thumbnail", "download"):
        assert client.get(f"/api/works/{id}/{part}").status_code == 404


def test_a_star_and_a_title_stay(client: TestClient, enter: Callable[..., int]) -> None:
    id = enter()
    assert client.patch(f"/api/works/{id}", json={"starred": True}).json()["starred"]
    title = "<script>alert(1)</script>  by  night"
    answer = client.patch(f"/api/works/{id}", json={"title": title}).json()
    assert (answer["title"], answer["starred"]) == ("<script>alert(1)</script> by night", True)
    assert client.get("/api/works", params={"query": "is:starred night"}).json()["total"] == 1
    assert client.patch(f"/api/works/{id}", json={"title": "x" * 201}).status_code == 422
    assert client.patch("/api/works/999", json={"starred": True}).status_code == 404


def test_what_is_binned_is_found_in_the_bin_alone_and_comes_back(client: TestClient, enter: Callable[..., int]) -> None:
    kept, binned = enter(seed=1), enter(seed=2)
    assert client.post("/api/works/bin", json={"ids": [binned, 999]}).json() == {"ids": [binned]}
    assert [work["id"] for work in client.get("/api/works").json()["works"]] == [kept]
    (found,) = client.get("/api/works", params={"bin": True}).json()["works"]
    assert (found["id"], found["deleted_at"] is not None) == (binned, True)
    assert client.get(f"/api/works/{binned}/picture").status_code == 200
    assert client.post("/api/works/restore", json={"ids": [binned]}).json() == {"ids": [binned]}
    assert client.get("/api/works").json()["total"] == 2


def test_a_picture_is_sent_once_and_known_again(client: TestClient, enter: Callable[..., int]) -> None:
    listed = client.get(f"/api/works/{enter()}").json()
    first = client.get(listed["picture"])
    assert (first.headers["content-type"], first.headers["x-content-type-options"]) == ("image/png", "nosniff")
    assert "immutable" in first.headers["cache-control"]
    again = client.get(listed["picture"], headers={"If-None-Match": first.headers["etag"]})
    assert (again.status_code, again.content) == (304, b"")
    without = listed["picture"].partition("?")[0]
    assert "immutable" not in client.get(without).headers["cache-control"], "another studio may have a work of that id"


@pytest.mark.parametrize(("side", "asked", "expected"), [(64, 256, 64), (300, 256, 256), (300, 512, 300)])
def test_thumbnails_are_small_and_small_works_are_exact(
    client: TestClient, enter: Callable[..., int], side: int, asked: int, expected: int
) -> None:
    id = enter(side=side)
    answer = client.get(f"/api/works/{id}/thumbnail", params={"side": asked})
    assert answer.headers["content-type"] == "image/webp"
    with Image.open(io.BytesIO(answer.content)) as shown:
        assert max(shown.size) == expected
        if side == 64:
            whole = Image.open(io.BytesIO(client.get(f"/api/works/{id}/picture").content)).convert("RGB")
            assert shown.convert("RGB").tobytes() == whole.tobytes()
    assert client.get(f"/api/works/{id}/thumbnail", params={"side": 100_000}).status_code == 422


def test_a_thumbnail_is_made_anew_where_the_file_was_replaced(
    client: TestClient, enter: Callable[..., int], gallery: Gallery, place: Place
) -> None:
    id = enter()
    before = client.get(f"/api/works/{id}/thumbnail").content
    Image.new("RGB", (64, 64), "#204060").save(place.path / gallery.work(id).file)
    assert client.get(f"/api/works/{id}/thumbnail").content != before


def test_a_download_carries_the_recipe_or_nothing_of_it(client: TestClient, enter: Callable[..., int]) -> None:
    id = enter(title="By night; a study")
    whole = client.get(f"/api/works/{id}/download")
    assert whole.headers["content-disposition"] == f'attachment; filename="By-night-a-study-{id}.png"'
    assert RECIPE_KEY in _texts(whole.content)
    bare = client.get(f"/api/works/{id}/download", params={"recipe": 0})
    assert bare.headers["content-type"] == "image/png"
    assert RECIPE_KEY not in _texts(bare.content)
    assert b"waves" not in bare.content, "the class stands nowhere, in its credentials neither"
    assert credentials_of(bare.content).status == "trusted"


def _texts(data: bytes) -> dict[str, Any]:
    with Image.open(io.BytesIO(data)) as picture:
        return dict(picture.info)


@pytest.mark.parametrize("id", ["0", "-1", "1.5", "x", "%2e%2e", str(2**53)])
def test_what_is_no_number_is_no_work(client: TestClient, id: str) -> None:
    for part in ("", "/picture", "/thumbnail", "/download"):
        assert client.get(f"/api/works/{id}{part}").status_code in (400, 404, 422)
