"""From a folder to a model in one command; what wins over what; and no run is lost or half made."""

import json
import re
import shutil
from pathlib import Path
from typing import get_args

import pytest
from PIL import Image

from sfumato.cli.train import DEFAULT_MINUTES, _choices
from sfumato.errors import SfumatoError
from sfumato.models import Model
from sfumato.networks import AnyNetworkConfig
from sfumato.training import PRESETS, Run, TrainingConfig
from sfumato.training.configuration import AdapterSettings, CadenceConfig
from sfumato.training.objectives import OBJECTIVES
from sfumato.training.optimisers import OptimiserConfig
from sfumato.training.schedule import ScheduleConfig

DOCUMENTATION = Path(__file__).parents[2] / "docs" / "training.md"


def choose(preset="auto", config=None, **options):
    given = dict.fromkeys(("size", "seed", "batch", "crop", "balance", "steps", "minutes", "epochs"))
    return _choices(preset, config, options.pop("settings", []), options.pop("upscaler", None), **given | options)


@pytest.fixture
def toml(tmp_path):
    def write(text: str) -> Path:
        path = tmp_path / "settings.toml"
        path.write_text(text, "utf-8")
        return path

    return write


def test_a_run_holds_what_the_documentation_says(run):
    names = {path.name for path in run.iterdir()}
    kept = {".sfumato.jsonl", "run.json", "log.jsonl", "dataset", "collection", "checkpoints", "snapshots", "model"}
    assert names == kept | {"evolution.png", "evolution.webp", "likeness.safetensors", "holdings.jsonl"}
    page = DOCUMENTATION.read_text("utf-8")
    assert all(f"`{name}" in page for name in names)


def test_every_setting_and_preset_is_documented():
    page = DOCUMENTATION.read_text("utf-8")
    named = set(re.findall(r"`([a-z0-9_-]+)`", page))
    groups = (
        *get_args(AnyNetworkConfig),
        *OBJECTIVES.values(),
        OptimiserConfig,
        ScheduleConfig,
        CadenceConfig,
        AdapterSettings,
    )
    inner = {name for group in groups for name in group.model_fields}
    assert not {*TrainingConfig.model_fields, *inner, *PRESETS} - named
    assert all(f'`"{kind}"`' in page for kind in OBJECTIVES)


def test_the_documented_file_can_be_used(toml):
    (example,) = re.findall(r"```toml\n(.*?)```", DOCUMENTATION.read_text("utf-8"), re.DOTALL)
    assert choose(config=toml(example))["minutes"] == 45


def test_the_model_alone_is_named_like_one(run):
    assert list(run.rglob("model.safetensors")) == [run / "model" / "model.safetensors"]


def test_the_model_carries_card_classes_and_early_weights(run):
    model = Model.from_pretrained(run)
    assert model.config.name == "run"
    assert model.config.classes == ("circles", "flow", "glass", "planes", "waves")
    assert model.early
    for fact in ("CC0-1.0", "6 steps of 4 pictures", "20 (", "held out to judge by"):
        assert fact in model.card


def test_the_end_says_what_was_made_and_what_comes_next(trained):
    run, answer = trained
    assert "32 px, batch 4: 6 steps, 24 pictures (at most" in answer.out
    assert f"the model is in {run / 'model'}, how it learned in {run / 'evolution.png'}" in answer.out
    assert f"sfumato generate {run} -n 16 -o works" in answer.out
    assert answer.err == ""
    with Image.open(run / "evolution.webp") as film:
        assert film.n_frames == 2


def test_a_finished_run_resumed_has_nothing_to_do_and_one_that_is_asked_goes_on(sfumato, run, here):
    shutil.copytree(run, "copy")
    assert sfumato("train", "--resume", "-o", "copy").code == 0
    before = Model.from_pretrained("copy").weights_digest
    assert before == Model.from_pretrained(run).weights_digest
    answer = sfumato("train", "--resume", "-o", "copy", "--steps", 3)
    assert answer.code == 0, answer.err
    assert Model.from_pretrained("copy").weights_digest != before
    steps = [json.loads(line)["step"] for line in Path("copy/log.jsonl").read_text().splitlines()]
    assert max(steps) == 9


def test_a_run_without_a_checkpoint_begins_again_with_its_own_plan(sfumato, run, here):
    shutil.copytree(run, "copy", ignore=shutil.ignore_patterns("checkpoints", "model"))
    answer = sfumato("train", "--resume", "-o", "copy", "--steps", 3)
    assert answer.code == 2
    assert "has no checkpoint yet" in answer.err
    assert sfumato("train", "--resume", "-o", "copy").code == 0
    assert Model.from_pretrained("copy").weights_digest == Model.from_pretrained(run).weights_digest


