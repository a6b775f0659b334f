"""Every picture that a model made leaves through one function, `sfumato.works.saving.encoded`, marked and signed, and
says what a comparison with what was learned from has found; every command that makes works keeps to the policy.

Two kinds of pictures are none of a model's works: thumbnails inside reports, and the collection that the demo draws.
"""

import re
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager
from dataclasses import dataclass, field
from itertools import pairwise
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from PIL import Image

from sfumato.cli import app
from sfumato.cli.app import main
from sfumato.models import Model
from sfumato.provenance import is_marked, is_marked_file
from sfumato.provenance.verification import Credentials, credentials_of, read_credentials
from sfumato.works import read_work
from sfumato.works.saving import ENCODERS, ffmpeg

SOURCE = Path(__file__).parents[1] / "src" / "sfumato"
DOOR = ("sfumato.works.saving", "encoded")
REPORTS = ("sfumato.cli.page", "sfumato.reports")  # thumbnails within a page, which are no files
DRAWN = "sfumato.collection.drawn_collection"  # art that the program draws without a model
SETTINGS = """\
size = 32
batch = 4
snapshots = 2
evaluations = 1
early = 0.1
network = {kind = "unet", patch = 2, channels = [8], blocks = 1, width = 16, depth = 1, heads = 1}
"""


@dataclass
class Encodings:
    """How often an encoder was called through the door, in a report, and for drawn art; and all other calls."""

    through_the_door: int = 0
    in_reports: int = 0
    drawn: int = 0
    others: list[str] = field(default_factory=list)

    def note(self, what: str) -> None:
        frame, stack = sys._getframe(2), []
        while frame is not None:
            stack.append((str(frame.f_globals.get("__name__")), frame.f_code.co_name))
            frame = frame.f_back  # type: ignore[assignment]
        if DOOR in stack:
            self.through_the_door += 1
        elif any(module.startswith(REPORTS) for module, _ in stack):
            self.in_reports += 1
        elif any(module == DRAWN for module, _ in stack):
            self.drawn += 1
        else:
            self.others.append(f"{what}: {' < '.join('.'.join(call) for call in stack[:8])}")


@pytest.fixture(scope="module")
def encodings() -> Iterator[Encodings]:
    found, save, run = Encodings(), Image.Image.save, subprocess.run

    def watched_save(picture: Image.Image, file: Any, *arguments: Any, **options: Any) -> None:
        found.note("Image.save")
        save(picture, file, *arguments, **options)

    def watched_run(command: Any, *arguments: Any, **options: Any) -> Any:
        if "ffmpeg" in str(command[0] if isinstance(command, list | tuple) else command):
            found.note("ffmpeg")
        return run(command, *arguments, **options)

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(Image.Image, "save", watched_save)
        patch.setattr(subprocess, "run", watched_run)
        yield found


