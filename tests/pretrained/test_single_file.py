"""A checkpoint in one file becomes the pipeline that its folder is, without a network, or is refused in a sentence."""

import shutil
from dataclasses import replace
from types import SimpleNamespace

import pytest
import torch
from safetensors import safe_open
from safetensors.torch import save_file

from sfumato.errors import SfumatoError
from sfumato.pretrained import prediction, single_file
from sfumato.pretrained.checkpoint import SD15, SD21, SDXL, Kind, Layout, kind_of
from sfumato.pretrained.extra import quiet
from sfumato.pretrained.memory import MemoryPlan
from sfumato.pretrained.model_index import INDEX, index_of
from sfumato.pretrained.opening import open_pipeline
from sfumato.pretrained.placing import place
from sfumato.pretrained.prediction import Prediction
from sfumato.pretrained.single_file import SingleFile, configuration_of

FAMILIES = {"sd15": (), "sd21": ("v_pred",), "sdxl": ()}
NETWORKS = ("unet", "vae", "text_encoder", "text_encoder_2")


@pytest.fixture(scope="module")
def folders(pretrained_folder):
    return {family: open_pipeline(pretrained_folder(family)) for family in FAMILIES}


@pytest.fixture(scope="module")
def files(folders, checkpoints, tmp_path_factory):
    """Each family's pipeline in one file."""
    place = tmp_path_factory.mktemp("checkpoints")
    return {
        family: checkpoints.write(
            folders[family].pipeline, place / f"{family}.safetensors", openclip=family == "sd21", marks=marks
        )
        for family, marks in FAMILIES.items()
    }


def picture(pipeline):
    with quiet():
        drawn = torch.Generator().manual_seed(7)
        return pipeline("a red boat", num_inference_steps=2, output_type="np", generator=drawn).images


@pytest.mark.parametrize("family", FAMILIES)
def test_a_single_file_gives_the_pictures_of_its_folder_without_a_network(family, folders, files, no_network):
    opened = open_pipeline(files[family], configuration=folders[family].path)
    assert type(opened.pipeline) is type(folders[family].pipeline)
    for name in NETWORKS:
        mine, theirs = (getattr(each.pipeline, name, None) for each in (opened, folders[family]))
        if theirs is not None:
            weights = theirs.state_dict()
            assert mine.state_dict().keys() == weights.keys()
            assert all(torch.equal(tensor, weights[key]) for key, tensor in mine.state_dict().items())
            assert not mine.training
            assert not any(weight.requires_grad for weight in mine.parameters())
    assert dict(opened.pipeline.scheduler.config) == dict(folders[family].pipeline.scheduler.config)
    assert (picture(opened.pipeline) == picture(folders[family].pipeline)).all()


def rewritten(path, place, change, **metadata):
    """The file with other tensors: change(tensors)."""
    with safe_open(path, "pt") as file:
        tensors = {name: file.get_tensor(name) for name in file.keys()}  # noqa: SIM118
    change(tensors)
    save_file(tensors, place, metadata={f"modelspec.{name}": value for name, value in metadata.items()})
    return place


def mark(tensors):
    tensors |= {"v_pred": torch.empty(0), "ztsnr": torch.empty(0)}


def test_a_v_prediction_file_is_recognised_and_said(files, folders, tmp_path):
    marked = rewritten(files["sdxl"], tmp_path / "noob.safetensors", mark)
    opened = open_pipeline(marked, configuration=folders["sdxl"].path)
    scheduler = opened.pipeline.scheduler.config
    assert scheduler.prediction_type == "v_prediction"
    assert scheduler.rescale_betas_zero_snr
    assert scheduler.timestep_spacing == "trailing"
    assert opened.notes == ("its network predicts v, as its mark 'v_pred' says, with zero terminal SNR ('ztsnr')",)
    # The scheduler of this folder knows no such noise levels.
    marked = rewritten(files["sd15"], tmp_path / "fluff.safetensors", mark)
    scheduler = open_pipeline(marked, configuration=folders["sd15"].path).pipeline.scheduler
    assert type(scheduler).__name__ == "DDIMScheduler"
    assert scheduler.config.rescale_betas_zero_snr


def test_metadata_say_size_licence_and_prediction(files, folders, tmp_path):
    told = {"resolution": "96x96", "license": "CC-BY-4.0", "prediction_type": "v"}
    path = rewritten(files["sd15"], tmp_path / "told.safetensors", lambda tensors: None, **told)
    opened = open_pipeline(path, configuration=folders["sd15"].path)
    assert opened.licence == "CC-BY-4.0"
    assert opened.pipeline.unet.config.sample_size == 96 // 8
    assert opened.pipeline.scheduler.config.prediction_type == "v_prediction"


