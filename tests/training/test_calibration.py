"""A model's guidance and sampler are set to what makes works like the pictures, in a part of the time that is left."""

from collections import Counter
from collections.abc import Callable
from dataclasses import replace
from types import SimpleNamespace
from typing import Any

import pytest
import torch
from torch import Tensor

from sfumato.dataset import Dataset
from sfumato.models import Model, ModelConfig, SamplerSettings, build_denoiser
from sfumato.models.emptiness import EMPTY, empty_below, energies
from sfumato.networks import UNetConfig
from sfumato.training import Run, TrainingConfig, calibration, train
from sfumato.training.calibration import (
    GUIDANCES,
    Candidate,
    batches_after,
    calibrate,
    pairs,
    pictures_of,
    sharper,
    with_less_contrast,
)
from sfumato.training.cascade_examples import smaller_datasets
from sfumato.training.conditions import labels_among
from sfumato.training.events import Event
from sfumato.training.statistics import Statistics
from sfumato.training.writer import guided_early

NETWORK = UNetConfig(patch=2, channels=(8,), blocks=1, width=16, depth=1, heads=1)
SHARES = (0.25, 0.12, 0.06, 0.03)


def noise(count: int, deviation: float = 0.2, seed: int = 0) -> Tensor:
    """Pictures of grey noise, of contrasts between none and twice the deviation."""
    generator = torch.Generator().manual_seed(seed)
    contrast = 2 * deviation * (torch.arange(count) + 0.5).view(-1, 1, 1, 1) / count
    return (contrast * torch.randn(count, 1, 16, 16, generator=generator)).expand(-1, 3, -1, -1)


@pytest.fixture
def models() -> dict[float | None, Model]:
    config = ModelConfig(name="tiny", size=64, network=NETWORK, has_early=True, sfumato_version="0.1.0")
    config = config.model_copy(update={"generation": guided_early(config.generation, 64)})
    model = Model(config, build_denoiser(config), {}, "", "0" * 64)

    def guided(share: float) -> ModelConfig:
        return config.model_copy(update={"generation": guided_early(config.generation, 64, share)})

    return {share: replace(model, config=guided(share), early={"of": torch.tensor(share)}) for share in SHARES}


@pytest.fixture
def pictures() -> Statistics:
    return Statistics.of(noise(300))


Made = list[tuple[Candidate, int, int]]


@pytest.fixture
def tried(monkeypatch: pytest.MonkeyPatch) -> Callable[..., Made]:
    """tried(candidate -> contrast of the works made with it, what to do first): all that are made, in turn."""

    def record(contrast: Callable[[Candidate], float], before: Callable[[], None] = lambda: None) -> Made:
        made: Made = []

        def works(model: Model, settings: SamplerSettings, count: int, first: int) -> Tensor:
            before()
            candidate = Candidate(round(model.early["of"].item(), 2), settings)
            made.append((candidate, count, first))
            return noise(count, contrast(candidate), seed=1 + first)

        monkeypatch.setattr(calibration, "_works", works)
        return made

    return record


def test_each_guidance_is_tried_with_each_average_and_the_usual_pair_first(models: Any) -> None:
    candidates = pairs(models)
    assert candidates[0] == Candidate(0.25, models[0.25].config.generation)
    tried = [(one.early_share, one.settings.guidance) for one in candidates]
    assert sorted(tried) == sorted((share, guidance) for share in SHARES for guidance in GUIDANCES)
    # The earlier the average, the less guidance: what comes first by each, and what last.
    assert [next(guidance for share, guidance in tried[1:] if share == each) for each in SHARES] == [3, 2, 1.5, 1.5]
    assert tried[-1] == (0.03, 4)


def test_what_nothing_can_guide_is_tried_without() -> None:
    config = ModelConfig(name="tiny", size=32, network=NETWORK, sfumato_version="0.1.0")
    model = Model(config, build_denoiser(config), {}, "", "0" * 64)
    assert pairs({None: model}) == [Candidate(None, config.generation)]


