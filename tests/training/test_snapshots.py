from pathlib import Path

import pytest
import torch
from PIL import Image

from sfumato.models import Model, ModelConfig, build_denoiser
from sfumato.networks import UNetConfig
from sfumato.training.snapshots import PICTURES, Snapshots, moments


@pytest.fixture(scope="module")
def model() -> Model:
    config = ModelConfig(size=32, network=UNetConfig(patch=2, channels=(8,), blocks=1, width=16, depth=1, heads=1))
    torch.manual_seed(0)
    return Model(config, build_denoiser(config).eval().requires_grad_(False), weights_digest="0" * 64)


def test_moments_are_dense_at_first_and_end_with_the_run() -> None:
    times = moments(12)
    assert len(times) == 12
    assert times[0] > 0
    assert times[-1] == 1
    gaps = [later - earlier for earlier, later in zip([0.0, *times], times, strict=False)]
    assert gaps == sorted(gaps)
    assert moments(0) == []


def test_a_snapshot_is_a_row_of_the_same_pictures_whenever_it_is_made(model: Model, tmp_path: Path) -> None:
    first = Snapshots(tmp_path / "a").take(model, 7, seed=3)
    (tmp_path / "b").mkdir()
    (tmp_path / "b" / first.name).write_bytes(b"half a pict")  # a session was killed here
    again = Snapshots(tmp_path / "b").take(model, 7, seed=3)
    assert first.name == again.name == "00000007.png"
    assert first.read_bytes() == again.read_bytes()
    with Image.open(first) as row:
        assert row.size == (32 * PICTURES, 32)
    assert Snapshots(tmp_path / "c").take(model, 7, seed=4).read_bytes() != first.read_bytes()


def test_later_snapshots_are_forgotten(tmp_path: Path) -> None:
    for step in (5, 10, 20):
        Image.new("RGB", (32 * PICTURES, 32)).save(tmp_path / f"{step:08d}.png")
    (tmp_path / "mine.png").touch()
    Snapshots(tmp_path).forget_after(10)
    assert sorted(path.name for path in tmp_path.iterdir()) == ["00000005.png", "00000010.png", "mine.png"]


def test_all_moments_become_one_strip_and_one_animation(tmp_path: Path) -> None:
    folder = tmp_path / "snapshots"
    folder.mkdir()
    for step in range(15):
        Image.new("RGB", (32 * PICTURES, 32), (16 * step, 0, 0)).save(folder / f"{step:08d}.png")
    Snapshots(folder).summarise(tmp_path / "strip.png", tmp_path / "film.webp")
    with Image.open(tmp_path / "film.webp") as film:
        assert film.n_frames == 15
    with Image.open(tmp_path / "strip.png") as strip:
        colours = {colour[0] for _, colour in strip.convert("RGB").getcolors(1 << 24) if colour[1:] == (0, 0)}
    assert {0, 16 * 14} <= colours  # the first and the last of the moments that it shows


def test_without_snapshots_there_is_neither_strip_nor_animation(tmp_path: Path) -> None:
    Snapshots(tmp_path / "none").summarise(tmp_path / "strip.png", tmp_path / "film.webp")
    assert not list(tmp_path.iterdir())