def test_a_model_can_begin_with_another_ones_weights(sfumato, run, art, here, settings):
    answer = sfumato("train", art, "-o", "child", "--steps", 2, "--from", run, "--device", "cpu")
    assert answer.code == 0, answer.err
    parent, child = Model.from_pretrained(run), Model.from_pretrained("child")
    assert child.config.network == parent.config.network
    assert child.config.descends_from == (parent.weights_digest,)
    assert parent.weights_digest in child.card


def test_an_adapter_is_learned_beside_a_model_and_its_works_are_made_again(sfumato, run, art, here):
    answer = sfumato("train", art, "-o", "child", "--steps", 2, "--from", run, "--adapt", "--device", "cpu")
    assert answer.code == 0, answer.err
    assert f"adapts '{run.name}' (unet" in answer.out
    assert not Path("child/model/model.safetensors").exists()
    assert sfumato("generate", "child", "-n", 1, "--steps", 2, "-o", "works").code == 0
    assert "the pixels are the same" in sfumato("again", "works/0000.png").out
    assert Model.from_pretrained("child").weights_digest in sfumato("verify", "works/0000.png").out
    assert "which is needed with it" in sfumato("card", "child").out


def test_force_begins_anew_and_leaves_what_is_no_part_of_a_run(sfumato, run, art, here, settings):
    shutil.copytree(run, "copy")
    Path("copy/notes.txt").write_text("mine")
    command = ("train", art, "-o", "copy", "--steps", 2, "--seed", 5, "--config", settings, "--device", "cpu")
    assert sfumato(*command).code == 2
    assert Run.open(Path("copy")).record.settings.seed == 0
    assert sfumato(*command, "--force").code == 0
    assert Run.open(Path("copy")).record.settings.seed == 5
    assert Path("copy/notes.txt").read_text() == "mine"


@pytest.mark.parametrize("part", ["snapshots", "model", "checkpoints"])
def test_force_does_not_clear_the_pictures_that_it_is_asked_to_learn_from(sfumato, run, here, tree, part):
    shutil.copytree(run, "copy")
    before = tree(here)
    answer = sfumato("train", f"copy/{part}", "-o", "copy", "--steps", 2, "--force")
    assert answer.code == 2
    assert f"copy/{part}: is part of the run in copy, which --force would clear" in answer.err
    assert tree(here) == before


@pytest.mark.parametrize("force", [[], ["--force"]])
def test_a_folder_of_ones_own_is_not_cleared_for_a_run(sfumato, art, here, tree, force):
    shutil.copytree(art, "project/model")
    for name in ("snapshots", "checkpoints", "teacher"):
        Path("project", name).mkdir()
        Path("project", name, "photograph.jpg").write_text("mine")
    before = tree(here)
    for source in ("project/model", art):
        answer = sfumato("train", source, "-o", "project", "--steps", 2, *force)
        assert answer.code == 2
        assert "was not made by sfumato, so it is left as it is, even with --force" in answer.err
        assert tree(here) == before


def test_force_with_a_mistake_loses_nothing(sfumato, run, here, tree):
    shutil.copytree(run, "copy")
    before = tree(here)
    for mistake in (["--size", "36"], ["--config", "nowhere.toml"], ["--from", "nowhere"], ["--background", "red"]):
        assert sfumato("train", run / "collection", "-o", "copy", "--force", *mistake).code == 2
        assert tree(here) == before


def test_half_an_hour_is_what_one_gets():
    assert choose()["minutes"] == DEFAULT_MINUTES == 30
    assert choose(minutes=5.0)["minutes"] == 5
    assert "minutes" not in choose(steps=10)
    assert "minutes" not in choose(epochs=3.0)


@pytest.mark.parametrize("text", ["steps = 100", "minutes = 9", "steps = 0\nminutes = 9"])
def test_an_option_for_the_time_wins_over_the_file(toml, text):
    config = toml(text)
    assert choose(config=config, minutes=5.0).items() >= {"minutes": 5.0}.items()
    assert "steps" not in choose(config=config, minutes=5.0)
    assert choose(config=config, steps=7)["steps"] == 7
    assert not choose(config=config, steps=7).get("minutes")
    assert not {"steps", "minutes"} & choose(config=config, epochs=2.0).keys()


