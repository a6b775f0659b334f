import importlib
import sys
from pathlib import Path
from types import ModuleType

import numpy as np
import pytest

from sfumato.models import Model
from sfumato.networks import UNetConfig
from sfumato.training import Run, initial
from sfumato.training.initial import initial_weights

TOOL = Path(__file__).parents[1] / "tools" / "initial_weights"
NAMES = ("materials", "scenes", "make")


@pytest.fixture
def tool(monkeypatch: pytest.MonkeyPatch) -> dict[str, ModuleType]:
    """Its modules, which import one another as those of a script do."""
    monkeypatch.syspath_prepend(str(TOOL))
    for name in NAMES:
        monkeypatch.delitem(sys.modules, name, raising=False)
    return {name: importlib.import_module(name) for name in NAMES}


@pytest.mark.parametrize("size", [32, 64])
def test_a_seed_is_a_picture_and_another_is_another(tool: dict[str, ModuleType], size: int) -> None:
    scene, kinds = tool["scenes"].scene, tool["scenes"].KINDS
    for number in range(len(kinds)):
        first, again, second = (scene(number, seed, size) for seed in (0, 0, 1))
        assert (first.size, first.mode) == ((size, size), "RGB")
        assert np.array_equal(np.asarray(first), np.asarray(again))
        assert not np.array_equal(np.asarray(first), np.asarray(second))


def test_pictures_are_as_unlike_one_another_as_those_of_a_collection(tool: dict[str, ModuleType]) -> None:
    """Not one kind of light, contrast or colour: all are there."""
    scene, kinds = tool["scenes"].scene, tool["scenes"].KINDS
    pixels = np.stack(
        [np.asarray(scene(number, seed, 32), float) for number in range(len(kinds)) for seed in range(40)]
    )
    light, contrast = pixels.mean((1, 2, 3)), pixels.std((1, 2)).mean(1)
    colour = (pixels.max(3) - pixels.min(3)).mean((1, 2))
    assert np.quantile(light, 0.1) < 60 < 180 < np.quantile(light, 0.9)
    assert np.quantile(contrast, 0.1) < 20 < 60 < np.quantile(contrast, 0.9)
    assert np.quantile(colour, 0.1) < 20 < 80 < np.quantile(colour, 0.9)


def test_noise_has_the_deviation_and_the_falloff_that_are_asked_for(tool: dict[str, ModuleType]) -> None:
    noise = tool["materials"].noise
    fields = [noise(np.random.default_rng(seed), 64, 1.0) for seed in range(50)]
    assert all(abs(field.mean()) < 1e-9 and abs(field.std() - 1) < 1e-6 for field in fields)
    power = np.mean([np.abs(np.fft.rfft2(field)) ** 2 for field in fields], 0)
    # Four times the frequency has a sixteenth of the power.
    assert power[0, 4] / power[0, 16] == pytest.approx(16, rel=0.5)


@pytest.mark.slow
def test_what_is_made_begins_other_trainings(
    tool: dict[str, ModuleType], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    network = UNetConfig(patch=2, channels=(8,), blocks=1, width=16, depth=1, heads=1)
    make = tool["make"]
    monkeypatch.setattr(make, "RECIPES", {"tiny": make.Recipe(32, 3, network)})
    monkeypatch.setattr(make, "FOLDER", tmp_path)
    monkeypatch.setattr(initial, "FOLDER", tmp_path)
    monkeypatch.setenv("OMP_NUM_THREADS", "1")
    initial._known.cache_clear()
    try:
        make.make(tmp_path, "tiny", 0.05, 1)
        settings = Run.open(tmp_path / "tiny").record.settings
        assert Model.from_pretrained(tmp_path / "tiny").config.network == network
        (weights,) = initial_weights(settings.model_copy(update={"initial": "drawn"}))
        assert weights is not None and weights.path == tmp_path / "tiny.safetensors"
    finally:
        initial._known.cache_clear()
