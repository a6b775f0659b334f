"""A worker writes while the job is its own, and nothing afterwards."""

from collections.abc import Callable
from dataclasses import replace

import pytest

from sfumato.studio.jobs.claim import Claim, LostError
from sfumato.studio.jobs.gallery import Gallery
from sfumato.studio.jobs.journal import RING, Journal
from sfumato.studio.jobs.queue import Queue
from sfumato.studio.jobs.specs import Generate
from sfumato.studio.jobs.work import NewWork

Claimed = Callable[..., Claim]
GENERATE = Generate(model="m", count=4)
WORK = NewWork(file="works/1/0.png", kind="generate", width=32, height=24, label="waves", seed=3, number=0)
WRITES: dict[str, Callable[[Claim], object]] = {
    "renew": Claim.renew,
    "tell": lambda claim: claim.tell("told", {}),
    "progress": lambda claim: claim.progress({"done": 1}),
    "made": lambda claim: claim.made(0, WORK),
    "answered": Claim.answered,
    "finish": lambda claim: claim.finish("finished"),
    "fail": lambda claim: claim.fail("why"),
}


@pytest.mark.parametrize("write", WRITES)
@pytest.mark.parametrize("lost", ["taken by another", "waiting again", "cancelled"])
def test_a_worker_that_comes_back_late_changes_nothing(
    queue: Queue, claimed: Claimed, journal: Journal, gallery: Gallery, write: str, lost: str
) -> None:
    id = queue.add(GENERATE).id
    claim = claimed()
    if lost == "cancelled":
        queue.control(id, "cancel")
    queue.recover(is_alive=lambda owner: False)
    if lost == "taken by another":
        claimed()  # by one of the same name: process numbers come round again
    job, last = queue.job(id), journal.last()
    with pytest.raises(LostError):
        WRITES[write](claim)
    assert (queue.job(id), journal.last(), gallery.search().total) == (job, last, 0)


def test_a_work_is_entered_once_for_its_place_with_its_event(
    queue: Queue, claimed: Claimed, journal: Journal, gallery: Gallery
) -> None:
    id = queue.add(GENERATE).id
    claim = claimed()
    work = claim.made(0, WORK)
    last = journal.last()
    queue.recover(is_alive=lambda owner: False)
    again = claimed()
    assert again.indices() == {0}
    assert again.made(0, replace(WORK, seed=4)) == work
    assert journal.last() == last + 2  # it waited, and was taken
    other = again.made(2, replace(WORK, file="works/1/2.png"))
    assert again.indices() == {0, 2}
    events = [event for event in journal.after(0, job=id) if event.type == "work"]
    assert [event.json["work"]["id"] for event in events] == [work, other]
    assert events[0].json["work"] == gallery.work(work).to_json()
    assert (gallery.work(work).job, gallery.work(work).index, gallery.work(work).seed) == (id, 0, 3)


def test_an_index_stays_taken_while_its_work_is_in_the_bin(queue: Queue, claimed: Claimed, gallery: Gallery) -> None:
    queue.add(GENERATE)
    claim = claimed()
    work = claim.made(0, WORK)
    gallery.bin([work])
    assert claim.indices() == {0}
    assert claim.made(0, WORK) == work
    assert gallery.search().total == 0


def test_previews_are_a_ring_without_events_and_go_with_the_job(
    queue: Queue, claimed: Claimed, journal: Journal
) -> None:
    id = queue.add(GENERATE).id
    claim, last = claimed(), journal.last()
    for done in range(RING + 4):
        claim.progress({"done": done}, b"picture %d" % done)
    previews = journal.previews_after({})
    assert [preview.json["done"] for preview in previews] == list(range(4, RING + 4))
    assert previews[-1].picture == b"picture %d" % (RING + 3)
    assert queue.job(id).progress == {"done": RING + 3}
    assert journal.last() == last
    claim.progress({"done": 99})
    (newer,) = journal.previews_after({id: previews[-1].number})
    assert (newer.job, newer.json, newer.picture) == (id, {"done": 99}, None)
    claim.finish("finished")
    assert journal.previews_after({}) == []


def test_previews_of_a_later_attempt_have_higher_numbers(queue: Queue, claimed: Claimed, journal: Journal) -> None:
    id = queue.add(GENERATE).id
    claimed().progress({"done": 1})
    (seen,) = journal.previews_after({})
    queue.recover(is_alive=lambda owner: False)
    claimed().progress({"done": 1})
    (newer,) = journal.previews_after({id: seen.number})
    assert newer.number > seen.number


@pytest.mark.parametrize("state", ["finished", "stopped", "cancelled"])
def test_a_worker_lets_go_of_a_job_that_has_ended(queue: Queue, claimed: Claimed, state: str) -> None:
    id = queue.add(GENERATE).id
    claim = claimed()
    queue.control(id, "show")
    claim.finish(state, {"works": 4})  # type: ignore[arg-type]
    job = queue.job(id)
    assert (job.state, job.owner, job.control, job.result) == (state, "", None, {"works": 4})
    assert job.started_at is not None and job.finished_at is not None and job.started_at <= job.finished_at


def test_a_paused_job_keeps_what_came_of_it_and_has_not_ended(queue: Queue, claimed: Claimed) -> None:
    id = queue.add(GENERATE).id
    claim = claimed()
    claim.progress({"done": 2})
    claim.finish("paused", {"works": 2})
    job = queue.job(id)
    assert (job.state, job.progress, job.result, job.finished_at) == ("paused", {"done": 2}, {"works": 2}, None)
    queue.control(id, "resume")
    assert claimed().job.started_at == job.started_at


def test_a_job_that_fails_says_why_until_it_is_tried_again(queue: Queue, claimed: Claimed) -> None:
    id = queue.add(GENERATE).id
    claimed().fail("coast has no class 'waves'")
    assert (queue.job(id).state, queue.job(id).reason) == ("failed", "coast has no class 'waves'")
    queue.control(id, "retry")
    assert queue.job(id).reason == ""


@pytest.mark.parametrize(
    ("control", "state"), [(None, "queued"), ("pause", "paused"), ("stop", "stopped"), ("cancel", "cancelled")]
)
def test_a_job_given_back_does_what_it_was_asked_meanwhile(
    queue: Queue, claimed: Claimed, control: str | None, state: str
) -> None:
    """The server ends, and its workers with it."""
    id = queue.add(GENERATE).id
    claim = claimed()
    if control:
        queue.control(id, control)  # type: ignore[arg-type]
    assert claim.finish("queued").state == queue.job(id).state == state
    assert queue.job(id).owner == ""


def test_numbers_that_are_none_become_null(queue: Queue, claimed: Claimed, journal: Journal) -> None:
    """A loss can be: no browser reads NaN."""
    id = queue.add(GENERATE).id
    claim = claimed()
    claim.tell("told", {"loss": [float("nan"), {"held_out": float("inf")}, 0.5]})
    claim.progress({"loss": float("nan")})
    assert journal.after(0)[-1].json == {"loss": [None, {"held_out": None}, 0.5]}
    assert queue.job(id).progress == {"loss": None}
