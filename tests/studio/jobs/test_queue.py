"""The queue: turns, what may be asked of a job in which state, and what becomes of jobs whose worker is gone."""

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor

import pytest

from sfumato.studio.jobs.claim import Claim, LostError
from sfumato.studio.jobs.journal import Journal
from sfumato.studio.jobs.queue import NoSuchJobError, NotAllowedError, Queue, QueueFullError
from sfumato.studio.jobs.specs import Collect, Generate, Train
from sfumato.studio.jobs.states import ALLOWED, Control, State
from sfumato.studio.jobs.work import NewWork

Claimed = Callable[..., Claim]
GENERATE = Generate(model="m", asked={"label": "waves", "seed": 3}, count=4)
TRAIN = Train(name="coast", collection="c")


def order(queue: Queue) -> list[int]:
    return [job.id for job in queue.jobs(states={"queued"})]


def test_a_job_is_what_was_asked_for(queue: Queue) -> None:
    added = queue.add(GENERATE, client="bob")
    job = queue.job(added.id)
    assert job == added
    assert (job.kind, job.lane, job.state, job.client, job.attempt) == ("generate", "make", "queued", "bob", 0)
    assert job.asked == GENERATE
    assert (job.progress, job.result, job.reason, job.started_at, job.finished_at) == ({}, None, "", None, None)


def test_jobs_have_their_turn_by_priority_and_then_as_they_came(queue: Queue, claimed: Claimed) -> None:
    first, second = queue.add(GENERATE).id, queue.add(GENERATE).id
    urgent = queue.add(GENERATE, priority=1).id
    assert order(queue) == [urgent, first, second]
    assert [claimed().job.id for _ in range(3)] == [urgent, first, second]
    assert queue.claim("make", "here:1:1") is None


def test_a_lane_takes_none_of_anothers(queue: Queue, claimed: Claimed) -> None:
    generate, train = queue.add(GENERATE).id, queue.add(TRAIN).id
    assert queue.claim("files", "here:1:1") is None
    assert claimed("train").job.id == train
    assert claimed("make").job.id == generate


def test_the_job_that_is_named_is_taken_before_its_turn_and_only_if_it_waits(queue: Queue, claimed: Claimed) -> None:
    queue.add(GENERATE)
    second = queue.add(GENERATE).id
    assert claimed(job=second).job.id == second
    assert queue.claim("make", "here:1:1", job=second) is None
    assert queue.claim("train", "here:1:1", job=1) is None


def test_a_full_queue_takes_no_more_until_one_is_taken_out(queue: Queue, claimed: Claimed) -> None:
    for _ in range(2):
        queue.add(GENERATE, most_waiting=2)
    with pytest.raises(QueueFullError, match="2 jobs are waiting already"):
        queue.add(GENERATE, most_waiting=2)
    claimed()
    queue.add(GENERATE, most_waiting=2)


def test_lists_are_the_newest_first_by_state_kind_and_lane_and_go_on_where_they_ended(queue: Queue) -> None:
    makes, train = [queue.add(GENERATE).id for _ in range(3)], queue.add(TRAIN).id
    queue.control(makes[1], "cancel")
    assert [job.id for job in queue.jobs()] == [train, *reversed(makes)]
    assert [job.id for job in queue.jobs(limit=2)] == [train, makes[2]]
    assert [job.id for job in queue.jobs(before=makes[2])] == [makes[1], makes[0]]
    assert [job.id for job in queue.jobs(states={"queued", "cancelled"}, kinds={"generate"})] == makes[::-1]
    assert [job.id for job in queue.jobs(states={"cancelled"})] == [makes[1]]
    assert [job.id for job in queue.jobs(lanes={"train"})] == [train]
    anns = queue.add(TRAIN, client="ann").id
    assert [job.id for job in queue.jobs(client="ann", limit=1)] == [anns]
    assert [job.id for job in queue.jobs(client="")] == [train, *reversed(makes)]


def test_a_job_is_moved_before_another_and_to_the_end(queue: Queue) -> None:
    a, b, c, d = (queue.add(GENERATE).id for _ in range(4))
    queue.move(d, b)
    assert order(queue) == [a, d, b, c]
    queue.move(c, a)
    assert order(queue) == [c, a, d, b]
    queue.move(a, None)
    assert order(queue) == [c, d, b, a]
    queue.move(c, c)
    assert order(queue) == [c, d, b, a]


