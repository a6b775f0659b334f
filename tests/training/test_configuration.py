"""What a run's settings build, and which of them do not go together."""

from typing import Any

import pytest
import torch

from sfumato.networks import ArticleConfig, ArticleDenoiserConfig
from sfumato.training import TrainingConfig, preset, resolve
from sfumato.training.objectives import OBJECTIVES, Adversarial, Denoising, Reconstruction
from sfumato.training.optimisers import Muon


@pytest.mark.parametrize(
    ("name", "kind"),
    [
        ("auto", Denoising),
        ("article", Reconstruction),
        ("article-fixed", Reconstruction),
        ("article-diffusion", Denoising),
        ("gan", Adversarial),
    ],
)
def test_every_preset_has_its_objective(name: str, kind: type) -> None:
    objective = resolve(preset(name), {"size": 32}).build_objective(3)
    assert isinstance(objective, kind)
    learning = {id(p) for p in objective.parameters()}
    assert {id(p) for p in objective.denoiser.parameters()} <= learning


def test_the_numbers_of_the_settings_arrive() -> None:
    settings = resolve({"perceptual_weight": 3.0, "perceptual_below": 0.2, "class_dropout": 0.3, "noise_mean": -2.0})
    objective = settings.build_objective(3)
    assert isinstance(objective, Denoising)
    assert (objective.perceptual_weight, objective.perceptual_below, objective.class_dropout) == (3.0, 0.2, 0.3)
    assert objective.density.mean == -2.0


def test_the_articles_optimiser_and_schedule_are_torchs_own() -> None:
    """Adam at 1e-3 and StepLR(30, 0.1), over steps: 20 pictures in batches of 10 are 2 steps an epoch."""
    choices: dict[str, Any] = {"size": 32, "batch": 10, "steps": 150 * 2, "perceptual": "none"}
    settings = resolve(preset("article"), choices)
    (adamw,) = settings.optimiser.build(settings.build_objective(0)).optimisers
    assert not isinstance(adamw, Muon)
    assert adamw.defaults["betas"] == (0.9, 0.999)
    assert adamw.defaults["weight_decay"] == 0
    schedule = settings.build_schedule(pictures=20)
    adam = torch.optim.Adam([torch.nn.Parameter(torch.zeros(1))], lr=0.001)
    theirs = torch.optim.lr_scheduler.StepLR(adam, step_size=30, gamma=0.1)
    for step in range(300):
        assert schedule.factor(step) * settings.optimiser.learning_rate == pytest.approx(theirs.get_last_lr()[0])
        adam.step()
        if step % 2 == 1:
            theirs.step()


def test_a_networks_kind_and_objective_belong_together() -> None:
    for wrong in (
        {"objective": "reconstruction"},
        {"network": ArticleConfig()},
        {"network": ArticleDenoiserConfig(), "preconditioning": "direct"},
        {"objective": "adversarial", "preconditioning": "direct"},
        {"objective": "adversarial"},
        {"objective": {"kind": "upscaling", "factor": 2}, "preconditioning": "direct"},
    ):
        with pytest.raises(Exception, match="needs"):
            resolve(wrong)


@pytest.mark.parametrize("kind", OBJECTIVES)
def test_an_objective_comes_back_from_json_as_it_was(kind: str) -> None:
    settings = TrainingConfig().model_copy(update={"objective": OBJECTIVES[kind]()})
    again = TrainingConfig.model_validate_json(TrainingConfig().model_dump_json())
    assert again == TrainingConfig()
    assert f'"kind":"{kind}"' in settings.model_dump_json()
