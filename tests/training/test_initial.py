from collections.abc import Iterator
from pathlib import Path

import pytest
import torch

from sfumato.cards.subject import Subject
from sfumato.cards.training_summary import training_summary
from sfumato.collection.drawn import CLASSES as DRAWN
from sfumato.collection.drawn import draw
from sfumato.dataset import Dataset
from sfumato.diffusion import Cascade, Denoiser
from sfumato.errors import SfumatoError
from sfumato.images.tensors import as_tensor
from sfumato.models import Model
from sfumato.models.record import FIRST_WEIGHTS
from sfumato.networks import UNetConfig
from sfumato.training import TrainingConfig, initial, prepare_run, train
from sfumato.training.initial import (
    InitialWeights,
    begin_with,
    initial_weights,
    resized_positions,
    write_initial_weights,
)
from sfumato.training.objectives import CascadeConfig, UpscalingConfig
from sfumato.training.plan import ladder

NETWORK = UNetConfig(patch=2, channels=(8,), blocks=1, width=16, depth=1, heads=1)
UPSCALER = UNetConfig(patch=1, channels=(8, 8), blocks=1, width=16, depth=1, heads=1)
SETTINGS = TrainingConfig(network=NETWORK)
CLASSES = "conditioning.classes.weight"


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """In the place of the package's files, of which there are none yet."""
    place = tmp_path / "weights"
    place.mkdir()
    monkeypatch.setattr(initial, "FOLDER", place)
    initial._known.cache_clear()
    yield place
    initial._known.cache_clear()


def learned(settings: TrainingConfig, classes: int = 3) -> Denoiser:
    """A denoiser none of whose weights is as it began."""
    denoiser = settings.build_objective(classes).denoiser
    with torch.no_grad():
        for parameter in denoiser.parameters():
            parameter.copy_(torch.randn(parameter.shape))
    return denoiser


def test_a_file_is_for_networks_of_its_own_kind(folder: Path) -> None:
    write_initial_weights(folder / "a.safetensors", learned(SETTINGS), SETTINGS)
    assert initial_weights(SETTINGS) == (InitialWeights(folder / "a.safetensors"),)
    assert initial_weights(SETTINGS.model_copy(update={"size": 48, "batch": 7, "seed": 5, "minutes": 3})) != (None,)
    others = [
        {"network": NETWORK.model_copy(update={"width": 32})},
        {"preconditioning": "flow"},
        {"initial": "random"},
        {"objective": UpscalingConfig(factor=4)},
    ]
    assert [initial_weights(SETTINGS.model_copy(update=each)) for each in others] == [(None,)] * len(others)


def test_loaded_weights_are_those_written_and_every_class_begins_as_none(folder: Path) -> None:
    theirs = learned(SETTINGS)
    write_initial_weights(folder / "a.safetensors", theirs, SETTINGS)
    ours = SETTINGS.build_objective(5).denoiser
    begin_with(ours, initial_weights(SETTINGS), [InitialWeights(folder / "a.safetensors").digest])
    expected, got = theirs.network.state_dict(), ours.network.state_dict()
    assert got[CLASSES].shape[0] == 6
    assert torch.equal(got[CLASSES], expected[CLASSES][:1].bfloat16().float().expand_as(got[CLASSES]))
    rest = [name for name in got if name != CLASSES]
    assert all(torch.equal(got[name], expected[name].bfloat16().float()) for name in rest)
    assert (folder / "a.safetensors").stat().st_size < 2.2 * sum(each.numel() for each in expected.values()) + 20_000


def test_another_size_begins_with_the_same_weights(folder: Path) -> None:
    write_initial_weights(folder / "a.safetensors", learned(SETTINGS), SETTINGS)
    larger = SETTINGS.model_copy(update={"size": 64})
    denoiser = larger.build_objective(0).denoiser
    begin_with(denoiser, initial_weights(larger), [InitialWeights(folder / "a.safetensors").digest])
    assert denoiser(torch.zeros(1, 3, 64, 64), 1.0).isfinite().all()


