"""What a program asks for is made by the studio's own worker, and reaches it as the gallery has it."""

import asyncio
import contextlib
import shutil
import threading
from collections.abc import Iterator
from dataclasses import dataclass

import pytest
from PIL import Image

from sfumato.studio.jobs.database import Database
from sfumato.studio.jobs.journal import Preview
from sfumato.studio.jobs.specs import Generate
from sfumato.studio.place import Place
from sfumato.studio.server.answers import HttpError
from sfumato.studio.server.orders import Made, Order, ignored_header, model_named, spec_of
from sfumato.studio.server.services import Services
from sfumato.studio.server.settings import Settings
from sfumato.studio.workers.owners import own_name
from sfumato.studio.workers.runner import Runner

RUN = "sea-studies-1"


@dataclass
class Working:
    services: Services
    runner: Runner


@pytest.fixture
def working(trained: Place, tmp_path) -> Iterator[Working]:
    place = Place(tmp_path / "studio")
    shutil.copytree(trained.path, place.path)
    database = Database.open(place)
    aliases = {"gpt-image-1": RUN}
    yield Working(Services(place, database, Settings(aliases=aliases)), Runner(database, "make", own_name()))
    database.close()


def made(working: Working, spec, *, beside=None) -> tuple[list[object], Order]:
    """All that is told of a job, which a real worker does meanwhile. beside: what is called when it is in the queue."""

    async def follow() -> tuple[list[object], Order]:
        order = await Order.of(working.services, spec, "open-webui")
        doing = threading.Thread(target=working.runner.one, args=(order.job.id,))
        if beside is None:
            doing.start()
        else:
            beside(order)
        told = []
        try:
            async with asyncio.timeout(60), contextlib.aclosing(order.follow()) as happening:
                told = [each async for each in happening]
        finally:
            if doing.ident is not None:
                await asyncio.to_thread(doing.join)
            working.services.following.close()
        return told, order

    return asyncio.run(follow())


def test_works_are_followed_from_the_queue_to_the_file(working):
    told, order = made(working, Generate(model=RUN, count=2, asked={"label": "waves", "steps": 3, "seed": 5}))
    works = [each for each in told if isinstance(each, Made)]
    assert [each.work.index for each in works] == [0, 1]
    assert {each.work.label for each in works} == {"waves"}
    assert order.job.client == "open-webui"
    assert order.job.state == "finished"
    assert works[0].encoded() == works[0].path.read_bytes()
    with Image.open(works[0].path) as picture:
        assert "Seed: 5" in picture.text["parameters"]
    assert all(each.job == order.job.id for each in told if isinstance(each, Preview))


def test_what_the_worker_refuses_is_the_programs_to_read(working):
    with pytest.raises(HttpError, match="class 'sky'") as caught:
        made(working, Generate(model=RUN, asked={"label": "sky"}))
    assert (caught.value.status, caught.value.code) == (400, "job_failed")


def test_a_job_that_is_cancelled_on_the_page_is_an_answer_too(working):
    def cancel(order):
        working.services.queue.control(order.job.id, "cancel")

    with pytest.raises(HttpError, match="cancelled") as caught:
        made(working, Generate(model=RUN), beside=cancel)
    assert caught.value.status == 409


def test_a_server_that_closes_leaves_the_job_in_the_queue(working):
    with pytest.raises(HttpError) as caught:
        made(working, Generate(model=RUN), beside=lambda _: working.services.following.close())
    assert caught.value.status == 503
    (job,) = working.services.queue.jobs()
    assert job.state == "queued"


def test_a_model_is_found_by_id_name_and_alias_and_by_default_the_newest(working):
    named = {model_named(working.services, name).id for name in (RUN, "sea STUDIES", "gpt-image-1", None, "")}
    assert named == {RUN}
    with pytest.raises(HttpError, match=f"the models: {RUN}"):
        model_named(working.services, "dall-e-2")
    with pytest.raises(HttpError, match="no model yet"):
        model_named(Services(Place(working.services.place.path / "nowhere"), working.services.database), None)


def test_what_is_wrong_with_a_job_is_said_by_its_field():
    with pytest.raises(HttpError, match="count: ") as caught:
        spec_of("generate", {"model": RUN, "count": 0})
    assert (caught.value.status, caught.value.param) == (400, "count")
    with pytest.raises(HttpError, match="steps 0"):
        spec_of("generate", {"model": RUN, "asked": {"steps": 0}})


def test_names_from_outside_cannot_break_a_header():
    assert ignored_header({"style", "a\r\nSet-Cookie: x", "ünï"}) == {"X-Sfumato-Ignored": "?n?, style"}
    assert ignored_header(set()) == {}
    assert len(ignored_header({"x" * 5000})["X-Sfumato-Ignored"]) < 1100
