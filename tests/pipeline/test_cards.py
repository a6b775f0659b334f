"""Whatever says how many pictures a model learned from says the same: its cards, its record and the collection."""

import csv
import json
import re
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from PIL import Image

from sfumato import pipeline
from sfumato.collection import Collection, collect
from sfumato.collection.holdings import Holdings
from sfumato.collection.picture_policy import PicturePolicy
from sfumato.dataset import Dataset
from sfumato.errors import SfumatoError
from sfumato.images import unusable
from sfumato.models import Model
from sfumato.training import Run, prepare_run
from sfumato.training.ancestry import run_holdings

PDM = "https://creativecommons.org/publicdomain/mark/1.0/"
# licence as it is written, creator, source, year, mark against learning: of how many pictures.
ROWS = (
    (6, "CC BY 4.0", "Ana Bo", "https://museum.org/1", "1888", ""),
    (5, "public domain", "Cy Moe", "https://other.org/2", "1500-1510", ""),
    (4, "", "", "", "", ""),
    (2, "CC BY-SA 4.0", "Dee Fox", "", "1901", ""),
    (3, "CC0", "Eve Gil", "", "1950", "yes"),  # opted out
    (4, "all rights reserved", "Fay Hu", "", "1999", ""),  # not allowed
)
STRICT = PicturePolicy.of(["CC-BY-4.0", "PDM-1.0", "CC-BY-SA-4.0", "CC0-1.0"], unknown=True, generated=False)
LICENCES = {"CC-BY-4.0": 6, PDM: 5, "unknown": 4, "CC-BY-SA-4.0": 2}


@pytest.fixture(scope="module")
def strict(tmp_path_factory: pytest.TempPathFactory, declared: Callable[..., bytes]) -> Path:
    """A mixed folder, and a collection of it without what is opted out or was made by a model."""
    place = tmp_path_factory.mktemp("strict")
    (place / "art").mkdir()
    table, number = [], 0
    for count, licence, creator, source, year, mark in ROWS:
        for _ in range(count):
            name = f"{number:02}.png"
            _picture(number).save(place / "art" / name)
            table.append((name, licence, creator, source, year, mark))
            number += 1
    for index in range(2):
        path = place / "art" / f"made-{index}.png"
        _picture(50 + index).save(path)
        path.write_bytes(declared(path.read_bytes(), made="TRAINED_ALGORITHMIC_MEDIA"))
    with (place / "art" / "metadata.csv").open("w", newline="") as file:
        writer = csv.writer(file)
        writer.writerow(("file_name", "license", "creator", "source", "year", "noai"))
        writer.writerows(table)
    list(collect(place / "art", place / "collection", workers=1, policy=STRICT))
    return place


