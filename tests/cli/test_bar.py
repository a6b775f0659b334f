"""Times as people read them, and how long sampling takes."""

import io

import pytest
from rich.console import Console

from sfumato.cli.bar import SamplingTime, about, clock, say


def test_a_line_holds_nothing_that_steers_a_terminal():
    console = Console(file=io.StringIO(), force_terminal=True, width=40)
    say(console, "a\x1b]0;title\x07 \x1b[31m[red]\r\u202eb.png ใบไม้\nis made")
    assert console.file.getvalue() == "a\\x1b]0;title\\x07 \\x1b[31m[red]\\r\\u202eb.png ใบไม้\nis made\n"


def test_a_clock_has_hours_only_where_there_are_some():
    assert [clock(seconds) for seconds in (7.4, 750, 3725)] == ["0:07", "12:30", "1:02:05"]


@pytest.mark.parametrize(
    ("seconds", "said"),
    [(1, "about 5 seconds"), (41, "about 40 seconds"), (100, "about 2 minutes"), (3600, "about 60 minutes"),
     (9000, "about 2.5 hours"), (7200, "about 2 hours")],
)  # fmt: skip
def test_a_guess_is_no_finer_than_it_is_known(seconds, said):
    assert about(seconds) == said


def told(*steps: tuple[float, float], terminal: bool = False) -> tuple[str, list[str]]:
    """Of (seconds since the beginning, fraction that is done): what is printed, and what stands beside the bar."""
    console, seconds = Console(file=io.StringIO(), width=120, force_terminal=terminal, highlight=False), 0.0
    time = SamplingTime(console, "16 works", lambda: seconds)
    beside = []
    for seconds, fraction in steps:  # noqa: B007, as the clock reads it
        beside.append(time.left(fraction))
    return console.file.getvalue(), beside


def test_how_long_sampling_takes_is_said_once_as_soon_as_it_is_known():
    said, beside = told((1, 0.01), (4, 0.1), (8, 0.2), (36, 0.9), terminal=True)
    assert beside == ["", "0:36 left", "0:32 left", "0:04 left"]
    assert said == "16 works: about 40 seconds\n"
    assert told((3, 0.5), (6, 1.0))[0] == ""  # done too soon to be worth a word


def test_without_a_terminal_a_line_now_and_then_says_how_far_the_works_are():
    said, _ = told((10, 0.1), (31, 0.3), (50, 0.5), (62, 0.6))
    assert said.splitlines()[1:] == ["16 works: 30%, 1:12 left", "16 works: 60%, 0:41 left"]
