"""Learning small pictures and their enlargement at once: what each part is shown, and a run from beginning to end."""

import itertools
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import torch
from torch import Tensor

from sfumato.collection import Collection
from sfumato.dataset import Dataset, prepare
from sfumato.diffusion.enlarging import enlarged, reduced
from sfumato.errors import SfumatoError
from sfumato.models import Generation, Model
from sfumato.networks import UNetConfig
from sfumato.policy.policy import Policy
from sfumato.random import keyed_generator
from sfumato.training import Run, TrainingConfig, prepare_run, resolve, train
from sfumato.training.cascade_examples import CascadeExamples, smaller_datasets
from sfumato.training.conditions import class_conditions
from sfumato.training.events import Trained
from sfumato.training.objectives import Cascading
from sfumato.training.objectives.cascade import MADE_FROM, CascadeConfig
from sfumato.training.objectives.upscaling import UpscalingConfig, measure_detail, measure_details

TINY_UNET = UNetConfig(patch=2, channels=(8,), blocks=1, width=16, depth=1, heads=1)
CPU = torch.device("cpu")


def tiny(factors: tuple[int, ...] = (2,), **objective: Any) -> dict[str, Any]:
    """Settings of a cascade of tiny networks."""
    own = {"crop_side": 16, "crops": 6, "upscaler": TINY_UNET, "augmentation": 0.2, "made": 0.5, **objective}
    return {"size": 16, "network": TINY_UNET, "objective": {"kind": "cascade", "factors": factors, **own}}


@pytest.fixture(scope="module")
def strips(tiny_collection: Collection, tmp_path_factory: pytest.TempPathFactory) -> Dataset:
    """Pictures that are longer on one side, from which squares are cut at random."""
    place = tmp_path_factory.mktemp("strips") / "dataset"
    list(prepare(tiny_collection, place, size=32, crop="random", workers=1))
    return Dataset.open(place)


def examples(dataset: Dataset, settings: TrainingConfig) -> CascadeExamples:
    return CascadeExamples(dataset, class_conditions(dataset), settings, CPU)


def places(whole: Tensor, crop: Tensor, tolerance: float) -> list[tuple[int, int]]:
    """Where a crop lies in a picture."""
    side = crop.shape[1]
    windows = whole.unfold(1, side, 1).unfold(2, side, 1)
    apart = (windows - crop[:, None, None]).abs().mean((0, 3, 4))
    return [tuple(place) for place in (apart < tolerance).nonzero().tolist()]  # type: ignore[misc]


