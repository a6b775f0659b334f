"""Each part of a folder is loaded whole or refused, and nothing in its configurations fetches or runs anything."""

import json
import shutil

import pytest
from safetensors import safe_open
from safetensors.torch import save_file

from sfumato.errors import SfumatoError
from sfumato.pretrained.opening import open_pipeline

FAMILIES = ("sd3", "flux2_klein")  # with all the kinds of parts that there are, among them one with shared weights
UNET = "unet/diffusion_pytorch_model.safetensors"


@pytest.fixture
def copy(pretrained_folder, tmp_path):
    """A tiny pipeline's folder that may be changed."""
    return shutil.copytree(pretrained_folder("sd15"), tmp_path / "model")


@pytest.mark.parametrize("family", FAMILIES)
def test_each_family_is_loaded_frozen_and_evaluating_without_a_network(family, pretrained_folder, no_network, capfd):
    folder = pretrained_folder(family)
    capfd.readouterr()  # of diffusers, where it is built here
    pipeline = open_pipeline(folder).pipeline
    networks = [part for part in pipeline.components.values() if hasattr(part, "parameters")]
    assert len(networks) >= 3
    assert not any(part.training or any(weight.requires_grad for weight in part.parameters()) for part in networks)
    assert capfd.readouterr() == ("", "")


def described(folder, **changes):
    path = folder / "config.json"
    path.write_text(json.dumps(json.loads(path.read_text()) | changes))


def harm(model, case):
    match case:
        case "kernel":
            described(model / "text_encoder", attn_implementation="owner/harm")
        case "nested kernel":
            described(model / "text_encoder", parts=[{"_experts_implementation": "owner/harm"}])
        case "adapter":
            said = {"base_model_name_or_path": "owner/other", "peft_type": "LORA"}
            (model / "text_encoder" / "adapter_config.json").write_text(json.dumps(said))
        case "class":
            index = json.loads((model / "model_index.json").read_text())
            (model / "model_index.json").write_text(json.dumps(index | {"unet": ["diffusers", "Nothing"]}))
        case "not a class":
            index = json.loads((model / "model_index.json").read_text())
            (model / "model_index.json").write_text(json.dumps(index | {"unet": ["diffusers", "logging"]}))
        case "program":
            (model / "unet" / "diffusers.py").write_text("raise SystemExit")
        case "size":
            described(model / "unet", block_out_channels=[16, 64])
        case "tensor":
            with safe_open(model / UNET, "pt") as file:
                tensors = {name: file.get_tensor(name) for name in file.keys()}  # noqa: SIM118
            del tensors["conv_out.bias"]
            save_file(tensors, model / UNET)
        case "config":
            (model / "unet" / "config.json").write_text("{")
        case "no tokenizer":
            shutil.rmtree(model / "tokenizer")
        case "no vocabulary":
            (model / "tokenizer" / "tokenizer.json").unlink()


@pytest.mark.parametrize(
    ("case", "said"),
    [
        ("kernel", r"its text_encoder asks for a program from the Hub \(owner/harm\)"),
        ("nested kernel", r"its text_encoder asks for a program from the Hub \(owner/harm\)"),
        ("adapter", "its text_encoder is an adapter of another model"),
        ("class", "its unet is a Nothing, which diffusers does not have in the version that is installed"),
        ("not a class", "its unet is a logging, which diffusers does not have"),
        ("size", r"unet: cannot be loaded \(.+ but got torch.Size\(\[\d+\]\)\); get the model again$"),
        ("tensor", "the weights of its unet lack 'conv_out.bias'; get the model again"),
        ("config", "unet: cannot be loaded"),
        ("no tokenizer", "holds no vocabulary of its tokenizer, so it is not whole; get the model again"),
        ("no vocabulary", "holds no vocabulary of its tokenizer, so it is not whole; get the model again"),
    ],
)
def test_what_is_not_whole_or_asks_for_more_is_one_sentence(case, said, copy, no_network):
    harm(copy, case)
    with pytest.raises(SfumatoError, match=f"^{copy}: {said}") as caught:
        open_pipeline(copy)
    assert "\n" not in str(caught.value)


def test_a_program_beside_a_part_is_not_run(copy):
    harm(copy, "program")
    assert "unet/diffusers.py" not in open_pipeline(copy).files
