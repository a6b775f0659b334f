"""Learning to enlarge: what is shown, how its error counts, and a run from beginning to end."""

import math
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import torch
from torch import Tensor, nn

from sfumato.collection import Collection
from sfumato.dataset import Dataset, prepare
from sfumato.diffusion import LogNormal, PictureCondition, preconditioning
from sfumato.diffusion.enlarging import enlarged, reduced
from sfumato.errors import SfumatoError
from sfumato.models import Model, ModelConfig, build_denoiser
from sfumato.networks import UNetConfig
from sfumato.training import Run, prepare_run, resolve, suitable_size, train, upscaler
from sfumato.training.objectives import PICTURES, Upscaling, UpscalingConfig
from sfumato.training.objectives.upscaling import measure_detail
from sfumato.training.plan import plan

TINY: dict[str, Any] = {
    **upscaler(2),
    "size": 16,
    "network": UNetConfig(patch=2, channels=(8,), width=16, heads=1),
}


class Watched(nn.Module):
    """D that gives back its reference, and keeps what it was shown."""

    preconditioning = preconditioning("edm", 0.1)

    def __init__(self) -> None:
        super().__init__()
        self.seen: list[tuple[Tensor, Tensor, Tensor]] = []

    def forward(self, x: Tensor, sigma: Tensor, condition: PictureCondition) -> Tensor:
        self.seen.append((x, sigma, condition.picture))
        return condition.picture


def generator() -> torch.Generator:
    return torch.Generator().manual_seed(0)


def places(whole: Tensor, crop: Tensor) -> list[tuple[int, int]]:
    """Where a crop lies in a picture."""
    side = crop.shape[1]
    windows = whole.unfold(1, side, 1).unfold(2, side, 1)
    found = torch.isclose(windows, crop[:, None, None], atol=1e-6).all(-1).all(-1).all(0)
    return [tuple(place) for place in found.nonzero().tolist()]  # type: ignore[misc]


def test_each_picture_is_seen_in_one_crop_beside_its_small_form_of_the_same_place() -> None:
    images = torch.rand((6, 3, 32, 32), generator=generator()) * 2 - 1
    denoiser = Watched()
    objective = Upscaling(denoiser, LogNormal(math.log(1e-9), 1e-3), 2, 16)  # type: ignore[arg-type]
    losses = objective(images, torch.zeros(6), generator())
    ((x, sigma, condition),) = denoiser.seen
    assert x.shape == condition.shape == (6, 3, 16, 16)
    smooth = enlarged(reduced(images, 2), 2)
    found = [places(whole, crop) for whole, crop in zip(images, x, strict=True)]
    assert found == [places(whole, crop) for whole, crop in zip(smooth, condition, strict=True)]
    assert all(len(place) == 1 for place in found)
    assert len({place[0] for place in found}) > 3
    error = (x - condition).square().mean((1, 2, 3))
    assert torch.allclose(losses.total, denoiser.preconditioning.weight(sigma) * error, rtol=1e-3)


def test_noise_is_added_to_the_crop_and_not_to_its_reference() -> None:
    images = torch.full((64, 3, 32, 32), 0.2)
    denoiser = Watched()
    Upscaling(denoiser, LogNormal(math.log(0.3), 1e-3), 2, 16)(images, torch.zeros(64), generator())  # type: ignore[arg-type]
    ((x, _, condition),) = denoiser.seen
    assert torch.allclose(condition, torch.full_like(condition, 0.2), atol=1e-5)
    assert float((x - condition).std()) == pytest.approx(0.3, rel=0.02)


def test_the_same_generator_the_same_losses() -> None:
    images = torch.rand((4, 3, 32, 32), generator=generator())
    objective = Upscaling(Watched(), LogNormal(-2.0), 2, 16)  # type: ignore[arg-type]
    one, other = (objective.validation_loss(objective.denoiser, images, torch.zeros(4), generator()) for _ in range(2))
    assert torch.equal(one, other)


def test_noise_levels_follow_the_detail() -> None:
    """As those of whole pictures, whose deviation is 0.5: at the same levels in units of it, whatever the size."""
    wide, fine = (UpscalingConfig(factor=2, detail=detail) for detail in (0.5, 0.05))
    assert wide.density.mean == wide.noise_mean
    assert fine.density.mean == pytest.approx(wide.noise_mean - math.log(10))
    one, other = (config.sampling(resolve(TINY)) for config in (wide, fine))
    assert (one.sigma_min, one.sigma_max) == pytest.approx((10 * other.sigma_min, 10 * other.sigma_max))


def test_the_detail_of_a_data_set_is_what_its_pictures_lose(tiny_dataset: Dataset) -> None:
    images = tiny_dataset.images(tiny_dataset.train)
    lost = images - enlarged(reduced(images, 2), 2)
    assert measure_detail(tiny_dataset, 2) == pytest.approx(float(lost.square().mean().sqrt()))
    assert measure_detail(tiny_dataset, 4) > measure_detail(tiny_dataset, 2)


