"""One work on the screen: what it is made from is looked at before anything is made, and progress is shown."""

import os

import pytest
from PIL import Image


@pytest.mark.skipif(not hasattr(os, "mkfifo"), reason="there are no pipes here")
def test_every_command_that_takes_a_picture_refuses_a_pipe(sfumato, run, here, tmp_path):
    os.mkfifo(tmp_path / "pipe.png")
    pipe = tmp_path / "pipe.png"
    Image.new("RGB", (40, 40)).save(tmp_path / "mine.png")
    mine = tmp_path / "mine.png"
    for command in (
        ("reimagine", run, pipe),
        ("upscale", run, pipe),
        ("outpaint", run, pipe, "--left", 8),
        ("inpaint", run, pipe, mine),
        ("inpaint", run, mine, pipe),
        ("generate", run, "--palette", pipe),
        ("generate", run, "--composition", pipe),
        ("again", pipe),
    ):
        answer = sfumato(*command)
        assert answer.code == 2, command
        assert "a pipe, not a file" in answer.err, command
        assert answer.err.count("\n") == 1
