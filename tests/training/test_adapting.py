import json
import random
import shutil
from collections.abc import Callable
from pathlib import Path
from types import ModuleType, SimpleNamespace
from typing import Any

import pytest
import torch

from sfumato.dataset import Dataset
from sfumato.errors import SfumatoError
from sfumato.models import Model, ModelConfig, bases, build_denoiser
from sfumato.networks import UNetConfig
from sfumato.provenance.sources import LearnedFrom
from sfumato.training import Run, parent_choices, parse_choices, prepare_run, preset, resolve, train
from sfumato.training.checkpoint import load_checkpoint
from sfumato.training.conditions import known_classes, labels_among
from sfumato.training.events import Event, Finished
from sfumato.training.run import kept_teacher
from sfumato.weights import digest

NETWORK = UNetConfig(patch=2, channels=(8,), blocks=1, width=16, depth=1, heads=1)
KNOWN = ("waves", "of before")
OF_BEFORE = LearnedFrom(collection="ab" * 32, licences={"CC0-1.0": 3})


@pytest.fixture(scope="module")
def base(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A model of two classes, one of which the tiny dataset has too, in a directory. Do not change it."""
    config = ModelConfig(
        name="base", size=32, network=NETWORK, classes=KNOWN, class_shares=(0.5, 0.5), learned_from=(OF_BEFORE,)
    )
    with torch.random.fork_rng():
        torch.manual_seed(0)
        denoiser = build_denoiser(config)
        with torch.no_grad():
            for parameter in denoiser.parameters():
                parameter.add_(0.1 * torch.randn(parameter.shape))
    return Model(config, denoiser).save_pretrained(tmp_path_factory.mktemp("base") / "base")


Prepare = Callable[..., Run]


@pytest.fixture(scope="module")
def prepare(base: Path, tiny_dataset: Dataset, tiny_settings: dict[str, Any]) -> Prepare:
    """(place, base, settings that differ) -> a run that can begin to adapt it."""

    def made(place: Path, origin: Path = base, **settings: Any) -> Run:
        asked = {**tiny_settings, "snapshots": 2, "early": 0.2, "adapter": {}, **settings}
        return prepare_run(place, tiny_dataset, asked, weights_from=str(origin))[0]

    return made


@pytest.fixture(scope="module")
def adapted(prepare: Prepare, tmp_path_factory: pytest.TempPathFactory) -> tuple[Run, list[Event]]:
    """A finished run, and its events. Do not change it."""
    threads = torch.get_num_threads()
    run = prepare(tmp_path_factory.mktemp("adapted") / "run")
    events = list(train(run))
    torch.set_num_threads(threads)
    return run, events


def test_it_begins_as_its_base_to_the_bit_and_leaves_it_as_it_was(
    prepare: Prepare, base: Path, tiny_dataset: Dataset, tmp_path: Path
) -> None:
    before = digest(base / "model.safetensors")
    events = train(prepare(tmp_path / "run"))
    next(events)
    events.close()
    model, its = Model.from_pretrained(tmp_path / "run"), Model.from_pretrained(base)
    ours, theirs = (each.denoiser.network.state_dict() for each in (model, its))
    classes = "conditioning.classes.weight"
    assert all(torch.equal(ours[name], theirs[name]) for name in theirs if name != classes)
    assert torch.equal(ours[classes][:3], theirs[classes])
    assert all(torch.equal(row, theirs[classes][0]) for row in ours[classes][3:])
    assert digest(base / "model.safetensors") == before


def test_the_model_is_an_adapter_beside_its_base(
    adapted: tuple[Run, list[Event]], base: Path, tiny_dataset: Dataset
) -> None:
    run, events = adapted
    assert isinstance(events[-1], Finished)
    names = {path.name for path in run.model.iterdir()}
    assert names == {"config.json", "adapter.safetensors", "README.md", "record.json", "likeness.safetensors"}
    model, its = Model.from_pretrained(run.path), Model.from_pretrained(base)
    config = model.config
    assert config.classes == (*KNOWN, *(name for name in tiny_dataset.classes if name not in KNOWN))
    assert config.class_shares[1] == 0
    assert sum(config.class_shares) == pytest.approx(1)
    assert config.descends_from == (its.weights_digest,)
    assert config.learned_from == (LearnedFrom(collection=tiny_dataset.collection_digest), OF_BEFORE)
    assert model.reference.base == its.reference
    assert its.weights_digest in model.card
    assert "an adapter of rank 8 of 'base', which is needed with it" in model.card
    assert config.has_early
    moved = [torch.equal(a, b) for a, b in zip(model.denoiser.parameters(), its.denoiser.parameters(), strict=True)]
    assert not all(moved)
    assert model.likeness is not None
    assert len(model.likeness) == len(tiny_dataset.train)


def test_the_plan_says_that_it_adapts_and_how_much_learns(adapted: tuple[Run, list[Event]]) -> None:
    run, _ = adapted
    checkpoint = load_checkpoint(run.checkpoints)
    assert checkpoint is not None
    learned = sum(tensor.numel() for tensor in checkpoint.tensors["weights"].values())
    said = f"adapts 'base' (unet, 0.0 M parameters, which stay as they are): {learned:,} parameters of rank 8 learn, "
    assert run.record.plan.startswith(said)


def test_checkpoints_hold_the_adapter_and_its_optimiser_alone(adapted: tuple[Run, list[Event]]) -> None:
    checkpoint = load_checkpoint(adapted[0].checkpoints)
    assert checkpoint is not None
    for part in ("weights", "average", "early-0"):
        ends = {name.rpartition(".")[2] for name in checkpoint.tensors[part]}
        assert ends == {"lora_A", "lora_B", "added"}
    kinds = {name.rpartition(".")[0].rpartition(".")[2] for name in checkpoint.tensors["optimiser"]}
    assert kinds == {"lora_A", "lora_B", "added"}


def test_a_run_that_died_ends_as_the_one_left_alone(
    adapted: tuple[Run, list[Event]], prepare: Prepare, kills: ModuleType, tmp_path: Path
) -> None:
    died = prepare(tmp_path / "run")
    for events in (1, 4, 9):
        session = train(died)
        for _ in range(events):
            next(session)
        with pytest.raises(KeyboardInterrupt):
            session.throw(KeyboardInterrupt())
    list(train(died))
    assert kills.differences(adapted[0].path, died.path) == []


@pytest.mark.slow
def test_a_run_that_was_killed_ends_as_the_one_left_alone(kills: ModuleType, prepare: Prepare, tmp_path: Path) -> None:
    settings = {"steps": 24, "checkpoint_every": 8, "evaluations": 1, "snapshots": 1}
    alone, run = (prepare(tmp_path / name / "run", **settings) for name in ("alone", "killed"))
    list(train(alone))
    assert kills.start_and_kill(kills.resume_command(run.path), run.path, "saving", random.Random(3))
    assert kills.has_checkpoint(run.path)
    list(train(run))
    assert kills.differences(alone.path, run.path) == []


@pytest.fixture
def begun(prepare: Prepare, base: Path, tmp_path: Path) -> Run:
    """A run in the midst of adapting a copy of the base."""
    run = prepare(tmp_path / "run", shutil.copytree(base, tmp_path / "mine" / "base"))
    events = train(run)
    next(events)
    events.close()
    return run


def test_it_goes_on_with_a_base_that_was_moved(begun: Run, tmp_path: Path) -> None:
    (tmp_path / "mine" / "base").rename(tmp_path / "elsewhere")
    assert isinstance(list(train(begun))[-1], Finished)
    assert Model.from_pretrained(begun.path).reference.base is not None


@pytest.fixture
def none_near(monkeypatch: pytest.MonkeyPatch) -> None:
    """The base of the other tests lies near, and is not looked for."""
    monkeypatch.setattr(bases, "find_weights", lambda *_: None)


def test_without_its_base_it_does_not_go_on(begun: Run, tmp_path: Path, none_near: None) -> None:
    shutil.rmtree(tmp_path / "mine")
    with pytest.raises(SfumatoError, match=r"was adapted from 'base' .* put it back as it was, or begin a new run"):
        train(begun)


def test_a_base_that_was_changed_is_noticed(begun: Run, tmp_path: Path, none_near: None) -> None:
    other = Model.from_pretrained(tmp_path / "mine" / "base")
    shutil.rmtree(tmp_path / "mine" / "base")
    with torch.no_grad():
        next(other.denoiser.parameters()).add_(1)
    other.save_pretrained(tmp_path / "mine" / "base")
    with pytest.raises(SfumatoError, match="another model lies at its place"):
        train(begun)


def test_an_adapted_model_is_adapted_further(
    adapted: tuple[Run, list[Event]], prepare: Prepare, tmp_path: Path
) -> None:
    run = prepare(tmp_path / "run", adapted[0].path, steps=2, rank=2, snapshots=0)
    list(train(run))
    model, its = Model.from_pretrained(run.path), Model.from_pretrained(adapted[0].path)
    assert model.config.classes == its.config.classes
    assert model.config.descends_from == (its.weights_digest, *its.config.descends_from)
    assert model.reference.base is not None
    assert model.reference.base.digest == its.weights_digest


def test_all_weights_of_an_adapted_model_can_learn(
    adapted: tuple[Run, list[Event]], tiny_dataset: Dataset, tiny_settings: dict[str, Any], tmp_path: Path
) -> None:
    origin = str(adapted[0].path)
    run, _ = prepare_run(tmp_path / "run", tiny_dataset, {**tiny_settings, "steps": 1}, weights_from=origin)
    list(train(run))
    assert (run.model / "model.safetensors").is_file()
    assert Model.from_pretrained(run.path).adaptation is None


def test_a_student_keeps_an_adapted_teacher(
    adapted: tuple[Run, list[Event]], tiny_dataset: Dataset, tiny_settings: dict[str, Any], tmp_path: Path
) -> None:
    taught = {"objective": {"kind": "distillation"}, "steps": 1, "early": 1.0, **parent_choices(str(adapted[0].path))}
    asked = {**tiny_settings, **taught, "objective": {"kind": "distillation"}}
    run, _ = prepare_run(tmp_path / "deep" / "er" / "run", tiny_dataset, asked, weights_from=str(adapted[0].path))
    kept = Model.from_pretrained(kept_teacher(run.path))
    assert kept.weights_digest == Model.from_pretrained(adapted[0].path).weights_digest
    assert kept.adaptation is not None
    assert kept.adaptation.path is not None
    assert kept.adaptation.path.name == "base"


@pytest.mark.parametrize(
    ("settings", "said"),
    [
        (["rank=0"], "adapter.rank = 0: input should be greater than or equal to 1"),
        (["rank=1025"], "adapter.rank"),
        (["alpha=-1"], "adapter.alpha"),
        (["adapter.wurst=1"], "there is no setting 'adapter.wurst'; there are alpha, rank, targets"),
        (["adapter={}", 'network={kind="article_denoiser"}'], "a network of kind article_denoiser cannot be adapted"),
    ],
)
def test_what_cannot_be_is_said(settings: list[str], said: str) -> None:
    with pytest.raises(SfumatoError, match=said):
        resolve(parse_choices(settings))


def test_what_no_diffusion_made_is_not_adapted() -> None:
    with pytest.raises(SfumatoError, match="what was made by adversarial cannot be adapted; leave out --adapt"):
        resolve(preset("gan"), {"adapter": {}})


def test_a_layer_that_the_base_does_not_have_is_said(prepare: Prepare, tmp_path: Path) -> None:
    with pytest.raises(SfumatoError, match=r"targets: no layer .* is called 'to_q'; choose others"):
        prepare(tmp_path / "run", targets=("to_q",))
    assert not (tmp_path / "run" / "run.json").exists()


def test_what_there_is_no_base_of_is_not_adapted(begin: Callable[..., Run]) -> None:
    with pytest.raises(SfumatoError, match="no model is given to adapt"):
        begin(adapter={})


def test_settings_say_how_large_it_is(prepare: Prepare, tmp_path: Path) -> None:
    run = prepare(tmp_path / "run", rank=2, alpha=6, targets=("qkv", "first"), steps=1, snapshots=0)
    list(train(run))
    described = json.loads((run.model / "config.json").read_bytes())
    assert (described["rank"], described["alpha"], described["targets"]) == (2, 6.0, ["first", "qkv"])


def test_its_optimiser_is_its_own_unless_one_is_chosen(prepare: Prepare, tmp_path: Path) -> None:
    usual = prepare(tmp_path / "usual").record.settings.optimiser
    assert (usual.kind, usual.learning_rate) == ("adamw", 0.005)
    chosen = prepare(tmp_path / "chosen", optimiser={"kind": "muon", "learning_rate": 0.001}).record.settings.optimiser
    assert (chosen.kind, chosen.learning_rate) == ("muon", 0.001)


# ---- classes


def pictures(classes: list[str], labels: list[int]) -> Any:
    return SimpleNamespace(classes=classes, labels=torch.tensor(labels), __len__=lambda: len(labels))


@pytest.mark.parametrize(
    ("base_classes", "classes", "labels", "wanted", "places"),
    [
        (("b", "a"), ["a", "c"], [0, 1, -1], ("b", "a", "c"), [1, 2, -1]),
        (("b",), [], [0, 0], ("b", "mine"), [1, 1]),
        (("mine",), [], [0, 0], ("mine",), [0, 0]),
        ((), ["a"], [0, -1], ("a",), [0, -1]),
        (("Ma\u0308rz",), ["M\u00e4rz"], [0], ("Ma\u0308rz",), [0]),
    ],
)
def test_the_base_s_classes_stay_and_new_ones_follow(
    base_classes: tuple[str, ...], classes: list[str], labels: list[int], wanted: tuple[str, ...], places: list[int]
) -> None:
    dataset, known = pictures(classes, labels), SimpleNamespace(classes=base_classes)
    assert known_classes(dataset, known, "mine") == wanted  # type: ignore[arg-type]
    assert labels_among(wanted, dataset, "mine").tolist() == places
