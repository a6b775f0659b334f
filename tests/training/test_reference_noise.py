"""How much noise is put on what a cascade enlarges: the level whose works come nearest to the pictures."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import torch
from torch import Tensor

from sfumato.dataset import Dataset
from sfumato.models import Model, ModelConfig, build_denoiser
from sfumato.models.sampling import BATCH
from sfumato.networks import UNetConfig
from sfumato.training import reference_noise
from sfumato.training.calibration import Calibration
from sfumato.training.reference_noise import LEVELS, share_of_time, with_reference_noise
from sfumato.training.writer import calibrated

UNET = UNetConfig(patch=2, channels=(8,), blocks=1, width=16, depth=1, heads=1)
QUICK: dict[str, Any] = {"steps": 2, "guidance": 1.0}


@pytest.fixture
def model() -> Model:
    upscaler = ModelConfig(
        size=16, factor=2, network=UNET, begins_with="reference", sigma_data=0.1, reference_noise=0.25, generation=QUICK
    )
    config = ModelConfig(size=16, network=UNET, upscalers=(upscaler,), generation=QUICK)
    return Model(config, build_denoiser(config).eval().requires_grad_(False), weights_digest="0" * 64)


FOUND = Calibration(ModelConfig(size=16, network=UNET).generation, "sharpness 0")


@pytest.mark.parametrize("best", [0.05, 0.15])
def test_the_level_is_that_of_the_works_that_are_like_the_pictures(
    model: Model, tiny_dataset: Dataset, monkeypatch: pytest.MonkeyPatch, best: float
) -> None:
    real = tiny_dataset.images(range(len(tiny_dataset)))[:, :, :16, :16]

    def enlarged(upscaler: Model, small: Tensor, level: float, noises: Tensor) -> Tensor:
        assert small.shape == (BATCH, 3, 8, 8)
        shown = real[torch.arange(len(small)) % len(real)]
        return shown * (1 - 3 * abs(level - best))  # the paler the farther

    monkeypatch.setattr(reference_noise, "_enlarged", enlarged)
    found = with_reference_noise(FOUND, model, tiny_dataset)
    assert found.reference_noise == best
    assert f"what is enlarged has noise of {best}" in found.sentence
    config = calibrated(model.config, found)
    assert config.upscalers[0].generation.reference_noise == config.usual.reference_noise == best


@pytest.mark.parametrize(("left", "works"), [(0.0, 0), (5.0, 0), (9.0, 1), (15.0, 2)])
def test_no_more_is_made_than_there_is_time_for(
    model: Model, tiny_dataset: Dataset, monkeypatch: pytest.MonkeyPatch, left: float, works: int
) -> None:
    now, made = [0.0], []

    def taking_time(upscaler: Model, small: Tensor, level: float, noises: Tensor) -> Tensor:
        now[0] += 1.0
        made.append(level)
        return torch.rand((len(small), 3, 16, 16))

    pictures = reference_noise.Generation.pictures

    def small(self: Any, *arguments: Any) -> Tensor:
        now[0] += 3.0
        return pictures(self, *arguments)

    monkeypatch.setattr(reference_noise, "_enlarged", taking_time)
    monkeypatch.setattr(reference_noise.Generation, "pictures", small)
    found = with_reference_noise(FOUND, model, tiny_dataset, lambda: left - now[0])
    assert len(made) == works * len(LEVELS)
    assert (found is FOUND) == (works == 0)
    assert now[0] <= max(left, 3.0)


def test_nothing_is_chosen_for_an_upscaler_that_has_learned_with_none(model: Model, tiny_dataset: Dataset) -> None:
    plain = model.config.upscalers[0].model_copy(update={"reference_noise": 0.0})
    config = model.config.model_copy(update={"upscalers": (plain,)})
    bare = Model(config, build_denoiser(config).eval().requires_grad_(False), weights_digest="0" * 64)
    found = with_reference_noise(FOUND, bare, tiny_dataset)
    assert (found.reference_noise, found.sentence) == (0.0, FOUND.sentence)


def test_the_noise_is_what_the_upscaler_is_shown_and_told(
    model: Model, tiny_dataset: Dataset, monkeypatch: pytest.MonkeyPatch
) -> None:
    told = []
    references: Callable[..., Any] = reference_noise.references
    monkeypatch.setattr(
        reference_noise, "references", lambda *a, **k: (told.append(k["level"][0].item()), references(*a, **k))[1]
    )
    monkeypatch.setattr(reference_noise, "MOST_WORKS", BATCH)
    found = with_reference_noise(FOUND, model, tiny_dataset)
    assert found.reference_noise in LEVELS
    assert told == pytest.approx(LEVELS)


def test_a_run_is_calibrated_in_all_stages(
    begin: Callable[..., Any], monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    from sfumato.training import loop, train

    monkeypatch.setattr(loop, "batches_after", lambda settings, steps: 2)
    monkeypatch.setattr(reference_noise, "MOST_WORKS", BATCH)
    objective = {"kind": "cascade", "factors": (2,), "crop_side": 16, "crops": 2, "upscaler": UNET, "augmentation": 0.1}
    list(train(begin(size=16, network=UNET, objective=objective, steps=1, snapshots=0, evaluations=1)))
    made = Model.from_pretrained(tmp_path / "run")
    assert made.config.upscalers[0].generation.reference_noise in LEVELS
    assert "what is enlarged has noise of" in made.card


def test_time_is_kept_for_it_where_there_is_something_to_choose(model: Model) -> None:
    plain = model.config.upscalers[0].model_copy(update={"reference_noise": 0.0})
    assert share_of_time(model.config) == reference_noise.SHARE
    assert share_of_time(model.config.model_copy(update={"upscalers": (plain,)})) == 0
    assert share_of_time(model.config.base) == 0