def test_a_job_gets_the_priority_of_the_place_that_it_is_moved_to(queue: Queue) -> None:
    low, high, higher = (queue.add(GENERATE, priority=priority).id for priority in (0, 1, 2))
    queue.move(low, high)
    assert order(queue) == [higher, low, high]
    queue.move(higher, None)
    assert order(queue) == [low, high, higher]


def test_jobs_can_be_moved_between_the_same_two_again_and_again(queue: Queue) -> None:
    """Halving the distance between two numbers ends after some fifty times."""
    a, b, c = (queue.add(GENERATE).id for _ in range(3))
    for _ in range(60):
        queue.move(c, b)
        assert order(queue) == [a, c, b]
        queue.move(b, c)
        assert order(queue) == [a, b, c]


def test_only_what_waits_is_moved_and_only_before_what_waits(queue: Queue, claimed: Claimed) -> None:
    first, second = queue.add(GENERATE).id, queue.add(GENERATE).id
    claimed()
    with pytest.raises(NotAllowedError, match=f"job {first} is running: only jobs that wait can be moved"):
        queue.move(first, second)
    with pytest.raises(NotAllowedError):
        queue.move(second, first)
    with pytest.raises(NoSuchJobError, match="there is no job 99"):
        queue.move(second, 99)


@pytest.mark.parametrize("control", list(ALLOWED))
def test_what_no_worker_holds_changes_at_once(queue: Queue, claimed: Claimed, control: Control) -> None:
    becomes: dict[tuple[State, Control], State] = {
        ("queued", "cancel"): "cancelled",
        ("queued", "stop"): "stopped",
        ("queued", "pause"): "paused",
        ("paused", "cancel"): "cancelled",
        ("paused", "stop"): "stopped",
        ("paused", "resume"): "queued",
        ("cancelled", "retry"): "queued",
        ("stopped", "retry"): "queued",
        ("failed", "retry"): "queued",
    }
    for state in ("queued", "paused", "cancelled", "stopped", "failed", "finished"):
        job = queue.add(GENERATE).id
        if state in ("failed", "finished"):
            claim = claimed(job=job)
            claim.fail("why") if state == "failed" else claim.finish("finished")
        elif state != "queued":
            queue.control(job, {"paused": "pause", "cancelled": "cancel", "stopped": "stop"}[state])  # type: ignore[arg-type]
        if (state, control) in becomes:
            after = queue.control(job, control)
            assert after.state == queue.job(job).state == becomes[state, control]
            assert (after.finished_at is not None) == (after.state in ("cancelled", "stopped"))
            assert after.reason == ""
        else:
            with pytest.raises(NotAllowedError, match=f"job {job} is {state}: it cannot be asked to {control}"):
                queue.control(job, control)
            assert queue.job(job).state == state


def test_a_worker_is_told_what_was_asked_and_the_stronger_wins(queue: Queue, claimed: Claimed) -> None:
    job = queue.add(GENERATE).id
    claim = claimed()
    assert claim.renew() is None
    queue.control(job, "show")
    assert claim.renew() == "show"
    claim.answered()
    assert claim.renew() is None
    assert queue.control(job, "pause").state == "pausing"
    with pytest.raises(NotAllowedError, match="is pausing"):
        queue.control(job, "show")
    assert queue.control(job, "stop").control == "stop"
    assert queue.control(job, "cancel").control == "cancel"
    with pytest.raises(NotAllowedError, match="is being cancelled"):
        queue.control(job, "stop")
    claim.answered()
    assert claim.renew() == "cancel"


def test_what_is_asked_twice_is_told_once(queue: Queue, claimed: Claimed, journal: Journal) -> None:
    job = queue.add(GENERATE).id
    claimed()
    queue.control(job, "stop")
    last = journal.last()
    assert queue.control(job, "stop").control == "stop"
    assert journal.last() == last


def test_a_job_whose_worker_died_waits_again_at_its_place(queue: Queue, claimed: Claimed) -> None:
    first, _ = queue.add(GENERATE).id, queue.add(GENERATE)
    claim = claimed(owner="here:7:7")
    assert queue.recover(is_alive=lambda owner: owner == "here:7:7") == []
    assert [job.id for job in queue.recover(is_alive=lambda owner: False)] == [first]
    assert queue.job(first).state == "queued"
    again = claimed()
    assert (again.job.id, again.job.attempt) == (first, 2)
    with pytest.raises(LostError, match=f"job {first} was taken from this worker"):
        claim.renew()
    assert again.renew() is None