@pytest.mark.parametrize("share, guidance", [(0.25, 2.0), (0.06, 1.5), (0.03, 4.0)])
def test_the_pair_whose_works_are_like_the_pictures_is_found(
    models: Any, pictures: Statistics, tried: Any, share: float, guidance: float
) -> None:
    def contrast(candidate: Candidate) -> float:
        return 0.2 + 0.1 * abs(candidate.early_share - share) + 0.02 * abs(candidate.settings.guidance - guidance)

    made = tried(contrast)
    found = calibrate(models, pictures, 100)
    assert found is not None
    assert (found.early_share, found.settings.guidance) == (share, guidance)
    # All begin with the same works, and the best have eight times as many as the worst.
    counts = Counter(candidate for candidate, _, _ in made)
    worse = (len(with_less_contrast(made[0][0], models[0.25])) + len(sharper(made[0][0]))) // 2
    assert sorted(Counter(counts.values()).items())[:2] == [(1, 8), (2, 4 + worse)]
    firsts: dict[Candidate, list[int]] = {}
    for candidate, count, first in made:
        assert count == 16
        firsts.setdefault(candidate, []).append(first)
    assert all(each == [16 * number for number in range(len(each))] for each in firsts.values())
    said = f"of {len(counts)} settings with {16 * len(made)} works in all"
    assert found.sentence.startswith(f"guidance {guidance:g} by the weights of {share:.0%} of the run, sharpness 0")
    least = 1 + (5 * share) ** 0.5
    assert (
        f"{said}; below sigma 0.8 guidance {max(guidance, round(least, 2)):g}, sharpness 0 and no fresh"
        in found.sentence
    )


def test_other_settings_are_tried_with_the_pair_that_was_found(models: Any, pictures: Statistics, tried: Any) -> None:
    pair, model = pairs(models)[5], models[0.25]
    crisp = sharper(pair)[1]
    wanted = with_less_contrast(crisp, model)[0]
    near = {wanted: 0.2, crisp: 0.22, pair: 0.25}
    made = tried(lambda one: near.get(one, 0.4))
    found = calibrate(models, pictures, 100)
    assert found is not None
    assert (found.early_share, found.settings) == (wanted.early_share, wanted.settings)
    assert found.settings.guidance_contrast == 0.5
    assert "50% of it in contrast, sharpness" in found.sentence
    assert {one for one, _, _ in made} == {*pairs(models), *sharper(pair), *with_less_contrast(crisp, model)}


def test_contrast_is_not_tried_where_nothing_guides() -> None:
    config = ModelConfig(name="tiny", size=32, network=NETWORK, sfumato_version="0.1.0")
    model = Model(config, build_denoiser(config), {}, "", "0" * 64)
    assert with_less_contrast(Candidate(None, config.generation), model) == []


@pytest.mark.parametrize("limit", [0.5, 1.0, 5.0, 20.0, 60.0])
def test_the_time_is_kept(models: Any, pictures: Statistics, tried: Any, limit: float) -> None:
    now = [0.0]
    made = tried(lambda one: 0.2, lambda: now.__setitem__(0, now[0] + 0.9))
    found = calibrate(models, pictures, 160, lambda: limit - now[0])
    # Nobody knows how long the first takes; more steps take longer in proportion, which this clock does not know.
    assert now[0] <= max(limit, 0.9) + 1e-9
    assert found is not None
    assert now[0] > 0.5 * limit or len({one for one, _, _ in made}) >= 16
    before = len(made)
    assert calibrate(models, pictures, 160, lambda: -1.0) is None
    assert len(made) == before


def test_a_short_training_is_not_calibrated() -> None:
    settings = TrainingConfig(batch=100)
    assert [batches_after(settings, steps) for steps in (0, 127, 128, 410, 10**6)] == [0, 0, 8, 25, 160]


def test_pictures_are_as_common_in_their_classes_as_works(tiny_dataset: Dataset) -> None:
    shares = (1.0, *(0.0 for _ in tiny_dataset.classes[1:]))
    pictures = torch.cat(list(pictures_of(tiny_dataset, shares, tiny_dataset.labels)))
    of_class = tiny_dataset.images(torch.nonzero(tiny_dataset.labels == 0).flatten())
    assert pictures.shape == (len(tiny_dataset), 3, 32, 32)
    assert all(any(torch.equal(picture, one) for one in of_class) for picture in pictures)
    everything = torch.cat(list(pictures_of(tiny_dataset, (), tiny_dataset.labels)))
    assert sorted(map(float, everything.mean((1, 2, 3)))) == pytest.approx(
        sorted(map(float, tiny_dataset.images(torch.arange(len(tiny_dataset))).mean((1, 2, 3))))
    )


def test_held_out_pictures_are_compared_with_where_they_are_enough_and_fewer_large_ones() -> None:
    asked: list[int] = []

    def dataset(held_out: int, size: int) -> Any:
        return SimpleNamespace(
            held_out=torch.arange(held_out), size=size, __len__=None,
            images=lambda places: asked.extend(places.tolist()) or torch.zeros(len(places), 3, 1, 1),
        )  # fmt: skip

    class Known(SimpleNamespace):
        def __len__(self) -> int:
            return 3000

    for held_out, size, most, count in ((400, 32, 400, 400), (255, 32, 3000, 1024), (2000, 256, 2000, 256)):
        asked.clear()
        given = Known(**vars(dataset(held_out, size)))
        parts = list(pictures_of(given, (), torch.zeros(3000)))
        assert max(map(len, parts)) <= 128
        assert len(set(asked)) == len(asked) == count
        assert max(asked) < most
        assert (max(asked) > held_out) == (most > held_out)