def test_the_stages_of_a_cascade_begin_each_with_its_own(folder: Path) -> None:
    objective = CascadeConfig(factors=(2,), upscaler=UPSCALER, details=(0.1,))
    settings = SETTINGS.model_copy(update={"objective": objective})
    stage = objective.stages(settings)[0]
    theirs = learned(stage)
    write_initial_weights(folder / "upscaler.safetensors", theirs, stage)
    found = initial_weights(settings)
    assert found == (None, InitialWeights(folder / "upscaler.safetensors"))
    cascade = settings.build_objective(2).denoiser
    assert isinstance(cascade, Cascade)
    base = {name: tensor.clone() for name, tensor in cascade.base.network.state_dict().items()}
    begin_with(cascade, found, ["", InitialWeights(folder / "upscaler.safetensors").digest])
    assert all(torch.equal(tensor, base[name]) for name, tensor in cascade.base.network.state_dict().items())
    expected = theirs.network.state_dict()
    enlarger = cascade.enlarger.network.state_dict()
    assert all(torch.equal(tensor, expected[name].bfloat16().float()) for name, tensor in enlarger.items())


def test_positions_of_one_number_stay_and_others_keep_what_is_even() -> None:
    positions = torch.randn(1, 16, 5)
    assert torch.equal(resized_positions(positions, 16), positions)
    even = torch.randn(1, 1, 5).expand(1, 16, 5)
    assert torch.allclose(resized_positions(even, 36), even[:, :1].expand(1, 36, 5), atol=1e-6)
    across = torch.arange(4.0).repeat(4).view(1, 16, 1)
    assert torch.allclose(resized_positions(across, 4).view(2, 2), torch.tensor([[0.5, 2.5], [0.5, 2.5]]))


def test_a_run_begins_with_them_and_says_so(folder: Path, tmp_path: Path, tiny_dataset: Dataset) -> None:
    settings = {"size": tiny_dataset.size, "network": NETWORK, "steps": 1}
    theirs = learned(TrainingConfig(**settings))
    write_initial_weights(folder / "a.safetensors", theirs, TrainingConfig(**settings))
    drawn, _ = prepare_run(tmp_path / "drawn", tiny_dataset, settings)
    random, _ = prepare_run(tmp_path / "random", tiny_dataset, {**settings, "initial": "random"})
    assert drawn.record.initial_weights == (InitialWeights(folder / "a.safetensors").digest,)
    assert random.record.initial_weights == ("",)
    assert "know nobody's art" in drawn.record.facts[FIRST_WEIGHTS]
    assert FIRST_WEIGHTS not in random.record.facts
    list(train(drawn))
    list(train(random))
    model = Model.from_pretrained(drawn.path)
    summary = training_summary(Subject.of_model(model.config, model.record))
    assert "know nobody's art" in summary[summary.index("2.5. Synthetic data") : summary.index("2.6.")]
    later, _ = prepare_run(tmp_path / "later", tiny_dataset, settings, weights_from=str(drawn.path))
    assert later.record.initial_weights == ()
    assert later.record.facts[FIRST_WEIGHTS] == drawn.record.facts[FIRST_WEIGHTS]
    name = "levels.before.0.first.weight"
    theirs_there = theirs.network.state_dict()[name]
    apart = [
        (Model.from_pretrained(run.path).denoiser.network.state_dict()[name] - theirs_there).abs().mean()
        for run in (drawn, random)
    ]
    assert apart[0] < 0.1 < 0.5 < apart[1]


