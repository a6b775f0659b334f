"""The contest itself, with contenders that take no time: scripts of a few lines that leave works and an outcome."""

from __future__ import annotations

import importlib.util
import json
import re
import subprocess
import sys
import time
from pathlib import Path

import pytest
from PIL import Image

BENCHMARKS = Path(__file__).parents[1] / "benchmarks"

FAKE = """\
import json, sys
from pathlib import Path
from PIL import Image

job = json.loads(Path(sys.argv[1]).read_text())
place = Path(job["place"])
with (place.parent / "runs.txt").open("a") as file:
    file.write(place.name + "\\n")
if job["options"].get("fails") and not (place.parent / "mended").exists():
    raise SystemExit("out of luck")
(place / "works").mkdir()
for index in range(job["works"]):
    Image.new("RGB", (8, 8), (job["options"].get("grey", 0),) * 3).save(place / "works" / f"{index}.png")
facts = {"settings": "fake", "parameters": 1, "steps": 2, "pictures": 30, "train_seconds": 3.0, "seconds_for_16": 0.5}
(place / "outcome.json").write_text(json.dumps(facts))
"""

# The distance is how far the works' mean grey is from the pictures'.
YARDSTICK = """\
import json, sys
from pathlib import Path
from PIL import Image, ImageStat

def grey(folder):
    values = [ImageStat.Stat(Image.open(p).convert("L")).mean[0] for p in Path(folder).rglob("*.png")]
    return sum(values) / len(values)

print("a remark")
print(json.dumps({"kid": abs(grey(sys.argv[1]) - grey(sys.argv[2])), "kid_sd": 1.0, "copies": 0.25}))
"""


@pytest.fixture
def peers(monkeypatch):
    monkeypatch.syspath_prepend(BENCHMARKS)
    spec = importlib.util.spec_from_file_location("peers_under_test", BENCHMARKS / "peers.py")
    module = importlib.util.module_from_spec(spec)
    monkeypatch.setitem(sys.modules, "peers_under_test", module)
    spec.loader.exec_module(module)
    return module


@pytest.fixture
def art(tmp_path):
    folder = tmp_path / "art"
    for index in range(9):
        (folder / f"class{index % 2}").mkdir(parents=True, exist_ok=True)
        picture = Image.new("RGBA", (20, 12), (100, 100, 100, 255))
        picture.save(folder / f"class{index % 2}" / f"{index}.png")
    return folder


@pytest.fixture
def contest(peers, art, tmp_path, monkeypatch):
    """A function that begins or takes up the contest, given further arguments."""
    (tmp_path / "contenders").mkdir()
    (tmp_path / "contenders" / "fake.py").write_text(FAKE)
    (tmp_path / "yardstick.py").write_text(YARDSTICK)
    monkeypatch.setattr(peers, "HERE", tmp_path)
    everyone = [
        peers.Contender("real", ""),
        peers.Contender("failing", "fake", {"fails": True}),
        peers.Contender("near", "fake", {"grey": 90}, short=True),
        peers.Contender("far", "fake", {"grey": 10}, short=True),
        peers.Contender("tuned", "fake", {}, trials=("far", "near")),
    ]
    monkeypatch.setattr(peers, "EVERYONE", {contender.name: contender for contender in everyone})

    def run(*more: str) -> int:
        given = ["--pictures", art, "--work", tmp_path / "work", "--sfumato", sys.executable, "--size", "8"]
        given += ["--yardstick", tmp_path / "yardstick.py", "--works", "3", "--minutes", "10", *more]
        monkeypatch.setattr(sys, "argv", ["peers.py", *map(str, given)])
        return peers.main()

    return run


def ran(tmp_path: Path) -> list[str]:
    return (tmp_path / "work" / "runs.txt").read_text().split()


def results(tmp_path: Path) -> list[dict]:
    return [json.loads(line) for line in (tmp_path / "work" / "results.jsonl").read_text().splitlines()]


def test_one_that_fails_loses_the_others_nothing_and_is_tried_again(contest, tmp_path, capsys) -> None:
    assert contest() == 1
    assert ran(tmp_path) == ["failing", "near", "far", "tuned"]
    table = (tmp_path / "work" / "table.md").read_text()
    assert "| failing | failed: out of luck (exit code 1" in table
    (tmp_path / "work" / "mended").touch()
    assert contest() == 0
    assert ran(tmp_path)[4:] == ["failing"]  # what was done before is skipped
    assert "failed" not in (tmp_path / "work" / "table.md").read_text()
    assert contest() == 0
    assert len(ran(tmp_path)) == 5
    assert "done before" in capsys.readouterr().out


def test_the_tuned_one_takes_the_options_of_the_best_trial_for_the_whole_time(contest, tmp_path) -> None:
    contest("--only", "tuned", "--selection-minutes", "2")
    far, near, tuned = sorted(results(tmp_path), key=lambda line: line["job"]["contender"])
    assert near["kid"] < far["kid"]
    assert tuned["job"]["options"] == {"grey": 90}
    assert (near["job"]["minutes"], tuned["job"]["minutes"]) == (2, 10)


