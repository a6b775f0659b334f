"""A probe is fitted to pictures that a person told apart, kept as safetensors, and belongs to its own features."""

import json
import re
from pathlib import Path
from typing import Any

import pytest
import torch
from PIL import Image
from safetensors.torch import save_file
from torch import Tensor

from sfumato.collection.drawn import draw
from sfumato.errors import SfumatoError
from sfumato.features.appearance import Descriptor
from sfumato.policy.probe import Probe, safetensors

SIDE = 32


class Means:
    """The means of the three colours, as features."""

    name, digest = "means 1", "abcdef0123456789"

    def __call__(self, images: Tensor) -> Tensor:
        return images.mean((2, 3))


def pictures(name: str, seeds: range) -> list[Image.Image]:
    return [draw(name, seed, SIDE) for seed in seeds]


@pytest.fixture(scope="module")
def probe() -> Probe:
    return Probe.fitted(pictures("waves", range(12)), pictures("glass", range(12)))


def written(path: Path, tensors: dict[str, Tensor], said: Any = None) -> Path:
    said = said or {"features": Means.name, "digest": Means.digest}
    save_file(tensors, path, {"sfumato": json.dumps(said)})
    return path


def test_it_tells_pictures_apart_that_it_was_not_fitted_to(probe: Probe) -> None:
    wanted, refused = (probe.scores(pictures(name, range(100, 120))) for name in ("waves", "glass"))
    assert sum(score < 0.5 for score in wanted) >= 18
    assert sum(score > 0.5 for score in refused) >= 18