def test_the_noise_of_the_small_forms_counts_as_detail(tiny_dataset: Dataset) -> None:
    """What is denoised is a picture less its small form with noise of a level that is drawn evenly."""
    images, factor, most = tiny_dataset.images(tiny_dataset.train), 2, 0.3
    objective = Upscaling(Watched(), LogNormal(0.0), factor, 16, most)  # type: ignore[arg-type]
    squares = []
    for seed in range(20):
        _, noisy = objective.augmented(reduced(images, factor), torch.Generator().manual_seed(seed))
        squares.append((images - enlarged(noisy, factor)).square().mean())
    measured = float(torch.stack(squares).mean().sqrt())
    assert measure_detail(tiny_dataset, factor, most) == pytest.approx(measured, rel=0.03)
    assert measure_detail(tiny_dataset, factor, most) > 1.1 * measure_detail(tiny_dataset, factor)


def test_a_run_makes_an_upscaler(begin: Callable[..., Run], tiny_dataset: Dataset) -> None:
    run = begin(**{**TINY, "objective": {**TINY["objective"], "augmentation": 0.2}}, snapshots=2)
    objective = run.record.settings.objective
    assert objective.detail == measure_detail(tiny_dataset, 2, 0.2)
    assert run.record.plan.startswith("unet, 0.0 M parameters, 16 px to 32 px, batch 4")
    list(train(run))
    model = Model.from_pretrained(run.path)
    assert (model.config.objective, model.config.factor, model.config.size) == ("upscaling", 2, 16)
    assert model.config.sigma_data == run.record.settings.objective.detail
    assert model.config.classes == ()
    assert model.config.has_early
    assert model.early.keys() == model.denoiser.weights().keys()
    assert (model.config.generation.guidance_kind, model.config.generation.guidance) == ("autoguidance", 1)
    assert "Makes | pictures 2 times as large, in windows of 16 x 16 pixels" in model.card
    assert "sfumato upscale" in model.card
    assert "pipeline_tag: image-to-image" in model.card
    sheets = sorted((run.path / "snapshots").glob("*.png"))
    assert len(sheets) == 2
    assert len(Upscaling(model.denoiser, LogNormal(0.0), 2, 16).snapshot(model, tiny_dataset, 0, "float32")) <= PICTURES


def test_a_closed_run_goes_on_as_if_it_had_not_been(begin: Callable[..., Run]) -> None:
    whole, parted = begin("whole", **TINY), begin("parted", **TINY)
    list(train(whole))
    events = train(parted)
    for _ in range(9):
        next(events)
    events.close()  # type: ignore[attr-defined]
    list(train(parted))
    assert (whole.model / "model.safetensors").read_bytes() == (parted.model / "model.safetensors").read_bytes()


def test_what_does_not_go_together_is_one_sentence(
    begin: Callable[..., Run], tiny_dataset: Dataset, tmp_path: Path
) -> None:
    with pytest.raises(SfumatoError, match="its pictures have 32 pixels a side, and the settings ask for 64"):
        begin(**{**TINY, "size": 32})
    with pytest.raises(SfumatoError, match="the factor is 1; it is 2 or more for an upscaler"):
        resolve({"objective": "upscaling"})
    run = begin("first", **TINY, steps=1, evaluations=1)
    list(train(run))
    with pytest.raises(SfumatoError, match="learned upscaling, and a student learns denoising alone"):
        prepare_run(
            tmp_path / "other", tiny_dataset, {"objective": "distillation", "steps": 2}, weights_from=str(run.path)
        )


def test_the_plan_measures_crops_of_whole_pictures_with_a_network_of_its_own() -> None:
    made = plan({**upscaler(2), "size": 32, "steps": 3}, classes=4, pictures=10, device=torch.device("cpu"))
    assert made.settings.network.kind == "unet"
    assert "32 px to 64 px" in made.sentence


@pytest.mark.parametrize(
    ("sides", "minutes", "factor", "size"), [([300] * 9, 2, 4, 64), ([200] * 9, 60, 4, 32), ([200] * 9, 2, 2, 64)]
)
def test_the_size_follows_the_pictures(sides: list[int], minutes: float, factor: int, size: int) -> None:
    assert suitable_size(sides, minutes, factor) == size


def test_large_pictures_can_be_prepared(tiny_collection: Collection, tmp_path: Path) -> None:
    with pytest.raises(SfumatoError, match="0 pictures of 512 pixels or more"):
        list(prepare(tiny_collection, tmp_path / "large", size=512, workers=1))


def test_a_factor_that_does_not_divide_the_size(tiny_collection: Collection, tmp_path: Path) -> None:
    list(prepare(tiny_collection, tmp_path / "dataset", size=32, workers=1))
    network = UNetConfig(patch=1, channels=(8,), width=16, heads=1)
    objective = Upscaling(Watched(), LogNormal(0.0), 4, 6)  # type: ignore[arg-type]
    config = ModelConfig(
        size=6, factor=4, begins_with="reference", network=network, generation={"steps": 2, "guidance": 1.0}
    )
    model = Model(config, build_denoiser(config), weights_digest="0" * 64)
    pictures = objective.snapshot(model, Dataset.open(tmp_path / "dataset"), 0, "float32")
    assert {picture.size for picture in pictures} == {(8, 8)}