@pytest.mark.parametrize("factors", [(2,), (2, 2)])
def test_crops_and_what_is_enlarged_show_the_same_place_of_the_pictures_of_the_batch(
    strips: Dataset, factors: tuple[int, ...]
) -> None:
    settings = resolve(tiny(factors), {"size": 32 // 2 ** len(factors), "batch": 8})
    shown = examples(strips, settings)
    batch, _ = shown.batch(3)
    windows = shown.small.batches.windows(3)
    assert batch.small.shape == (8, 3, settings.size, settings.size)
    assert windows.flip.any() and not windows.flip.all()
    for number, crops in enumerate(batch.crops):
        factor, scale = factors[number], 2**number
        size = settings.size * scale
        for place, index in enumerate(crops.pictures.tolist()):
            top, left = (int(part[index]) * scale for part in (windows.top, windows.left))
            levels = shown.levels[number], shown.levels[number + 1]
            squares = []
            for level, (data, times) in enumerate(zip(levels, (1, factor), strict=True)):
                first, height, width = (
                    int(part[windows.pictures[index]]) for part in (data.offsets, data.heights, data.widths)
                )
                whole = data.pixels[first : first + height * width].view(height, width, 3).permute(2, 0, 1)
                square = whole[:, top * times : (top + size) * times, left * times : (left + size) * times]
                square = square.flip(2) if windows.flip[index] else square
                squares.append(square / 127.5 - 1)
                assert square.shape[1:] == (size * times, size * times), level
            small, large = squares
            start, inside = crops.start[place], crops.inside[place]
            assert tuple(start.tolist()) in places(small, crops.small[place], 1e-6)
            at = tuple(((start + inside) * factor).tolist())
            assert at in places(large, crops.clean[place], 1e-6)
            # What is cut out of the enlarged part is what the whole enlarged picture has there, to its edges.
            part = enlarged(crops.small[place][None], factor)[0]
            whole = enlarged(small[None], factor)[0]
            side, cut = crops.clean.shape[2], (inside * factor).tolist()
            theirs = whole[:, at[0] : at[0] + side, at[1] : at[1] + side]
            assert torch.allclose(part[:, cut[0] : cut[0] + side, cut[1] : cut[1] + side], theirs, atol=1e-5)


def test_the_small_pictures_are_the_reduced_ones(strips: Dataset) -> None:
    (small,) = smaller_datasets(strips, [2])
    assert small.size == 16
    first, height, width = (int(part[5]) for part in (strips.offsets, strips.heights, strips.widths))
    whole = strips.pixels[first : first + height * width].view(height, width, 3).permute(2, 0, 1)[None] / 127.5 - 1
    first, height, width = (int(part[5]) for part in (small.offsets, small.heights, small.widths))
    own = small.pixels[first : first + height * width].view(height, width, 3).permute(2, 0, 1)[None] / 127.5 - 1
    whole = whole[:, :, : 2 * height, : 2 * width]
    assert torch.allclose(own, reduced(whole, 2).clamp(-1, 1), atol=1 / 127)


def objective_of(settings: TrainingConfig) -> Cascading:
    torch.manual_seed(0)
    objective = settings.build_objective(5)
    assert isinstance(objective, Cascading)
    return objective


def test_the_loss_is_that_of_all_parts_which_share_no_weight(tiny_dataset: Dataset) -> None:
    settings = resolve(tiny((2,), made=0.0), {"batch": 6})
    objective = objective_of(settings)
    batch, condition = examples(tiny_dataset, settings).batch(0)
    losses = objective(batch, condition, keyed_generator("a"))
    assert set(losses.parts) == {"base", "upscaler"}
    assert torch.allclose(losses.total, losses.parts["base"] + losses.parts["upscaler"])
    losses.parts["base"].mean().backward(retain_graph=True)
    networks = objective.denoiser.networks()
    assert any(p.grad is not None for p in networks[""].parameters())
    assert all(p.grad is None for p in networks["upscalers.0."].parameters())
    losses.total.mean().backward()
    assert all(p.grad is not None for p in objective.parameters())
    names = [name for name, _ in objective.named_parameters()]
    assert len(names) == len(set(map(id, objective.parameters())))


def test_part_of_what_is_enlarged_was_made_by_the_average_once_it_knows_something(tiny_dataset: Dataset) -> None:
    settings = resolve(tiny((2,), made=0.5, augmentation=0.0), {"batch": 6})
    objective = objective_of(settings)
    batch, condition = examples(tiny_dataset, settings).batch(0)

    class Grey(torch.nn.Module):
        def forward(self, x: Tensor, sigma: float, condition: object) -> Tensor:
            return torch.full_like(x, 0.25)

    objective.begin_step(MADE_FROM, Grey())  # type: ignore[arg-type]
    made = objective._with_made(batch, condition, keyed_generator("a"))
    assert torch.equal(made[:3], batch.crops[0].small[:3])
    assert torch.allclose(made[3:], torch.full_like(made[3:], 0.25))
    seen: list[Tensor] = []
    stage = objective.__dict__["stages"][0]
    stage.augmented = lambda small, generator: (seen.append(small), (torch.zeros(len(small)), small))[1]
    for progress in (MADE_FROM, MADE_FROM / 2):
        objective.begin_step(progress, Grey())  # type: ignore[arg-type]
        objective(batch, condition, keyed_generator("a"))
    assert torch.allclose(seen[0], made)
    assert torch.equal(seen[1], batch.crops[0].small)


def test_each_upscaler_has_the_detail_that_one_alone_would_measure(tiny_dataset: Dataset) -> None:
    (two,) = measure_details(tiny_dataset, (2,), 0.25)
    assert two == pytest.approx(measure_detail(tiny_dataset, 2, 0.25))
    first, second = measure_details(tiny_dataset, (2, 2), 0.0)
    assert second == pytest.approx(measure_detail(tiny_dataset, 2))
    assert first != pytest.approx(second, rel=0.01)


def test_upscalers_see_as_much_noise_as_those_alone_whatever_the_small_pictures_do() -> None:
    settings = resolve({}, tiny(noise_mean=-3.0, noise_std=0.5))
    (stage,) = settings.objective.stages(settings)
    assert isinstance(stage.objective, UpscalingConfig)
    alone = UpscalingConfig()
    assert (stage.objective.noise_mean, stage.objective.noise_std) == (alone.noise_mean, alone.noise_std) == (-0.9, 1.3)


def test_a_run_makes_one_model_of_all_stages(begin: Callable[..., Run], tiny_dataset: Dataset) -> None:
    run = begin(**tiny(), snapshots=1)
    assert "unet, 0.0 M parameters, 16 px, and 1 upscaler by 2 to 32 px" in run.record.plan
    steps = [event for event in train(run) if isinstance(event, Trained)]
    assert [name for name, _ in steps[0].parts] == ["base", "upscaler"]
    model = Model.from_pretrained(run.path)
    assert (model.config.size, model.config.side, model.config.objective) == (16, 32, "cascade")
    (upscaler,) = model.config.upscalers
    objective = run.record.settings.objective
    assert isinstance(objective, CascadeConfig)
    assert upscaler.sigma_data == objective.details[0]
    assert upscaler.reference_noise == objective.augmentation > 0
    assert Generation.of(model, policy=Policy.none(), steps=2).work().image.size == (32, 32)
    assert model.early.keys() == model.denoiser.weights().keys()
    assert upscaler.has_early
    assert (upscaler.generation.guidance_kind, upscaler.generation.guidance) == ("autoguidance", 1)


def test_a_closed_run_goes_on_as_if_it_had_not_been(begin: Callable[..., Run]) -> None:
    whole, parted = (begin(name, **tiny((2,), crops=4), steps=8, snapshots=0) for name in ("whole", "parted"))
    list(train(whole))
    for stop in (3, 4):  # before the base makes pictures, and after
        events = train(parted)
        for _ in itertools.islice((event for event in events if isinstance(event, Trained)), stop):
            pass
        events.close()  # type: ignore[attr-defined]
    list(train(parted))
    assert (whole.model / "model.safetensors").read_bytes() == (parted.model / "model.safetensors").read_bytes()


def test_further_training_begins_with_the_weights_of_all_stages(
    begin: Callable[..., Run], tiny_dataset: Dataset, tiny_settings: dict[str, Any], tmp_path: Path
) -> None:
    first = begin("first", **tiny(), steps=2, snapshots=0)
    list(train(first))
    settings = {**tiny_settings, **tiny(), "steps": 1, "snapshots": 0, "learning_rate": 1e-12}
    second = prepare_run(tmp_path / "second", tiny_dataset, settings, weights_from=str(first.path))[0]
    assert second.record.settings.objective == first.record.settings.objective
    list(train(second))
    ours, theirs = (Model.from_pretrained(run.path).denoiser.weights() for run in (second, first))
    assert any(name.startswith("upscalers.0.") for name in theirs)
    near = [torch.allclose(ours[name], theirs[name], atol=1e-6) for name in theirs if name.endswith("bias")]
    assert near and all(near)
    with pytest.raises(SfumatoError, match="makes its works in stages"):
        prepare_run(
            tmp_path / "student", tiny_dataset, {"objective": "distillation", "size": 32}, weights_from=str(first.path)
        )


@pytest.mark.parametrize(
    ("settings", "said"),
    [
        ({"details": (0.1, 0.2)}, "there is 1 factor and 2 details"),
        ({"crop_side": 9, "factors": (5,)}, "needs crops of 20 pixels"),
    ],
)
def test_what_does_not_go_together_is_one_sentence(settings: dict[str, Any], said: str) -> None:
    with pytest.raises(SfumatoError, match=said):
        resolve(tiny(**settings))
