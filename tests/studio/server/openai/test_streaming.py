"""Of all that a worker previews, a program gets as many pictures as it asked for, spread over the steps."""

import io
from datetime import UTC, datetime

import pytest
from PIL import Image

from sfumato.studio.jobs.journal import Preview
from sfumato.studio.server.openai.streaming import Partials


def preview(step: int, steps: int = 20, picture: bytes | None = b"", **said: object) -> Preview:
    if picture == b"":
        file = io.BytesIO()
        Image.new("RGB", (8, 8), "teal").save(file, "PNG")
        picture = file.getvalue()
    return Preview(1, step, datetime.now(UTC), {"step": step, "steps": steps, **said}, picture)


@pytest.mark.parametrize(("most", "steps"), [(0, []), (1, [10]), (2, [7, 14]), (3, [5, 10, 15])])
def test_pictures_are_spread_over_the_steps(most, steps):
    partials = Partials(most)
    assert [step for step in range(1, 21) if partials.due(preview(step))] == steps
    assert partials.sent == len(steps)


def test_a_fast_job_that_was_seen_once_sends_one():
    partials = Partials(3)
    assert [bool(partials.due(preview(step))) for step in (1, 19, 20)] == [False, True, False]


@pytest.mark.parametrize("said", [preview(5, picture=None), preview(5, steps="?"), preview(0), preview(20)])
def test_what_shows_nothing_is_not_sent(said):
    assert Partials(3).due(said) == []


def test_of_a_sheet_the_first_picture_is_sent():
    sheet = Image.new("RGB", (20, 10), "white")
    sheet.paste((200, 30, 40), (0, 0, 10, 10))
    file = io.BytesIO()
    sheet.save(file, "PNG")
    (picture,) = Partials(1).due(preview(15, picture=file.getvalue(), columns=2, rows=1))
    with Image.open(io.BytesIO(picture)) as first:
        assert first.size == (10, 10)
        assert first.getcolors() == [(100, (200, 30, 40))]
