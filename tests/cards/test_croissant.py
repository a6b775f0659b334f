"""A collection in Croissant is what the standard's own reader takes, and each field survives it."""

import hashlib
import json
from pathlib import Path
from typing import Any

import pytest
from packaging.licenses import _spdx

from sfumato.cards.croissant import CROISSANT, RAI, croissant, licence_address
from sfumato.cards.subject import Known, Subject
from sfumato.collection import Collection
from sfumato.collection.holdings import Holdings

mlcroissant = pytest.importorskip("mlcroissant")
HOSTILE_REFERENCE = '", "license": "mit", "x": "'
pytestmark = pytest.mark.filterwarnings("ignore::DeprecationWarning")  # of its reader of JSON-LD


def written(subject: Subject, place: Path) -> tuple[dict[str, Any], Any]:
    """The JSON, and what the standard's reader makes of it."""
    path = place / "croissant.json"
    path.write_text(croissant(subject), "utf-8")
    data = mlcroissant.Dataset(jsonld=path)
    assert not data.metadata.ctx.issues.errors
    # What nobody recorded is recommended, and missing.
    assert all(
        any(name in warning for name in ("citeAs", "datePublished", "version", "license"))
        for warning in data.metadata.ctx.issues.warnings
    )
    return json.loads(path.read_text("utf-8")), data


def as_list(value: object) -> list[object]:
    return value if isinstance(value, list) else [value]


def test_each_field_survives_the_standards_reader(model: Subject, collection: Subject, tmp_path: Path) -> None:
    for subject in (model, collection):
        ours, data = written(subject, tmp_path)
        read = data.metadata.to_json()
        fields = {name for name in ours if name.startswith("rai:")}
        assert len(fields) == 14
        for name in (*fields, "license", "name", "description", "keywords", "conformsTo"):
            assert as_list(read[name]) == as_list(ours[name]), name
        assert str(data.metadata.ctx.conforms_to.value) == CROISSANT
        assert ours["conformsTo"] == [CROISSANT, RAI]
        assert ours["@context"]["rai"] == "http://mlcommons.org/croissant/RAI/"


def test_the_pictures_of_a_collection_are_read_from_its_table(tiny_collection: Collection, tmp_path: Path) -> None:
    table = tmp_path / "pictures.jsonl"
    table.write_bytes((tiny_collection.path / "pictures.jsonl").read_bytes())
    ours, data = written(Subject.of_collection(tiny_collection), tmp_path)
    (file,) = ours["distribution"]
    assert file["sha256"] == hashlib.sha256(table.read_bytes()).hexdigest()
    assert file["contentSize"] == f"{table.stat().st_size} B"
    records = list(data.records("pictures"))
    assert len(records) == len(tiny_collection.pictures)
    for record, picture in zip(records, tiny_collection.pictures, strict=True):
        for name in ("file", "sha256", "category", "creator", "licence"):
            assert record[f"pictures/{name}"].decode() == getattr(picture, name)
        assert record["pictures/width"] == picture.width


def test_hostile_names_stay_in_their_strings(hostile: tuple[Subject, Subject], tmp_path: Path) -> None:
    for subject in hostile:
        ours, _ = written(subject, tmp_path)
        assert ours["license"] == ["https://spdx.org/licenses/CC-BY-4.0"]
        assert "x" not in ours
        assert ours["isBasedOn"] == HOSTILE_REFERENCE
        assert "\x1b" not in json.dumps(ours, ensure_ascii=False)


def test_every_licence_is_in_a_list_or_said_to_be_in_none(collection: Subject, model: Subject) -> None:
    known = {entry["id"] for entry in _spdx.LICENSES.values()}
    for address in (*json.loads(croissant(collection))["license"], *json.loads(croissant(model))["license"]):
        if address.startswith("https://spdx.org/licenses/"):
            assert address.removeprefix("https://spdx.org/licenses/") in known
        else:
            own = ("own", "unknown", "LicenseRef-")
            assert address.startswith((*own, "https://creativecommons.org/", "http://rightsstatements.org/vocab/"))
    assert licence_address("CC-BY-SA-4.0") == "https://spdx.org/licenses/CC-BY-SA-4.0"


def test_what_nobody_recorded_is_not_made_up(model: Subject, tmp_path: Path) -> None:
    bare = Subject.of_model(model.config.model_copy(update={"learned_from": ()}), None)  # type: ignore[union-attr]
    ours, _ = written(bare, tmp_path)
    assert ours["license"] == ["unknown"]
    assert ours["rai:dataCollection"] == "Not known."
    assert not {"creator", "datePublished", "version", "url", "distribution", "recordSet"} & ours.keys()


def test_a_hundred_thousand_creators_are_counted_and_not_listed(crowd: Holdings) -> None:
    text = croissant(Subject("many", collections=(Known(crowd.collection, crowd.licences, crowd),)))
    assert len(text) < 20_000
    assert "Their stated creators: 100,000: " in text
    assert "and 99,980 more" in text
