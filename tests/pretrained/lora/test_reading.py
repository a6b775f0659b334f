"""A LoRA file is read for what it is, in whatever form it is shared, and what is none is named for what it is."""

import hashlib
import json
import os
import struct
from collections.abc import Mapping
from pathlib import Path

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from safetensors.torch import save, save_file
from torch import Tensor

from sfumato.errors import SfumatoError
from sfumato.pretrained.lora.reading import read_lora

KOHYA = "lora_unet_down_blocks_0_attentions_0_transformer_blocks_0_attn2_to_k"
PEFT = "down_blocks.0.attentions.0.transformer_blocks.0.attn2.to_k"


def kohya(inputs: int = 8, rank: int = 2, outputs: int = 6, name: str = KOHYA, alpha: float = 1.5) -> dict[str, Tensor]:
    return {
        f"{name}.lora_down.weight": torch.ones(rank, inputs),
        f"{name}.lora_up.weight": torch.ones(outputs, rank),
        f"{name}.alpha": torch.tensor(alpha),
    }


def stored(folder: Path, tensors: Mapping[str, Tensor], metadata: dict[str, str] | None = None) -> Path:
    save_file(dict(tensors), folder / "ink.safetensors", metadata)
    return folder / "ink.safetensors"


def test_kohyas_form_is_read_layer_by_layer_with_what_the_file_says_of_itself(tmp_path: Path) -> None:
    conv = {
        "lora_unet_conv_in.lora_down.weight": torch.ones(4, 4, 3, 3),
        "lora_unet_conv_in.lora_up.weight": torch.ones(8, 4, 1, 1),
    }
    metadata = {
        "ss_base_model_version": "sd_v1", "modelspec.title": "Ink", "modelspec.author": "Ana\x1b[31m",
        "modelspec.license": "CC-BY-4.0", "modelspec.trigger_phrase": "in ink", "ss_sd_model_name": "a.safetensors",
        "ss_tag_frequency": json.dumps({"10_ink": {"ink": 20, "paper": 5}, "rest": {"paper": 30, "x": "many"}}),
    }  # fmt: skip
    path = stored(tmp_path, kohya(768) | conv, metadata)
    lora = read_lora(str(path))
    assert (lora.family, lora.ranks, lora.alphas) == ("sd15", (2, 4), (1.5, 4.0))  # without an alpha it is the rank
    assert lora.digest == hashlib.sha256(path.read_bytes()).hexdigest()
    assert lora.layers[KOHYA].inputs == 768 and lora.layers["lora_unet_conv_in"].outputs == 8
    assert lora.about.title == "Ink" and lora.about.author == "Ana\\x1b[31m" and lora.about.licence == "CC-BY-4.0"
    assert lora.about.trigger == "in ink" and lora.about.words == ("paper", "ink")
    down, up = lora.tensors()[KOHYA]
    assert down.shape == (2, 768) and up.shape == (6, 2)


@pytest.mark.parametrize(
    ("width", "metadata", "family"),
    [
        (768, {}, "sd15"),
        (1024, {}, "sd21"),
        (2048, {"ss_base_model_version": "sd_v1"}, "sdxl"),  # the shapes cannot be wrong
        (8, {"ss_base_model_version": "sdxl_base_v1-0"}, "sdxl"),
        (8, {"modelspec.architecture": "stable-diffusion-v2-768-v/lora"}, "sd21"),
        (8, {"ss_base_model_version": "flux1"}, "flux"),
        (8, {"modelspec.architecture": "wan-2"}, ""),
    ],
)
def test_the_family_is_told_by_the_text_that_it_sees_and_else_by_what_it_says(
    tmp_path: Path, width: int, metadata: dict[str, str], family: str
) -> None:
    assert read_lora(stored(tmp_path, kohya(width), metadata)).family == family


def peft(prefix: str, middle: str = ".lora_", ends: tuple[str, str] = ("A.weight", "B.weight")) -> dict[str, Tensor]:
    return {
        f"{prefix}{PEFT}{middle}{ends[0]}": torch.ones(4, 8),
        f"{prefix}{PEFT}{middle}{ends[1]}": torch.ones(6, 4),
    }


