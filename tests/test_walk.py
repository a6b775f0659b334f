"""The walk over the commands with a person's files in their way, for a few of them."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

WALK = Path(__file__).parents[1] / "benchmarks" / "walk.py"


@pytest.mark.slow
@pytest.mark.parametrize("command", ["collect", "train", "generate"])
def test_no_command_touches_what_it_did_not_make(command: str) -> None:
    done = subprocess.run(
        [sys.executable, str(WALK), "--only", command, "--kills", "2", "--most", "5"],
        capture_output=True,
        text=True,
        env={**os.environ, "OMP_NUM_THREADS": "1"},
    )
    assert done.returncode == 0, done.stdout + done.stderr
    assert "every file of the person's is there, equal to the byte" in done.stdout
