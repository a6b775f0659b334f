"""A studio with a tiny collection and a tiny trained model, whose jobs are done in the test's own process."""

import io
import shutil
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
import torch
from PIL import Image

from sfumato import pipeline
from sfumato.models import sampling
from sfumato.studio.jobs.database import Database
from sfumato.studio.jobs.gallery import Gallery
from sfumato.studio.jobs.job import Job
from sfumato.studio.jobs.journal import Event, Journal
from sfumato.studio.jobs.queue import Queue
from sfumato.studio.jobs.specs import LANES, Spec
from sfumato.studio.jobs.work import Work
from sfumato.studio.place import Place
from sfumato.studio.uploads import Upload
from sfumato.studio.workers.owners import own_name
from sfumato.studio.workers.runner import Runner

COLLECTION, MODEL = "art", "tiny"


@dataclass
class Studio:
    """place: with the collection 'art' and the run 'tiny'."""

    place: Place
    database: Database

    def __post_init__(self) -> None:
        self.queue, self.journal, self.gallery = Queue(self.database), Journal(self.database), Gallery(self.database)

    def runner(self, lane: str, **choices: Any) -> Runner:
        return Runner(self.database, lane, own_name(), **choices)  # type: ignore[arg-type]

    def done(self, spec: Spec, **choices: Any) -> Job:
        """The job when a worker has done it."""
        job = self.queue.add(spec)
        assert self.runner(LANES[spec.kind], **choices).one(job.id)
        return self.queue.job(job.id)

    def works(self, job: Job) -> list[Work]:
        """Those of a job, by their indices."""
        found = [work for work in self.gallery.search(limit=500).works if work.job == job.id]
        return sorted(found, key=lambda work: work.index or 0)

    def events(self, job: Job, type: str = "told") -> list[Event]:
        return [event for event in self.journal.after(0, job=job.id, limit=10_000) if event.type == type]

    def upload(self, **pictures: Image.Image) -> str:
        """Pictures, by their names without '.png', as a browser sends them; the upload's id."""
        upload = Upload.begin(self.place)
        files = []
        for name, picture in pictures.items():
            file = io.BytesIO()
            picture.save(file, "PNG")
            file.seek(0)
            files.append((file, f"{name.replace('__', '/')}.png"))
        upload.add(files)
        return upload.id


@pytest.fixture(scope="session", autouse=True)
def _small_batches() -> Iterator[None]:
    """A work is made in a full batch of others."""
    threads = torch.get_num_threads()
    torch.set_num_threads(1)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(sampling, "BATCH", 2)
        yield
    torch.set_num_threads(threads)


@pytest.fixture(scope="session")
def filled(tiny_art: Path, tiny_settings: dict[str, Any], tmp_path_factory: pytest.TempPathFactory) -> Iterator[Studio]:
    """Shared by all tests, which add jobs to it and change nothing that others look at."""
    place = Place(tmp_path_factory.mktemp("filled") / "studio")
    threads = torch.get_num_threads()
    collection = place.collections / COLLECTION
    list(pipeline.collect(tiny_art, collection, workers=1))
    list(pipeline.train_on(collection, place.runs / MODEL, {**tiny_settings, "snapshots": 1}))
    torch.set_num_threads(threads)
    database = Database.open(place)
    yield Studio(place, database)
    database.close()


@pytest.fixture(scope="session")
def empty_file(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A database's file without a job."""
    place = Place(tmp_path_factory.mktemp("empty"))
    Database.open(place).close()
    return place.database


@pytest.fixture
def studio(empty_file: Path, tmp_path: Path) -> Iterator[Studio]:
    """One without anything."""
    place = Place(tmp_path / "studio")
    place.path.mkdir()
    shutil.copyfile(empty_file, place.database)
    database = Database.open(place)
    yield Studio(place, database)
    database.close()


@pytest.fixture
def copied(filled: Studio, studio: Studio) -> Studio:
    """One with the same collection and run, which a test may change."""
    for name in ("collections", "runs"):
        shutil.copytree(filled.place.path / name, studio.place.path / name)
    return studio


@pytest.fixture(scope="session")
def waited() -> Callable[[Callable[[], bool]], None]:
    """Waits until something holds."""
    import time

    def wait(holds: Callable[[], bool], seconds: float = 60) -> None:
        deadline = time.monotonic() + seconds
        while not holds():
            assert time.monotonic() < deadline, "it took too long"
            time.sleep(0.01)

    return wait
