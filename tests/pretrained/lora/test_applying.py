"""A LoRA on a pipeline: each layer finds its place, whatever the file calls it, or the file is refused and named."""

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import torch
from safetensors.torch import save_file
from torch import Tensor

from sfumato.errors import SfumatoError
from sfumato.pretrained.lora.about import LoraAbout
from sfumato.pretrained.lora.applying import apply_loras, remove_loras
from sfumato.pretrained.lora.names import published_names
from sfumato.pretrained.lora.reading import LoraFile, read_lora
from sfumato.pretrained.lora.writing import write_lora

pytest.importorskip("diffusers")


@pytest.fixture
def written(trained: Callable[[str], Any], tmp_path: Path) -> Callable[[str], LoraFile]:
    """(family) -> the trained LoRA in a file as we write it."""

    def write(family: str) -> LoraFile:
        one, path = trained(family), tmp_path / f"{family}.safetensors"
        write_lora(path, one.tensors, one.rank, one.alpha, family, LoraAbout(), size=64, force=True)
        return read_lora(path)

    return write


def off(given: Tensor, wanted: Tensor) -> float:
    return ((given - wanted).norm() / wanted.norm()).item()


@pytest.mark.parametrize("family", ["sd15", "sdxl"])
def test_a_lora_changes_network_and_text_as_it_did_in_training_and_comes_off_to_the_bit(
    family: str, tiny_of: Callable[[str], Any], trained: Callable[[str], Any], written: Callable[[str], LoraFile]
) -> None:
    one, lora, encoder = tiny_of(family), written(family), "text_encoder_2" if family == "sdxl" else "text_encoder"
    answer, text, names = one.answer(), one.text(encoder), list(one.network.state_dict())
    apply_loras(one.pipeline, [(lora, 1.0)])
    assert torch.equal(one.answer(), trained(family).answer)
    assert torch.equal(one.text(encoder), trained(family).text)
    assert not any(each.requires_grad for each in one.network.parameters())
    remove_loras(one.pipeline)
    assert torch.equal(one.answer(), answer) and torch.equal(one.text(encoder), text)
    assert list(one.network.state_dict()) == names
    remove_loras(one.pipeline)  # a second time changes nothing


def test_several_add_up_by_their_weights_and_each_call_begins_from_the_base(
    tiny_of: Callable[[str], Any], trained: Callable[[str], Any], written: Callable[[str], LoraFile]
) -> None:
    one, lora = tiny_of("sd15"), written("sd15")
    base = one.answer()
    apply_loras(one.pipeline, [(lora, 0.75), (lora, 0.75), (lora, -0.5)])
    assert off(one.answer(), trained("sd15").answer) < 1e-5
    apply_loras(one.pipeline, [(lora, 0.0)])
    assert torch.equal(one.answer(), base) and not one.pipeline.get_list_adapters()
    apply_loras(one.pipeline, [])
    assert torch.equal(one.answer(), base)


def renamed(
    trained: Any, naming: Callable[[str], str], folder: Path, metadata: dict[str, str] | None = None
) -> LoraFile:
    """The network's part of a LoRA with other names for its layers, in diffusers' form or kohya's."""
    tensors = next(iter(trained.tensors.values()))
    given = {}
    for name, tensor in tensors.items():
        layer, part, _ = name.rsplit(".", 2)
        called = naming(layer)
        if called.startswith("lora_unet_"):
            part = {"lora_A": "lora_down", "lora_B": "lora_up"}[part]
            given[f"{called}.alpha"] = torch.tensor(trained.alpha)
        given[f"{called}.{part}.weight"] = tensor
    save_file(given, folder / "other.safetensors", metadata)
    return read_lora(folder / "other.safetensors")


def test_sdxls_published_names_lead_to_the_same_layers(
    tiny_of: Callable[[str], Any], trained: Callable[[str], Any], tmp_path: Path
) -> None:
    """As most LoRAs of SDXL are shared. diffusers' own loader gives the same."""
    one = tiny_of("sdxl")
    published = published_names([name for name, layer in one.network.named_modules() if hasattr(layer, "weight")])
    lora = renamed(trained("sdxl"), lambda layer: f"lora_unet_{published[layer]}".replace(".", "_"), tmp_path)
    assert any("input_blocks" in name for name in lora.layers) and any("output_blocks" in name for name in lora.layers)
    apply_loras(one.pipeline, [(lora, 1.0)])
    assert torch.equal(one.answer(), trained("sdxl").answer)
    remove_loras(one.pipeline)
    one.pipeline.load_lora_weights(str(lora.path))
    assert torch.equal(one.answer(), trained("sdxl").answer)
    remove_loras(one.pipeline)


