"""The figures that can be cited: what is recorded is not done again, works are measured as another program measures
them, and a generator that copies is told from one that does not."""

import importlib
import importlib.util
import json
import random
import sys
from collections.abc import Iterator
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
import torch
from torch import Tensor, nn

from sfumato.collection.drawn import draw
from sfumato.images.tensors import as_tensor

BENCHMARKS = Path(__file__).parents[1] / "benchmarks"
YARDSTICK = Path(__file__).parents[2] / "shared" / "yardstick"


@pytest.fixture(scope="module")
def modules() -> Iterator[SimpleNamespace]:
    with pytest.MonkeyPatch.context() as patch:
        patch.syspath_prepend(str(BENCHMARKS))
        names = ("figures", "figures_cells", "figures_measures", "figures_record", "figures_table", "mobilenet")
        yield SimpleNamespace(**{name: importlib.import_module(name) for name in names})
        for name in names:
            sys.modules.pop(name, None)


@pytest.fixture
def cell(modules: SimpleNamespace) -> Any:
    return next(iter(modules.figures_cells.cells("now")))


class Sitting:
    """What `sit` asks of one; steps are noted and not done. fails: a step that ends with a message."""

    def __init__(self, modules: SimpleNamespace, place: Path, cells: list[Any], *, fails: str = "") -> None:
        self.record = modules.figures_record.Record(place / "figures.jsonl")
        self.all, self.fails, self.did = cells, fails, list[tuple[str, str]]()

    def cells(self) -> list[Any]:
        return self.all

    def seconds(self, cell: Any, step: str) -> float:
        return 60.0 * cell.minutes if step == "trained" else 1.0

    def fits(self, seconds: float) -> bool:
        return seconds <= 100

    def do(self, cell: Any, step: str) -> None:
        if step == self.fails:
            raise SystemExit("no room on the disk")
        self.did.append((cell.name, step))
        self.record.add(cell.name, step, {})


def test_a_later_sitting_goes_on_where_one_failed_or_was_killed(modules: SimpleNamespace, tmp_path: Path) -> None:
    cells = list(modules.figures_cells.cells("now"))[:2]
    first = Sitting(modules, tmp_path, cells, fails="measured")
    assert modules.figures.sit(first) == 2
    assert first.did == [(cell.name, step) for cell in cells for step in ("trained", "made")]
    with (tmp_path / "figures.jsonl").open("a") as file:
        file.write('{"cell": "torn')  # a kill in the middle of a line
    second = Sitting(modules, tmp_path, cells)
    assert modules.figures.sit(second) == 0
    assert second.did == [(cell.name, "measured") for cell in cells]
    assert modules.figures.sit(Sitting(modules, tmp_path, cells)) == 0
    lines = (tmp_path / "figures.jsonl").read_text().splitlines()
    assert [json.loads(line)["step"] for line in lines] == ["trained", "made"] * 2 + ["measured"] * 2


