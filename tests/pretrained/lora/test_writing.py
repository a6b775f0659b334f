"""A LoRA that was trained here opens elsewhere: with diffusers to the bit, and by the names that ComfyUI looks up."""

import hashlib
import importlib.util
import json
import struct
from collections.abc import Callable
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest
import torch
from safetensors import safe_open

from sfumato.errors import SfumatoError
from sfumato.pretrained.lora.about import LoraAbout
from sfumato.pretrained.lora.names import kohya_name
from sfumato.pretrained.lora.reading import read_lora
from sfumato.pretrained.lora.trainable import target_layers
from sfumato.pretrained.lora.writing import write_lora

pytest.importorskip("diffusers")
ABOUT = LoraAbout(
    title="Ink", author="Ana", licence="CC-BY-4.0", description="Ten drawings.", date="2026-11-29", trigger="in ink",
    base="tiny",
)  # fmt: skip


@pytest.fixture(scope="module")
def comfyui_keys() -> ModuleType:
    path = Path(__file__).parents[3] / "benchmarks" / "comfyui_keys.py"
    specification = importlib.util.spec_from_file_location("comfyui_keys", path)
    assert specification and specification.loader
    module = importlib.util.module_from_spec(specification)
    specification.loader.exec_module(module)
    return module


def write(path: Path, one: Any, family: str, **settings: Any) -> str:
    return write_lora(path, one.tensors, one.rank, one.alpha, family, ABOUT, size=64, **settings)


@pytest.mark.parametrize("family", ["sd15", "sdxl", "flux", "flux2_klein"])
def test_what_diffusers_itself_loads_is_what_was_trained(
    family: str, another: Callable[[str], Any], trained: Callable[[str], Any], tmp_path: Path
) -> None:
    """alpha is not the rank. Kohya's form to the bit; the other has alpha multiplied into B."""
    write(tmp_path / "ink.safetensors", trained(family), family)
    fresh, wanted = another(family), trained(family).answer
    base = fresh.answer()
    fresh.pipeline.load_lora_weights(str(tmp_path / "ink.safetensors"))
    given = fresh.answer()
    if fresh.component == "unet":
        assert torch.equal(given, wanted)
        assert torch.equal(fresh.text("text_encoder_2" if family == "sdxl" else "text_encoder"), trained(family).text)
    assert (given - wanted).norm() / wanted.norm() < 1e-5 < (base - wanted).norm() / wanted.norm()


@pytest.mark.parametrize("family", ["sd15", "sdxl", "flux", "flux2_klein", "z_image"])
def test_each_layer_has_the_name_that_comfyui_looks_up(family: str, comfyui_keys: ModuleType) -> None:
    """Of the full-size networks; the list says from which of ComfyUI's files and commits it is."""
    listed = comfyui_keys.listed()[family]
    networks = comfyui_keys.full_size(family)
    if "transformer" in networks:
        assert {f"transformer.{name}" for name in target_layers(networks["transformer"])} == listed
        return
    written = {
        kohya_name(component, name, len(networks) - 1)
        for component, network in networks.items()
        for name, layer in network.named_modules()
        if isinstance(layer, torch.nn.Linear | torch.nn.Conv2d)
    }
    assert written == listed


