"""Sizes of pipelines, before a weight is read."""

import json
from pathlib import Path

import pytest
import torch
from torch import nn

from sfumato.errors import SfumatoError
from sfumato.pretrained.single_file import CONFIGURATIONS
from sfumato.pretrained.sizes import ComponentSize, Sizes, sizes_of


@pytest.fixture(scope="module")
def sd15() -> Sizes:
    return sizes_of(CONFIGURATIONS / "sd15", "painter")


def test_a_full_size_model_is_counted_without_weights_or_memory(sd15: Sizes) -> None:
    """Numbers of parameters as they are published for Stable Diffusion 1.5."""
    counted = {each.name: each.parameters for each in sd15.components}
    assert counted == {"unet": 859_520_964, "vae": 83_653_863, "text_encoder": 123_060_480}
    assert {each.is_meta for part in sd15.components for each in part.module.parameters()} == {True}


def test_parts_are_known_by_what_they_are_for(sd15: Sizes) -> None:
    assert (sd15.network.name, sd15.codec.name, [each.name for each in sd15.encoders]) == (
        "unet", "vae", ["text_encoder"],
    )  # fmt: skip
    assert (sd15.factor, sd15.cells(512, 500)) == (8, (63, 64))


@pytest.mark.parametrize("family", ["sd15", "sdxl", "flux", "flux2_klein", "z_image", "chroma", "sd3"])
def test_its_side_is_that_of_the_model_that_is_opened(family: str, pretrained_folder) -> None:  # type: ignore[no-untyped-def]
    assert sizes_of(pretrained_folder(family)).side == 64


def test_bytes_follow_from_how_weights_are_kept() -> None:
    part = ComponentSize("unet", nn.Sequential(nn.Linear(100, 50), nn.Conv2d(3, 8, 3)))
    linear, rest = 5000, 50 + 8 * 27 + 8
    assert (part.parameters, part.linear, part.largest) == (linear + rest, linear, 5050)
    assert part.bytes("float32") == 4 * (linear + rest)
    assert part.bytes("bfloat16") == 2 * (linear + rest)
    assert part.bytes("int8") == pytest.approx(linear * 1.01 + 2 * rest, abs=1)
    assert part.bytes("4-bit") == pytest.approx(linear * 0.5625 + 2 * rest, abs=1)


def test_a_matrix_that_two_layers_share_counts_once() -> None:
    one, other = nn.Linear(10, 10, bias=False), nn.Linear(10, 10, bias=False)
    other.weight = one.weight
    part = ComponentSize("text_encoder", nn.Sequential(one, other))
    assert (part.parameters, part.linear) == (100, 100)


def broken(folder: Path, name: str, text: str) -> Path:
    """A copy of the configurations with one file that says something else."""
    for path in (CONFIGURATIONS / "sd15").rglob("*.json"):
        copy = folder / path.relative_to(CONFIGURATIONS / "sd15")
        copy.parent.mkdir(parents=True, exist_ok=True)
        copy.write_bytes(path.read_bytes())
    (folder / name).write_text(text)
    return folder


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("{", "is no JSON"),
        ("[" * 100_000, "is no JSON"),
        ("[]", "is no JSON object"),
        ('{"block_out_channels": ["a"], "down_block_types": ["b"]}', "can be built"),
        ('{"block_out_channels": [1, 2, 3], "norm_num_groups": 0}', "can be built"),
    ],
)
def test_a_damaged_configuration_is_one_sentence(text: str, said: str, tmp_path: Path) -> None:
    with pytest.raises(SfumatoError, match=said):
        sizes_of(broken(tmp_path, "vae/config.json", text))


def test_a_missing_configuration_is_named(tmp_path: Path) -> None:
    folder = broken(tmp_path, "unet/config.json", "{}")
    (folder / "unet" / "config.json").unlink()
    with pytest.raises(SfumatoError, match=r"unet/config\.json: cannot be read"):
        sizes_of(folder)


def test_a_pipeline_without_a_vae_is_refused(tmp_path: Path) -> None:
    folder = broken(tmp_path, "model_index.json", "{}")
    index = json.loads((CONFIGURATIONS / "sd15" / "model_index.json").read_text())
    del index["vae"]
    (folder / "model_index.json").write_text(json.dumps(index))
    with pytest.raises(SfumatoError, match="names no VAE"):
        sizes_of(folder)


def test_counting_leaves_the_random_state_alone(sd15: Sizes) -> None:
    before = torch.get_rng_state()
    assert sizes_of(CONFIGURATIONS / "sd15").parameters == sd15.parameters
    assert torch.equal(torch.get_rng_state(), before)
