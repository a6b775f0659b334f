"""The way of works from noise shows those that are let out, and of one that was made again the last way."""

import pytest
from PIL import Image

from sfumato.models.progress import Progress
from sfumato.models.trajectory import Trajectory
from sfumato.works.refusal import Refusal


def event(step: int, *positions: int, shade: int, refused: tuple[int, ...] = (), attempt: int = 0) -> Progress:
    previews = tuple(Image.new("RGB", (1, 1), (shade, position, 0)) for position in positions)
    refusals = tuple(Refusal(0, position, "no", again=1) for position in refused)
    return Progress(positions, step, 2, 1.0, previews, refused=refusals, attempt=attempt)


def shades(way: Trajectory) -> list[list[tuple[int, ...]]]:
    return [[picture.getpixel((0, 0))[:2] for picture in pictures] for pictures in way.steps()]


def test_every_step_has_every_work_in_order() -> None:
    way = Trajectory()
    for step in (1, 2):
        way.note(event(step, 0, 1, shade=step))
    assert shades(way) == [[(1, 0), (1, 1)], [(2, 0), (2, 1)]]


@pytest.mark.parametrize("is_made_again", [True, False])
def test_a_refused_work_is_not_shown(is_made_again: bool) -> None:
    way = Trajectory()
    way.note(event(1, 0, 1, shade=1))
    way.note(event(2, 0, 1, shade=2, refused=(0,)))
    if is_made_again:
        way.note(event(1, 0, shade=3, attempt=1))
        way.note(event(2, 0, shade=4, attempt=1))
    assert shades(way) == ([[(3, 0), (1, 1)], [(4, 0), (2, 1)]] if is_made_again else [[(1, 1)], [(2, 1)]])


def test_without_previews_there_is_nothing() -> None:
    way = Trajectory()
    way.note(Progress((0,), 1, 1, 1.0))
    assert way.steps() == []
