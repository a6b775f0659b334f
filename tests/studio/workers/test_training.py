import threading
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager
from typing import Any

import pytest
import torch

from sfumato.errors import SfumatoError
from sfumato.models import Model
from sfumato.studio.jobs.specs import Distill, Train
from sfumato.studio.workers.training import choices_of
from sfumato.training import Run, resolve
from sfumato.training.checkpoint import load_checkpoint

NETWORK = '{ kind = "unet", patch = 2, channels = [8], blocks = 1, width = 16, depth = 1, heads = 1 }'
TINY = {"network": NETWORK, "batch": 4, "threads": 1, "checkpoint_every": 5, "evaluations": 1, "snapshots": 1}
Wait = Callable[[Callable[[], bool]], None]


@pytest.fixture(autouse=True)
def _threads_as_before() -> Iterator[None]:
    before = torch.get_num_threads()
    yield
    torch.set_num_threads(before)


def train(steps: int, **asked: Any) -> Train:
    return Train(name="Sea", collection="art", size=32, settings={**TINY, "steps": steps}, **asked)


@pytest.fixture
def at_work(copied: Any, waited: Wait) -> Iterator[Callable[[Train], tuple[int, Callable[[], Any]]]]:
    """(spec) -> a training that has begun in a thread, and how to wait for its end."""
    threads: list[threading.Thread] = []

    def begin(spec: Train) -> tuple[int, Callable[[], Any]]:
        job = copied.queue.add(spec)
        thread = threading.Thread(target=copied.runner("train").one, args=(job.id,))
        threads.append(thread)
        thread.start()
        waited(lambda: copied.queue.job(job.id).progress.get("step", 0) > 0)

        def end() -> Any:
            thread.join(60)
            assert not thread.is_alive()
            return copied.queue.job(job.id)

        return job.id, end

    yield begin
    for thread in threads:
        thread.join(5)


def steps_of(studio: Any, run: str) -> int:
    checkpoint = load_checkpoint(studio.place.runs / run / "checkpoints")
    assert checkpoint is not None
    return checkpoint.step


def test_a_training_leaves_a_run_and_a_model_and_tells_its_milestones(copied: Any) -> None:
    job = copied.done(train(6))
    assert job.state == "finished"
    run = job.result["run"]
    assert job.result["model"] == run == f"sea-{job.id}"
    assert Model.from_pretrained(copied.place.runs / run).config.name == run
    told = [event.json["event"] for event in copied.events(job)]
    for name in ("pipeline.Planned", "pipeline.TrainingBegan", "training.Trained", "training.Pictured"):
        assert name in told
    assert told[-1] == "training.Finished"
    assert told.count("training.Trained") < 6, "one in five seconds is enough to keep"
    assert copied.events(job, "models")


def test_one_that_is_stopped_keeps_a_model(copied: Any, at_work: Any) -> None:
    id, end = at_work(train(10**6))
    copied.queue.control(id, "stop")
    job = end()
    assert job.state == "stopped"
    assert Model.from_pretrained(copied.place.runs / job.result["model"]).likeness is not None


def test_one_that_is_paused_goes_on_with_the_same_plan(copied: Any, at_work: Any) -> None:
    id, end = at_work(train(60))
    copied.queue.control(id, "pause")
    job = end()
    assert job.state == "paused"
    run = job.result["run"]
    assert 0 < steps_of(copied, run) < 60
    copied.queue.control(id, "resume")
    assert copied.runner("train").one(id)
    job = copied.queue.job(id)
    assert (job.state, job.result["run"], steps_of(copied, run)) == ("finished", run, 60)


def test_it_shows_what_it_has_come_to_when_somebody_asks(copied: Any, at_work: Any, waited: Wait) -> None:
    id, end = at_work(train(10**6))
    copied.queue.control(id, "show")
    waited(lambda: copied.queue.job(id).control is None)
    copied.queue.control(id, "stop")
    job = end()
    (pictured,) = [event.json for event in copied.events(job) if event.json["event"] == "training.Pictured"]
    assert (copied.place.runs / job.result["run"] / "snapshots" / f"{pictured['step']:08d}.png").is_file()


def test_further_minutes_are_given_once_however_often_a_worker_is_lost(
    copied: Any, monkeypatch: pytest.MonkeyPatch, brief_plans: Callable[[], AbstractContextManager[None]]
) -> None:
    from sfumato.studio.workers import training

    asked: list[float] = []
    resume = training.pipeline.resume

    def noted(place: Any, *, more_minutes: float, **how: Any) -> Any:
        asked.append(more_minutes)
        return resume(place, more_steps=4 if more_minutes else 0, **how)

    monkeypatch.setattr(training.pipeline, "resume", noted)
    job = copied.queue.add(Train(run="tiny", minutes=0.5))
    before = steps_of(copied, "tiny")
    leaving = threading.Event()
    runner = copied.runner("train", leaving=leaving)
    watched = runner._handlers  # the first attempt leaves after its first step

    def leaves(kind: str) -> Any:
        def handler(spec: Any, context: Any) -> Any:
            for happening in watched(kind)(spec, context):
                if getattr(happening, "progress", {}).get("step"):
                    leaving.set()
                yield happening

        return handler

    runner._handlers = leaves
    assert runner.one(job.id)
    assert copied.queue.job(job.id).state == "queued"
    assert copied.runner("train").one(job.id)
    assert copied.queue.job(job.id).state == "finished"
    assert asked == [0.5, 0.0]
    assert steps_of(copied, "tiny") == before + 4


def test_a_student_is_taught(copied: Any, brief_plans: Callable[[], AbstractContextManager[None]]) -> None:
    with brief_plans():
        job = copied.done(Distill(name="student", run="tiny", minutes=0.05, steps=2))
    assert job.state == "finished", job.reason
    run = Run.open(copied.place.runs / job.result["run"])
    assert run.record.settings.objective.kind == "distillation"


def test_what_is_not_there_is_said(copied: Any) -> None:
    assert "no training 'gone'" in copied.done(Train(run="gone")).reason
    assert copied.done(Train(collection="gone")).state == "failed"
    assert "no model 'gone'" in copied.done(train(1, model="gone")).reason


def test_settings_are_as_the_command_line_has_them() -> None:
    asked = Train(collection="art", minutes=3, size=64, seed=7, pixel_art=True, settings={"guard": False, "batch": 8})
    assert choices_of(asked) == {
        "minutes": 3, "guard": False, "batch": 8, "size": 64, "seed": 7, "pixel_art": True
    }  # fmt: skip
    assert choices_of(Train(collection="art", preset="gan"))["objective"]["kind"] == "adversarial"
    assert resolve(choices_of(Train(collection="art", upscaler=2))).factor == 2
    with pytest.raises(SfumatoError, match="leave out the preset"):
        choices_of(Train(collection="art", preset="gan", upscaler=2))
    with pytest.raises(SfumatoError, match="there is no setting 'bach'; did you mean 'batch'"):
        choices_of(Train(collection="art", settings={"bach": 8}))
    with pytest.raises(SfumatoError, match="from 32 to 1024"):
        choices_of(Train(collection="art", settings={"size": 24}))