def _picture(number: int) -> Image.Image:
    # No two are near duplicates: a bar in another place, of another colour.
    picture = Image.new("RGB", (40, 40), (9 * (number % 25), 255 - 7 * (number % 30), 60 + 3 * number))
    picture.paste((255 - 4 * number, 5 * (number % 50), 40), (number % 8 * 5, number // 8 * 4, 40, number // 8 * 4 + 9))
    return picture


@pytest.fixture(scope="module")
def trained(strict: Path, tiny_settings: dict[str, Any]) -> Path:
    settings = {**tiny_settings, "steps": 2, "snapshots": 0}
    list(pipeline.train_on(strict / "collection", strict / "run", settings))
    return strict / "run"


def numbers(text: str) -> Iterator[int]:
    yield from (int(each.replace(",", "")) for each in re.findall(r"\d[\d,]*", text))


def row(card: str, name: str) -> str:
    return next(line.split(" | ")[1].rstrip(" |") for line in card.splitlines() if line.startswith(f"| {name} |"))


def counts(cell: str) -> dict[str, int]:
    """'a (3), b (2)' as it stands in a cell."""
    return {name: int(count.replace(",", "")) for name, count in re.findall(r"(?:^|, )([^,]+?) \(([\d,]+)\)", cell)}


SHORT = {"CC-BY-4.0": 6, "PDM-1.0": 5, "unknown": 4, "CC-BY-SA-4.0": 2}


def test_what_is_excluded_is_absent_and_all_counts_agree(strict: Path, trained: Path) -> None:
    collection, run = Collection.open(strict / "collection"), Run.open(trained)
    dataset, held = Dataset.open(run.dataset), Holdings.of(collection)
    excluded = {rejected.file for rejected in collection.left_out if rejected.kind in unusable.EXCLUDED}
    assert len(excluded) == 9
    assert not excluded & set(dataset.files)
    assert len(dataset) == held.pictures == len(collection.pictures) == 17
    assert held.licences == collection.summary.licences == LICENCES
    assert held.left_out == {unusable.NOT_ALLOWED: 4, unusable.GENERATED: 2, unusable.OPTED_OUT: 3}
    model = Model.from_pretrained(trained)
    assert model.record is not None and model.record.holdings == (held,)
    assert model.config.learned_from[0].collection == held.collection
    assert model.config.learned_from[0].licences == LICENCES

    for place in (trained, trained / "model", strict / "collection"):
        card = pipeline.card(place)
        assert next(numbers(row(card, "Pictures"))) == 17
        assert counts(row(card, "Licences")) == SHORT
        assert counts(row(card, "Left out")) == held.left_out
        assert counts(row(card, "Creators").partition(": ")[2]) == {"Ana Bo": 6, "Cy Moe": 5, "Dee Fox": 2}
        assert "not known of 4 pictures" in row(card, "Creators")
        assert "which names the creator: 8 pictures, " in card

        summary = pipeline.card(place, "eu")
        assert list(numbers(row(summary, "Training data size")))[1] == 17
        assert counts(row(summary, "Licences")) == SHORT
        assert counts(row(summary, "Left out")) == held.left_out
        assert row(summary, "Pictures left out for a mark against learning") == "3"
        assert "museum.org (6), other.org (5)" in summary

        described = json.loads(pipeline.card(place, "croissant"))
        assert "17 pictures of art" in described["description"]
        collected = described["rai:dataCollection"]
        assert next(numbers(collected)) == 17
        assert counts(collected.partition("Left out: ")[2].partition(".")[0]) == held.left_out
        assert list(numbers(described["rai:dataCollectionMissingData"])) == [4, 4, 4, 6, 17]
        assert len(described["license"]) == len(LICENCES)

    lines = (strict / "collection" / "pictures.jsonl").read_text().splitlines()
    assert len(lines) == 17
    trained_on = row(pipeline.card(trained), "Pictures learned from")
    assert list(numbers(trained_on)) == [len(dataset.train), len(dataset.held_out)]


def test_the_readme_of_a_model_is_its_card_but_for_the_digest(trained: Path) -> None:
    card = pipeline.card(trained / "model")
    lines = [line for line in card.splitlines() if not line.startswith("| Weights |")]
    assert lines == (trained / "model" / "README.md").read_text("utf-8").splitlines()


def test_who_is_taken_out_is_in_no_count_and_the_models_card_says_so(strict: Path, trained: Path) -> None:
    place = strict / "collection"
    assert "Since it was trained" not in pipeline.card(trained)
    list(pipeline.remove(place, ["Dee Fox"], ["00.png"]))
    try:
        held = Holdings.of(Collection.open(place))
        assert held.pictures == 14
        assert held.left_out[unusable.REMOVED] == 3
        card, summary = pipeline.card(place), pipeline.card(place, "eu")
        described = json.loads(pipeline.card(place, "croissant"))
        assert next(numbers(row(card, "Pictures"))) == 14
        assert list(numbers(row(summary, "Training data size")))[1] == 14
        assert next(numbers(described["rai:dataCollection"])) == 14
        for said in (row(card, "Licences"), row(summary, "Licences")):
            assert counts(said) == {"CC-BY-4.0": 5, "PDM-1.0": 5, "unknown": 4}
        for said in (row(card, "Left out"), row(summary, "Left out")):
            assert counts(said) == held.left_out
        assert counts(described["rai:dataCollection"].partition("Left out: ")[2].partition(".")[0]) == held.left_out
        assert "Dee Fox" not in card + summary + json.dumps(described)
        # The model saw them: its own counts stay, and it says that they are gone.
        card = pipeline.card(trained / "model")
        assert next(numbers(row(card, "Pictures"))) == 17
        assert "**Since it was trained, 3 pictures that it may have learned from left its collection" in card
        assert f"{unusable.REMOVED} (3)" in card
        assert counts(row(pipeline.card(trained, "eu"), "Gone from the collection since")) == {unusable.REMOVED: 3}
        place.rename(strict / "elsewhere")
        assert "Since it was trained" not in pipeline.card(trained)
        (strict / "elsewhere").rename(place)
    finally:
        list(pipeline.restore(place, ["Dee Fox"], ["00.png"]))
    assert "Since it was trained" not in pipeline.card(trained)


def test_a_model_without_its_record_says_what_its_configuration_does(trained: Path, tmp_path: Path) -> None:
    for name in ("config.json", "model.safetensors"):
        (tmp_path / name).write_bytes((trained / "model" / name).read_bytes())
    card = pipeline.card(tmp_path)
    assert counts(row(card, "Licences")) == SHORT
    assert row(card, "All else") == "not known"
    assert row(pipeline.card(tmp_path, "eu"), "Training data size").endswith("17 pictures")


def test_a_student_and_whatever_begins_with_a_model_keep_what_that_learned_from(
    trained: Path, strict: Path, tiny_dataset: Dataset, tiny_collection: Collection, tiny_settings: dict[str, Any]
) -> None:
    choices = {**tiny_settings, "objective": {"kind": "distillation"}}
    ours = Model.from_pretrained(trained).record
    assert ours is not None
    student, _ = prepare_run(strict / "student", Run.open(trained).open_dataset(), choices, weights_from=str(trained))
    assert run_holdings(student) == ours.holdings
    begun = {"weights_from": str(trained), "collection": tiny_collection}
    further, _ = prepare_run(strict / "further", tiny_dataset, tiny_settings, **begun)  # type: ignore[arg-type]
    assert run_holdings(further) == (Holdings.of(tiny_collection), *ours.holdings)
    assert [each.collection for each in further.record.learned_from] == [
        each.collection for each in run_holdings(further)
    ]


@pytest.mark.parametrize(
    ("name", "said"),
    [("nowhere", "no such directory"), (".", "holds no config.json"), ("file.txt", "is a file")],
)
def test_what_is_neither_a_model_nor_a_collection_is_said_to_be(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, name: str, said: str
) -> None:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "file.txt").write_text("x")
    with pytest.raises(SfumatoError, match=said):
        pipeline.card(name)


def test_another_format_is_said_to_be_none(strict: Path) -> None:
    with pytest.raises(SfumatoError, match="hub, croissant, eu, not 'pdf'"):
        pipeline.card(strict / "collection", "pdf")


def test_a_pre_trained_model_has_a_card_with_how_equal_it_is_to_its_own_pipeline(pretrained_folder):
    text = pipeline.card(pretrained_folder("sd15"))
    assert "| Equality | with Euler's method its latents are those of its own pipeline to " in text
    assert "Stable Diffusion 1, a pre-trained model that makes pictures from text.\n" in text
    assert "from scratch" not in text
