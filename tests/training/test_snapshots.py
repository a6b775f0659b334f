from pathlib import Path

from PIL import Image

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


def test_a_snapshot_is_a_row_of_pictures_whenever_it_is_made(tmp_path: Path) -> None:
    first = Snapshots(tmp_path / "a").keep(PICTURES, 7)
    (tmp_path / "b").mkdir()
    (tmp_path / "b" / first.name).write_bytes(b"half a pict")  # a session was killed here
    again = Snapshots(tmp_path / "b").keep(PICTURES, 7)
    assert first.name == again.name == "00000007.png"
    assert first.read_bytes() == again.read_bytes()
    assert is_marked_file(first)
    with Image.open(first) as row:
        assert row.size == (32 * len(PICTURES), 32)
        assert [row.getpixel((32 * number, 31)) for number in range(8)] == [(20 * n, 0, 99) for n in range(8)]


def test_later_snapshots_are_forgotten(tmp_path: Path) -> None:
    for step in (5, 10, 20):
        Image.new("RGB", (32 * len(PICTURES), 32)).save(tmp_path / f"{step:08d}.png")
    (tmp_path / "mine.png").touch()
    Snapshots(tmp_path).forget_after(10)
    assert sorted(path.name for path in tmp_path.iterdir()) == ["00000005.png", "00000010.png", "mine.png"]


def test_all_moments_become_one_strip_and_one_animation(tmp_path: Path) -> None:
    folder = tmp_path / "snapshots"
    folder.mkdir()
    for step in range(15):
        Image.new("RGB", (32 * len(PICTURES), 32), (16 * step, 0, 0)).save(folder / f"{step:08d}.png")
    Snapshots(folder).summarise(tmp_path / "strip.png", tmp_path / "film.webp")
    assert is_marked_file(tmp_path / "film.webp")
    assert is_marked_file(tmp_path / "strip.png")
    with Image.open(tmp_path / "film.webp") as film:
        assert film.n_frames == 15
    with Image.open(tmp_path / "strip.png") as strip:
        colours = {colour[0] for _, colour in strip.convert("RGB").getcolors(1 << 24) if colour[1:] == (0, 0)}
    assert {0, 16 * 14} <= colours  # the first and the last of the moments that it shows


def test_without_snapshots_there_is_neither_strip_nor_animation(tmp_path: Path) -> None:
    Snapshots(tmp_path / "none").summarise(tmp_path / "strip.png", tmp_path / "film.webp")
    assert not list(tmp_path.iterdir())
