"""The way of a command from the shell to the equation is short enough to be followed by reading."""

import sys
from pathlib import Path
from types import FrameType
from typing import Any

import pytest
import torch

import sfumato
from sfumato.cli.app import main
from sfumato.diffusion import samplers
from sfumato.training import train
from sfumato.training.objectives import Denoising

SOURCE = Path(sfumato.__file__).parent


def functions_above(frame: FrameType | None) -> list[str]:
    """The names of the program's own functions that are being called, the innermost first."""
    names = []
    while frame is not None:
        if Path(frame.f_code.co_filename).is_relative_to(SOURCE):
            names.append(frame.f_code.co_name)
        frame = frame.f_back
    return names


def test_from_generate_to_the_samplers_line(
    begin: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    run, routes, pairs = begin(steps=2), [], samplers._pairs
    list(train(run))

    def noted(sigmas: torch.Tensor) -> Any:
        routes.append(functions_above(sys._getframe(1)))
        return pairs(sigmas)

    monkeypatch.setattr(samplers, "_pairs", noted)
    words = ["sfumato", "generate", str(run.path), "-n", "1", "-o", str(tmp_path / "works"), "--device", "cpu"]
    monkeypatch.setattr(sys, "argv", words)
    with pytest.raises(SystemExit) as end:
        main()
    assert not end.value.code, capsys.readouterr().err
    (route,) = routes
    assert route[: route.index("generate") + 1] == ["_multistep", "events", "write", "generate"]


def test_from_train_to_the_loss(begin: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    routes, forward = [], Denoising.forward

    def noted(self: Denoising, *batch: Any) -> Any:
        routes.append(functions_above(sys._getframe(1)))
        return forward(self, *batch)

    monkeypatch.setattr(Denoising, "forward", noted)
    events = train(begin(steps=2, guard=False))
    for _ in events:
        pass
    route = routes[-1]
    assert route[-1] == "events"
    assert len(route) + 1 <= 6, route  # and the objective's own