@pytest.mark.parametrize(("spread", "kind", "side"), [(0.2, "v_prediction", 64), (0.01, "epsilon", 512)])
def test_the_two_forms_of_2_1_are_told_apart_where_no_mark_does(
    spread, kind, side, files, folders, tmp_path, monkeypatch
):
    telling = "model.diffusion_model.output_blocks.3.1.transformer_blocks.0.norm1.bias"  # the last, as in the large one
    monkeypatch.setattr(prediction, "TELLING", telling)

    def change(tensors):
        del tensors["v_pred"]
        tensors[telling] = spread * torch.tensor([-1.0, 1.0]).repeat(len(tensors[telling]) // 2)

    path = rewritten(files["sd21"], tmp_path / "old.safetensors", change)
    opened = open_pipeline(path, configuration=folders["sd21"].path)
    assert opened.pipeline.scheduler.config.prediction_type == kind
    assert opened.pipeline.unet.config.sample_size == side // 8
    assert "is assumed" in opened.notes[0]


def without(name):
    return lambda tensors: tensors.pop(next(each for each in sorted(tensors) if name in each))


@pytest.mark.parametrize(
    ("change", "said"),
    [
        (without("output_blocks.0.0.in_layers.2.weight"), r"unet lacks 'up_blocks.0.resnets.0.conv1.weight'"),
        (without("time_embed.0.weight"), "unet lacks 'time_embedding.linear_1.weight'"),
        (without("first_stage_model.decoder.mid.attn_1.q.weight"), "vae lacks"),
        (without("text_model.encoder.layers.1.mlp.fc1.bias"), "text_encoder lacks"),
        (
            lambda tensors: tensors.update({"model.diffusion_model.time_embed.cond_proj.weight": torch.zeros(2)}),
            "unet holds 'model.diffusion_model.time_embed.cond_proj.weight', which does not belong there",
        ),
        (
            lambda tensors: tensors["model.diffusion_model.out.2.weight"].fill_(torch.nan),
            r"unet is damaged: 'conv_out.weight' holds NaN or infinity",
        ),
        (
            lambda tensors: tensors.update({"model.diffusion_model.out.2.bias": torch.zeros(8)}),
            "unet holds 'conv_out.bias' as 8 in place of 4",
        ),
    ],
)
def test_what_is_missing_or_of_another_size_is_one_sentence(change, said, files, folders, tmp_path):
    path = rewritten(files["sd15"], tmp_path / "m.safetensors", change)
    with pytest.raises(
        SfumatoError, match=f"m.safetensors: (looks like Stable Diffusion 1.5, but )?its {said}"
    ) as caught:
        open_pipeline(path, configuration=folders["sd15"].path)
    assert "\n" not in str(caught.value)


def test_a_tiny_file_is_not_of_the_published_size(files):
    with pytest.raises(SfumatoError, match=r"but its text_encoder .*; give a checkpoint of its published size"):
        open_pipeline(files["sd15"])


def test_a_folder_without_a_tokenizer_has_clips(files, folders, tmp_path):
    bare = tmp_path / "bare"
    shutil.copytree(folders["sdxl"].path, bare, ignore=shutil.ignore_patterns("tokenizer*", "*.safetensors"))
    plan = MemoryPlan.of_all("bfloat16")
    pipeline = open_pipeline(files["sdxl"], configuration=bare, planned=lambda *asked: plan).pipeline
    assert [len(each) for each in (pipeline.tokenizer, pipeline.tokenizer_2)] == [49408, 49408]
    assert [each.pad_token_id for each in (pipeline.tokenizer, pipeline.tokenizer_2)] == [49407, 0]
    kinds = [{weight.dtype for weight in part.parameters()} for part in (pipeline.unet, pipeline.text_encoder_2)]
    assert kinds == [{torch.bfloat16}] * 2


def test_parts_that_wait_come_from_the_file_in_their_turn(files, folders):
    plan = replace(MemoryPlan.of_all(), turns="parts")
    asked = []
    opened = open_pipeline(
        files["sdxl"], configuration=folders["sdxl"].path, planned=lambda *given: asked.append(given) or plan
    )
    assert asked == [(folders["sdxl"].path, "sdxl", True)]
    assert all(weight.is_meta for weight in opened.pipeline.unet.parameters())
    place(opened.pipeline, plan, torch.device("cpu"), opened.reload)
    assert (picture(opened.pipeline) == picture(folders["sdxl"].pipeline)).all()


def test_four_bits_are_refused_in_a_sentence(files, folders, monkeypatch):
    monkeypatch.setattr(single_file, "part_arguments", lambda *asked: {"dtype": 1, "quantization_config": 2})
    with pytest.raises(SfumatoError, match="only a diffusers folder can be read in 4 bits"):
        open_pipeline(files["sd15"], configuration=folders["sd15"].path)


# Table 1 of SDXL's paper (arXiv:2307.01952) says 860 M, 865 M and 2.6 B of the U-Nets, and 817 M of both encoders.
PARAMETERS = {
    "sd15": {"unet": 859_520_964, "vae": 83_653_863, "text_encoder": 123_060_480},
    "sd21": {"unet": 865_910_724, "vae": 83_653_863, "text_encoder": 340_387_840},
    "sdxl": {
        "unet": 2_567_463_684,
        "vae": 83_653_863,
        "text_encoder": 123_060_480,
        "text_encoder_2": 694_659_840,
    },
}


@pytest.mark.parametrize("kind", [SD15, SD21, SDXL], ids=lambda kind: kind.name)
def test_what_travels_with_the_program_is_of_the_published_size(kind: Kind, checkpoints):
    folder = configuration_of(kind)
    index = index_of((folder / INDEX).read_bytes(), kind.name)
    empty = SingleFile(folder, Layout({}, {}), kind, Prediction("epsilon", False, ""), MemoryPlan.of_all(), folder)
    with quiet():
        networks = {part.name: empty._empty(part) for part in index.components if part.has_weights}
        counts = {name: sum(weight.numel() for weight in network.parameters()) for name, network in networks.items()}
        assert counts == PARAMETERS[kind.name]
        assert all(weight.is_meta for network in networks.values() for weight in network.parameters())
        found = checkpoints.layout(SimpleNamespace(**networks), openclip=kind is SD21)
        layout = Layout({name: tuple(tensor.shape) for name, tensor in found.items()}, {})
        assert kind_of(layout, folder) is kind
        for name, network in networks.items():
            single_file._check(network, replace(empty, layout=layout)._tensors(name), folder)
