"""What a session writes is whole, and says what it should; a model's configuration and card say what the run was."""

import copy
import json
import shutil
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
import torch
from PIL import Image

from sfumato.collection import Collection, collect
from sfumato.dataset import Dataset, prepare
from sfumato.models import Model, ModelConfig, SamplerSettings
from sfumato.networks import UNetConfig
from sfumato.training import Run, TrainingConfig, prepare_run, train
from sfumato.training.checkpoint import load_checkpoint
from sfumato.training.events import Event, Finished, Noted, Pictured, Saved, Trained
from sfumato.training.objectives import DenoisingConfig
from sfumato.training.objectives.cascade import CascadeConfig
from sfumato.training.objectives.upscaling import UpscalingConfig
from sfumato.training.state import TrainingState
from sfumato.training.writer import (
    UPSCALER_GUIDANCE,
    UPSCALER_GUIDED_AFTER,
    RunWriter,
    build_model_config,
    guided_early,
    guided_upscaler,
)

PICTURES = [Image.new("RGB", (32, 32), (20 * number, 0, 99)) for number in range(8)]


@pytest.fixture
def writer(begin: Callable[..., Run], state_of: Callable[[Run], TrainingState]) -> Iterator[RunWriter]:
    run = begin()
    writer = RunWriter(run, build_model_config(run, Dataset.open(run.dataset)), state_of(run), torch.device("cpu"))
    with run.at_work():
        writer.open()
        yield writer
        writer.close()


def logged(writer: RunWriter) -> list[dict[str, Any]]:
    return [json.loads(line) for line in (writer.run.path / "log.jsonl").read_text().splitlines()]


def test_what_the_clock_says_stands_apart_in_the_log_and_places_of_files_do_not(writer: RunWriter) -> None:
    writer.write(Trained(3, 12, 12, 0.5, 0.001, 7.12345, 2.0, 6.0, (("part", 0.1),), 2))
    writer.write(Finished(12, writer.run.model, 8.0))
    trained, finished = logged(writer)
    clock = trained.pop("clock")
    assert trained == {
        "event": "trained", "step": 3, "steps": 12, "pictures": 12, "loss": 0.5, "learning_rate": 0.001,
        "parts": {"part": 0.1},
    }  # fmt: skip
    assert clock.pop("time") > 1e9
    assert clock == {"pictures_per_second": 7.123, "elapsed_seconds": 2.0, "remaining_seconds": 6.0, "threads": 2}
    assert finished["clock"].pop("time") > 1e9
    assert finished == {"event": "finished", "step": 12, "clock": {"elapsed_seconds": 8.0}}


def test_a_note_and_a_snapshot_are_logged_and_told(writer: RunWriter) -> None:
    writer.state.step = 7
    assert writer.note("out of the ordinary") == Noted(7, "out of the ordinary")
    sheet = (writer.run.path / "snapshots") / "00000007.png"
    assert writer.picture(PICTURES) == Pictured(7, sheet)
    assert sheet.is_file()
    assert [(line["event"], line["step"], line.get("text")) for line in logged(writer)] == [
        ("noted", 7, "out of the ordinary"), ("pictured", 7, None)
    ]  # fmt: skip


def test_a_checkpoint_vouches_for_the_log_up_to_it(writer: RunWriter) -> None:
    writer.note("before")
    writer.state.step = 4
    length = (writer.run.path / "log.jsonl").stat().st_size
    assert writer.save(9.5) == Saved(4, writer.run.checkpoints / "00000004")
    assert writer.saved == 4
    checkpoint = load_checkpoint(writer.run.checkpoints)
    assert checkpoint is not None
    assert (checkpoint.step, checkpoint.state["log_length"], checkpoint.state["elapsed_seconds"]) == (4, length, 9.5)


def test_going_on_takes_away_what_was_written_after_the_checkpoint(writer: RunWriter) -> None:
    writer.state.step = 4
    writer.note("before")
    writer.picture(PICTURES)
    writer.save(1.0)
    writer.state.step = 6
    writer.note("after")
    writer.picture(PICTURES)
    writer.close()
    writer.state.step = 4
    writer.open()
    assert [line["step"] for line in logged(writer)] == [4, 4]
    assert [path.name for path in (writer.run.path / "snapshots").iterdir()] == ["00000004.png"]


def test_the_model_of_the_moment_has_early_weights_once_there_are_some(writer: RunWriter) -> None:
    assert not writer.model().config.has_early
    writer.state.early.kept[0.25] = 1, copy.deepcopy(writer.state.average.module.network.state_dict())
    assert writer.model().config.has_early
    writer.state.step = 5
    writer.write_model(90.0)
    model = Model.from_pretrained(writer.run.path)
    assert model.early.keys() == writer.state.early.kept[0.25][1].keys()
    assert "5 steps of 4 pictures in 1.5 minutes on cpu" in model.card


def test_early_weights_guide_where_details_are_made_and_light_more_than_colour(writer: RunWriter) -> None:
    plain = writer.model().config.generation
    assert (plain.guidance_kind, plain.guidance_low, plain.guidance_chroma) == ("classifier_free", 0, 1)
    writer.state.early.kept[0.25] = 1, dict(writer.state.average.module.network.state_dict())
    guided = writer.model().config.generation
    assert guided.guidance_kind == "autoguidance"
    assert plain.sigma_min < guided.guidance_low < guided.guidance_high < plain.sigma_max
    assert 0 < guided.guidance_chroma < 1