def test_a_run_ends_with_it_in_the_share_of_its_time(
    timed: Callable[..., Run], passing_time: Callable[..., Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    clock = passing_time(lambda step: 1.0)
    monkeypatch.setattr(calibration, "SHOWN_A_BATCH", 1)
    made: list[float] = []

    def works(model: Model, settings: SamplerSettings, count: int, first: int) -> Tensor:
        clock.now += 0.7
        made.append(settings.guidance)
        return pictures[:count] if settings.guidance == 1.5 else noise(count, 0.9)

    monkeypatch.setattr(calibration, "_works", works)
    run = timed(200 / 60, 200, checkpoint_every=200, evaluations=4)
    dataset = run.open_dataset()
    pictures = torch.cat(list(pictures_of(dataset, (), dataset.labels)))
    *_, finished = train(run)
    # Ten of the 200 seconds are for it.
    assert len(made) == 14
    assert finished.step == pytest.approx(188, abs=2)
    assert finished.elapsed_seconds == pytest.approx(198, abs=2)
    model = Model.from_pretrained(run.path)
    assert model.config.has_early
    assert model.config.generation.guidance == 1.5
    assert "| Sampling | guidance 1.5 by the weights of " in model.card


def test_the_weights_that_were_found_are_those_that_guide(
    begin: Callable[..., Run], monkeypatch: pytest.MonkeyPatch
) -> None:
    run = begin(steps=12, evaluations=1, early=(0.1, 0.5), checkpoint_every=12)
    dataset = run.open_dataset()
    pictures = torch.cat(list(pictures_of(dataset, (), dataset.labels)))
    kept: list[dict[str, Tensor]] = []

    def works(model: Model, settings: SamplerSettings, count: int, first: int) -> Tensor:
        if not any(model.early is one for one in kept):
            kept.append(model.early)
        return pictures[:count] if model.early is kept[-1] and len(kept) > 1 else noise(count, 0.9)

    monkeypatch.setattr(calibration, "SHOWN_A_BATCH", 1)
    monkeypatch.setattr(calibration, "_works", works)
    list(train(run))
    model = Model.from_pretrained(run.path)
    assert "by the weights of 50% of the run" in model.card  # 10 is nearer to a quarter, and comes first
    assert all(torch.equal(value, kept[1][name]) for name, value in model.early.items())
    assert not all(torch.equal(value, kept[0][name]) for name, value in model.early.items())


def test_runs_of_as_many_steps_are_calibrated_alike(begin: Callable[..., Run], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(calibration, "SHOWN_A_BATCH", 16)
    monkeypatch.setattr(calibration, "FEWEST_BATCHES", 3)
    models = []
    for name in ("run", "again"):
        run = begin(name, steps=12, evaluations=1)
        list(train(run))
        models.append(Model.from_pretrained(run.path))
        assert "Sampling" in models[-1].card
    assert models[0].config.generation == models[1].config.generation
    assert all(torch.equal(value, models[1].early[name]) for name, value in models[0].early.items())


def test_a_short_run_has_what_is_usual(trained: tuple[Run, list[Event]]) -> None:
    run, _ = trained
    model = Model.from_pretrained(run.path)
    assert model.config.generation.noise_high == SamplerSettings().noise_high
    assert model.config.generation.guidance == 2
    assert "Sampling" not in model.card


def test_a_model_knows_how_empty_its_pictures_are(trained: tuple[Run, list[Event]], begin: Callable[..., Run]) -> None:
    run, _ = trained
    dataset, config = run.open_dataset(), Model.from_pretrained(run.path).config
    labels = labels_among(config.classes, dataset, config.name)
    pictures = torch.cat(list(pictures_of(dataset, config.class_shares, labels)))
    assert config.empty_below == pytest.approx(torch.quantile(energies(pictures), EMPTY).item(), abs=1e-3)
    # A cascade knows it of its small pictures, and an upscaler has no pictures of its own to know it of.
    objective = {"kind": "cascade", "factors": [2]}
    cascade = begin("cascade", size=16, network=NETWORK, objective=objective, steps=1, snapshots=0, evaluations=1)
    list(train(cascade))
    config = Model.from_pretrained(cascade.path).config
    small = smaller_datasets(cascade.open_dataset(), [2])[0]
    assert config.empty_below == pytest.approx(empty_below(pictures_of(small, config.class_shares, labels)), abs=1e-3)
    assert config.upscalers[0].empty_below is None
    objective = {"kind": "upscaling", "factor": 2}
    upscaler = begin("upscaler", size=16, network=NETWORK, objective=objective, steps=1, snapshots=0, evaluations=1)
    list(train(upscaler))
    assert Model.from_pretrained(upscaler.path).config.empty_below is None