def test_a_training_is_begun_anew_and_a_folder_with_other_things_stays(
    modules: SimpleNamespace, cell: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(modules.figures, "typed", lambda *_, **__: {})
    place, art = tmp_path / "place", tmp_path / "art"
    asked = modules.figures.asked_of([str(place), "--tiles", str(art), "--art", str(art), "--code", "now"])
    sitting, at = modules.figures.Sitting(asked), place / cell.name
    (at / "run").mkdir(parents=True)
    (at / "run" / "log.jsonl").write_text("killed")
    (at / "train.log").write_text("")
    sitting._train(cell)
    assert list(at.iterdir()) == []
    (at / "letter.txt").write_text("a person's")
    with pytest.raises(SystemExit, match="holds other things"):
        sitting._train(cell)
    assert (at / "letter.txt").read_text() == "a person's"


def test_nothing_is_begun_that_does_not_fit(modules: SimpleNamespace, tmp_path: Path) -> None:
    cells = list(modules.figures_cells.cells("now"))
    sitting = Sitting(modules, tmp_path, cells)
    assert modules.figures.sit(sitting) == sum(cell.minutes > 1 for cell in cells)
    assert {name for name, _ in sitting.did} == {cell.name for cell in cells if cell.minutes == 1}


def test_cells_have_names_of_their_own_and_say_what_is_typed(modules: SimpleNamespace, cell: Any) -> None:
    cells = modules.figures_cells
    names = [one.name for one in (*cells.cells("now"), *cells.cells("now", 5000))]
    assert len(set(names)) == len(names)
    (typed,) = cells.train_commands(cell, Path("TILES"), Path("run"))
    assert " ".join(typed) == "train TILES -o run --size 32 --minutes 1 --seed 0 --background 24,20,28"
    counted = next(one for one in cells.cells("now", 4800) if one.plan.two_commands)
    base, upscaler = cells.train_commands(counted, Path("ART"), Path("run"), ["threads=1"])
    assert "--steps 100 --batch 24" in " ".join(base) and base[-2:] == ["--set", "threads=1"]
    assert upscaler[4:6] == ["--upscaler", "4"]
    assert cells.generate_command(counted, Path("run"), Path("works"), 8)[2:4] == ["--upscale", "run/upscaler"]


def drawn(count: int, first: int = 0) -> Tensor:
    names = ("flow", "glass", "waves", "planes")
    return torch.stack([as_tensor(draw(names[index % 4], first + index, 32), 32) for index in range(count)])


@pytest.fixture(scope="module")
def real(modules: SimpleNamespace) -> Any:
    images = drawn(200)
    places = torch.arange(200)
    return modules.figures_measures.Real(images, places, places[places % 4 != 3], places[places % 4 == 3], images)


@pytest.fixture(scope="module")
def features(modules: SimpleNamespace) -> Any:
    with torch.random.fork_rng():
        torch.manual_seed(0)
        layers = (nn.Conv2d(3, 24, 5, 2), nn.ReLU(), nn.Conv2d(24, 24, 5, 2), nn.AdaptiveAvgPool2d(2), nn.Flatten())
        return modules.mobilenet.MobileNetFeatures(nn.Sequential(*layers).eval(), side=32, digest="0")


@pytest.fixture(scope="module")
def figures(modules: SimpleNamespace, real: Any, features: Any) -> dict[str, Any]:
    """Of a generator that gives the training pictures back, mirrored."""
    found: dict[str, Any] = modules.figures_measures.measured(real.images[real.train].flip(-1), real, features, 32)
    return found


def test_copies_are_told_from_held_out_pictures(figures: dict[str, Any], real: Any) -> None:
    copies = figures["copies"]
    assert copies["ratio"]["works"]["share"] == 1 and copies["ratio"]["held_out"]["share"] < 0.3
    assert copies["data_copying"]["score"] < -3 and figures["data_copying"]["features"]["score"] < -3
    assert abs(figures["data_copying"]["halves"]["score"]) < 3
    assert sum(cell["works"]["n"] for cell in copies["ratio_by_cell"] if cell["works"]) == len(real.train)
    assert figures["own"]["works_by_halves"]["n"] == figures["own"]["real_by_halves"]["n"] == 100
    assert json.loads(json.dumps(figures)) == figures


def test_the_table_has_the_median_over_seeds_and_their_range(
    modules: SimpleNamespace, figures: dict[str, Any], tmp_path: Path
) -> None:
    record = modules.figures_record.Record(tmp_path / "figures.jsonl")
    assert modules.figures_table.table(record) == "Nothing has been measured yet."
    cells = [one for one in modules.figures_cells.cells("now") if one.group == "tiles-32-1min-busy-now"]
    stage = {"run": ".", "pictures": 9600, "seconds": 57.0, "threads": [1, 2], "plan": "unet, 32 px: 1 minute"}
    for cell, kid in zip(cells, (40.0, 20.0, 30.0), strict=True):
        facts = {"stages": [stage], "machine": modules.figures_record.machine(), "others": 1.0, "commit": "abc"}
        record.add(cell.name, "trained", cell.record() | facts | {"commands": ["sfumato train TILES"]})
        record.add(cell.name, "made", cell.record() | {"seconds": 9.0, "commands": ["sfumato generate run"]})
        own = figures["own"] | {"kid": {"mean": kid, "error": 1.0}}
        record.add(cell.name, "measured", cell.record() | {"figures": figures | {"own": own}})
    text = modules.figures_table.table(modules.figures_record.Record(tmp_path / "figures.jsonl"))
    assert "| **tiles, 32 px, 1 min, one core busy, now** | 3 | 150 | **30 (20 to 40)** |" in text
    assert "| 100.0 (100.0 to 100.0) |" in text  # copies
    assert "| unet, 32 px | 9,600 (9,600 to 9,600) | 0.95 (0.95 to 0.95) | 1 to 2 |" in text
    assert text.count("real pictures: held out") == 1 and "sfumato generate run\n```" in text
    (head, _, *rows), *_ = ([line for line in part.split("\n") if line] for part in text.split("\n\n"))
    assert {row.count("|") for row in rows} == {head.count("|")}


def test_its_kid_is_that_of_another_program(modules: SimpleNamespace, tmp_path: Path) -> None:
    """Both of the same two folders of pictures, seen at the same size by the published network."""
    if not (YARDSTICK / "yardstick.py").is_file():
        pytest.skip("the published weights are not beside this repository")
    specification = importlib.util.spec_from_file_location("yardstick", YARDSTICK / "yardstick.py")
    assert specification and specification.loader
    yardstick = importlib.util.module_from_spec(specification)
    specification.loader.exec_module(yardstick)
    names = ("flow", "glass", "waves", "planes")
    for folder, share in (("one", 0.0), ("other", 0.5)):
        (tmp_path / folder).mkdir()
        choice = random.Random(folder)
        for index in range(80):
            name = "circles" if choice.random() < share else names[index % 4]
            draw(name, 1000 * len(folder) + index, 32).save(tmp_path / folder / f"{index}.png")
    background = modules.figures_cells.BACKGROUND
    network = modules.mobilenet.read_mobilenet(YARDSTICK / "mobilenet_v2_1.0_224.safetensors")
    sees = modules.figures_measures._sees(network, 32)
    ours = modules.figures_measures._kid(
        *(sees(modules.figures_measures.pictures_in(tmp_path / folder, background)) for folder in ("one", "other"))
    )
    theirs, deviation = yardstick.kid(
        *(
            yardstick.features(yardstick.MobileNetV2(), yardstick.read(str(tmp_path / folder), background), 32)
            for folder in ("one", "other")
        )
    )
    assert ours["mean"] > 100
    assert abs(ours["mean"] - 1000 * theirs) < 1000 * deviation / 2


def test_a_name_that_no_cell_has_is_said(
    modules: SimpleNamespace, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sys, "argv", ["figures.py", str(tmp_path), "--code", "now", "--only", "tiles-32-2min"])
    with pytest.raises(SystemExit, match="no cell has such a name"):
        modules.figures.main()