def test_a_tuned_one_without_a_trial_that_ended_is_no_success(contest, peers, tmp_path) -> None:
    peers.EVERYONE["tuned"] = peers.Contender("tuned", "fake", {}, trials=("failing",))
    assert contest("--only", "tuned") == 1
    assert ran(tmp_path) == ["failing"]


def test_other_minutes_are_another_result(contest, tmp_path) -> None:
    contest("--only", "near")
    contest("--only", "near", "--selection-minutes", "1")
    assert [line["job"]["minutes"] for line in results(tmp_path)] == [3, 1]
    assert (tmp_path / "work" / "table.md").read_text().count("| near |") == 1


def test_a_line_says_what_was_measured(contest, tmp_path) -> None:
    contest("--only", "near", "real")
    real, near = results(tmp_path)
    assert near["peak_memory_bytes"] > 1e6
    table = (tmp_path / "work" / "table.md").read_text()
    # A child's peak memory counts what its parent had when it began, which in a test is much.
    assert re.search(r"\| near \| fake, 0\.0 M \| 10\.0 \| 2 \| 10 \+- 1 \| 0\.250 \| 0\.50 \| \d\.\d \|", table)
    assert real["kid"] == 0 and "| real | 3 pictures | | | 0 +- 1 | 0.250 | | |" in table


def test_a_dry_run_makes_nothing(contest, tmp_path, capsys) -> None:
    assert contest("--dry-run") == 0
    said = capsys.readouterr().out
    assert not (tmp_path / "work").exists()
    assert [line.split()[0] for line in said.splitlines()] == ["real", "failing", "near", "far", "tuned", "in"]
    assert said.splitlines()[-1] == "in all about 0.5 hours"  # 2 x 10 and 2 x 3 minutes, and the yardstick


def test_a_name_that_is_none_is_told(contest) -> None:
    with pytest.raises(SystemExit, match="--only nobody: there is none of that name"):
        contest("--only", "nobody")


def test_a_folder_of_other_things_is_left_alone(contest, tmp_path) -> None:
    (tmp_path / "work").mkdir()
    (tmp_path / "work" / "thesis.txt").write_text("mine")
    with pytest.raises(SystemExit, match="holds other things"):
        contest()
    assert [path.name for path in (tmp_path / "work").iterdir()] == ["thesis.txt"]


def test_the_pictures_are_of_one_size_on_the_background_and_made_once(peers, tmp_path) -> None:
    picture = Image.new("RGBA", (30, 10), (200, 0, 0, 255))
    picture.paste((0, 0, 0, 0), (10, 0, 20, 10))
    (tmp_path / "art" / "a").mkdir(parents=True)
    picture.save(tmp_path / "art" / "a" / "x.png")
    Image.new("L", (8, 16), 7).save(tmp_path / "art" / "y.png")
    known = peers.prepare(tmp_path / "art", tmp_path / "made", 8, (1, 2, 3))
    assert set(known["files"]) == {"files/a/000000.png", "files/000001.png"}
    with Image.open(tmp_path / "made" / "files" / "a" / "000000.png") as made:
        assert (made.size, made.mode, made.getpixel((4, 4))) == ((8, 8), "RGB", (1, 2, 3))
    (tmp_path / "made" / "files" / "000001.png").unlink()
    assert peers.prepare(tmp_path / "art", tmp_path / "made", 8, (1, 2, 3)) == known
    assert not (tmp_path / "made" / "files" / "000001.png").exists()
    with pytest.raises(SystemExit, match="choose another --work"):
        peers.prepare(tmp_path / "art", tmp_path / "made", 16, (1, 2, 3))


def test_real_pictures_are_held_against_others_than_themselves(peers, art, tmp_path) -> None:
    known = peers.prepare(art, tmp_path / "made", 8, (0, 0, 0))
    some, rest = peers.apart(known, tmp_path / "made", tmp_path, 256, 0)
    originals = {str(link.resolve()) for link in rest.iterdir()}
    held = {known["files"][str(link.resolve().relative_to(tmp_path / "made"))] for link in some.iterdir()}
    assert len(held) == 3 and len(originals) == 6 and not held & originals


def test_a_contender_is_not_left_running(tmp_path, art) -> None:
    """SIGTERM ends the contest and what it started."""
    (tmp_path / "yardstick.py").write_text("import time; open('began', 'w').close(); time.sleep(60)")
    command = [sys.executable, BENCHMARKS / "peers.py", "--pictures", art, "--work", tmp_path / "work"]
    command += ["--sfumato", sys.executable, "--yardstick", tmp_path / "yardstick.py", "--only", "real"]
    process = subprocess.Popen(list(map(str, command)), cwd=tmp_path)
    while not (tmp_path / "began").exists():
        assert process.poll() is None
        time.sleep(0.05)
    process.terminate()
    assert process.wait(20) == 143
    running = [path.read_bytes() for path in Path("/proc").glob("[0-9]*/cmdline") if path.exists()]
    assert not any(str(tmp_path / "yardstick.py").encode() in line for line in running)
    assert not (tmp_path / "work" / "results.jsonl").exists()
