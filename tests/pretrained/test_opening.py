"""A name that a person types leads to a pipeline and what is known of its files, or to one sentence."""

import hashlib
import os
import pickle
import shutil

import pytest
import torch

from sfumato.errors import SfumatoError
from sfumato.pretrained import opening
from sfumato.pretrained.memory import MemoryPlan
from sfumato.pretrained.opening import is_pipeline, open_pipeline


@pytest.fixture(scope="module")
def place(pretrained_folder, tmp_path_factory):
    """A folder with a pipeline, and with what else may lie in one."""
    folder = shutil.copytree(pretrained_folder("sd15"), tmp_path_factory.mktemp("typed") / "painter")
    (folder / "README.md").write_text("---\nlicense: cc-by-4.0\n---\n# A painter\n")
    (folder / "unet" / "notes.txt").write_text("mine")
    (folder / "unet" / "diffusion_pytorch_model.bin").write_bytes(b"\x80\x04")
    (folder / "samples").mkdir()
    (folder / "samples" / "a.png").write_bytes(b"")
    return folder


def test_a_folder_is_opened_with_what_is_known_of_it(place):
    opened = open_pipeline(place)
    assert (opened.place, opened.revision, opened.path) == (str(place), "", place)
    assert (opened.licence, opened.notes) == ("cc-by-4.0", ())
    assert opened.card.endswith("# A painter\n")
    named = {"model_index.json", "unet/config.json", "unet/diffusion_pytorch_model.safetensors", "vae/config.json"}
    assert named <= opened.files.keys()
    assert not {"README.md", "unet/diffusion_pytorch_model.bin", "samples/a.png"} & opened.files.keys()
    for name, digest in opened.files.items():
        assert digest == hashlib.sha256((place / name).read_bytes()).hexdigest()
    lines = "".join(f"{digest}  {name}\n" for name, digest in sorted(opened.files.items()))
    assert opened.digest == hashlib.sha256(lines.encode()).hexdigest()


def test_weights_are_of_the_kind_that_is_asked_for(place):
    pipeline = open_pipeline(place, planned=lambda *asked: MemoryPlan.of_all("bfloat16")).pipeline
    assert {weight.dtype for weight in pipeline.unet.parameters()} == {torch.bfloat16}
    assert {weight.dtype for weight in pipeline.text_encoder.parameters()} == {torch.bfloat16}
    assert {weight.dtype for weight in open_pipeline(place).pipeline.unet.parameters()} == {torch.float32}


def test_a_variant_serves_where_there_are_no_other_weights(place, pretrained_folder, tmp_path):
    half = shutil.copytree(pretrained_folder("sd15"), tmp_path / "half")
    for path in list(half.rglob("*.safetensors")):
        path.rename(path.with_suffix(".fp16.safetensors"))
    opened = open_pipeline(half)
    assert "unet/diffusion_pytorch_model.fp16.safetensors" in opened.files
    ours, theirs = (each.pipeline.unet.state_dict() for each in (opened, open_pipeline(place)))
    assert all(torch.equal(ours[name], theirs[name]) for name in theirs)


def test_a_pipeline_is_told_from_other_names(place, tmp_path, monkeypatch):
    monkeypatch.chdir(place.parent)
    monkeypatch.setattr(opening, "repository", lambda *asked: pytest.fail("the Hub was asked"))
    assert is_pipeline(place)
    assert is_pipeline("painter")
    for name in ("model.safetensors", "none/model.ckpt", "~/model.PT"):
        assert is_pipeline(name)
    for name in (tmp_path, "painter/unet", "painter/README.md", "none", "a/b/c", "./none"):
        assert not is_pipeline(name)


def pickled(path):
    path.write_bytes(pickle.dumps({}))


@pytest.mark.parametrize(
    ("name", "said"),
    [
        ("none", r"^none: no such folder or \.safetensors file; give a diffusers model, or one on the Hub"),
        ("a/b/c", "^a/b/c: no such folder"),
        ("none.safetensors", "^none.safetensors: no such folder"),
        ("empty", "^empty: holds no model_index.json"),
        ("none.ckpt", "^none.ckpt: is a pickle"),
        ("old.ckpt", "^old.ckpt: is a pickle"),
        ("named.safetensors", "^named.safetensors: is a pickle in spite of its name"),
        ("picture.png", "^picture.png: no such folder"),
        ("pipe.safetensors", r"^pipe.safetensors: cannot be read \(is a pipe, not a file\)"),
        ("a\x00b", "is not a path"),
    ],
)
def test_a_name_that_leads_nowhere_is_one_sentence(name, said, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "empty").mkdir()
    (tmp_path / "picture.png").write_bytes(b"")
    os.mkfifo("pipe.safetensors")
    for each in ("old.ckpt", "named.safetensors"):
        pickled(tmp_path / each)
    with pytest.raises(SfumatoError, match=said) as caught:
        open_pipeline(name)
    assert "\n" not in str(caught.value)


def test_a_pickle_among_a_folders_weights_is_refused_unopened(place, tmp_path):
    folder = shutil.copytree(place, tmp_path / "model")
    pickled(folder / "vae" / "diffusion_pytorch_model.safetensors")
    with pytest.raises(SfumatoError, match=r"vae/diffusion_pytorch_model.safetensors: is a pickle in spite"):
        open_pipeline(folder)


def test_without_the_libraries_a_pickle_is_still_refused_for_what_it_is(place, tmp_path, monkeypatch):
    monkeypatch.setattr("importlib.util.find_spec", lambda name: None)
    with pytest.raises(SfumatoError, match="painter: needs diffusers, which is not installed"):
        open_pipeline(place)
    with pytest.raises(SfumatoError, match="is a pickle"):
        open_pipeline(tmp_path / "m.ckpt")
