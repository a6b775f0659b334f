from typing import Any

from PIL import Image

from sfumato.studio.jobs.specs import Generate, Interpolate, OfWork


def test_the_way_from_one_work_to_another_is_an_animation_in_the_gallery(filled: Any) -> None:
    works = filled.works(filled.done(Generate(model="tiny", asked={"steps": 2}, count=2)))
    first, second = (OfWork(work=work.id) for work in works)
    job = filled.done(Interpolate(first=first, second=second, frames=4, seconds=0.5))
    assert job.state == "finished", job.reason
    (work,) = filled.works(job)
    assert (work.kind, work.parent, work.model_id) == ("interpolate", works[0].id, "tiny")
    assert work.near_copy is not None
    with Image.open(filled.gallery.path_of(work)) as animation:
        assert (animation.format, animation.n_frames) == ("WEBP", 4)  # type: ignore[attr-defined]
        assert animation.size == (work.width, work.height)
    most = filled.done(Interpolate(first=first, second=second, frames=100, seconds=0.5))
    assert "have room for 25 at most" in most.reason