@pytest.fixture(scope="module")
def here(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A directory with art in it, a picture and its mask, and settings of tiny trainings."""
    from sfumato.collection.drawn_collection import draw_collection

    folder = tmp_path_factory.mktemp("door")
    list(draw_collection(folder / "art", per_class=4, size=64))
    levels = np.random.default_rng(0).integers(0, 256, (40, 48, 3), dtype=np.uint8)
    Image.fromarray(levels).save(folder / "mine.bmp")
    mask = Image.new("L", (48, 40))
    mask.paste(255, (8, 8, 24, 24))
    mask.save(folder / "mask.bmp")
    (folder / "tiny.toml").write_text(SETTINGS, "utf-8")
    return folder


Answers = Callable[..., list[Path]]
# What these write shows how a training goes: those pictures are for whoever trains.
OF_TRAINING = {"train", "demo"}


def is_compared(verdict: Credentials) -> bool:
    return verdict.facts["comparison"]["found"] in ("near copy", "no near copy")


@pytest.fixture(scope="module")
def writes(here: Path, encodings: Encodings) -> Answers:
    """writes("train", "art", ...): the pictures and videos that the command wrote, each of them through the door."""

    def run(*arguments: object) -> list[Path]:
        before = {path: path.stat().st_mtime_ns for path in here.rglob("*") if path.is_file()}
        passed = encodings.through_the_door
        with pytest.MonkeyPatch.context() as patch:
            patch.setattr(sys, "argv", ["sfumato", *map(str, arguments)])
            patch.chdir(here)
            try:
                main()
            except SystemExit as end:
                assert not end.code, arguments
        assert encodings.others == []
        written = [
            path
            for path in sorted(here.rglob("*"))
            if path.suffix.lower() in ENCODERS and path.is_file() and before.get(path) != path.stat().st_mtime_ns
        ]
        ours = [path for path in written if "art" not in path.relative_to(here).parts]  # which the demo draws
        assert encodings.through_the_door - passed >= len(ours)
        assert [path for path in ours if not is_marked_file(path)] == []
        verdicts = {path: read_credentials(path) for path in ours}
        assert [path for path, verdict in verdicts.items() if verdict.status != "trusted"] == []
        if arguments[0] not in OF_TRAINING:
            assert [path for path, verdict in verdicts.items() if not is_compared(verdict)] == []
        return ours

    return run


@pytest.fixture(scope="module", autouse=True)
def _one_thread() -> Iterator[None]:
    before = torch.get_num_threads()
    torch.set_num_threads(1)
    yield
    torch.set_num_threads(before)


@pytest.fixture(scope="module")
def trained(writes: Answers, here: Path) -> list[Path]:
    """What a training writes: snapshots and the strip of them."""
    asked = ("--steps", 6, "--config", "tiny.toml", "--device", "cpu")
    written = writes("train", "art", "-o", "run", *asked)
    writes("train", "art", "--upscaler", 2, "-o", "larger", *asked)
    return written


@pytest.fixture(scope="module")
def works(writes: Answers, trained: list[Path]) -> list[Path]:
    return writes("generate", "run", "-n", 2, "--steps", 2, "--trajectory", "-o", "works")


def test_a_training_writes_snapshots_and_their_strip(trained: list[Path]) -> None:
    names = {path.name for path in trained}
    assert "evolution.png" in names
    assert len([path for path in trained if path.parent.name == "snapshots"]) >= 2


def test_works_their_sheet_and_the_way_to_them(works: list[Path]) -> None:
    assert {path.name for path in works} == {"works-sheet.png", "works-trajectory.webp", "0000.png", "0001.png"}


COMMANDS = {
    "generate, enlarged": ("generate run -n 2 --steps 1 --upscale larger -o large", 3),
    "generate, for a print": ("generate run -n 1 --steps 1 --upscale larger --print 10x8mm@254 -o printed", 2),
    "generate, without a recipe": ("generate run -n 1 --steps 1 --no-recipe -o bare", 2),
    "reimagine": ("reimagine run mine.bmp --steps 2 --trajectory -o reimagined.png", 2),
    "edit": ("reimagine run mine.bmp --edit --steps 2 -o edited.png", 1),
    "inpaint": ("inpaint run mine.bmp mask.bmp --steps 1 --trajectory -o inpainted.png", 2),
    "outpaint": ("outpaint run mine.bmp --left 8 --steps 1 --trajectory -o outpainted.png", 2),
    "upscale": ("upscale larger mine.bmp --steps 1 --trajectory -o upscaled.png", 2),
    "grid": ("grid run --vary guidance=1,2 --steps 1 -n 1 -o grid.png", 1),
    "again": ("again works/0000.png --model run --trajectory -o again.png", 2),
    "nearest": ("nearest works/0000.png --model run -o nearest.png", 1),
    "a way as .webp": ("interpolate works/0000.png works/0001.png --model run --frames 2 --steps 1 -o way.webp", 1),
    "a way as .gif": ("interpolate works/0000.png works/0001.png --model run --frames 2 --steps 1 -o way.gif", 1),
    "a way as .apng": ("interpolate works/0000.png works/0001.png --model run --frames 2 --steps 1 -o way.apng", 1),
}


# What the other tests type; compare, which takes a while, is typed in cli/test_compare.py.
OTHERS = {"train", "generate", "evaluate", "compare", "demo"}
WITHOUT_PICTURES = {
    "collect": "collect art -o collected",
    "collection": "collection show run/collection",
    "distill": "distill run -o distilled --set steps=1 --set snapshots=0 --device cpu",
    "verify": "verify works/0000.png",
    "key": "key export my.pem",
    "card": "card run --format eu",
    "policy": "policy",
    "studio": "studio --check --data studio",
}


def test_a_new_command_has_to_be_typed_here() -> None:
    typed = {words.split()[0] for words, _ in COMMANDS.values()} | OTHERS | WITHOUT_PICTURES.keys()
    assert typed == set(app.COMMANDS)


@pytest.mark.parametrize("name", WITHOUT_PICTURES)
def test_what_makes_no_works_writes_no_picture(writes: Answers, works: list[Path], name: str) -> None:
    assert writes(*WITHOUT_PICTURES[name].split()) == []


@pytest.mark.parametrize("name", COMMANDS)
def test_what_a_command_writes_goes_through_the_door(writes: Answers, works: list[Path], name: str) -> None:
    typed, files = COMMANDS[name]
    assert len(writes(*typed.split())) == files


# These show what was there already.
MAKES_NOTHING = {"nearest"}


@pytest.mark.parametrize("name", sorted(COMMANDS.keys() - MAKES_NOTHING))
def test_a_command_keeps_to_the_policy(
    here: Path, works: list[Path], tmp_path: Path, monkeypatch: pytest.MonkeyPatch, name: str
) -> None:
    (tmp_path / "policy.toml").write_text("longest_side = 31")
    monkeypatch.setenv("SFUMATO_POLICY", str(tmp_path / "policy.toml"))
    typed, _ = COMMANDS[name]
    words = [str(tmp_path / word) if before == "-o" else word for before, word in pairwise(["", *typed.split()])]
    monkeypatch.setattr(sys, "argv", ["sfumato", *words])
    monkeypatch.chdir(here)
    with pytest.raises(SystemExit) as end:
        main()
    assert end.value.code == 2
    assert [path.name for path in tmp_path.iterdir()] == ["policy.toml"]


@pytest.mark.skipif(ffmpeg() is None, reason="there is no ffmpeg here")
def test_a_video_does_too(writes: Answers, works: list[Path]) -> None:
    typed = "interpolate works/0000.png works/0001.png --model run --frames 2 --steps 1 -o way.mp4"
    (video,) = writes(*typed.split())
    assert video.read_bytes()[4:8] == b"ftyp"


def test_an_evaluation_writes_pictures_within_its_page_alone(
    writes: Answers, works: list[Path], encodings: Encodings
) -> None:
    before = encodings.in_reports
    assert writes("evaluate", "run", "--against", "run", "-n", 4, "-o", "evaluated", "--device", "cpu") == []
    assert encodings.in_reports > before


def test_a_demo_draws_its_art_and_its_works_go_through_the_door(
    writes: Answers,
    here: Path,
    encodings: Encodings,
    small_demonstrations: Callable[[], AbstractContextManager[None]],
) -> None:
    before = encodings.drawn
    with small_demonstrations():
        written = writes("demo", "-o", "demo", "--minutes", 0.02)
    art = list((here / "demo" / "art").rglob("*.png"))
    assert encodings.drawn - before == len(art) > 0
    assert not any(is_marked_file(path) for path in art)
    assert any(re.fullmatch(r"\d{4}\.png", path.name) for path in written)


def test_a_notebook_is_shown_a_work_through_the_door(here: Path, works: list[Path], encodings: Encodings) -> None:
    work = read_work(here / "works" / "0000.png")
    before = encodings.through_the_door
    shown = work._repr_png_()
    assert is_marked(shown)
    assert credentials_of(shown).status == "trusted"
    (other,) = Model.from_pretrained(here / "run").generate(1, steps=1)
    other.save(here / "other.png")
    assert encodings.through_the_door == before + 2
    assert is_marked_file(here / "other.png")
    assert encodings.others == []


def test_in_the_source_nothing_else_encodes_a_picture() -> None:
    """`encoded` and its encoders alone call Pillow's save and ffmpeg; others call `save` of a work, or `save` there."""
    allowed = {
        "works/saving.py": {"first.save(file, **options)"},
        "watermark/attacks.py": {"image.save(file, kind, **options)"},  # into memory, to see what a mark survives
        "studio/server/decoder.py": {"image.save(file, kind, **options)"},  # for the eyes of whoever has the picture
        # What a work looks like before it is one: estimates, which nobody keeps.
        "studio/workers/previews.py": {'shown.save(file, "JPEG", quality=_QUALITY, subsampling=0)'},
        "studio/server/openai/streaming.py": {'first.save(file, "PNG")'},
        "collection/drawn_collection.py": {'draw(name, seed + number, size).save(picture, "PNG", compress_level=3)'},
    }
    # Works, weights and arrays have a save of their own.
    others = re.compile(r"\b(work|marked|larger|works\[0\]|inputs=\(\)\)|writer|np|torch|self)\.save\(")
    found: dict[str, set[str]] = {}
    for path in sorted(SOURCE.rglob("*.py")):
        name = path.relative_to(SOURCE).as_posix()
        for line in path.read_text("utf-8").splitlines():
            if re.search(r"\.save\(", others.sub("", line)):
                found.setdefault(name, set()).add(line.strip())
            if re.search(r"\b(imwrite|imsave|write_png|write_video|to_file)\(", line):
                found.setdefault(name, set()).add(line.strip())
            if re.search(r"\bffmpeg\(\)", line) and name != "works/saving.py":
                found.setdefault(name, set()).add(line.strip())
    in_reports = [name for name in found if name == "cli/page.py" or name.startswith("reports/")]
    assert {name: lines for name, lines in found.items() if name not in in_reports} == allowed
    assert sum(len(found[name]) for name in in_reports) == 1