def test_diffusers_form_has_its_alpha_in_the_metadata_or_it_is_the_rank(tmp_path: Path) -> None:
    plain = read_lora(stored(tmp_path, peft("unet.")))
    assert list(plain.layers) == [f"unet.{PEFT}"] and plain.alphas == (4.0,)
    settings = {"unet.r": 4, "unet.lora_alpha": 6, "text_encoder.lora_alpha": 1}
    said = {"lora_adapter_metadata": json.dumps(settings)}
    assert read_lora(stored(tmp_path, peft("unet."), said)).alphas == (6.0,)
    said = {"lora_adapter_metadata": json.dumps({**settings, "unet.alpha_pattern": {f"^{PEFT}": 3}})}
    assert read_lora(stored(tmp_path, peft("unet."), said)).alphas == (3.0,)
    for old in (
        peft("unet.", "_lora.", ("down.weight", "up.weight")),
        peft("unet.", ".lora.", ("down.weight", "up.weight")),
    ):
        assert list(read_lora(stored(tmp_path, old)).layers) == [f"unet.{PEFT}"]


def test_pefts_form_has_its_alpha_in_the_file_beside_it(tmp_path: Path) -> None:
    save_file(peft("base_model.model."), tmp_path / "adapter_model.safetensors")
    with pytest.raises(SfumatoError, match=r"its alpha stands in adapter_config\.json, which cannot be read"):
        read_lora(tmp_path)
    beside = tmp_path / "adapter_config.json"
    beside.write_text(json.dumps({"r": 4, "lora_alpha": 8}))
    assert read_lora(tmp_path).alphas == (8.0,)
    beside.write_text(json.dumps({"r": 4, "lora_alpha": 8, "use_rslora": True}))
    assert read_lora(tmp_path).alphas == (16.0,)  # 8 / sqrt(4) = 16 / 4
    beside.write_text(json.dumps({"r": 4, "lora_alpha": 8, "use_dora": True}))
    with pytest.raises(SfumatoError, match="is a DoRA"):
        read_lora(tmp_path)
    for alpha in ("much", 10**400, float("nan"), True):
        beside.write_text(json.dumps({"lora_alpha": alpha}))
        with pytest.raises(SfumatoError, match="the alpha that it states is none"):
            read_lora(tmp_path)
    beside.write_text(json.dumps({"lora_alpha": 1, "alpha_pattern": {".*to_[qk]": 2}}))
    with pytest.raises(SfumatoError, match="states alphas for layers by a pattern"):
        read_lora(tmp_path)


@pytest.mark.parametrize(
    ("names", "said"),
    [
        (["model.diffusion_model.input_blocks.0.0.weight"], "is a whole model, not a LoRA"),
        (["emb_params"], r"is a textual inversion \(an embedding\), not a LoRA"),
        (["clip_l", "clip_g"], "is a textual inversion"),
        (["controlnet_cond_embedding.conv_in.weight", "down_blocks.0.w"], "is a ControlNet, not a LoRA"),
        (["down_blocks.0.resnets.0.conv1.weight"], "is a whole network, not a LoRA"),
        (["decoder.mid_block.attentions.0.weight"], "is a VAE, not a LoRA"),
        (["image_proj.proj.weight"], "is an IP-Adapter, not a LoRA"),
        (["something"], "holds nothing of a LoRA"),
        ([f"{KOHYA}.hada_w1_a", f"{KOHYA}.alpha"], "is a LoHa"),
        ([f"{KOHYA}.lokr_w1", f"{KOHYA}.alpha"], "is a LoKr"),
        ([*kohya(), f"{KOHYA}.dora_scale"], "is a DoRA"),
        ([*kohya(), f"{KOHYA}.lora_mid.weight"], "Tucker"),
        ([*kohya(), "lora_unet_conv_in.diff"], "changes whole weights"),
        ([*kohya(), "\x1b[2Jmore"], r"holds '\\x1b\[2Jmore', which no LoRA has"),
    ],
)
def test_what_is_no_lora_is_named_for_what_it_is(tmp_path: Path, names: list[str], said: str) -> None:
    with pytest.raises(SfumatoError, match=said) as refusal:
        read_lora(stored(tmp_path, {name: torch.ones(2, 2) for name in names if not name.endswith("alpha")}))
    assert str(refusal.value).endswith("; choose another file")


