import threading
import time
from collections.abc import Callable, Generator
from typing import Any

import pytest

from sfumato.errors import SfumatoError
from sfumato.studio.jobs.specs import Generate
from sfumato.studio.jobs.work import NewWork
from sfumato.studio.workers.handling import Context, Handler, Happening, Made, Step, Told
from sfumato.studio.workers.owners import own_name
from sfumato.studio.workers.runner import Runner

SPEC = Generate(model="none", count=3)
Wait = Callable[[Callable[[], bool]], None]


class Endless:
    """A handler that makes a step after the other until it is closed."""

    def __init__(self) -> None:
        self.closed = threading.Event()
        self.contexts: list[Context] = []

    def __call__(self, asked: Any, context: Context) -> Generator[Happening, None, None]:
        self.contexts.append(context)
        try:
            for number in range(10**9):
                context.result["steps"] = number
                yield Step({"stage": "sampling", "done": number})
                time.sleep(0.002)
        finally:
            self.closed.set()


def works(asked: Any, context: Context) -> Generator[Happening, None, None]:
    yield Told({"event": "begins"})
    for index in range(asked.count):
        if index not in context.there:
            yield Made(index, NewWork(file=f"works/{context.job.id}-{index}.png", kind="generate", width=1, height=1))
    context.result["works"] = asked.count
    context.changes.add("models")


def runner_of(studio: Any, handler: Handler, **choices: Any) -> Runner:
    return Runner(studio.database, "make", own_name(), handlers=lambda _: handler, **choices)


@pytest.fixture
def at_work(studio: Any, waited: Wait) -> Any:
    """(handler, choices) -> a job that is done in a thread, and how to wait for its end."""
    threads: list[threading.Thread] = []

    def begin(handler: Handler, **choices: Any) -> tuple[int, Callable[[], Any]]:
        job = studio.queue.add(SPEC)
        runner = runner_of(studio, handler, **choices)
        thread = threading.Thread(target=runner.one, args=(job.id,))
        threads.append(thread)
        thread.start()
        waited(lambda: studio.queue.job(job.id).progress.get("done", 0) > 0)

        def end() -> Any:
            thread.join(30)
            assert not thread.is_alive()
            return studio.queue.job(job.id)

        return job.id, end

    yield begin
    for thread in threads:
        thread.join(5)


def test_a_job_is_done_and_its_works_told_once(studio: Any) -> None:
    job = studio.queue.add(SPEC)
    runner = runner_of(studio, works)
    assert runner.one()
    assert not runner.one(), "there is no second job"
    done = studio.queue.job(job.id)
    assert (done.state, done.result) == ("finished", {"works": 3})
    assert [event.json["work"]["index"] for event in studio.events(done, "work")] == [0, 1, 2]
    assert len(studio.events(done, "models")) == 1
    studio.queue.add(SPEC)


def test_what_is_there_already_is_not_made_again(studio: Any) -> None:
    job = studio.queue.add(SPEC)
    claim = studio.queue.claim("make", "gone:1:1")
    claim.made(1, NewWork(file="works/first.png", kind="generate", width=1, height=1))
    claim.finish("queued")
    assert runner_of(studio, works).one()
    assert [work.file for work in studio.works(job)] == [
        f"works/{job.id}-0.png", "works/first.png", f"works/{job.id}-2.png"
    ]  # fmt: skip


@pytest.mark.parametrize(("control", "state"), [("stop", "stopped"), ("pause", "paused"), ("cancel", "cancelled")])
def test_what_is_asked_of_it_ends_a_job_in_a_state_of_its_own(
    studio: Any, at_work: Any, control: str, state: str
) -> None:
    handler = Endless()
    id, end = at_work(handler)
    began = time.monotonic()
    studio.queue.control(id, control)
    job = end()
    assert job.state == state
    assert time.monotonic() - began < 5
    assert handler.closed.is_set()
    assert job.result["steps"] > 0, "what has come of it so far stays"


def test_a_paused_job_goes_on_when_it_is_resumed(studio: Any, at_work: Any) -> None:
    id, end = at_work(Endless())
    studio.queue.control(id, "pause")
    assert end().state == "paused"
    assert not runner_of(studio, works).one()
    studio.queue.control(id, "resume")
    assert runner_of(studio, works).one()
    assert studio.queue.job(id).state == "finished"


def test_a_worker_that_leaves_gives_its_job_back(studio: Any, at_work: Any) -> None:
    leaving = threading.Event()
    _, end = at_work(Endless(), leaving=leaving)
    leaving.set()
    job = end()
    assert (job.state, job.owner) == ("queued", "")