def test_a_text_encoder_is_changed_in_every_layer_that_the_file_has(
    tiny_of: Callable[[str], Any], tmp_path: Path
) -> None:
    """diffusers' own loader leaves out attention of which 'out_proj' is not changed."""
    one, given = tiny_of("sd15"), {}
    for layer in ("self_attn_q_proj", "mlp_fc1"):
        name = f"lora_te_text_model_encoder_layers_0_{layer}"
        given[f"{name}.lora_down.weight"] = torch.ones(2, 32)
        given[f"{name}.lora_up.weight"] = torch.ones(64 if layer == "mlp_fc1" else 32, 2)
    save_file(given, tmp_path / "text.safetensors")
    apply_loras(one.pipeline, [(read_lora(tmp_path / "text.safetensors"), 1.0)])
    changed = [name for name, layer in one.pipeline.text_encoder.named_modules() if hasattr(layer, "base_layer")]
    assert changed == ["encoder.layers.0.self_attn.q_proj", "encoder.layers.0.mlp.fc1"]
    remove_loras(one.pipeline)


def test_diffusers_names_with_alpha_in_the_metadata_lead_to_the_same_layers(
    tiny_of: Callable[[str], Any], trained: Callable[[str], Any], tmp_path: Path
) -> None:
    one = tiny_of("sd15")
    metadata = {"lora_adapter_metadata": json.dumps({"unet.r": 4, "unet.lora_alpha": 2.5})}
    apply_loras(one.pipeline, [(renamed(trained("sd15"), lambda layer: f"unet.{layer}", tmp_path, metadata), 1.0)])
    assert torch.equal(one.answer(), trained("sd15").answer)
    remove_loras(one.pipeline)


@pytest.mark.parametrize("family", ["flux", "z_image"])
def test_a_transformers_lora_is_equal_but_for_rounding(
    family: str, tiny_of: Callable[[str], Any], trained: Callable[[str], Any], written: Callable[[str], LoraFile]
) -> None:
    one = tiny_of(family)
    base = one.answer()
    apply_loras(one.pipeline, [(written(family), 1.0)])
    assert off(one.answer(), trained(family).answer) < 1e-5 < off(base, trained(family).answer)
    remove_loras(one.pipeline)
    assert torch.equal(one.answer(), base)


def test_the_names_of_fluxs_authors_are_understood_and_fused_layers_divided(
    tiny_of: Callable[[str], Any], tmp_path: Path
) -> None:
    """'qkv' in one is three layers of diffusers; its change is checked against the matrices."""
    one, generator = tiny_of("flux"), torch.Generator().manual_seed(0)
    down, up = torch.randn(4, 32, generator=generator), torch.randn(96, 4, generator=generator)
    name = "lora_unet_double_blocks_0_img_attn_qkv"
    save_file(
        {f"{name}.lora_down.weight": down, f"{name}.lora_up.weight": up, f"{name}.alpha": torch.tensor(3.0)},
        tmp_path / "qkv.safetensors",
    )
    attention = one.network.get_submodule("transformer_blocks.0.attn")
    rows = torch.randn(5, 32, generator=generator)
    wanted = [layer(rows) for layer in (attention.to_q, attention.to_k, attention.to_v)]
    apply_loras(one.pipeline, [(read_lora(tmp_path / "qkv.safetensors"), 1.0)])
    change = 3 / 4 * rows @ (up @ down).T
    for layer, before, part in zip(
        (attention.to_q, attention.to_k, attention.to_v), wanted, change.split(32, 1), strict=True
    ):
        assert torch.allclose(layer(rows), before + part, atol=1e-4)
    remove_loras(one.pipeline)
    odd = "lora_unet_double_blocks_0_odd"
    both = {f"{odd}.lora_down.weight": down.clone(), f"{odd}.lora_up.weight": up.clone()}
    save_file({f"{name}.lora_down.weight": down, f"{name}.lora_up.weight": up, **both}, tmp_path / "odd.safetensors")
    with pytest.raises(SfumatoError, match=f"1 of its 2 layers have no place in FLUX.1: '{odd}'"):
        apply_loras(one.pipeline, [(read_lora(tmp_path / "odd.safetensors"), 1.0)])