def test_the_file_says_what_it_is_by_the_keys_that_other_programs_read(
    trained: Callable[[str], Any], tmp_path: Path
) -> None:
    path = tmp_path / "ink.safetensors"
    digest = write(path, trained("sdxl"), "sdxl", prediction="epsilon", more={"sfumato.collection": "art"})
    with safe_open(path, framework="pt") as file:
        metadata, names = file.metadata(), set(file.keys())
        alpha = file.get_tensor("lora_unet_mid_block_attentions_0_proj_in.alpha")
    data = path.read_bytes()
    content = data[8 + struct.unpack("<Q", data[:8])[0] :]
    assert metadata.pop("modelspec.hash_sha256") == f"0x{hashlib.sha256(content).hexdigest()}"
    assert metadata == {
        "format": "pt", "ss_v2": "False", "ss_base_model_version": "sdxl_base_v1-0", "ss_sd_model_name": "tiny",
        "ss_network_module": "networks.lora", "ss_network_dim": "4", "ss_network_alpha": "2.5",
        "ss_network_args": "{}", "modelspec.sai_model_spec": "1.0.0",
        "modelspec.architecture": "stable-diffusion-xl-v1-base/lora", "modelspec.implementation": "diffusers",
        "modelspec.title": "Ink", "modelspec.author": "Ana", "modelspec.license": "CC-BY-4.0",
        "modelspec.description": "Ten drawings.", "modelspec.date": "2026-11-29",
        "modelspec.trigger_phrase": "in ink", "modelspec.resolution": "64x64", "modelspec.prediction_type": "epsilon",
        "sfumato.collection": "art",
    }  # fmt: skip
    assert "lora_te2_text_model_encoder_layers_0_self_attn_out_proj.lora_down.weight" in names
    assert alpha == 2.5
    lora = read_lora(path)
    assert (lora.digest, lora.family, lora.about) == (digest, "sdxl", ABOUT)
    assert digest == hashlib.sha256(data).hexdigest()


def test_a_v_prediction_base_and_a_transformer_are_marked(trained: Callable[[str], Any], tmp_path: Path) -> None:
    def said(family: str, **settings: Any) -> dict[str, str]:
        write(tmp_path / f"{family}.safetensors", trained(family), family, **settings)
        with safe_open(tmp_path / f"{family}.safetensors", framework="pt") as file:
            return dict(file.metadata())

    second = said("sd21", prediction="v")
    assert (second["ss_v2"], second["ss_base_model_version"]) == ("True", "sd_v2_v")
    assert second["modelspec.architecture"] == "stable-diffusion-v2-768-v/lora"
    flux = said("flux")
    assert flux["modelspec.architecture"] == "flux-1/lora" and "modelspec.prediction_type" not in flux


def test_the_same_lora_is_the_same_bytes_and_a_persons_file_is_kept(
    trained: Callable[[str], Any], tmp_path: Path
) -> None:
    one, two = tmp_path / "one.safetensors", tmp_path / "two.safetensors"
    assert write(one, trained("sd15"), "sd15") == write(two, trained("sd15"), "sd15")
    assert one.read_bytes() == two.read_bytes()
    header = one.read_bytes()[8 : 8 + struct.unpack("<Q", one.read_bytes()[:8])[0]]
    assert len(header) % 8 == 0 and next(iter(json.loads(header))) == "__metadata__"
    two.write_bytes(b"mine")
    with pytest.raises(SfumatoError, match="exists already"):
        write(two, trained("sd15"), "sd15")
    assert two.read_bytes() == b"mine"
    write(two, trained("sd15"), "sd15", force=True)
    assert two.read_bytes() == one.read_bytes()


def test_half_precision_is_half_the_size_and_what_it_cannot_hold_is_refused(
    trained: Callable[[str], Any], tmp_path: Path
) -> None:
    one, path = trained("sd15"), tmp_path / "half.safetensors"
    write(path, one, "sd15", dtype=torch.float16)
    assert {each.dtype for pair in read_lora(path).tensors().values() for each in pair} == {torch.float16}
    large = {"unet": {name: 1e9 * tensor for name, tensor in one.tensors["unet"].items()}}
    with pytest.raises(SfumatoError, match=r"not written, because 'lora_unet_.*' is not finite"):
        write_lora(tmp_path / "large.safetensors", large, 4, 2.5, "sd15", ABOUT, size=64, dtype=torch.float16)
    assert not (tmp_path / "large.safetensors").exists()
    with pytest.raises(SfumatoError, match="LoRA files for 'wan' are not written; known are sd15"):
        write(tmp_path / "wan.safetensors", one, "wan")
