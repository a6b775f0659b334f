"""model_index.json is somebody else's: it names no program, and only files that a pipeline needs are chosen."""

import json

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from sfumato.errors import SfumatoError
from sfumato.pretrained.model_index import INDEX, Component, files_of, index_of

SD = {
    "_class_name": "StableDiffusionPipeline",
    "_diffusers_version": "0.42.1",
    "requires_safety_checker": True,
    "safety_checker": ["stable_diffusion", "StableDiffusionSafetyChecker"],
    "feature_extractor": ["transformers", "CLIPImageProcessor"],
    "image_encoder": [None, None],
    "scheduler": ["diffusers", "PNDMScheduler"],
    "text_encoder": ["transformers", "CLIPTextModel"],
    "tokenizer": ["transformers", "CLIPTokenizer"],
    "unet": ["diffusers", "UNet2DConditionModel"],
}
SMALL = [
    "scheduler/scheduler_config.json", "text_encoder/config.json", "tokenizer/merges.txt",
    "tokenizer/tokenizer_config.json", "tokenizer/vocab.json", "unet/config.json",
]  # fmt: skip
WEIGHTS = ["text_encoder/model.safetensors", "unet/diffusion_pytorch_model.safetensors"]
HALF = ["text_encoder/model.fp16.safetensors", "unet/diffusion_pytorch_model.fp16.safetensors"]


def read(**changes):
    return index_of(json.dumps(SD | changes).encode(), "m")


def test_the_parts_that_pictures_are_made_with_are_named():
    index = read()
    assert index.pipeline == "StableDiffusionPipeline"
    assert [part.name for part in index.components] == ["scheduler", "text_encoder", "tokenizer", "unet"]
    assert [part.name for part in index.components if part.has_weights] == ["text_encoder", "unet"]
    assert index.components[-1] == Component("unet", "diffusers", "UNet2DConditionModel")
    assert index.left_out == ("safety_checker", "feature_extractor", "image_encoder")


@pytest.mark.parametrize(
    ("changes", "said"),
    [
        ({"_class_name": ["my_pipeline", "MyPipeline"]}, "its pipeline is a program of its own"),
        ({"_class_name": "StableCascadePipeline"}, "m: StableCascadePipeline is of no family that sfumato knows"),
        ({"_class_name": "QwenImagePipeline"}, "QwenImagePipeline cannot be used"),
        ({"_class_name": None}, "does not say which pipeline it is of"),
        ({"unet": ["my_unet", "MyUNet"]}, "its unet is my_unet.MyUNet, a program of its own"),
        ({"unet": ["os", "system"]}, "its unet is os.system, a program of its own"),
        ({"text_encoder": ["transformers", "AutoModel"]}, "text_encoder is transformers.AutoModel, a program"),
        ({"unet": ["diffusers.models", "UNet2DConditionModel"]}, "unet: .* names no class"),
        ({"unet": ["diffusers"]}, "unet: .* names no class"),
        ({"unet": ["diffusers", 3]}, "unet: .* names no class"),
        ({"../unet": ["diffusers", "UNet2DConditionModel"]}, r"\.\./unet: .* names no class"),
    ],
)
def test_what_is_no_pipeline_of_diffusers_own_is_refused(changes, said):
    with pytest.raises(SfumatoError, match=said) as caught:
        read(**changes)
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize("data", [b"", b"[]", b"3", b"\xff", b'{"_class_name": ', b"[" * 100_000])
def test_what_is_no_index_is_one_sentence(data):
    with pytest.raises(SfumatoError, match=r"^m: model_index.json"):
        index_of(data, "m")


def test_the_plain_weights_are_taken_and_nothing_beside_them():
    beside = [
        "README.md", "model.safetensors", "sd.ckpt", "unet/diffusion_pytorch_model.bin", "unet/model.py",
        "unet/deep/model.safetensors", "text_encoder/model.onnx", "text_encoder/pytorch_model.bin.index.json",
        "unet/diffusion_pytorch_model.safetensors.index.json", "safety_checker/model.safetensors",
    ]  # fmt: skip
    files, variant = files_of(read(), [*SMALL, *WEIGHTS, *HALF, *beside, INDEX], "m")
    assert files == sorted([INDEX, *SMALL, *WEIGHTS])
    assert variant is None


def test_a_variant_is_taken_where_there_is_nothing_else():
    files, variant = files_of(read(), [*SMALL, *HALF, INDEX], "m")
    assert (files, variant) == (sorted([INDEX, *SMALL, *HALF]), "fp16")
    files, variant = files_of(read(), [*SMALL, HALF[0], WEIGHTS[1], INDEX], "m")
    assert (files, variant) == (sorted([INDEX, *SMALL, HALF[0], WEIGHTS[1]]), "fp16")


@pytest.mark.parametrize("half", ["", ".fp16"])
def test_weights_in_several_files_come_with_their_index(half):
    parts = [f"unet/diffusion_pytorch_model{half}-0000{n}-of-00002.safetensors" for n in (1, 2)]
    index = f"unet/diffusion_pytorch_model.safetensors.index{half}.json"
    text = f"text_encoder/model{half}.safetensors"
    names = [*SMALL, *parts, index, text, "unet/diffusion_pytorch_model.safetensors.index.other.json"]
    assert files_of(read(), names, "m") == (sorted([INDEX, *SMALL, *parts, index, text]), half.strip(".") or None)
    with pytest.raises(SfumatoError, match=r"m: lacks some weights of its unet \(1 of 2 parts are there\)"):
        files_of(read(), [*SMALL, parts[1], index, text], "m")


@pytest.mark.parametrize(
    ("weights", "said"),
    [
        ([WEIGHTS[0]], "holds no weights of its unet"),
        ([WEIGHTS[0], "unet/diffusion_pytorch_model.bin"], r"weights of its unet are a pickle \(diffusion_pytorch_mod"),
        (
            [HALF[0], "unet/diffusion_pytorch_model.ema.safetensors"],
            r"text_encoder has weights in variants .* \(fp16\)",
        ),
    ],
)
def test_weights_that_are_missing_or_pickles_are_one_sentence(weights, said):
    with pytest.raises(SfumatoError, match=said):
        files_of(read(), [*SMALL, *weights, INDEX], "m")


WHATEVER = st.recursive(
    st.none() | st.integers() | st.sampled_from(["diffusers", "transformers", "AutoencoderKL", "os"]),
    lambda each: st.lists(each, max_size=3) | st.dictionaries(st.sampled_from(["unet", "_class_name", "vae"]), each),
    max_leaves=6,
)


@settings(max_examples=40, deadline=None)
@given(WHATEVER)
def test_whatever_it_says_is_read_or_refused(value):
    said = value if isinstance(value, dict) else {"unet": value}
    try:
        index = index_of(json.dumps({"_class_name": "FluxPipeline"} | said).encode(), "m")
    except SfumatoError as error:
        assert "\n" not in str(error)
    else:
        assert all(part.library in ("diffusers", "transformers") for part in index.components)


@settings(max_examples=40, deadline=None)
@given(st.lists(st.text(alphabet="-.0127abofml/unetsafor", max_size=60)))
def test_whatever_files_there_are_some_are_chosen_or_it_is_refused(names):
    try:
        files, _ = files_of(read(), [*names, *WEIGHTS], "m")
    except SfumatoError:
        return
    assert set(files) <= {INDEX, *names, *WEIGHTS}
