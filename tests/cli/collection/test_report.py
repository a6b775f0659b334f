"""The report is asked for as a person asks, and every mistake is one sentence."""

import json
from pathlib import Path

import pytest


@pytest.fixture(scope="module")
def collection(sfumato, art, tmp_path_factory) -> Path:
    place = tmp_path_factory.mktemp("reported") / "collection"
    assert sfumato("collect", art, "-o", place).code == 0
    return place


def test_a_collection_has_its_page_and_what_is_there_is_kept(sfumato, collection, tmp_path) -> None:
    answer = sfumato("collection", "report", collection, "-o", tmp_path / "r")
    assert answer.code == 0, answer.err
    assert answer.out.startswith("20 pictures, and one creator is named.")
    assert f"Open {tmp_path / 'r' / 'index.html'} in a browser." in answer.out
    made = json.loads((tmp_path / "r" / "representation.json").read_text())
    assert made["collection"]["pictures"] == 20 and made["works"] == []
    again = sfumato("collection", "report", collection, "-o", tmp_path / "r")
    assert again.code == 2 and "holds a report already; choose another -o, or say --force" in again.err


def test_works_of_a_run_stand_beside_it(sfumato, run, tmp_path) -> None:
    answer = sfumato("collection", "report", run / "collection", "-o", tmp_path / "r", "--model", run, "-n", 20)
    assert answer.code == 0, answer.err
    made = json.loads((tmp_path / "r" / "representation.json").read_text())
    (works,) = made["works"]
    assert works["count"] == 20 and len(works["measures"]) == 20
    assert f"{works['name']}: " in answer.out


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["none"], "sfumato collect ART"),
        (["COLLECTION", "--model", "none"], "none"),
        (["COLLECTION", "--model", "RUN", "-n", "3"], "3 works, and beside a collection 20 or more are needed"),
        (["COLLECTION", "-o", "COLLECTION"], "choose another"),
    ],
)
def test_a_mistake_is_one_sentence(sfumato, collection, run, tmp_path, arguments, said) -> None:
    places = {"COLLECTION": collection, "RUN": run}
    answer = sfumato("collection", "report", *(["-o", tmp_path / "r"] if "-o" not in arguments else []),
                     *(places.get(word, word) for word in arguments))  # fmt: skip
    assert answer.code == 2 and said in answer.err and "Traceback" not in answer.err
    assert len(answer.err.strip().splitlines()) == 1
