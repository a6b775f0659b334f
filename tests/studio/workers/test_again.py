from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
from PIL import Image

from sfumato.studio.jobs.specs import Again, Generate, Inpaint, Uploaded
from sfumato.works import read_work


def same_pixels(studio: Any, one: Any, other: Any) -> bool:
    images = [np.asarray(read_work(studio.gallery.path_of(work)).image) for work in (one, other)]
    return bool(np.array_equal(*images))


@pytest.fixture(scope="module")
def work(filled: Any) -> Any:
    return filled.works(filled.done(Generate(model="tiny", asked={"steps": 2, "seed": 4})))[0]


def test_a_work_is_the_same_once_more_and_says_so(filled: Any, work: Any) -> None:
    job = filled.done(Again(work=work.id))
    (again,) = filled.works(job)
    assert job.result["again"] == {"same": True, "said": "the pixels are the same"}
    assert same_pixels(filled, work, again)
    assert (again.parent, again.kind, again.model_id) == (work.id, "again", "tiny")


def test_with_a_change_it_is_another(filled: Any, work: Any) -> None:
    job = filled.done(Again(work=work.id, asked={"seed": 8}))
    (again,) = filled.works(job)
    assert "again" not in job.result
    assert again.seed == 8
    assert not same_pixels(filled, work, again)


def test_a_work_that_began_with_a_picture_and_a_mask_finds_them_again(
    filled: Any, paint: Callable[..., Image.Image]
) -> None:
    mask = Image.new("L", (32, 32))
    mask.paste(255, (4, 4, 20, 20))
    upload = filled.upload(picture=paint(1, (32, 32)), mask=mask)
    asked = Inpaint(
        model="tiny", picture=Uploaded(upload=upload), mask=Uploaded(upload=upload, file=1), asked={"steps": 2}
    )
    (first,) = filled.works(filled.done(asked))
    (second,) = filled.works(filled.done(Again(work=first.id)))
    job = filled.done(Again(work=second.id))
    assert job.result["again"]["same"], "and so does one that was made again"


def test_one_whose_picture_nobody_has_says_so(filled: Any, paint: Callable[..., Image.Image]) -> None:
    import shutil

    from sfumato.studio.jobs.specs import Reimagine

    upload = filled.upload(picture=paint(2, (32, 32)))
    (work,) = filled.works(filled.done(Reimagine(model="tiny", picture=Uploaded(upload=upload), asked={"steps": 2})))
    shutil.rmtree(filled.place.uploads / upload)
    assert "send its files again" in filled.done(Again(work=work.id)).reason
