"""Every request has a moment of its own, whoever makes it."""

import os
import signal
import subprocess
import sys
import threading
from itertools import pairwise

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from sfumato.collection.museums.pace import Clock, Pace, Rate, TooLongError, usual_folder


def moments(path) -> list[float]:
    return sorted(float(line) for line in path.read_text().split())


def test_requests_are_as_far_apart_as_the_rate_says(tmp_path, clock):
    pace = Pace(tmp_path, "a.org", Rate(2.0), clock, 600)
    taken = []
    for _ in range(4):
        pace.wait()
        taken.append(clock.time)
        clock.time += 0.5
    assert [round(later - earlier, 3) for earlier, later in pairwise(taken)] == [2.0] * 3


def test_no_more_fall_into_a_time_than_may(tmp_path, clock):
    pace = Pace(tmp_path, "a.org", Rate(1.0, 3, 60.0), clock, 600)
    taken = []
    for _ in range(7):
        pace.wait()
        taken.append(round(clock.time - 1_800_000_000))
    assert taken == [0, 1, 2, 60, 61, 62, 120]


def test_hosts_are_apart_and_another_process_takes_its_turn(tmp_path, clock):
    Pace(tmp_path, "a.org:80", Rate(5.0), clock, 600).wait()
    Pace(tmp_path, "b.org", Rate(5.0), clock, 600).wait()
    assert clock.slept == []
    Pace(tmp_path, "a.org:80", Rate(5.0), clock, 600).wait()
    assert clock.slept == pytest.approx([5.0], abs=1e-3)


def test_who_is_held_waits_and_longer_than_patience_nobody_does(tmp_path, clock):
    pace = Pace(tmp_path, "a.org", Rate(1.0), clock, 100)
    pace.wait()
    pace.hold(60)
    pace.wait()
    assert sum(clock.slept) == pytest.approx(60, abs=1e-3)
    slow = Pace(tmp_path, "c.org", Rate(1.0, 1, 3600.0), clock, 100)
    slow.wait()
    with pytest.raises(TooLongError) as caught:
        slow.wait()
    assert caught.value.seconds == pytest.approx(3600, abs=1)
    assert len(moments(tmp_path / "c.org")) == 1  # it was not taken


def test_a_clock_that_was_set_back_holds_nobody_for_days(tmp_path, clock):
    pace = Pace(tmp_path, "a.org", Rate(1.0), clock, 600)
    pace.wait()
    clock.time -= 86_400
    pace.wait()
    assert clock.slept == []


@given(st.binary(max_size=400))
@settings(max_examples=30, deadline=None)
def test_whatever_stands_in_the_file_a_moment_is_found(tmp_path_factory, data):
    folder = tmp_path_factory.mktemp("asked")
    (folder / "a.org").write_bytes(data)
    Pace(folder, "a.org", Rate(0.0), Clock(), 0.0).wait()


def test_the_file_does_not_grow_for_ever(tmp_path, clock):
    path = tmp_path / "a.org"
    path.write_bytes(b"".join(b"\n%.6f\n" % (clock.time - 20_000 + number) for number in range(12_000)))
    Pace(tmp_path, "a.org", Rate(1.0), clock, 600).wait()
    assert len(moments(path)) == 2001


PROGRAM = """
import sys
from pathlib import Path
from sfumato.collection.museums.pace import Clock, Pace, Rate
pace = Pace(Path(sys.argv[1]), "a.org", Rate(0.01), Clock(), 600)
print("ready", flush=True)
while True:
    pace.wait()
"""


def test_processes_that_are_killed_keep_one_pace_together(tmp_path):
    running = [
        subprocess.Popen([sys.executable, "-c", PROGRAM, str(tmp_path)], stdout=subprocess.PIPE) for _ in range(2)
    ]
    for each in running:
        assert each.stdout.readline() == b"ready\n"
    threading.Event().wait(0.3)
    for each in running:
        os.kill(each.pid, signal.SIGKILL)
        each.communicate()
    Pace(tmp_path, "a.org", Rate(0.01), Clock(), 600).wait()
    taken = moments(tmp_path / "a.org")
    assert len(taken) > 5
    assert all(later - earlier > 0.00999 for earlier, later in pairwise(taken))


def test_moments_are_noted_where_the_program_keeps_its_own(tmp_path, monkeypatch):
    monkeypatch.setenv("SFUMATO_STATE", str(tmp_path))
    assert usual_folder() == tmp_path / "asked"
