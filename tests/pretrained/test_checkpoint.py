"""A file is known by the names in its header: whole checkpoints by kind, halves for what they are, pickles unopened."""

import io
import pickle
import zipfile
from pathlib import Path

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from safetensors.torch import save_file

from sfumato.errors import SfumatoError
from sfumato.pretrained.checkpoint import SD15, SD21, SDXL, Layout, check_no_pickle, kind_of, layout_of

UNET = {"model.diffusion_model.input_blocks.0.0.weight": (320, 4, 3, 3)}
VAE = {"first_stage_model.decoder.conv_in.weight": (512, 4, 3, 3)}
CLIP = {"cond_stage_model.transformer.text_model.final_layer_norm.bias": (768,)}
OPENCLIP = {"cond_stage_model.model.ln_final.bias": (1024,)}
TWO = {
    "conditioner.embedders.0.transformer.text_model.final_layer_norm.bias": (768,),
    "conditioner.embedders.1.model.ln_final.bias": (1280,),
}
LABEL = {"model.diffusion_model.label_emb.0.0.weight": (1280, 2816)}


def kind(*parts, metadata=None, path=Path("m.safetensors")):
    shapes = {name: shape for part in parts for name, shape in part.items()}
    return kind_of(Layout(shapes, metadata or {}), path)


def names(*each):
    return dict.fromkeys(each, (4,))


def test_a_whole_checkpoint_is_known_by_its_text_encoders():
    assert kind(UNET, VAE, CLIP) is SD15
    assert kind(UNET, VAE, OPENCLIP) is SD21
    assert kind(UNET, VAE, TWO, LABEL) is SDXL
    sgm = names("conditioner.embedders.0.model.ln_final.bias")  # as generative-models would write 2.1
    assert kind(UNET, VAE, sgm) is SD21


@pytest.mark.parametrize(
    ("parts", "said"),
    [
        ([names("lora_unet_mid_block_attentions_0_proj_in.lora_down.weight")], "is a LoRA, .*with --lora"),
        ([names("transformer.blocks.0.attn.to_q.lora_A.weight")], "is a LoRA"),
        ([names("lora_te1_text_model_encoder.hada_w1_a")], "is a LoRA"),
        ([names("emb_params")], "is an embedding"),
        ([names("clip_g", "clip_l")], "is an embedding"),
        ([names("control_model.input_blocks.0.0.weight")], "is a ControlNet"),
        ([names("controlnet_cond_embedding.conv_in.weight", "down_blocks.0.x")], "is a ControlNet"),
        ([names("model.diffusion_model.double_blocks.0.img_attn.qkv.weight"), VAE], "is a transformer such as FLUX's"),
        ([names("model.diffusion_model.joint_blocks.0.context_block.x")], "is a transformer"),
        ([UNET], "holds only a U-Net"),
        ([names("input_blocks.0.0.weight")], "holds only a U-Net"),
        ([names("down_blocks.0.resnets.0.conv1.weight", "conv_in.weight")], "holds only a U-Net"),
        ([UNET, CLIP], "holds no VAE"),
        ([UNET, VAE], "holds only a U-Net"),
        ([VAE], "is only a VAE"),
        ([names("decoder.up_blocks.0.x", "encoder.conv_in.weight")], "is only a VAE"),
        ([names("text_model.encoder.layers.0.layer_norm1.bias")], "holds only a text encoder"),
        ([names("whatever")], "is not a checkpoint that sfumato knows"),
        ([], "is not a checkpoint that sfumato knows"),
        ([dict(zip(UNET, [(320, 9, 3, 3)], strict=True)), VAE, CLIP], "is a checkpoint for inpainting .* 9 channels"),
        ([dict(zip(UNET, [(320, 8, 3, 3)], strict=True)), VAE, CLIP], "is a checkpoint for editing by instructions"),
        ([UNET, VAE, TWO, names("edm_mean", "edm_std")], "has noise levels of its own"),
        ([UNET, VAE, LABEL, names("conditioner.embedders.0.model.ln_final.bias")], "is SDXL's refiner"),
    ],
)
def test_what_is_no_whole_checkpoint_is_named_for_what_it_is(parts, said):
    with pytest.raises(SfumatoError, match=f"^m.safetensors: {said}") as caught:
        kind(*parts)
    assert "\n" not in str(caught.value)