def test_a_lora_for_another_family_is_refused_with_both_names(
    tiny_of: Callable[[str], Any], written: Callable[[str], LoraFile]
) -> None:
    one = tiny_of("sd15")
    for family, title in (("sdxl", "Stable Diffusion XL"), ("flux", r"FLUX\.1")):
        with pytest.raises(SfumatoError, match=f"is a LoRA for {title}, and the model is Stable Diffusion 1"):
            apply_loras(one.pipeline, [(written(family), 1.0)])


def single(folder: Path, name: str, down: Tensor, up: Tensor) -> LoraFile:
    save_file({f"{name}.lora_A.weight": down, f"{name}.lora_B.weight": up}, folder / "one.safetensors")
    return read_lora(folder / "one.safetensors")


def test_nothing_that_has_no_place_or_another_shape_is_left_out(
    tiny_of: Callable[[str], Any], written: Callable[[str], LoraFile], tmp_path: Path
) -> None:
    one, good, layer = tiny_of("sd15"), written("sd15"), "down_blocks.0.attentions.0.transformer_blocks.0.attn1.to_q"
    base = one.answer()
    lost = single(tmp_path, "unet.down_blocks.7.attentions.0.proj_in", torch.ones(2, 16), torch.ones(16, 2))
    with pytest.raises(
        SfumatoError, match=r"1 of its 1 layers have no place in Stable Diffusion 1: 'unet\.down_blocks\.7"
    ):
        apply_loras(one.pipeline, [(good, 1.0), (lost, 1.0)])
    assert torch.equal(one.answer(), base), "a refusal leaves the pipeline as it was"
    wide = single(tmp_path, f"unet.{layer}", torch.ones(2, 24), torch.ones(16, 2))
    with pytest.raises(
        SfumatoError, match=r"does not fit this Stable Diffusion 1: .*attn1\.to_q' is 24 x 16, .* 16 x 16"
    ):
        apply_loras(one.pipeline, [(wide, 0.0)])
    with pytest.raises(SfumatoError, match="have no place in FLUX"):
        apply_loras(tiny_of("flux").pipeline, [(wide, 1.0)])


def test_a_convolution_of_one_pixel_and_a_linear_layer_are_the_same(
    tiny_of: Callable[[str], Any], tmp_path: Path
) -> None:
    one, linear = tiny_of("sd15"), "down_blocks.0.attentions.0.transformer_blocks.0.attn1.to_q"
    conv = "down_blocks.0.attentions.0.proj_in"
    down, up = torch.ones(2, 16), torch.ones(16, 2)
    answers = []
    for shape in ((), (1, 1)):
        for layer in (linear, conv):
            apply_loras(
                one.pipeline, [(single(tmp_path, layer, down.view(2, 16, *shape), up.view(16, 2, *shape)), 0.01)]
            )
            answers.append(one.answer())
    remove_loras(one.pipeline)
    assert torch.equal(answers[0], answers[2]) and torch.equal(answers[1], answers[3])
    assert not torch.equal(answers[0], answers[1])


def test_ranks_and_alphas_may_differ_from_layer_to_layer(tiny_of: Callable[[str], Any], tmp_path: Path) -> None:
    one, block = tiny_of("sd15"), "down_blocks.0.attentions.0.transformer_blocks.0"
    given, wanted, rows = {}, {}, torch.ones(1, 16)
    for index, (layer, rank, alpha) in enumerate(
        [("attn1.to_q", 2, 1.0), ("attn1.to_k", 3, 6.0), ("attn1.to_v", 2, 5.0)]
    ):
        name = f"lora_unet_{block}.{layer}".replace(".", "_")
        down, up = torch.full((rank, 16), 0.1), torch.full((16, rank), 0.1 + index)
        given |= {f"{name}.lora_down.weight": down, f"{name}.lora_up.weight": up, f"{name}.alpha": torch.tensor(alpha)}
        base = one.network.get_submodule(f"{block}.{layer}")
        wanted[layer] = base(rows) + alpha / rank * rows @ (up @ down).T
    save_file(given, tmp_path / "mixed.safetensors")
    apply_loras(one.pipeline, [(read_lora(tmp_path / "mixed.safetensors"), 1.0)])
    for layer, value in wanted.items():
        assert torch.allclose(one.network.get_submodule(f"{block}.{layer}")(rows), value, atol=1e-5), layer
    remove_loras(one.pipeline)
