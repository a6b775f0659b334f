"""A new objective is a module of its own and an entry among the objectives: nothing else has to know of it."""

import json
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any, ClassVar, Literal

import pytest
import torch
from pydantic import Field
from torch import Tensor, nn

from sfumato.dataset import Dataset
from sfumato.diffusion import Denoiser
from sfumato.errors import SfumatoError
from sfumato.models import Model
from sfumato.networks import UNetConfig
from sfumato.training import Run, TrainingConfig, parent_choices, prepare_run, resolve, train
from sfumato.training import loop as module
from sfumato.training.events import Finished, Noted, Trained
from sfumato.training.objectives import OBJECTIVES, Losses, Objective, ObjectiveConfig


class GreyConfig(ObjectiveConfig):
    kind: Literal["grey"] = "grey"
    strength: float = Field(default=1.0, ge=0)

    knows_classes: ClassVar[bool] = True
    description: ClassVar[str] = "A model of grey"
    tag: ClassVar[str] = "toy"

    def build(self, settings: TrainingConfig, classes: int, perceptual: Any = None, teacher: Any = None) -> "Grey":
        return Grey(self.build_denoiser(settings, classes), self.strength)


class Grey(Objective):
    """Whatever it is shown, the answer is grey; and one number learns how grey, twice as fast as the rest."""

    def __init__(self, denoiser: Denoiser, strength: float) -> None:
        super().__init__(denoiser)
        self.level, self.strength = nn.ParameterDict({"grey": nn.Parameter(torch.zeros(()))}), strength
        self.rates = {"level": 2.0}

    def forward(self, images: Tensor, labels: Tensor, generator: torch.Generator) -> Losses:
        made = self.denoiser(images, torch.ones(len(images)), labels)
        error = self.strength * (made - self.level["grey"]).square().mean((1, 2, 3))
        return Losses(error, {"grey": error})

    @torch.no_grad()
    def validation_loss(self, denoiser: Denoiser, images: Tensor, labels: Tensor, generator: torch.Generator) -> Tensor:
        return denoiser(images, torch.ones(len(images)), labels).square().mean((1, 2, 3))

    def notice(self, dataset: Any) -> str:
        return "all will be grey"


@pytest.fixture
def grey() -> Iterator[None]:
    OBJECTIVES["grey"] = GreyConfig
    yield
    del OBJECTIVES["grey"]


@pytest.mark.usefixtures("grey")
def test_a_new_objective_is_chosen_planned_trained_and_becomes_a_model(begin: Callable[..., Run]) -> None:
    run = begin(objective="grey", strength=2.0, steps=20, evaluations=1)
    assert Run.open(run.path).record.settings.objective == GreyConfig(strength=2.0)
    assert json.loads((run.path / "run.json").read_bytes())["settings"]["objective"] == {"kind": "grey", "strength": 2}
    session = train(run)
    for _ in range(9):
        next(session)
    session.close()  # type: ignore[attr-defined]
    events = list(train(run))
    losses = [event.loss for event in events if isinstance(event, Trained)]
    assert losses[-1] < losses[0]
    assert isinstance(events[-1], Finished)
    assert '"all will be grey"' in (run.path / "log.jsonl").read_text("utf-8")
    model = Model.from_pretrained(run.path)
    assert (model.config.objective, model.config.begins_with, model.config.answer) == ("grey", "noise", "mean")
    assert "A model of grey, trained from scratch" in model.card
    assert "- toy\n" in model.card
    assert model.generate(1, steps=2)[0].image.size == (32, 32)


@pytest.mark.usefixtures("grey")
def test_its_settings_are_checked_as_those_of_any_other() -> None:
    with pytest.raises(SfumatoError, match=r"settings: objective\.strength = -1"):
        resolve({"objective": "grey", "strength": -1})
    with pytest.raises(SfumatoError, match="did you mean 'strength'"):
        resolve({"objective": {"kind": "grey", "strenght": 1}})


@pytest.mark.usefixtures("grey")
def test_a_run_begins_with_a_model_of_it(begin: Callable[..., Run], tiny_dataset: Dataset, tmp_path: Path) -> None:
    first = begin("first", objective="grey", steps=2, evaluations=1)
    list(train(first))
    choices = {**parent_choices(str(first.path)), "steps": 2, "batch": 4, "snapshots": 0, "evaluations": 1}
    assert choices["objective"] == {"kind": "grey"}
    second, _ = prepare_run(tmp_path / "second", tiny_dataset, choices, weights_from=str(first.path))
    list(train(second))
    assert Model.from_pretrained(second.path).config.descends_from == (
        Model.from_pretrained(first.path).weights_digest,
    )


def test_a_module_around_an_objective_is_what_is_called(begin: Callable[..., Run]) -> None:
    """As torch's DistributedDataParallel would be."""

    class Around(nn.Module):
        def __init__(self, objective: Objective) -> None:
            super().__init__()
            self.module, self.calls = objective, 0

        def forward(self, *batch: Any) -> Any:
            self.calls += 1
            return self.module(*batch)

    run = begin(steps=4)
    training = module._Training(run, torch.device("cpu"), 0.0)
    training.module = around = Around(training.objective)
    events = list(training.events(0, 0.0))
    assert around.calls == 4
    assert isinstance(events[-1], Finished)
    assert not any(isinstance(event, Noted) for event in events)


def test_what_does_not_learn_is_no_part_of_the_module() -> None:
    network = UNetConfig(patch=2, channels=(8,), blocks=1, width=16, depth=1, heads=1)
    objective = resolve({"network": network}).build_objective(2, perceptual=nn.Linear(2, 2))  # type: ignore[arg-type]
    assert dict(objective.named_children()).keys() == {"denoiser"}
