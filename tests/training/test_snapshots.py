from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from PIL import Image

from sfumato.directory import OwnDirectory
from sfumato.errors import SfumatoError
from sfumato.provenance import is_marked_file
from sfumato.training.snapshots import Snapshots, moments

PICTURES = [Image.new("RGB", (32, 32), (20 * number, 0, 99)) for number in range(8)]


def test_moments_are_dense_at_first_and_end_with_the_run() -> None:
    times = moments(12)
    assert len(times) == 12
    assert times[0] > 0
    assert times[-1] == 1
    gaps = [later - earlier for earlier, later in zip([0.0, *times], times, strict=False)]
    assert gaps == sorted(gaps)
    assert moments(0) == []


@pytest.fixture
def snapshots(tmp_path: Path) -> Iterator[Snapshots]:
    with OwnDirectory(tmp_path / "run", "run").at_work() as directory:
        yield Snapshots(directory)


def test_a_snapshot_is_a_row_of_pictures_whenever_it_is_made(
    snapshots: Snapshots, unsigned: Callable[[Path], bytes]
) -> None:
    path = snapshots.keep(PICTURES, 7)
    assert path.name == "00000007.png"
    first = unsigned(path)
    assert is_marked_file(path)
    path.write_bytes(b"half a pict")  # a session was killed here
    assert snapshots.keep(PICTURES, 7) == path
    assert unsigned(path) == first
    with Image.open(path) as row:
        assert row.size == (32 * len(PICTURES), 32)
        assert [row.getpixel((32 * number, 31)) for number in range(8)] == [(20 * n, 0, 99) for n in range(8)]


def test_later_snapshots_are_forgotten_and_other_pictures_are_not(snapshots: Snapshots) -> None:
    for step in (5, 10, 20):
        folder = snapshots.keep(PICTURES, step).parent
    for name in ("mine.png", "20261128.png"):
        (folder / name).write_bytes(b"a photograph")
    snapshots.forget_after(10)
    left = sorted(path.name for path in folder.iterdir())
    assert left == ["00000005.png", "00000010.png", "20261128.png", "mine.png"]
    with pytest.raises(SfumatoError, match="was not made by sfumato"):
        snapshots.keep(PICTURES, 20261128)
    assert (folder / "20261128.png").read_bytes() == b"a photograph"


def test_all_moments_become_one_strip_and_one_animation(snapshots: Snapshots, tmp_path: Path) -> None:
    for step in range(15):
        folder = snapshots.keep([Image.new("RGB", (32, 32), (16 * step, 0, 0))] * 8, step).parent
    (folder / "99999999.png").write_bytes(b"no snapshot")
    snapshots.summarise("strip.png", "film.webp")
    assert is_marked_file(tmp_path / "run" / "film.webp")
    assert is_marked_file(tmp_path / "run" / "strip.png")
    with Image.open(tmp_path / "run" / "film.webp") as film:
        assert film.n_frames == 15
    with Image.open(tmp_path / "run" / "strip.png") as strip:
        colours = {colour[0] for _, colour in strip.convert("RGB").getcolors(1 << 24) if colour[1:] == (0, 0)}
    assert {0, 16 * 14} <= colours  # the first and the last of the moments that it shows


def test_without_snapshots_there_is_neither_strip_nor_animation(snapshots: Snapshots, tmp_path: Path) -> None:
    snapshots.summarise("strip.png", "film.webp")
    assert [path.name for path in tmp_path.iterdir()] == ["run"]