@pytest.mark.parametrize(
    ("tensors", "said"),
    [
        ({**kohya(), f"{KOHYA}.lora_up.weight": torch.full((6, 2), torch.nan)}, "holds NaN or infinity"),
        (kohya(rank=0), "has rank 0"),
        ({**kohya(), f"{KOHYA}.lora_up.weight": torch.ones(6, 3)}, "are 2 x 8 and 6 x 3, which do not fit together"),
        ({**kohya(), f"{KOHYA}.lora_up.weight": torch.ones(6, 2, 3, 3)}, "do not fit together"),
        (kohya(inputs=0), "do not fit together"),
        ({**kohya(), f"{KOHYA}.lora_down.weight": torch.ones(2)}, "is no matrix"),
        ({**kohya(), f"{KOHYA}.lora_down.weight": torch.ones(2, 8, dtype=torch.int8)}, "numbers of the kind I8"),
        (kohya(alpha=float("inf")), "alpha' is no alpha"),
        (kohya(alpha=1e30), "alpha' is no alpha"),
        ({**kohya(), f"{KOHYA}.alpha": torch.ones(2)}, "alpha' is no alpha"),
        ({**kohya(), "lora_unet_conv_in.alpha": torch.ones(())}, "an alpha for 'lora_unet_conv_in', and no matrices"),
        ({f"{KOHYA}.lora_down.weight": torch.ones(2, 8)}, "only one of two matrices"),
        ({**kohya(), f"{KOHYA}.lora_A.weight": torch.ones(2, 8)}, "twice"),
    ],
)
def test_a_damaged_file_is_one_sentence(tmp_path: Path, tensors: dict[str, Tensor], said: str) -> None:
    with pytest.raises(SfumatoError, match=said):
        read_lora(stored(tmp_path, tensors))


@pytest.mark.parametrize("ending", [".ckpt", ".pt", ".BIN"])
def test_a_pickle_is_refused_unopened(tmp_path: Path, ending: str) -> None:
    path = tmp_path / f"ink{ending}"
    os.mkfifo(path)  # whoever opens it would wait, or say that it is a pipe
    with pytest.raises(SfumatoError, match="is a pickle, which can run any program"):
        read_lora(path)


def test_what_cannot_be_read_is_one_sentence(tmp_path: Path) -> None:
    path = tmp_path / "ink.safetensors"
    with pytest.raises(SfumatoError, match="no such file"):
        read_lora(path)
    for data in (
        b"",
        b"1234567",
        struct.pack("<Q", 1 << 40) + b"{}",
        struct.pack("<Q", 90 << 20) + b"{}",
        b"PK\3\4" * 9,
    ):
        path.write_bytes(data)
        with pytest.raises(SfumatoError, match="cannot be read as safetensors"):
            read_lora(path)
    with pytest.raises(SfumatoError, match=r"holds no adapter_model\.safetensors and no"):
        read_lora(tmp_path / "..")
    path.unlink()
    os.mkfifo(path)
    with pytest.raises(SfumatoError, match="is a pipe, not a file"):
        read_lora(path)


def test_a_file_that_changed_since_is_not_applied(tmp_path: Path) -> None:
    lora = read_lora(stored(tmp_path, kohya()))
    stored(tmp_path, kohya(alpha=2.0))
    with pytest.raises(SfumatoError, match="has changed since it was read"):
        lora.tensors()


@settings(max_examples=60, deadline=None)
@given(st.data())
def test_no_damage_does_more_than_raise_one_sentence(
    tmp_path_factory: pytest.TempPathFactory, data: st.DataObject
) -> None:
    whole = bytearray(save(kohya(), {"lora_adapter_metadata": "{}", "ss_tag_frequency": "{}"}))
    for _ in range(data.draw(st.integers(1, 3))):
        place = data.draw(st.integers(0, len(whole) - 1))
        whole[place : place + data.draw(st.integers(0, 2))] = data.draw(st.binary(max_size=3))
    path = tmp_path_factory.getbasetemp() / "damaged.safetensors"
    path.write_bytes(whole)
    try:
        lora = read_lora(path)
    except SfumatoError as error:
        assert "\n" not in str(error)
    else:
        assert lora.ranks == (2,)
