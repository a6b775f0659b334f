import json
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
from PIL import Image

from sfumato.models import Generation, Model
from sfumato.studio.jobs.specs import Generate, Inpaint, OfCollection, OfWork, Outpaint, Reimagine, Uploaded, Upscale
from sfumato.studio.jobs.work import NewWork
from sfumato.works import read_work

MODEL = "tiny"


def generate(**asked: Any) -> Generate:
    count = asked.pop("count", 2)
    return Generate(model=MODEL, asked={"steps": 2, "seed": 5, **asked}, count=count)


@pytest.fixture(scope="module")
def made(filled: Any) -> Any:
    """A job that made three works of a class, done."""
    return filled.done(generate(label="waves", count=3))


def test_works_are_those_that_the_model_makes_and_each_is_entered_with_what_is_known_of_it(
    filled: Any, made: Any
) -> None:
    assert (made.state, made.result["works"]) == ("finished", 3)
    model = Model.from_pretrained(filled.place.runs / MODEL)
    expected = list(Generation.of(model, label="waves", seed=5, steps=2).choosing(keep_empty=False).works(3))
    entered = filled.works(made)
    for work, same in zip(entered, expected, strict=True):
        file = read_work(filled.gallery.path_of(work))
        assert np.array_equal(np.asarray(file.image), np.asarray(same.image))
        assert file.recipe.model_dump(mode="json") == work.recipe
    first = entered[1]
    assert (first.kind, first.label, first.number, first.model_id) == ("generate", "waves", 1, MODEL)
    assert first.seed == expected[1].recipe.request.seed
    assert first.near_copy is not None
    assert {"file", "creator", "similarity"} <= first.nearest[0].keys()
    assert not first.file.startswith("/")


def test_only_works_that_are_missing_are_made(filled: Any, made: Any) -> None:
    spec = generate(label="waves", count=5)
    job = filled.queue.add(spec)
    claim = filled.queue.claim("make", "gone:1:1", job=job.id)
    for index in (0, 3):  # as where a worker was killed
        claim.made(index, NewWork(file=f"works/{index}.png", kind="generate", width=32, height=32))
    claim.finish("queued")
    assert filled.runner("make").one(job.id)
    works = filled.works(job)
    assert [work.index for work in works] == list(range(5))
    assert [work.number for work in works] == [None, 1, 2, None, 4]
    own = sorted(path.name for path in filled.gallery.path_of(works[1]).parent.glob("*.png"))
    assert own == ["0001.png", "0002.png", "0004.png"]


