"""A model's own sampler is set to what makes works like the pictures, in a part of the time that is left for it."""

from collections.abc import Callable
from typing import Any

import pytest
import torch
from torch import Tensor

from sfumato.dataset import Dataset
from sfumato.models import Model, ModelConfig, SamplerSettings, build_denoiser
from sfumato.networks import UNetConfig
from sfumato.training import Run, calibration, train
from sfumato.training.calibration import Statistics, calibrate, pictures_of, works_each
from sfumato.training.events import Event

NETWORK = UNetConfig(patch=2, channels=(8,), blocks=1, width=16, depth=1, heads=1)


def noise(count: int, deviation: float = 0.2, seed: int = 0) -> Tensor:
    """Pictures of grey noise, of contrasts between none and twice the deviation."""
    generator = torch.Generator().manual_seed(seed)
    contrast = 2 * deviation * (torch.arange(count) + 0.5).view(-1, 1, 1, 1) / count
    return (contrast * torch.randn(count, 1, 16, 16, generator=generator)).expand(-1, 3, -1, -1)


@pytest.fixture
def model() -> Model:
    config = ModelConfig(name="tiny", size=64, network=NETWORK, sfumato_version="0.1.0")
    return Model(config, build_denoiser(config), {}, "", "0" * 64)


@pytest.fixture
def tried(monkeypatch: pytest.MonkeyPatch) -> Callable[..., list[tuple[SamplerSettings, int, int]]]:
    """tried(settings -> contrast of the works made with them): settings, number and first of all that are made."""

    def record(contrast: Callable[[SamplerSettings], float]) -> list[tuple[SamplerSettings, int, int]]:
        made: list[tuple[SamplerSettings, int, int]] = []

        def works(model: Model, settings: SamplerSettings, count: int, first: int) -> Tensor:
            made.append((settings, count, first))
            return noise(count, contrast(settings), seed=1)

        monkeypatch.setattr(calibration, "_works", works)
        return made

    return record


def test_a_set_is_at_no_distance_from_itself_and_a_lighter_one_is_lighter_by_so_much() -> None:
    pictures = noise(200)
    one = Statistics.of(pictures)
    assert one.distance(one) == 0
    # Lightness is one of six; the others do not change when all pictures are lighter by as much.
    lighter = Statistics.of(pictures + 0.1)
    assert one.distance(lighter) == pytest.approx(12.75 / one.of_each[4].std().item() / 6, rel=1e-3)


def test_a_checkerboard_has_the_energy_of_its_steps() -> None:
    board = (torch.arange(16)[:, None] + torch.arange(16)[None]) % 2
    levels = Statistics.of((20 / 127.5 * board).expand(1, 3, 16, 16)).of_each[:, 0]
    # 20 levels from each pixel to the next, down and across; nothing is left of it at half size.
    assert levels[0] == pytest.approx(torch.tensor(2 * 20.0**2 + 1).log().item())
    assert levels[1:4] == pytest.approx(torch.zeros(3).double(), abs=1e-6)
    assert levels[4] == pytest.approx(10)


def test_empty_works_count() -> None:
    pictures = noise(200)
    one = Statistics.of(pictures)
    emptied = pictures.clone()
    emptied[:40] = 0  # 20 per cent, of which 2 are as empty as the emptiest pictures
    assert one.distance(Statistics.of(emptied)) > 3 * 0.17


@pytest.mark.parametrize("best", [0, 1, 2])
def test_the_settings_whose_works_are_like_the_pictures_are_found(model: Model, tried: Any, best: int) -> None:
    own = model.config.generation
    all_settings = [own, *(own.model_copy(update={"noise_high": 4.0, "sharpness": sharp}) for sharp in (0.015, 0.03))]
    made = tried(lambda settings: 0.2 if settings == all_settings[best] else 0.3)
    found = calibrate(model, noise(300), 96)
    assert found.settings == all_settings[best]
    fresh = "up to sigma 4" if best else "at all levels"
    assert found.sentence == (
        f"sharpness {all_settings[best].sharpness:g} and fresh noise {fresh}: so works came nearest to the pictures in "
        "detail, colour, lightness and contrast, of 3 settings with 96 works each"
    )
    # In turn, of the same noises, so that all have equally many whenever the time is over.
    assert made == [(settings, 32, first) for first in (0, 32, 64) for settings in all_settings]