def test_a_part_of_a_folder_says_which_folder_to_give(tmp_path):
    (tmp_path / "unet").mkdir()
    (tmp_path / "model_index.json").write_text("{}")
    with pytest.raises(SfumatoError, match=f"is a part of the diffusers model .*; give {tmp_path}$"):
        kind(names("conv_in.weight"), path=tmp_path / "unet" / "diffusion_pytorch_model.safetensors")


class Harm:
    """What runs when it is unpickled."""

    def __reduce__(self):
        return (Path.touch, (Path("harm"),))


def zipped():
    """As torch saves since 1.6."""
    file = io.BytesIO()
    with zipfile.ZipFile(file, "w") as archive:
        archive.writestr("archive/data.pkl", pickle.dumps(Harm()))
    return file.getvalue()


@pytest.mark.parametrize("name", ["m.ckpt", "m.PT", "m.bin", "m.pth", "m.pickle", "none.ckpt"])
def test_a_pickle_is_refused_by_its_name_unopened(name, tmp_path, monkeypatch):
    monkeypatch.setattr("sfumato.pretrained.checkpoint.open_file", lambda path: pytest.fail("opened"))
    with pytest.raises(SfumatoError, match=f"{name}: is a pickle, which can run any program when it is opened"):
        check_no_pickle(tmp_path / name)


@pytest.mark.parametrize("data", [pickle.dumps(Harm()), pickle.dumps(Harm(), protocol=2), zipped()])
def test_a_pickle_of_another_name_is_refused_by_its_first_bytes(data, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "m.safetensors").write_bytes(data)
    with pytest.raises(SfumatoError, match=r"m.safetensors: is a (pickle|zip, as torch writes its pickles,) in spite"):
        layout_of(tmp_path / "m.safetensors")
    assert not (tmp_path / "harm").exists()


@pytest.mark.parametrize("length", [0x80, 0x4B50])
def test_a_header_whose_length_looks_like_one_is_read(length, tmp_path):
    metadata = {"format": "pt", "fill": ""}
    while True:
        save_file({"a": torch.zeros(2)}, tmp_path / "m.safetensors", metadata=metadata)
        head = int.from_bytes((tmp_path / "m.safetensors").read_bytes()[:8], "little")
        if head >= length:
            break
        metadata["fill"] += "x" * (length - head)
    assert head == length
    assert layout_of(tmp_path / "m.safetensors").metadata == metadata


@pytest.mark.parametrize(
    "data", [b"", b"\x10", b"\xff" * 40, b"\x02" + bytes(7) + b"{}extra", b"\x01" + bytes(7) + b"["]
)
def test_a_file_that_is_damaged_is_one_sentence(data, tmp_path):
    path = tmp_path / "m.safetensors"
    path.write_bytes(data)
    with pytest.raises(SfumatoError, match="cannot be read as safetensors"):
        kind_of(layout_of(path), path)


@settings(max_examples=40, deadline=None)
@given(st.binary(max_size=200))
def test_whatever_the_first_bytes_are_it_is_read_or_refused(tmp_path_factory, data):
    path = tmp_path_factory.getbasetemp() / "any.safetensors"
    path.write_bytes(data)
    with pytest.raises(SfumatoError):
        kind_of(layout_of(path), path)


@settings(max_examples=40, deadline=None)
@given(st.lists(st.text(alphabet="._0123abceiklmnopstuwx", max_size=40), max_size=8))
def test_whatever_names_there_are_it_is_known_or_refused(found):
    try:
        assert kind(names(*found))
    except SfumatoError as error:
        assert str(error).startswith("m.safetensors: ")