def test_the_probe_of_the_page_is_fitted_to_two_folders(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    page = (Path(__file__).parents[2] / "docs" / "filters.md").read_text("utf-8")
    (program,) = [text for text in re.findall(r"```python\n(.*?)```", page, re.DOTALL) if "Probe.fitted" in text]
    for folder, name in (("wanted", "waves"), ("refused", "glass")):
        (tmp_path / folder).mkdir()
        for number, picture in enumerate(pictures(name, range(6))):
            picture.save(tmp_path / folder / f"{number}.png")
    monkeypatch.chdir(tmp_path)
    exec(program, {})
    wanted, refused = safetensors(str(tmp_path / "probe.safetensors")).scores([draw("waves", 50), draw("glass", 50)])
    assert wanted < refused


def test_the_rarer_kind_counts_as_much() -> None:
    dark, light = Image.new("RGB", (8, 8), (90, 90, 90)), Image.new("RGB", (8, 8), (150, 150, 150))
    fitted = Probe.fitted([dark] * 20, [light], Means())
    (middle,) = fitted.scores([Image.new("RGB", (8, 8), (120, 120, 120))])
    assert middle == pytest.approx(0.5, abs=0.02)


def test_it_is_the_same_from_its_file_and_scores_each_picture_for_itself(probe: Probe, tmp_path: Path) -> None:
    path = tmp_path / "mine.safetensors"
    probe.save(path)
    some = [*pictures("waves", range(3)), draw("glass", 9, 48)]
    read = safetensors(str(path))
    assert read.scores(some) == probe.scores(some) == [read.scores([picture])[0] for picture in some]
    with pytest.raises(SfumatoError, match=r"mine\.safetensors"):
        probe.save(path)
    probe.save(path, force=True)


def test_layers_follow_one_another_with_relu_between(tmp_path: Path) -> None:
    first, second = torch.tensor([[1.0, 0, 0], [-1.0, 0, 0]]), torch.tensor([[2.0, 3.0]])
    layers = {"0.weight": first, "0.bias": torch.zeros(2), "1.weight": second, "1.bias": torch.tensor([-1.0])}
    probe = Probe.read(written(tmp_path / "two.safetensors", layers), Means())
    scores = probe.scores([Image.new("RGB", (4, 4), colour) for colour in ("red", "black")])
    assert scores == pytest.approx(torch.tensor([1.0, 2.0]).sigmoid().tolist(), abs=1e-6)  # 2 * 1 - 1 and 3 * 1 - 1


LINEAR = {"0.weight": torch.ones(1, 3), "0.bias": torch.zeros(1)}


@pytest.mark.parametrize(
    ("tensors", "said"),
    [
        ({}, "holds no layers"),
        ({"weight": torch.ones(1, 3), "bias": torch.zeros(1)}, "holds no layers"),
        ({"0.weight": torch.ones(3), "0.bias": torch.zeros(1)}, "holds no layers"),
        ({"0.weight": torch.ones(2, 3), "0.bias": torch.zeros(2)}, "'0.bias' as 2 in place of 1"),
        ({**LINEAR, "1.weight": torch.ones(1, 4), "1.bias": torch.zeros(1)}, "'1.weight' as 1 x 4 in place of 1 x 1"),
        ({**LINEAR, "other": torch.zeros(1)}, "holds 'other', which does not belong there"),
        ({**LINEAR, "0.bias": torch.tensor([float("nan")])}, "holds NaN or infinity"),
    ],
)
def test_a_file_of_something_else_is_an_error(tmp_path: Path, tensors: dict[str, Tensor], said: str) -> None:
    with pytest.raises(SfumatoError, match=said):
        Probe.read(written(tmp_path / "odd.safetensors", tensors), Means())


def test_a_probe_of_other_features_is_an_error(tmp_path: Path) -> None:
    path = written(tmp_path / "means.safetensors", LINEAR)
    with pytest.raises(SfumatoError, match=r"is a probe of means 1 abcdef01, and descriptor 1 .* is given"):
        safetensors(str(path))
    narrow = written(tmp_path / "narrow.safetensors", LINEAR, {"features": Descriptor.name, "digest": ""})
    with pytest.raises(SfumatoError, match="takes 3 features, and there are 188"):
        safetensors(str(narrow)).scores([Image.new("RGB", (8, 8))])


def test_a_file_that_says_nothing_of_its_features_is_an_error(tmp_path: Path) -> None:
    save_file(LINEAR, tmp_path / "none.safetensors")
    with pytest.raises(SfumatoError, match="does not say which features it belongs to"):
        safetensors(str(tmp_path / "none.safetensors"))
    with pytest.raises(SfumatoError, match=r"its metadata are no probe's .digest"):
        safetensors(str(written(tmp_path / "odd.safetensors", LINEAR, {"features": "descriptor"})))


def test_what_is_not_there_in_full_is_an_error(tmp_path: Path) -> None:
    with pytest.raises(SfumatoError, match="no such file"):
        safetensors(str(tmp_path / "lost.safetensors"))
    with pytest.raises(SfumatoError, match="write the path in full"):
        safetensors("mine.safetensors")
    (tmp_path / "noise.safetensors").write_bytes(bytes(range(256)))
    with pytest.raises(SfumatoError, match="cannot be read as safetensors"):
        safetensors(str(tmp_path / "noise.safetensors"))


def test_features_that_would_be_downloaded_are_not_taken(probe: Probe, tmp_path: Path) -> None:
    probe.save(tmp_path / "mine.safetensors")
    for name in ("inception", "dinov2", "hf:facebook/dinov2-base"):
        with pytest.raises(SfumatoError, match="write the path in full"):
            safetensors(str(tmp_path / "mine.safetensors"), name)


def test_features_of_a_network_are_read_from_where_the_policy_says(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    read: list[str] = []
    monkeypatch.setattr("sfumato.policy.probe.features_named", lambda name: read.append(name) or Means())
    path = written(tmp_path / "means.safetensors", LINEAR)
    scores = safetensors(str(path), features=str(tmp_path / "network")).scores([Image.new("RGB", (4, 4), "white")])
    assert scores == pytest.approx([torch.tensor(3.0).sigmoid().item()])
    assert read == [str(tmp_path / "network")]


def test_it_cannot_be_fitted_to_one_kind_alone() -> None:
    with pytest.raises(SfumatoError, match="both kinds"):
        Probe.fitted(pictures("waves", range(2)), [])