def test_there_are_as_many_works_as_there_is_time_for(
    model: Model, tried: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    now = [0.0]
    made = tried(lambda settings: 0.2)
    counted = calibration._works

    def slow(*given: Any) -> Tensor:
        now[0] += 1.0
        return counted(*given)

    monkeypatch.setattr(calibration, "_works", slow)
    calibrate(model, noise(300), 384, lambda: 10.0 - now[0])
    assert len(made) == 9  # three seconds each time, and one is left
    assert now[0] <= 10
    made.clear()
    calibrate(model, noise(300), 384, lambda: -5.0)
    assert len(made) == 3  # once, or there would be nothing to choose by


def test_a_training_is_worth_so_many_works() -> None:
    assert [works_each(shown) for shown in (0, 6_000, 6_144, 41_000, 10**7)] == [0, 0, 32, 208, 384]


def test_pictures_are_as_common_in_their_classes_as_works(tiny_dataset: Dataset) -> None:
    shares = (1.0, *(0.0 for _ in tiny_dataset.classes[1:]))
    pictures = pictures_of(tiny_dataset, shares, tiny_dataset.labels)
    of_class = tiny_dataset.images(torch.nonzero(tiny_dataset.labels == 0).flatten())
    assert pictures.shape == (len(tiny_dataset), 3, 32, 32)
    assert all(any(torch.equal(picture, one) for one in of_class) for picture in pictures)
    everything = pictures_of(tiny_dataset, (), tiny_dataset.labels)
    assert sorted(map(float, everything.mean((1, 2, 3)))) == pytest.approx(
        sorted(map(float, tiny_dataset.images(torch.arange(len(tiny_dataset))).mean((1, 2, 3))))
    )


def test_a_run_ends_with_it_in_the_share_of_its_time(
    timed: Callable[..., Run], passing_time: Callable[..., Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    clock = passing_time(lambda step: 1.0)
    monkeypatch.setattr(calibration, "SHOWN_A_WORK", 1)
    made: list[int] = []

    def works(model: Model, settings: SamplerSettings, count: int, first: int) -> Tensor:
        clock.now += 1.5
        made.append(count)
        return pictures if settings.sharpness == 0.03 else noise(count, 0.4)

    monkeypatch.setattr(calibration, "_works", works)
    run = timed(200 / 60, 200, checkpoint_every=200, evaluations=4)
    dataset = run.open_dataset()
    pictures = pictures_of(dataset, (), dataset.labels)
    *_, finished = train(run)
    # Ten of the 200 seconds are for it: twice three times one and a half.
    assert made == [32] * 6
    assert finished.step == pytest.approx(188, abs=2)
    assert finished.elapsed_seconds == pytest.approx(197, abs=2)
    model = Model.from_pretrained(run.path)
    assert model.config.has_early
    assert (model.config.generation.sharpness, model.config.generation.noise_high) == (0.03, 2.0)
    assert "| Sampling | sharpness 0.03 and fresh noise up to sigma 2: " in model.card


def test_a_run_of_steps_is_calibrated_with_as_many_works_as_it_is_worth(
    begin: Callable[..., Run], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(calibration, "SHOWN_A_WORK", 1)
    run = begin(steps=12, evaluations=1)
    list(train(run))
    settings = Model.from_pretrained(run.path).config.generation
    again = begin("again", steps=12, evaluations=1)
    list(train(again))
    assert Model.from_pretrained(again.path).config.generation == settings
    assert f"of 3 settings with {works_each(12 * run.record.settings.batch)} works each" in (
        run.model / "README.md"
    ).read_text("utf-8")


def test_a_short_run_has_what_is_usual(trained: tuple[Run, list[Event]]) -> None:
    run, _ = trained
    model = Model.from_pretrained(run.path)
    assert model.config.generation.noise_high == SamplerSettings().noise_high
    assert "Sampling" not in model.card