def test_the_file_says_how_long_where_no_option_does(toml):
    assert choose(config=toml("minutes = 9"))["minutes"] == 9
    chosen = choose(config=toml("steps = 100"))
    assert chosen["steps"] == 100
    assert not chosen.get("minutes")


def test_the_file_wins_over_the_preset_and_options_over_both(toml):
    config = toml("size = 64\nbatch = 3\n[network]\nkind = 'transformer'\npatch = 8\n")
    chosen = choose("sketch", config, batch=5)
    assert (chosen["size"], chosen["batch"], chosen["network"]["kind"]) == (64, 5, "transformer")
    assert choose("sketch", config, size=32)["size"] == 32


@pytest.mark.parametrize("text", ["steps = 3\nminutes = 3", "size = 36", "size = 1032", "wurst = 1", "network = 3"])
def test_a_file_that_cannot_be_meant_is_one_sentence(toml, text):
    with pytest.raises(SfumatoError) as caught:
        choose(config=toml(text))
    assert "\n" not in str(caught.value)


def test_every_preset_can_be_chosen(sfumato):
    assert all(choose(name) for name in PRESETS)
    told = " ".join(sfumato("train", "--help").out.split())
    assert all(name in told for name in PRESETS)


def test_any_setting_can_be_given_by_its_name(toml):
    chosen = choose(config=toml("batch = 7\nwarmup = 0.3"), settings=["batch=9", "betas=[0.5, 0.9]"], seed=4)
    assert (chosen["batch"], chosen["schedule"], chosen["seed"]) == (9, {"warmup": 0.3}, 4)
    assert chosen["optimiser"] == {"betas": [0.5, 0.9]}
    assert choose(settings=["minutes=3"])["minutes"] == 3
    assert choose(settings=["batch=9"], batch=5)["batch"] == 5
    with pytest.raises(SfumatoError, match="--set: 'steps' and 'minutes' each say how long to train"):
        choose(settings=["minutes=3", "steps=4"])


def test_the_articles_epochs_give_way_to_a_length_that_is_asked_for():
    assert choose("article", perceptual="none")["epochs"] == 150
    shorter = choose("article", perceptual="none", minutes=5.0)
    assert shorter["minutes"] == 5
    assert "epochs" not in shorter


def test_without_vggs_file_the_article_says_what_to_do(sfumato, art, tmp_path, monkeypatch):
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    answer = sfumato("train", art, "-o", tmp_path / "run", "--preset", "article", "--size", 32, "--epochs", 1)
    assert answer.code == 2
    assert "--perceptual fetch" in answer.err
    assert "--perceptual none" in answer.err
    assert not (tmp_path / "run").exists()


def test_sprites_are_trained_on_where_they_are_called_pixel_art(sfumato, here, settings):
    Path("sprites").mkdir()
    for seed in range(10):
        Image.effect_noise((16, 16), 50 + seed).convert("RGB").save(f"sprites/{seed}.png")
    command = ("train", "sprites", "-o", "s", "--steps", 1, "--config", settings, "--device", "cpu")
    refused = sfumato(*command)
    assert refused.code == 2
    assert "--pixel-art" in refused.err
    answer = sfumato(*command, "--pixel-art")
    assert answer.code == 0, answer.err
    run = Run.open(Path("s"))
    assert run.record.settings.pixel_art
    assert json.loads((run.dataset / "dataset.json").read_text())["settings"]["pixel_art"] is True


def test_a_log_for_tensorboard_lies_in_the_run_and_may_be_asked_for_when_it_goes_on(sfumato, art, settings, here):
    pytest.importorskip("tensorboard")
    answer = sfumato("train", art, "-o", "run", "--steps", 2, "--config", settings, "--log", "tensorboard")
    assert answer.code == 0, answer.err
    answer = sfumato("train", "--resume", "-o", "run", "--steps", 1, "--log", "tensorboard")
    assert answer.code == 0, answer.err
    assert len(list((here / "run" / "tensorboard").glob("events.out.tfevents.*"))) == 2


def test_a_log_for_a_program_that_is_not_known_is_refused(sfumato, art, here, tree):
    answer = sfumato("train", art, "-o", "run", "--log", "wandb")
    assert answer.code == 2
    assert "--log wandb: is not known; give --log tensorboard" in answer.err
    assert tree(here) == {}


def test_words_for_a_pre_trained_model_that_is_not_there_are_not_what_is_wrong(sfumato, art, here):
    answer = sfumato("train", art, "--from", "nowhere/at/all", "--adapt", "--trigger", "ink")
    assert answer.code == 2 and "nowhere/at/all: no such directory" in answer.err
