"""A DINOv2 that transformers saved gives its class token, of pictures made as its preprocessor says."""

import json
import shutil
import sys
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from safetensors.torch import load_file, save_file
from torch import Tensor

from sfumato.collection.drawn import draw
from sfumato.errors import SfumatoError
from sfumato.features.dinov2 import DinoFeatures, Preprocessing, read_dinov2
from sfumato.images.tensors import as_tensor

MEAN, DEVIATION = [0.4, 0.5, 0.6], [0.2, 0.3, 0.4]


def description(**changes: Any) -> dict[str, Any]:
    """Of pictures at 32 pixels, of which the middle 28 are seen."""
    return {
        "image_processor_type": "BitImageProcessor",
        "do_resize": True,
        "size": {"shortest_edge": 32},
        "resample": 3,
        "do_center_crop": True,
        "crop_size": {"height": 28, "width": 28},
        "rescale_factor": 1 / 255,
        "image_mean": MEAN,
        "image_std": DEVIATION,
        "do_pad": None,
        **changes,
    }


@pytest.fixture(scope="module")
def saved(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A tiny DINOv2 with random weights. Read it, but do not change it."""
    transformers = pytest.importorskip("transformers")
    folder = tmp_path_factory.mktemp("dinov2") / "tiny"
    config = transformers.Dinov2Config(
        hidden_size=16, num_hidden_layers=2, num_attention_heads=2, mlp_ratio=2, image_size=28, patch_size=14
    )
    with torch.random.fork_rng():
        torch.manual_seed(0)
        transformers.Dinov2Model(config).save_pretrained(folder)
    (folder / "preprocessor_config.json").write_text(json.dumps(description()))
    return folder


@pytest.fixture
def mine(saved: Path, tmp_path: Path) -> Path:
    """A copy to change."""
    return Path(shutil.copytree(saved, tmp_path / "mine"))


@pytest.fixture(scope="module")
def pictures() -> Tensor:
    return torch.stack([as_tensor(draw(name, 0, 32), 32) for name in ("flow", "glass", "waves")])


def test_the_features_are_the_class_token_of_the_middle(saved: Path, pictures: Tensor) -> None:
    import transformers

    features = read_dinov2(saved)
    levels = ((pictures + 1) * 127.5).round().numpy()[:, :, 2:30, 2:30]
    mean, deviation = (np.array(numbers).reshape(1, 3, 1, 1) for numbers in (MEAN, DEVIATION))
    pixels = torch.from_numpy((levels / 255 - mean) / deviation).float()
    with torch.inference_mode():
        wanted = transformers.AutoModel.from_pretrained(saved).eval()(pixel_values=pixels).last_hidden_state[:, 0]
        rows = features(pictures)
    assert rows.shape == (3, 16)
    assert torch.allclose(rows, wanted, atol=1e-4)
    assert (rows[0] - rows[1]).abs().max() > 1e-2
    assert features.name == "DINOv2 (tiny) at 28 px" and len(features.digest) == 64


def test_pictures_of_another_size_are_scaled_before_the_middle_is_cut_out(saved: Path, pictures: Tensor) -> None:
    features = read_dinov2(saved)
    doubled = pictures.repeat_interleave(2, 2).repeat_interleave(2, 3)
    wanted = features(torch.nn.functional.interpolate(doubled, (32, 32), mode="bicubic", antialias=True))
    assert torch.allclose(features(doubled), wanted, atol=1e-3)


def test_what_is_not_said_is_as_it_was_published(mine: Path, pictures: Tensor) -> None:
    (mine / "preprocessor_config.json").unlink()
    features = read_dinov2(mine, origin="owner/name")
    assert isinstance(features, DinoFeatures) and features.name == "DINOv2 (owner/name) at 224 px"
    said = features.preprocessing
    assert (said.scaled_to, said.side, said.resample) == (256, 224, 3)
    assert said.image_mean == (0.485, 0.456, 0.406) and said.rescale_factor == 1 / 255
    assert features(pictures).shape == (3, 16)


def test_a_picture_that_is_not_cropped_is_seen_whole() -> None:
    whole = Preprocessing.model_validate({"size": {"height": 56, "width": 56}, "do_center_crop": False})
    assert (whole.scaled_to, whole.side) == (56, 56)


def test_one_with_registers_or_with_a_head_serves_too(tmp_path: Path, pictures: Tensor) -> None:
    transformers = pytest.importorskip("transformers")
    sizes = {"hidden_size": 16, "num_hidden_layers": 1, "num_attention_heads": 2, "image_size": 28, "patch_size": 14}
    with torch.random.fork_rng():
        torch.manual_seed(0)
        registers = transformers.Dinov2WithRegistersModel(transformers.Dinov2WithRegistersConfig(**sizes))
        headed = transformers.Dinov2ForImageClassification(transformers.Dinov2Config(**sizes))
    registers.save_pretrained(tmp_path / "registers")
    headed.save_pretrained(tmp_path / "headed")
    assert read_dinov2(tmp_path / "registers")(pictures).shape == (3, 16)
    features = read_dinov2(tmp_path / "headed")
    assert torch.equal(features.network.embeddings.cls_token, headed.dinov2.embeddings.cls_token)


def test_loading_leaves_random_numbers_and_reports_as_they_were(saved: Path, capfd: Any) -> None:
    from transformers.utils import logging

    before, verbosity, bars = torch.get_rng_state(), logging.get_verbosity(), logging.is_progress_bar_enabled()
    read_dinov2(saved)
    assert torch.equal(torch.get_rng_state(), before)
    assert (logging.get_verbosity(), logging.is_progress_bar_enabled()) == (verbosity, bars)
    assert capfd.readouterr() == ("", "")


def test_another_architecture_is_said(mine: Path) -> None:
    for described, said in (
        ({"model_type": "vit"}, "is vit and no DINOv2; give a DINOv2"),
        ({"architecture": "inception_v3"}, "is inception_v3 and no DINOv2"),
        ({}, "is of no known kind and no DINOv2"),
    ):
        (mine / "config.json").write_text(json.dumps(described))
        with pytest.raises(SfumatoError, match=f"^owner/name: {said}"):
            read_dinov2(mine, origin="owner/name")


def test_files_that_are_missing_or_damaged_are_said(mine: Path) -> None:
    weights, config = mine / "model.safetensors", mine / "config.json"
    tensors = load_file(weights)
    save_file({name: tensor for name, tensor in tensors.items() if name != "layernorm.bias"}, weights)
    with pytest.raises(SfumatoError, match=r"its model.safetensors lacks 'layernorm.bias'"):
        read_dinov2(mine)
    save_file(tensors | {"layernorm.bias": torch.zeros(3)}, weights)
    with pytest.raises(SfumatoError, match="cannot be loaded") as caught:
        read_dinov2(mine)
    assert "\n" not in str(caught.value)
    weights.write_bytes(b"hello")
    with pytest.raises(SfumatoError, match="cannot be loaded"):
        read_dinov2(mine)
    weights.rename(mine / "pytorch_model.bin")
    with pytest.raises(SfumatoError, match=r"holds no model.safetensors, and weights are read as safetensors only"):
        read_dinov2(mine)
    config.write_text("{")
    with pytest.raises(SfumatoError, match=r"config.json cannot be read as JSON"):
        read_dinov2(mine)
    config.write_text("[]")
    with pytest.raises(SfumatoError, match=r"config.json is no JSON object"):
        read_dinov2(mine)
    config.unlink()
    with pytest.raises(SfumatoError, match=r"holds no config.json, so it is no DINOv2"):
        read_dinov2(mine)


@pytest.mark.parametrize(
    ("changes", "said"),
    [
        ({"resample": 1}, "resample: input should be 2 or 3"),
        ({"crop_size": {"height": 40, "width": 40}}, "the middle 40 pixels are to be cut out of 32"),
        ({"size": {}}, "the middle 28 pixels are to be cut out of 0"),
        ({"image_mean": [0.5]}, "image_mean"),
    ],
)
def test_a_preprocessor_that_cannot_be_followed_is_said(changes: dict[str, Any], said: str, mine: Path) -> None:
    (mine / "preprocessor_config.json").write_text(json.dumps(description(**changes)))
    with pytest.raises(SfumatoError, match=f"preprocessor_config.json: .*{said}"):
        read_dinov2(mine)


def test_without_transformers_it_says_what_to_install(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "transformers", None)
    with pytest.raises(SfumatoError, match=r"install it with: pip install 'sfumato\[features\]'"):
        read_dinov2(tmp_path)
