import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from sfumato.dataset import Dataset
from sfumato.errors import SfumatoError
from sfumato.networks import TransformerConfig
from sfumato.training import Run, is_run, train
from sfumato.training import preparation as module
from sfumato.training.preparation import check_disk, disk_bytes, parent_choices, prepare_run, suitable_size


def test_large_pictures_and_enough_time_make_a_larger_size() -> None:
    assert suitable_size([64] * 100, 15) == 64
    assert suitable_size([64] * 100, 14.9) == 32
    assert suitable_size([64] * 90 + [63] * 10, 60) == 32
    assert suitable_size([200], 0) == 32


@pytest.mark.parametrize(
    ("side", "size"),
    [(16, 32), (8, 32), (24, 48), (20, 40), (10, 40), (32, 32), (48, 48), (64, 64), (9, 32), (100, 64)],
)
def test_pixel_art_has_a_size_that_a_whole_number_makes_of_most_of_it(side: int, size: int) -> None:
    assert suitable_size([side] * 39 + [17], 30, pixel_art=True) == size


def test_a_run_remembers_what_it_is_made_from(
    tiny_dataset: Dataset, tiny_settings: dict[str, Any], tmp_path: Path
) -> None:
    run, made = prepare_run(tmp_path / "run", tiny_dataset, tiny_settings, facts={"Pictures": "20"})
    again = Run.open(tmp_path / "run")
    assert (again.path, again.record) == (run.path, run.record)
    assert again.record.plan == made.sentence
    assert again.record.settings == made.settings
    assert Dataset.open(again.dataset).digest == again.record.dataset_digest == tiny_dataset.digest
    assert again.record.facts == {"Pictures": "20"}


def test_a_dataset_inside_the_run_moves_with_it(
    tiny_dataset: Dataset, tiny_settings: dict[str, Any], tmp_path: Path
) -> None:
    shutil.copytree(tiny_dataset.path, tmp_path / "run" / "dataset")
    run, _ = prepare_run(tmp_path / "run", Dataset.open(tmp_path / "run" / "dataset"), tiny_settings)
    assert run.record.dataset == "dataset"
    (tmp_path / "run").rename(tmp_path / "moved")
    assert Dataset.open(Run.open(tmp_path / "moved").dataset).digest == tiny_dataset.digest


def test_epochs_become_steps(tiny_dataset: Dataset, tiny_settings: dict[str, Any], tmp_path: Path) -> None:
    choices = {**tiny_settings, "minutes": 5, "steps": 0, "epochs": 8, "checkpoint_epochs": 2}
    run, _ = prepare_run(tmp_path / "run", tiny_dataset, choices)
    assert run.record.settings.cadence.checkpoint_every == round(2 * len(tiny_dataset.train) / tiny_settings["batch"])
    assert run.record.settings.steps == round(8 * len(tiny_dataset.train) / tiny_settings["batch"])
    assert run.record.settings.minutes == 0


def test_a_run_that_is_there_is_not_begun_again(begin: Callable[..., Run]) -> None:
    run = begin()
    record = (run.path / "run.json").read_bytes()
    with pytest.raises(SfumatoError, match="holds a run already"):
        begin(seed=9)
    assert (run.path / "run.json").read_bytes() == record


@pytest.mark.parametrize(
    ("choices", "said"),
    [({"balance": "creator"}, "creator"), ({"batch": 0}, "batch = 0"), ({"size": 34}, "multiple of 4")],
)
def test_what_does_not_go_with_the_pictures_is_said_before_anything_is_written(
    choices: dict[str, Any],
    said: str,
    tiny_dataset: Dataset,
    tiny_settings: dict[str, Any],
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(tiny_dataset, "creator_names", [""])
    with pytest.raises(SfumatoError, match=said):
        prepare_run(tmp_path / "run", tiny_dataset, {**tiny_settings, **choices})
    assert not is_run(tmp_path / "run")


def test_a_full_disk_is_said_before_the_run_begins(begin: Callable[..., Run], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module.shutil, "disk_usage", lambda path: shutil._ntuple_diskusage(10**9, 10**9, 1000))
    with pytest.raises(SfumatoError, match="MB are free; make room, or choose another disk"):
        begin()


def test_the_disk_is_asked_where_the_run_will_be(tmp_path: Path) -> None:
    check_disk(tmp_path / "not" / "there", 1)
    with pytest.raises(SfumatoError, match="make room"):
        check_disk(tmp_path / "not" / "there", 10**18)


@pytest.mark.parametrize("settings", [{}, {"optimiser": "adamw"}, {"network": TransformerConfig(width=24, heads=2)}])
def test_a_run_stays_under_the_limit_that_is_stated(
    settings: dict[str, Any], tiny_dataset: Dataset, tiny_settings: dict[str, Any], tmp_path: Path
) -> None:
    path = tmp_path / "run"
    shutil.copytree(tiny_dataset.path, path / "dataset")
    choices = {**tiny_settings, "steps": 20, "log_every": 1, "snapshots": 3, "evaluations": 10, **settings}
    run, made = prepare_run(path, Dataset.open(path / "dataset"), choices)
    most = 0
    for _ in train(run):
        most = max(most, sum(file.stat().st_size for file in path.rglob("*") if file.is_file()))
    limit = disk_bytes(made, Dataset.open(path / "dataset"))
    assert most < limit
    assert limit < 12 * most + 2e6  # and is no idle number


def test_a_descendant_takes_over_what_it_must_share(begin: Callable[..., Run]) -> None:
    run = begin(preconditioning="flow", steps=1, evaluations=1)
    list(train(run))
    settings = run.record.settings
    shared = {"size": 32, "objective": {"kind": "denoising"}, "preconditioning": "flow"}
    assert parent_choices(str(run.path)) == shared | {"network": settings.network, "codec": settings.codec}


def test_a_model_of_an_objective_that_is_not_known_here_is_no_beginning(finished: Callable[..., Run]) -> None:
    run = finished()
    config = run.model / "config.json"
    config.write_text(config.read_text("utf-8").replace('"objective": "denoising"', '"objective": "another"'), "utf-8")
    with pytest.raises(SfumatoError, match="was trained by the objective 'another', which this sfumato does not have"):
        parent_choices(str(run.path))
