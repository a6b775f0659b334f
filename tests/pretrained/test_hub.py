"""A pipeline comes from the Hub with the files that it needs alone, and where it does not one sentence says why."""

import shutil
from pathlib import Path

import pytest
from huggingface_hub import constants

from sfumato.errors import SfumatoError
from sfumato.pretrained.hub import fetched, repository
from sfumato.pretrained.opening import is_pipeline, open_pipeline

COMMIT = "0123456789" * 4


@pytest.fixture
def published(hub, pretrained_folder):
    """The stand-in, with a pipeline and with what is often beside one."""
    folder = pretrained_folder("sd15")
    files = {path.relative_to(folder).as_posix(): path.read_bytes() for path in folder.rglob("*") if path.is_file()}
    card = b"---\nlicense: other\nlicense_name: painter-1.0\n---\n# A painter\n"
    beside = {
        "README.md": card,
        "painter.safetensors": b"whole",
        "painter.ckpt": b"\x80\x04",
        "unet/diffusion_pytorch_model.bin": b"\x80\x04",
        "unet/diffusion_pytorch_model.fp16.safetensors": b"half",
        "unet/model.py": b"raise SystemExit",
        "safety_checker/model.safetensors": b"large",
    }
    hub.repositories["owner/painter"] = {**files, **beside}
    return hub


def test_only_what_a_pipeline_is_loaded_from_is_fetched_once_and_serves_offline(
    published, pretrained_folder, monkeypatch
):
    opened = open_pipeline("owner/painter")
    assert (opened.place, opened.revision) == ("owner/painter", COMMIT)
    assert opened.licence == "painter-1.0"
    assert opened.card.endswith("# A painter\n")
    assert opened.files == open_pipeline(pretrained_folder("sd15")).files
    assert sorted(published.asked) == sorted((*opened.files, "README.md"))
    assert published.tokens == {"Bearer hf_none"}, "of the environment"
    fetched(repository("owner/painter"), opened.files)
    assert len(published.asked) == len(opened.files) + 1, "what is there is not fetched again"

    monkeypatch.setattr(constants, "HF_HUB_OFFLINE", True)
    assert is_pipeline("owner/painter")
    again = open_pipeline("owner/painter")
    assert (again.files, again.revision, again.licence) == (opened.files, COMMIT, opened.licence)
    shutil.rmtree(again.path / "unet")
    with pytest.raises(SfumatoError, match=r"^owner/painter: the Hub cannot be reached, and only a part of the model"):
        open_pipeline("owner/painter")


def test_offline_and_not_in_the_cache_is_one_sentence(hub, monkeypatch):
    monkeypatch.setattr(constants, "HF_HUB_OFFLINE", True)
    said = r"^owner/none: no such folder here, the Hub cannot be reached, and the model is not in its client's cache"
    with pytest.raises(SfumatoError, match=said):
        open_pipeline("owner/none")
    assert not is_pipeline("owner/none")


def test_what_the_hub_refuses_is_one_sentence(published):
    published.gated.add("owner/painter")
    assert is_pipeline("owner/painter"), "its list of files is public"
    with pytest.raises(SfumatoError, match=r"^owner/painter: its owner must first grant access; ask for it on http"):
        open_pipeline("owner/painter")
    with pytest.raises(SfumatoError, match=r"^owner/none: no such folder here, and the Hub has no such model"):
        open_pipeline("owner/none")
    with pytest.raises(SfumatoError, match=r"^owner/painter: it has no revision 'v9'"):
        open_pipeline("owner/painter", revision="v9")


def test_a_repository_without_a_pipeline_says_what_it_holds(hub):
    hub.repositories["owner/own"] = {"config.json": b"{}", "model.safetensors": b""}
    hub.repositories["owner/files"] = {"b.safetensors": b"", "a.safetensors": b"", "README.md": b""}
    assert not is_pipeline("owner/own")
    assert not is_pipeline("owner/none")
    assert is_pipeline("owner/files")
    with pytest.raises(
        SfumatoError, match=r"fetch one with 'hf download owner/files a.safetensors' or another of its 2"
    ):
        open_pipeline("owner/files")


def test_weights_that_are_pickles_alone_are_not_even_fetched(published):
    files = published.repositories["owner/painter"]
    del files["unet/diffusion_pytorch_model.safetensors"], files["unet/diffusion_pytorch_model.fp16.safetensors"]
    with pytest.raises(SfumatoError, match=r"the weights of its unet are a pickle \(diffusion_pytorch_model.bin\)"):
        open_pipeline("owner/painter")
    assert published.asked == ["model_index.json"]


def test_names_are_not_patterns(hub):
    hub.repositories["owner/odd"] = {"a[b].json": b"1", "ab.json": b"2"}
    folder = fetched(repository("owner/odd"), ["a[b].json"])
    assert [path.name for path in Path(folder).iterdir()] == ["a[b].json"]
