"""The bar of a sampling: it moves within a step, knows how much is left, and says beforehand what takes long."""

import io
from collections.abc import Iterator

import pytest
import torch
from rich.console import Console

from sfumato.cli.sampling_bar import Part, SamplingBar
from sfumato.models import Generation, Model, ModelConfig, Progress, build_denoiser
from sfumato.networks import UNetConfig


class Clock:
    """Seconds pass only when somebody lets them."""

    def __init__(self) -> None:
        self.now = 0.0

    def __call__(self) -> float:
        return self.now


@pytest.fixture(scope="module")
def model() -> Model:
    network = UNetConfig(patch=2, channels=(8,), blocks=1, width=16, depth=1, heads=1)
    config = ModelConfig(size=32, classes=("a", "b"), class_shares=(1, 1), network=network)
    return Model(config, build_denoiser(config).eval().requires_grad_(False), weights_digest="0" * 64)


@pytest.fixture
def slow(model: Model):
    """(seconds) -> a clock that goes on by so much with each look of the model at one batch."""
    hooks = []

    def make(seconds: float) -> Clock:
        clock = Clock()

        def pass_time(*_: object) -> None:
            clock.now += seconds

        hooks.append(model.denoiser.register_forward_hook(pass_time))
        return clock

    yield make
    for hook in hooks:
        hook.remove()


def console_of(*, terminal: bool = False) -> Console:
    return Console(file=io.StringIO(), width=160, force_terminal=terminal, highlight=False)


def followed(bar: SamplingBar, part: Part, generation: Generation, count: int) -> Iterator[Progress]:
    """The generation's steps, of each of which the bar is told."""
    for event in generation.events(count):
        bar.note(event, part)
        yield event


def wide(model: Model, **asked: object) -> Generation:
    return Generation.of(model, width=320, height=32, **asked)


def test_it_moves_with_every_look_and_ends_at_the_whole(model, slow):
    generation = Generation.of(model, steps=5, guidance_high=1.0)  # cheap steps first, then such as look twice
    part = Part(generation, 20)
    with SamplingBar(console_of(), "20 works", [part], clock := slow(3.0)) as bar:
        shares = [(bar.share, clock.now) for _ in followed(bar, part, generation, 20)]
    assert bar.share == 1
    assert bar.seconds_left == 0
    assert shares == sorted(shares)
    for share, now in shares:  # time goes with looks, not with steps
        assert share == pytest.approx(now / clock.now, abs=0.01)


def test_one_wide_work_is_more_than_none_or_all_of_it(model, slow):
    """As where one work stood at 0 of 1 for as long as it took: nineteen windows a step, one look of the network each
    step; the bar has moved before the first step ends."""
    generation = wide(model, steps=3, guidance=2.0)
    part, within = Part(generation, 1), []
    with SamplingBar(console_of(), "1 work", [part], slow(1.0)) as bar:
        hook = model.denoiser.register_forward_pre_hook(lambda *_: within.append(bar.share))
        ends = [bar.share for _ in followed(bar, part, generation, 1)]
        hook.remove()
    assert within == sorted(within)
    assert pytest.approx(ends) == [1 / 3, 2 / 3, 1]
    assert [share for share in within if 0.1 < share % (1 / 3) < 0.3]  # in the middle of a step


def test_the_time_left_is_what_it_then_takes(model, slow):
    generation = Generation.of(model, steps=8, guidance_high=1.0)
    part = Part(generation, 32)
    with SamplingBar(console_of(), "32 works", [part], clock := slow(2.0)) as bar:
        guesses = [clock.now + bar.seconds_left for _ in followed(bar, part, generation, 32)]
    assert all(guess == pytest.approx(clock.now, rel=0.02) for guess in guesses)


def test_what_takes_long_is_said_once_and_what_is_soon_done_is_not(model, slow):
    def said(seconds: float, count: int) -> str:
        console, generation = console_of(), Generation.of(model, steps=4, guidance=1.0)
        part = Part(generation, count)
        with SamplingBar(console, f"{count} works", [part], slow(seconds)) as bar:
            list(followed(bar, part, generation, count))
        return console.file.getvalue()

    assert said(0.5, 16) == ""
    assert said(5.0, 32).splitlines()[0] == "32 works: about 40 seconds"


def test_without_a_terminal_a_line_now_and_then_says_that_it_is_alive(model, slow):
    console, generation = console_of(), Generation.of(model, steps=4, guidance=1.0)
    part = Part(generation, 16)
    with SamplingBar(console, "16 works", [part], slow(31.0)) as bar:
        list(followed(bar, part, generation, 16))
    lines = console.file.getvalue().splitlines()
    assert lines[0] == "16 works: about 2 minutes"
    assert lines[1:3] == ["16 works: 25%, 1:33 left", "16 works: 50%, 1:02 left"]


def test_a_terminal_has_a_bar(model, slow):
    console, generation = console_of(terminal=True), Generation.of(model, steps=4, guidance=1.0)
    part = Part(generation, 16)
    with SamplingBar(console, "16 works", [part], slow(3.0)) as bar:
        for number, _ in enumerate(followed(bar, part, generation, 16)):
            if number == 1:
                bar.progress.refresh()
    assert "16 works" in console.file.getvalue()
    assert "50 %" in console.file.getvalue()
    assert "0:06 left" in console.file.getvalue()


def test_what_nobody_follows_moves_too(model, slow):
    generation = Generation.of(model, steps=4)
    part = Part(generation, 16)
    with SamplingBar(console_of(), "16 works", [part], slow(1.0)) as bar:
        shares = [bar.share for _ in generation.events(16)]
    assert shares == sorted(set(shares))
    assert 0.8 < shares[-1] < 1


def test_two_parts_have_their_own_pace(model, slow):
    """As works and what enlarges them: what has not begun is reckoned by the size of its network and its pictures."""
    first, second = (Generation.of(model, steps=4, guidance=1.0) for _ in range(2))
    parts = [Part(first, 16), Part(second, 48)]
    with SamplingBar(console_of(), "64 works", parts, clock := slow(1.0)) as bar:
        list(followed(bar, parts[0], first, 16))
        bar.end(parts[0])
        assert bar.share == pytest.approx(1 / 4)
        assert bar.seconds_left == pytest.approx(3 * clock.now)
        list(followed(bar, parts[1], second, 48))
    assert bar.share == 1


def test_pictures_are_the_same_with_it_and_without(model):
    generation = Generation.of(model, steps=3, seed=4)
    part = Part(generation, 2)
    with SamplingBar(console_of(), "2 works", [part]) as bar:
        *_, last = followed(bar, part, generation, 2)
        pictures = generation.pictures(2)
    assert [work.image.tobytes() for work in last.works] == [work.image.tobytes() for work in generation.works(2)]
    assert torch.equal(pictures, generation.pictures(2))
