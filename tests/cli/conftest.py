"""The commands as a person runs them, in this process; a small folder of art; one run, trained once."""

import contextlib
import io
import os
import shutil
import sys
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest
import torch

from sfumato.cli.app import main
from sfumato.collection.drawn_collection import draw_collection

SETTINGS = """\
size = 32
batch = 4
snapshots = 2
evaluations = 1
early = 0.1

[network]
kind = "unet"
patch = 2
channels = [8]
blocks = 1
width = 16
depth = 1
heads = 1
"""


@dataclass(frozen=True)
class Answer:
    """What a command left behind: its exit code and what it wrote."""

    code: int
    out: str
    err: str


@pytest.fixture(scope="session", autouse=True)
def _one_thread() -> Iterator[None]:
    before = torch.get_num_threads()
    torch.set_num_threads(1)
    yield
    torch.set_num_threads(before)


@pytest.fixture(scope="session")
def sfumato() -> Callable[..., Answer]:
    """sfumato("train", folder, "-o", run): the whole command line, as the installed program runs it."""

    def run(*arguments: object) -> Answer:
        before, out, err, code = sys.argv, io.StringIO(), io.StringIO(), 0
        sys.argv = ["sfumato", *map(str, arguments)]
        try:
            with contextlib.redirect_stdout(out), contextlib.redirect_stderr(err):
                main()
        except SystemExit as end:
            code = end.code if isinstance(end.code, int) else 0 if end.code is None else 1
        finally:
            sys.argv = before
        return Answer(code, out.getvalue(), err.getvalue())

    return run


@pytest.fixture(scope="session")
def art(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Twenty pictures of five classes."""
    folder = tmp_path_factory.mktemp("pictures") / "art"
    list(draw_collection(folder, per_class=4, size=40))
    return folder


@pytest.fixture(scope="session")
def settings(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A TOML file that makes a training tiny."""
    path = tmp_path_factory.mktemp("settings") / "tiny.toml"
    path.write_text(SETTINGS, "utf-8")
    return path


@pytest.fixture(scope="session")
def trained(
    sfumato: Callable[..., Answer], art: Path, settings: Path, tmp_path_factory: pytest.TempPathFactory
) -> tuple[Path, Answer]:
    """A finished run, and what training it said. Read it, but do not change it."""
    run = tmp_path_factory.mktemp("trained") / "run"
    answer = sfumato("train", art, "-o", run, "--steps", 6, "--config", settings, "--device", "cpu")
    assert answer.code == 0, answer.err
    return run, answer


@pytest.fixture(scope="session")
def run(trained: tuple[Path, Answer]) -> Path:
    return trained[0]


@pytest.fixture(scope="session")
def generated(sfumato: Callable[..., Answer], run: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with two works of that run."""
    folder = tmp_path_factory.mktemp("generated") / "works"
    answer = sfumato("generate", run, "-n", 2, "--seed", 7, "--steps", 3, "-o", folder)
    assert answer.code == 0, answer.err
    return folder


@pytest.fixture
def works(generated: Path, here: Path) -> Path:
    """A copy of it in the working directory."""
    return Path(shutil.copytree(generated, here / "works"))


@pytest.fixture
def tree() -> Callable[[Path], dict[str, bytes | None]]:
    """Everything below a folder: names, and contents of files."""

    def read(folder: Path) -> dict[str, bytes | None]:
        return {
            path.relative_to(folder).as_posix(): path.read_bytes() if path.is_file() else None
            for path in folder.rglob("*")
        }

    return read


@pytest.fixture
def here(tmp_path: Path) -> Iterator[Path]:
    """An empty working directory."""
    before = Path.cwd()
    folder = tmp_path / "here"
    folder.mkdir()
    os.chdir(folder)
    yield folder
    os.chdir(before)