def test_a_model_that_cannot_be_written_leaves_the_one_before_and_nothing_beside_it(
    writer: RunWriter, monkeypatch: pytest.MonkeyPatch
) -> None:
    writer.write_model(60.0)
    names = {path.name for path in writer.run.path.iterdir()}
    save_pretrained = Model.save_pretrained

    def full(model: Model, directory: Path) -> Path:
        save_pretrained(model, directory)
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(Model, "save_pretrained", full)
    with pytest.raises(OSError, match="No space left"):
        writer.write_model(120.0)
    assert "in 1 minute " in Model.from_pretrained(writer.run.path).card
    assert {path.name for path in writer.run.path.iterdir()} == names


def test_all_snapshots_become_a_strip_and_an_animation_of_the_run(writer: RunWriter) -> None:
    for step in (3, 6):
        writer.state.step = step
        writer.picture(PICTURES)
    writer.summarise()
    assert (writer.run.path / "evolution.png").is_file()
    with Image.open(writer.run.path / "evolution.webp") as film:
        assert film.n_frames == 2


def test_class_shares_are_those_of_the_training_pictures(begin: Callable[..., Run]) -> None:
    run = begin()
    dataset = Dataset.open(run.dataset)
    config = build_model_config(run, dataset)
    counts = torch.bincount(dataset.labels[dataset.train], minlength=len(dataset.classes))
    assert config.classes == tuple(dataset.classes)
    assert torch.allclose(torch.tensor(config.class_shares), counts / counts.sum())


def test_a_balanced_run_makes_all_classes_equally_likely(begin: Callable[..., Run]) -> None:
    run = begin(balance="class")
    config = build_model_config(run, Dataset.open(run.dataset))
    assert set(config.class_shares) == {1 / len(config.classes)}


def test_the_card_tells_how_long_it_was_trained(trained: tuple[Run, list[Event]]) -> None:
    run, _ = trained
    assert "12 steps of" in (run.model / "README.md").read_text("utf-8")


def test_larger_pictures_are_guided_up_to_more_noise_and_made_crisper() -> None:
    small, large, largest = (DenoisingConfig().sampling(TrainingConfig(size=size)) for size in (32, 64, 256))
    assert (small.sharpness, large.sharpness) == (0, 0.04)
    assert large.sharpness < largest.sharpness <= 0.2
    early = [guided_early(settings, size) for settings, size in ((small, 32), (large, 64), (largest, 256))]
    assert [settings.guidance_high for settings in early] == [2.5, 20, 1280]
    assert {settings.guidance_kind for settings in early} == {"autoguidance"}
    assert early[2].guidance_high > largest.sigma_max  # everywhere
    assert [settings.detail_below for settings in early] == [0, 0.8, 3.2]


def test_a_model_is_guided_by_what_its_own_early_weights_bear(
    begin: Callable[..., Run], monkeypatch: pytest.MonkeyPatch
) -> None:
    """Those that were kept at three hundredths of a run are no nearer to a quarter for being the only ones."""
    monkeypatch.setattr("sfumato.training.writer.DETAIL_FROM_SIZE", 32)
    run = begin(steps=8, early=(0.03,), evaluations=1)
    list(train(run))
    generation = Model.from_pretrained(run.path).config.generation
    assert (generation.detail_below, generation.detail_guidance) == (0.4, 1.39)


def test_fine_detail_is_guided_the_more_the_later_the_weights_are_by_which() -> None:
    guidance = [guided_early(SamplerSettings(), 64, share).detail_guidance for share in (0.03, 0.06, 0.12, 0.25)]
    assert guidance == [1.39, 1.55, 1.77, 2.12]


def test_pictures_of_no_class_are_learned_from_and_are_no_class(
    tiny_art: Path, tiny_settings: dict[str, Any], tmp_path: Path
) -> None:
    art = tmp_path / "art"
    shutil.copytree(tiny_art, art / "train")
    (art / "train" / "waves").rename(art / "test")  # nobody says what these are
    list(collect(art, tmp_path / "collection", workers=1))
    collection = Collection.open(tmp_path / "collection")
    assert collection.counts[""] == 4 and "" not in collection.classes
    list(prepare(collection, tmp_path / "dataset", size=32, workers=1))
    dataset = Dataset.open(tmp_path / "dataset")
    run, _ = prepare_run(tmp_path / "run", dataset, {**tiny_settings, "steps": 2, "balance": "class"})
    config = build_model_config(run, dataset)
    assert config.classes == tuple(collection.classes) and len(config.classes) == 4
    assert config.class_shares == (0.25,) * 4
    list(train(run))
    assert "(unlabelled)" not in (run.model / "README.md").read_text("utf-8")


def test_upscalers_are_guided_once_their_early_weights_have_learned_something() -> None:
    config = ModelConfig(
        size=16,
        factor=2,
        network=UNetConfig(patch=2, channels=(8,), width=16, depth=1, heads=1),
        begins_with="reference",
    )
    few, many = (guided_upscaler(config, UPSCALER_GUIDED_AFTER + more) for more in (-1, 0))
    assert (few.generation.guidance, many.generation.guidance) == (1, UPSCALER_GUIDANCE)
    assert few.generation.guidance_kind == many.generation.guidance_kind == "autoguidance"
    assert few.has_early and many.has_early


def test_crops_are_counted_by_the_objective(writer: RunWriter) -> None:
    settings = writer.run.record.settings
    assert settings.objective.crops_a_step(settings) == 0
    assert UpscalingConfig(factor=2).crops_a_step(settings) == settings.batch
    assert CascadeConfig(factors=(2,), crops=7).crops_a_step(settings) == 7