def test_a_job_that_another_worker_has_is_left_without_a_word(studio: Any, at_work: Any) -> None:
    handler = Endless()
    id, end = at_work(handler)
    (recovered,) = studio.queue.recover(is_alive=lambda _: False)
    assert recovered.state == "queued"
    other = studio.queue.claim("make", "another:1:1")
    assert end().owner == "another:1:1"
    assert handler.closed.is_set()
    assert studio.queue.job(id).result is None
    other.finish("finished")


def test_a_process_for_one_job_alone_ends_at_once_when_that_is_cancelled(studio: Any, at_work: Any) -> None:
    died = threading.Event()

    def stuck(asked: Any, context: Context) -> Generator[Happening, None, None]:
        yield Step({"stage": "training", "done": 1})
        assert died.wait(30), "nothing was done while it computed"

    id, end = at_work(stuck, dies=died.set)
    studio.queue.control(id, "cancel")
    assert end().state == "cancelled"
    assert died.is_set()


def test_a_job_that_cannot_be_left_in_time_is_given_back_and_nothing_is_held_against_it(
    studio: Any, waited: Wait
) -> None:
    goes_on = threading.Event()

    def stuck(asked: Any, context: Context) -> Generator[Happening, None, None]:
        yield Step({"stage": "sampling", "done": 0})
        assert goes_on.wait(30)
        yield Told({"event": "late"})

    for _ in range(4):  # more often than a job may lose its workers
        goes_on.clear()
        job = studio.queue.jobs(limit=1)[0] if studio.queue.jobs() else studio.queue.add(SPEC)
        runner = runner_of(studio, stuck)
        thread = threading.Thread(target=runner.one, args=(job.id,))
        thread.start()
        waited(lambda: studio.queue.job(job.id).state == "running")  # noqa: B023 (called before the next turn)
        waited(lambda: not runner.is_idle)  # noqa: B023
        runner.give_back()
        assert studio.queue.job(job.id).state == "queued"
        goes_on.set()
        thread.join(30)
        assert not studio.events(studio.queue.job(job.id)), "what it does afterwards is not told"


def test_a_mistake_of_a_persons_is_the_reason_why_a_job_failed(studio: Any) -> None:
    def mistaken(asked: Any, context: Context) -> Generator[Happening, None, None]:
        yield Step({})
        raise SfumatoError("there is no such model; choose another")

    job = studio.queue.add(SPEC)
    runner_of(studio, mistaken).one()
    failed = studio.queue.job(job.id)
    assert (failed.state, failed.reason) == ("failed", "there is no such model; choose another")


def test_a_fault_of_the_program_fails_one_job_and_not_the_next(studio: Any, caplog: Any) -> None:
    def faulty(asked: Any, context: Context) -> Generator[Happening, None, None]:
        yield Step({})
        raise ZeroDivisionError("by zero")

    first, second = studio.queue.add(SPEC), studio.queue.add(SPEC)
    runner = runner_of(studio, faulty)
    assert runner.one()
    assert "ZeroDivisionError: by zero" in studio.queue.job(first.id).reason
    assert "Traceback" in caplog.text
    assert runner.one(second.id)


def test_what_was_asked_to_be_shown_is_answered(studio: Any, at_work: Any, waited: Wait) -> None:
    id, end = at_work(Endless())
    studio.queue.control(id, "show")
    waited(lambda: studio.queue.job(id).control is None)
    studio.queue.control(id, "stop")
    assert end().state == "stopped"


def test_steps_are_told_as_often_as_somebody_can_look_at_them(studio: Any, at_work: Any) -> None:
    drawn = []

    def pictured(asked: Any, context: Context) -> Generator[Happening, None, None]:
        for number in range(400):
            yield Step({"stage": "sampling", "done": number}, lambda: drawn.append(1) or b"picture")
            time.sleep(0.001)

    began = time.monotonic()
    job = studio.queue.add(SPEC)
    runner_of(studio, pictured).one(job.id)
    seconds = time.monotonic() - began
    assert 1 < len(drawn) <= seconds / 0.1 + 1, "and a picture that nobody will see is not drawn"


def test_one_that_was_to_stop_when_its_worker_was_lost_first_comes_to_what_can_be_kept(studio: Any) -> None:
    from sfumato.studio.jobs.specs import Train

    told: list[str] = []

    def training(asked: Any, context: Context) -> Generator[Happening, None, None]:
        try:
            for stage in ("preparing", "training", "training"):
                told.append(stage)
                yield Step({"stage": stage})
        finally:
            told.append("left")

    job = studio.queue.add(Train(collection="art"))
    studio.queue.claim("train", "gone:1:1")
    studio.queue.control(job.id, "stop")
    studio.queue.recover(is_alive=lambda _: False)
    runner = Runner(studio.database, "train", own_name(), handlers=lambda _: training)
    assert runner.one()
    assert told == ["preparing", "training", "left"]
    assert studio.queue.job(job.id).state == "stopped"