def test_a_lease_that_is_over_counts_though_the_owner_lives(queue: Queue, claimed: Claimed) -> None:
    queue.add(GENERATE)
    claim = claimed(lease_seconds=-1)
    assert len(queue.recover(is_alive=lambda owner: True)) == 1
    with pytest.raises(LostError):
        claim.made(0, NewWork(file="works/1/0.png", kind="generate", width=8, height=8))


def test_it_fails_when_workers_are_lost_again_and_again_without_progress(queue: Queue, claimed: Claimed) -> None:
    job = queue.add(TRAIN).id
    # It dies before a first step, and after five; then it comes no further twice, though it counts other things.
    for attempt, progress in enumerate([{"done": 9}, {"step": 5}, {"snapshot": 4}, {"done": 900}], 1):
        claimed("train").progress(progress)
        (found,) = queue.recover(is_alive=lambda owner: False)
        assert found.attempt == attempt
        assert found.state == ("queued" if attempt < 4 else "failed")
    assert found.reason == "its worker ended without a word 3 times, and it came no further; try again"
    assert queue.control(job, "retry").state == "queued"
    claimed("train")
    assert queue.recover(is_alive=lambda owner: False)[0].state == "queued"


def test_it_goes_on_however_many_workers_are_lost_while_it_comes_further(queue: Queue, claimed: Claimed) -> None:
    queue.add(GENERATE)
    for index in range(8):
        claimed().made(index, NewWork(file=f"works/1/{index}.png", kind="generate", width=8, height=8))
        assert queue.recover(is_alive=lambda owner: False)[0].state == "queued"


@pytest.mark.parametrize(
    ("spec", "control", "state", "kept"),
    [
        (GENERATE, "cancel", "cancelled", None),
        (GENERATE, "stop", "stopped", None),
        (GENERATE, "pause", "paused", None),
        (GENERATE, "show", "queued", None),
        # A model has still to be made of what was learned.
        (TRAIN, "stop", "queued", "stop"),
        (TRAIN, "pause", "paused", None),
    ],
)
def test_what_a_lost_worker_was_asked_is_done_without_it(
    queue: Queue, spec: Generate | Train, control: Control, state: State, kept: Control | None
) -> None:
    job = queue.add(spec)
    claim = queue.claim(job.lane, "here:1:1")
    assert claim is not None
    queue.control(job.id, control)
    (found,) = queue.recover(is_alive=lambda owner: False)
    assert (found.state, found.control) == (state, kept)
    if kept:
        again = queue.claim(job.lane, "here:1:1")
        assert again is not None and again.renew() == kept


def test_a_training_that_dies_whenever_it_is_to_stop_fails_at_last(queue: Queue, claimed: Claimed) -> None:
    job = queue.add(TRAIN).id
    claimed("train")
    queue.control(job, "stop")
    states = [queue.recover(is_alive=lambda owner: False)[0].state]
    while states[-1] == "queued" and len(states) < 9:
        claimed("train")
        states.append(queue.recover(is_alive=lambda owner: False)[0].state)
    assert states == ["queued", "queued", "failed"]


def test_a_paused_training_that_is_stopped_is_claimed_to_keep_its_model(queue: Queue, claimed: Claimed) -> None:
    job = queue.add(TRAIN).id
    claimed("train").finish("paused")
    assert queue.control(job, "stop").state == "queued"
    claim = claimed("train")
    assert claim.renew() == "stop"
    assert claim.finish("stopped", {"model": "coast"}).result == {"model": "coast"}


def test_no_job_is_taken_twice_by_many_at_once(queue: Queue) -> None:
    ids = [queue.add(Collect(name="drawn", drawn=True)).id for _ in range(40)]

    def work(owner: int) -> list[int]:
        taken = []
        while claim := queue.claim("files", f"here:{owner}:1"):
            taken.append(claim.job.id)
            claim.finish("finished")
        return taken

    with ThreadPoolExecutor(8) as pool:
        taken = list(pool.map(work, range(8)))
    assert sorted(id for each in taken for id in each) == ids
    assert all(each == sorted(each) for each in taken)