def test_every_step_can_be_seen(filled: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    from sfumato.studio.workers import runner

    monkeypatch.setattr(runner, "PICTURED_SECONDS", 0.0)
    seen: list[tuple[dict[str, Any], bytes | None]] = []
    progress = runner.Claim.progress

    def noted(claim: Any, json: dict[str, Any], picture: bytes | None = None) -> None:
        seen.append((json, picture))
        progress(claim, json, picture)

    monkeypatch.setattr(runner.Claim, "progress", noted)
    filled.done(generate(count=3, steps=4))
    sampled = [(json, picture) for json, picture in seen if json["stage"] == "sampling"]
    assert [json["step"] for json, _ in sampled] == [1, 2, 3, 4, 1, 2, 3, 4]
    assert [json["indices"] for json, _ in sampled][::4] == [[0, 1], [2]]
    done = [json["done"] for json, _ in sampled]
    assert done == sorted(done)
    assert done[-1] == 3
    assert all(picture is not None and picture.startswith(b"\xff\xd8") for _, picture in sampled)
    assert json.dumps(sampled[-1][0]), "it is plain JSON"


def test_a_variation_is_of_its_work(filled: Any, made: Any) -> None:
    parent = filled.works(made)[0]
    job = filled.done(Generate(model=MODEL, asked={"seed": 9}, variations=0.3, of=OfWork(work=parent.id)))
    (work,) = filled.works(job)
    assert work.parent == parent.id
    assert read_work(filled.gallery.path_of(work)).recipe.first.request.slerps[0].fraction == 0.3


def test_a_picture_is_refined_made_anew_in_part_and_continued(
    filled: Any, made: Any, paint: Callable[..., Image.Image]
) -> None:
    picture, mask = paint(3, (40, 48)), Image.new("L", (40, 48))
    mask.paste(255, (8, 8, 24, 24))
    upload = filled.upload(picture=picture, mask=mask)
    asked = {"steps": 2, "seed": 1}
    given = Uploaded(upload=upload, file=0)
    refined = filled.done(Reimagine(model=MODEL, picture=given, strength=0.5, asked=asked))
    (work,) = filled.works(refined)
    assert (work.kind, work.strength, work.parent) == ("reimagine", 0.5, None)

    filled_in = filled.done(Inpaint(model=MODEL, picture=given, mask=Uploaded(upload=upload, file=1), asked=asked))
    (work,) = filled.works(filled_in)
    pixels = np.asarray(read_work(filled.gallery.path_of(work)).image)
    same = (pixels == np.asarray(picture)).all(2)
    assert same[:8].all()
    assert not same[8:24, 8:24].all()

    parent = filled.works(made)[0]
    continued = filled.done(
        Outpaint(model=MODEL, picture=OfWork(work=parent.id), margins={"left": 8}, asked=asked)  # type: ignore[arg-type]
    )
    (work,) = filled.works(continued)
    assert (work.width, work.height, work.parent) == (40, 32, parent.id)


def test_a_picture_of_a_collection_can_be_begun_with_and_steered_by(filled: Any, made: Any) -> None:
    line = (filled.place.collections / "art" / "pictures.jsonl").read_text().splitlines()[0]
    picture = OfCollection(collection="art", sha256=json.loads(line)["sha256"])
    job = filled.done(Reimagine(model=MODEL, picture=picture, asked={"steps": 2}, palette=picture, composition=picture))
    assert job.state == "finished"
    (work,) = filled.works(job)
    recipe = read_work(filled.gallery.path_of(work)).recipe
    assert recipe.request.palette is not None
    assert recipe.request.composition is not None


def test_what_cannot_be_made_is_said(filled: Any, made: Any) -> None:
    assert "'nobody'" in filled.done(Generate(model="nobody")).reason
    assert "does not know it" in filled.done(generate(label="cats")).reason
    assert "enlarges no pictures" in filled.done(
        Upscale(model=MODEL, picture=OfWork(work=filled.works(made)[0].id))
    ).reason  # fmt: skip
    missing = filled.done(Reimagine(model=MODEL, picture=Uploaded(upload="0" * 16)))
    assert (missing.state, "send its files again" in missing.reason) == ("failed", True)


def test_a_job_of_which_all_works_are_refused_has_failed_and_says_why(
    filled: Any, monkeypatch: pytest.MonkeyPatch, tmp_path: Any
) -> None:
    policy = tmp_path / "policy.toml"
    policy.write_text('copies = "refuse"\ncopy_threshold = -1.0\n')
    monkeypatch.setenv("SFUMATO_POLICY", str(policy))
    job = filled.done(generate(count=2))
    assert job.state == "failed"
    assert "2 works refused" in job.reason
    assert "another seed" in job.reason
    assert not filled.works(job)


def test_the_best_of_several_is_kept_where_the_model_can_choose(filled: Any) -> None:
    job = filled.done(generate(count=1).model_copy(update={"best_of": 2}))
    assert job.state == "failed"
    assert "has no critic to choose by" in job.reason
    with pytest.raises(ValueError, match="best_of"):
        Generate(model=MODEL, best_of=17)


def test_a_print_has_its_pixels_and_what_is_none_is_no_spec(filled: Any) -> None:
    job = filled.done(generate(count=1).model_copy(update={"print_size": "2x1mm@254"}))
    (entered,) = filled.works(job)
    assert (entered.width, entered.height) == (20, 10)
    assert read_work(filled.gallery.path_of(entered)).recipe.reduction.dpi == 254
    job = filled.done(generate(count=1).model_copy(update={"print_size": "30x30cm@200"}))
    assert job.state == "failed"
    assert "makes works of 32 x 32, which on paper are 4 x 4 mm" in job.reason
    with pytest.raises(ValueError, match="a width and a height with their unit are needed"):
        Generate(model=MODEL, print_size="large")
    with pytest.raises(ValueError, match="variations have the size of the work itself"):
        Generate(model=MODEL, print_size="a4", variations=0.5, of=OfWork(work=1))
