"""The walk over the commands with a person's files in their way, for a few of them."""

import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

WALK = Path(__file__).parents[1] / "benchmarks" / "walk.py"


COMMANDS = ("collect", "train", "generate")


@pytest.fixture(scope="module")
def walked() -> "subprocess.CompletedProcess[str]":
    """One walk over all of them, which share the pictures and the model that they read; each is killed twice."""
    kills = str(2 * len(COMMANDS))
    return subprocess.run(
        [sys.executable, str(WALK), "--only", ",".join(COMMANDS), "--kills", kills, "--most", "5"],
        capture_output=True,
        text=True,
        env={**os.environ, "OMP_NUM_THREADS": "1"},
    )


@pytest.mark.slow
@pytest.mark.parametrize("command", COMMANDS)
def test_no_command_touches_what_it_did_not_make(walked: "subprocess.CompletedProcess[str]", command: str) -> None:
    assert walked.returncode == 0, walked.stdout + walked.stderr
    assert re.search(rf"^{command}: \d+ names; ", walked.stdout, re.MULTILINE)
    assert "every file of the person's is there, equal to the byte" in walked.stdout