def test_its_early_weights_lead_farther_where_fine_detail_is_drawn(
    folder: Path, tmp_path: Path, tiny_dataset: Dataset, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("sfumato.training.writer.DETAIL_FROM_SIZE", tiny_dataset.size)
    settings = {"size": tiny_dataset.size, "network": NETWORK, "steps": 4, "early": (0.25,)}
    write_initial_weights(folder / "a.safetensors", learned(TrainingConfig(**settings)), TrainingConfig(**settings))
    guidance = {}
    for first in ("drawn", "random"):
        run, _ = prepare_run(tmp_path / first, tiny_dataset, {**settings, "initial": first})
        list(train(run))
        guidance[first] = Model.from_pretrained(run.path).config.generation.detail_guidance
    assert guidance == {"drawn": 3.0, "random": 2.12}


def test_of_a_cascade_it_is_the_network_of_the_small_works_whose_weights_count(
    folder: Path, tmp_path: Path, tiny_dataset: Dataset, monkeypatch: pytest.MonkeyPatch
) -> None:
    small = tiny_dataset.size // 2
    monkeypatch.setattr("sfumato.training.writer.DETAIL_FROM_SIZE", small)
    objective = CascadeConfig(factors=(2,), upscaler=UPSCALER, details=(0.1,), crop_side=8, crops=2)
    settings = {"size": small, "network": NETWORK, "steps": 4, "early": (0.25,), "objective": objective}
    stage = objective.stages(TrainingConfig(**settings))[0]
    write_initial_weights(folder / "upscaler.safetensors", learned(stage), stage)
    run, _ = prepare_run(tmp_path / "run", tiny_dataset, settings)
    assert [bool(digest) for digest in run.record.initial_weights] == [False, True]
    list(train(run))
    assert Model.from_pretrained(run.path).config.generation.detail_guidance == 2.12


def test_a_run_that_was_planned_with_others_does_not_begin(folder: Path, tmp_path: Path, tiny_dataset: Dataset) -> None:
    settings = {"size": tiny_dataset.size, "network": NETWORK, "steps": 1}
    for seed in range(2):
        torch.manual_seed(seed)
        write_initial_weights(folder / "a.safetensors", learned(TrainingConfig(**settings)), TrainingConfig(**settings))
        if not seed:
            run, _ = prepare_run(tmp_path / "run", tiny_dataset, settings)
    with pytest.raises(SfumatoError, match="begin a new run"):
        list(train(run))
    assert not run.has_begun


def test_a_damaged_file_is_said(folder: Path) -> None:
    write_initial_weights(folder / "a.safetensors", learned(SETTINGS), SETTINGS)
    weights = initial_weights(SETTINGS)
    data = (folder / "a.safetensors").read_bytes()
    (folder / "a.safetensors").write_bytes(data[: len(data) // 2])
    with pytest.raises(SfumatoError, match=r"a\.safetensors"):
        begin_with(learned(SETTINGS), weights, [InitialWeights(folder / "a.safetensors").digest])


@pytest.mark.parametrize("path", sorted(initial.FOLDER.glob("unet-*.safetensors")), ids=lambda path: path.stem)
def test_the_files_of_the_package_know_what_art_is_like(path: Path) -> None:
    """Art that they have not seen, drawn by other rules, with as much noise as leaves its composition."""
    size = int(path.stem.removeprefix("unet-"))
    settings = TrainingConfig(size=size, network=ladder(size)[1].network)
    (weights,) = initial_weights(settings)
    assert weights is not None and weights.path == path
    denoiser = settings.build_objective(0).denoiser
    weights.load_into(denoiser)
    clean = torch.stack([as_tensor(draw(name, seed, size), size) for name in DRAWN for seed in range(4)])
    noisy = clean + 0.5 * torch.randn(clean.shape, generator=torch.Generator().manual_seed(0))
    with torch.no_grad():
        error = (denoiser(noisy, 0.5) - clean).square().mean()
    mean = clean.mean((2, 3), keepdim=True)
    gain = clean.var((2, 3), keepdim=True) / (clean.var((2, 3), keepdim=True) + 0.25)
    linear = (mean + gain * (noisy - mean) - clean).square().mean()
    assert error < 0.2 * linear
