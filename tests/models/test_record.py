"""A model's record goes where the model goes, and is that model's own; older models have none."""

import json
import zipfile
from pathlib import Path

import pytest

from sfumato.collection import Collection
from sfumato.collection.holdings import Holdings
from sfumato.errors import SfumatoError
from sfumato.models import Model, ModelConfig
from sfumato.models.building import build_denoiser
from sfumato.models.record import ModelRecord, combined, read_record
from sfumato.networks import UNetConfig
from sfumato.provenance.sources import LearnedFrom

NETWORK = UNetConfig(patch=2, channels=(8,), blocks=1, width=16, depth=1, heads=1)


@pytest.fixture
def held(tiny_collection: Collection) -> Holdings:
    return Holdings.of(tiny_collection)


@pytest.fixture
def saved(held: Holdings, tmp_path: Path) -> Path:
    learned = (LearnedFrom(collection=held.collection, licences=held.licences),)
    config = ModelConfig(name="mine", size=32, network=NETWORK, learned_from=learned)
    record = ModelRecord(
        description="A model", tag="toy", facts={"Loss": "0.1"}, trained=18, held_out=2, holdings=(held,)
    )
    return Model(config, build_denoiser(config), record=record).save_pretrained(tmp_path / "model")


def test_a_record_is_saved_and_loaded_with_its_model_and_from_a_zip(
    saved: Path, held: Holdings, tmp_path: Path
) -> None:
    model = Model.from_pretrained(saved)
    assert model.record is not None
    assert model.record.holdings == (held,)
    assert model.record.facts == {"Loss": "0.1"}
    with zipfile.ZipFile(tmp_path / "model.zip", "w") as archive:
        for path in saved.iterdir():
            archive.write(path, f"model/{path.name}")
    assert Model.from_pretrained(tmp_path / "model.zip").record == model.record
    assert Model.from_pretrained(model.save_pretrained(tmp_path / "again")).record == model.record


def test_a_model_that_was_made_before_has_none(saved: Path, tmp_path: Path) -> None:
    (saved / "record.json").unlink()
    model = Model.from_pretrained(saved)
    assert model.record is None
    model.save_pretrained(tmp_path / "again")
    assert not (tmp_path / "again" / "record.json").exists()


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("", "record.json"),
        ("[]", "record.json"),
        ('{"format": "sfumato-record-2"}', "format"),
        ('{"holdings": [{"pictures": 1}]}', "holdings"),
        ('{"facts": {"a": 1}}', "facts"),
    ],
)
def test_a_damaged_record_is_said_to_be(saved: Path, text: str, said: str) -> None:
    (saved / "record.json").write_text(text)
    with pytest.raises(SfumatoError, match=said):
        Model.from_pretrained(saved)


def test_a_link_that_leads_nowhere_and_another_models_record_are_refused(saved: Path) -> None:
    path = saved / "record.json"
    record = json.loads(path.read_text())
    record["holdings"][0]["collection"] = "f" * 64
    path.write_text(json.dumps(record))
    with pytest.raises(SfumatoError, match="another model's"):
        Model.from_pretrained(saved)
    path.unlink()
    path.symlink_to("nowhere")
    with pytest.raises(SfumatoError, match="cannot be read"):
        Model.from_pretrained(saved)


def test_a_record_names_no_place_of_whoever_made_it(saved: Path, tiny_collection: Collection) -> None:
    text = (saved / "record.json").read_text()
    assert str(tiny_collection.source) not in text
    assert str(saved) not in text


def test_what_ancestors_learned_from_is_kept_once(held: Holdings) -> None:
    other = held.model_copy(update={"collection": "e" * 64})
    parent = ModelRecord(holdings=(held, other))
    assert combined(held, parent) == (held, other)
    assert combined(other, parent) == (other, held)
    assert combined(None, parent) == (held, other)
    assert combined(held, None) == (held,)
    assert combined(None, None) == ()


def test_a_record_without_anything_is_one(tmp_path: Path) -> None:
    (tmp_path / "record.json").write_text("{}")
    config = ModelConfig(size=32, network=NETWORK)
    assert read_record(tmp_path / "record.json", config) == ModelRecord()
