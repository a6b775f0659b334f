"""A model in a zip is one like any other, and a zip that was made to do harm does none."""

import os
import struct
import time
import zipfile
from pathlib import Path

import pytest
import torch

from sfumato.errors import SfumatoError
from sfumato.models import Model
from sfumato.models.zipped import model_in_zip, models_in_zip


def packed(place, **folders):
    """A zip with each directory's files in the folder of its name ('' as _)."""
    with zipfile.ZipFile(place, "w", zipfile.ZIP_DEFLATED) as file:
        for folder, source in folders.items():
            for path in source.iterdir():
                file.write(path, (folder.replace("__", "/") + "/" if folder != "_" else "") + path.name)
    return place


@pytest.mark.parametrize("folder", ["_", "model", "run__model", "a__b__c"])
def test_a_model_in_a_zip_comes_back_to_the_bit(model, saved, tmp_path, folder):
    path = packed(tmp_path / "m.zip", **{folder: saved})
    loaded = Model.from_pretrained(path)
    assert loaded.config == model.config
    assert loaded.card == model.card
    assert loaded.weights_digest == Model.from_pretrained(saved).weights_digest == model_in_zip(path).digest()
    ours, theirs = (each.denoiser.network.state_dict() for each in (model, loaded))
    assert all(torch.equal(ours[name], theirs[name]) for name in ours)


def test_a_zip_is_known_by_its_content_too_and_what_was_unpacked_goes_away(saved, tmp_path, monkeypatch):
    place = tmp_path / "unpacked"
    place.mkdir()
    monkeypatch.setattr("tempfile.tempdir", str(place))
    packed(tmp_path / "model", model=saved)
    Model.from_pretrained(tmp_path / "model")
    assert list(place.iterdir()) == []


def test_of_a_run_its_own_model_is_meant(saved, new_model, tmp_path):
    teacher = new_model(5).save_pretrained(tmp_path / "teacher")
    path = packed(tmp_path / "run.zip", run__model=saved, run__teacher=teacher)
    with zipfile.ZipFile(path, "a") as file:  # as macOS packs
        for name in ("config.json", "model.safetensors"):
            file.writestr(f"__MACOSX/run/model/{name}", b"\x00\x05\x16\x07")
    assert model_in_zip(path).folder == "run/model"
    assert {each.folder for each in models_in_zip(path)} == {"run/model", "run/teacher"}


def test_of_several_models_none_is_guessed(saved, tmp_path):
    with pytest.raises(SfumatoError, match=r"holds 2 models \(a, b\); unpack it and give the directory of one"):
        Model.from_pretrained(packed(tmp_path / "two.zip", a=saved, b=saved))
    with pytest.raises(SfumatoError, match=r"holds no model \(config.json and model.safetensors in one folder\)"):
        Model.from_pretrained(packed(tmp_path / "none.zip"))


def test_paths_that_lead_out_of_a_zip_lead_nowhere(saved, tmp_path):
    with zipfile.ZipFile(tmp_path / "out.zip", "w") as file:
        for path in saved.iterdir():
            file.write(path, f"../../{path.name}")
            file.write(path, f"/tmp/never/{path.name}")
    model = models_in_zip(tmp_path / "out.zip")[0]
    with model.unpacked() as directory:
        assert {path.name for path in directory.iterdir()} == {"config.json", "model.safetensors", "README.md"}
    assert not (tmp_path.parent.parent / "config.json").exists()
    assert not Path("/tmp/never").exists()


def test_a_bomb_is_not_unpacked(saved, tmp_path):
    with zipfile.ZipFile(tmp_path / "bomb.zip", "w", zipfile.ZIP_DEFLATED) as file:
        file.write(saved / "config.json", "config.json")
        with file.open("model.safetensors", "w", force_zip64=True) as weights:
            for _ in range(64):
                weights.write(bytes(1 << 20))
    began = time.process_time()
    with pytest.raises(SfumatoError, match=r"model.safetensors would unpack to 67 MB, and such a model's has \d+ MB"):
        Model.from_pretrained(tmp_path / "bomb.zip")
    assert time.process_time() - began < 1


@pytest.mark.parametrize("damage", ["cut", "bytes", "members", "empty", "pipe"])
def test_a_zip_that_is_none_is_one_sentence(saved, tmp_path, damage):
    path = packed(tmp_path / "m.zip", _=saved)
    data = bytearray(path.read_bytes())
    if damage == "cut":
        data = data[: len(data) // 2]
    if damage == "bytes":
        data[200:400] = bytes(200)
    if damage == "members":
        data[-10:-6] = struct.pack("<I", 2**31)  # so many bytes of names
    path.write_bytes(b"" if damage == "empty" else data)
    if damage == "pipe":
        path.unlink()
        os.mkfifo(path)
    with pytest.raises(SfumatoError, match=r"m\.zip") as caught:
        Model.from_pretrained(path)
    assert "\n" not in str(caught.value)


def test_an_error_names_the_zip_and_not_where_it_lay_for_a_moment(saved, new_model, tmp_path):
    other = new_model(network={"kind": "unet", "channels": [16], "width": 16, "depth": 1, "heads": 1})
    other.save_pretrained(tmp_path / "other")
    (saved / "model.safetensors").write_bytes((tmp_path / "other" / "model.safetensors").read_bytes())
    with pytest.raises(SfumatoError, match=r"m\.zip/run/model/model\.safetensors: .* do not belong together"):
        Model.from_pretrained(packed(tmp_path / "m.zip", run__model=saved))
