"""Times as people read them."""

import pytest

from sfumato.cli.durations import about, clock


def test_a_clock_has_hours_only_where_there_are_some():
    assert [clock(seconds) for seconds in (7.4, 750, 3725)] == ["0:07", "12:30", "1:02:05"]


@pytest.mark.parametrize(
    ("seconds", "said"),
    [(1, "about 5 seconds"), (41, "about 40 seconds"), (100, "about 2 minutes"), (3600, "about 60 minutes"),
     (9000, "about 2.5 hours"), (7200, "about 2 hours")],
)  # fmt: skip
def test_a_guess_is_no_finer_than_it_is_known(seconds, said):
    assert about(seconds) == said
