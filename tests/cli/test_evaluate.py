"""Works are evaluated as a person asks for it: one page, one record, and no mistake costs anything."""

import json
import shutil

import numpy as np
import pytest
import torch
from PIL import Image
from safetensors.torch import save_file

from sfumato.dataset import Dataset
from sfumato.features.inception import InceptionV3
from sfumato.models import Model
from sfumato.training import Run


@pytest.fixture(scope="module")
def evaluated(sfumato, run, tmp_path_factory):
    """The report of a tiny model against its own run, and what the command said."""
    output = tmp_path_factory.mktemp("evaluated") / "report"
    answer = sfumato("evaluate", run, "--against", run, "-n", 9, "--seed", 3, "-o", output, "--device", "cpu")
    assert answer.code == 0, answer.err
    return output, answer


def record(output):
    return json.loads((output / "evaluation.json").read_text())


def test_one_page_and_one_record_come_of_a_run(evaluated, run):
    output, answer = evaluated
    assert {path.name for path in output.iterdir()} == {".sfumato.jsonl", "index.html", "evaluation.json"}
    page = (output / "index.html").read_text()
    for said in ("Noise by noise", "While it was trained", "data:image/png;base64", "<svg", "The classes", "too few: "):
        assert said in page
    assert "<script" not in page and "http://" not in page and "https://" not in page
    assert f"Open {output / 'index.html'} in a browser." in answer.out
    assert "Sliced Wasserstein" in answer.out and "held out" in answer.out


def test_the_record_says_what_was_measured(evaluated, run):
    found = record(evaluated[0])
    dataset = Dataset.open(Run.open(run).dataset)
    assert found["seed"] == 3 and found["size"] == 32
    assert found["counts"] == {
        "works": 9,
        "held_out": len(dataset.held_out),
        "training": len(dataset.train),
        "compared": min(9, len(dataset.held_out)),
        "reference": len(dataset.train),
    }
    assert found["digests"]["model"] == Model.from_pretrained(run).weights_digest
    assert found["digests"]["dataset"] == dataset.digest
    assert len(found["noise_levels"]["held_out"]) == 9
    assert list(found["class_metrics"]) == dataset.classes
    assert sum(figures["works"] for figures in found["class_metrics"].values()) == 9
    assert {figures["kid"] for figures in found["class_metrics"].values()} == {None}  # of four pictures each


def test_the_same_seed_has_the_same_figures(sfumato, evaluated, run, tmp_path):
    answer = sfumato("evaluate", run, "--against", run, "-n", 9, "--seed", 3, "-o", tmp_path / "r", "--device", "cpu")
    assert answer.code == 0, answer.err
    assert record(tmp_path / "r") == record(evaluated[0])


def test_a_runs_own_split_is_kept_where_its_collection_is_given(sfumato, run, tmp_path):
    answer = sfumato("evaluate", run, "--against", run / "collection", "-n", 5, "-o", tmp_path / "r")
    assert answer.code == 0, answer.err
    assert not (tmp_path / "r" / "dataset").exists()
    assert record(tmp_path / "r")["digests"]["dataset"] == Dataset.open(Run.open(run).dataset).digest


def test_a_folder_of_training_pictures_cries_copies(sfumato, run, tmp_path):
    dataset = Dataset.open(Run.open(run).dataset)
    (tmp_path / "works").mkdir()
    for index in dataset.train.tolist():
        dataset.picture(index).save(tmp_path / "works" / f"{index}.png")
    answer = sfumato("evaluate", tmp_path / "works", "--against", run, "-o", tmp_path / "r")
    assert answer.code == 0, answer.err
    assert "COPIES: 100%" in " ".join(answer.out.split())
    assert 'class="cry"' in (tmp_path / "r" / "index.html").read_text()
    assert record(tmp_path / "r")["noise_levels"] is None


def test_a_folder_of_noise_beside_a_folder_of_art(sfumato, art, tmp_path):
    (tmp_path / "works").mkdir()
    for index in range(8):
        levels = np.random.default_rng(index).integers(0, 256, (48, 40, 3), dtype=np.uint8)
        Image.fromarray(levels).save(tmp_path / "works" / f"{index}.png")
    answer = sfumato("evaluate", tmp_path / "works", "--against", art, "-n", 6, "-o", tmp_path / "r")
    assert answer.code == 0, answer.err
    assert "COPIES" not in answer.out and "As near" not in answer.out
    found = record(tmp_path / "r")
    assert found["size"] == 40 and found["counts"]["works"] == 6
    assert found["metrics"]["sliced_wasserstein"]["works"] > found["metrics"]["sliced_wasserstein"]["baseline"]
    page = (tmp_path / "r" / "index.html").read_text()
    assert "Noise by noise" not in page and "While it was trained" not in page
    assert found["class_metrics"] == {} and "too few: " not in page  # whose class nobody knows
    assert (tmp_path / "r" / "dataset" / "dataset.json").is_file()


def test_two_pictures_beside_a_folder_of_two(sfumato, art, tmp_path):
    pictures = sorted(art.rglob("*.png"))
    for place, chosen in (("works", (pictures[0], pictures[-1])), ("mine", (pictures[0], pictures[9]))):
        (tmp_path / place).mkdir()
        for path in chosen:
            shutil.copy(path, tmp_path / place)
    answer = sfumato("evaluate", tmp_path / "works", "--against", tmp_path / "mine", "-o", tmp_path / "r")
    assert answer.code == 0, answer.err
    said = " ".join(answer.out.split())
    assert "Alike at 16 pixels" in said and "were compared: at such numbers the figures are rough" in said
    alike = record(tmp_path / "r")["metrics"]["correlated"]
    assert alike["works_interval"][1] - alike["works_interval"][0] > 0.5  # of two works


def test_a_network_can_give_the_features(sfumato, run, tmp_path):
    with torch.random.fork_rng():
        torch.manual_seed(0)
        save_file(InceptionV3().state_dict(), tmp_path / "net.safetensors", metadata={"sfumato": '{"side": 80}'})
    answer = sfumato(
        "evaluate", run, "--against", run, "-n", 4, "-o", tmp_path / "r", "--features", tmp_path / "net.safetensors"
    )
    assert answer.code == 0, answer.err
    assert record(tmp_path / "r")["features"] == "Inception v3 at 80 px"
    assert len(record(tmp_path / "r")["digests"]["features"]) == 64


def test_mistakes_are_one_sentence_and_nothing_is_lost(sfumato, evaluated, run, art, tmp_path, tree):
    output = evaluated[0]
    (tmp_path / "few").mkdir()
    (tmp_path / "empty").mkdir()
    (tmp_path / "small").mkdir()
    for number, path in enumerate(sorted(art.rglob("*.png"))[:9]):
        shutil.copy(path, tmp_path / "few" / f"{number}.png")
        Image.open(path).resize((24, 24)).save(tmp_path / "small" / f"{number}.png")
    (tmp_path / "one").mkdir()
    shutil.copy(tmp_path / "few" / "0.png", tmp_path / "one")
    (tmp_path / "net.safetensors").write_text("hello")
    before, report = tree(tmp_path), tree(output)
    new = ("-o", tmp_path / "new")
    for arguments, said in (
        ((run, "--against", run, "-o", output), "holds an evaluation already; choose another -o, or say --force"),
        ((run,), "missing option '--against'"),
        ((run, "--against", tmp_path / "nowhere", *new), "nowhere: no such folder"),
        ((tmp_path / "nowhere", "--against", run, *new), "nowhere: no such directory"),
        ((tmp_path / "empty", "--against", run, *new), "holds neither a model nor pictures"),
        ((tmp_path / "small", "--against", run, *new), "24 pixels; an evaluation needs 32 or more"),
        ((tmp_path / "one", "--against", run, *new), "1 work, and an evaluation needs 2"),
        ((run, "--against", tmp_path / "one", *new), "has 1 picture of 32 pixels or more; at least 2 are needed"),
        ((run, "--against", run, "-n", 1, *new), "1 work"),
        ((run, "--against", run, "--size", 32, *new), "--size is for a folder of pictures"),
        ((tmp_path / "few", "--against", run, "--size", 36, *new), "size 36: a multiple of 8 is needed"),
        ((tmp_path / "few", "--against", run / "dataset", "--size", 40, *new), "32 px"),
        ((run, "--against", art, "-o", art), "is where the pictures are"),
        ((run, "--against", run, "--features", tmp_path / "net.safetensors", *new), "cannot be read as safetensors"),
        ((run, "--against", run, "--features", "nowhere", *new), "nowhere: no such file; give 'inception', 'dinov2'"),
        ((run, "--against", run, "--device", "tpu", *new), "device 'tpu': unknown"),
        ((run, "--against", run, "--background", "red", *new), "The background 'red' is not a colour"),
    ):
        answer = sfumato("evaluate", *arguments)
        assert answer.code == 2, arguments
        assert said in answer.err, answer.err
        assert answer.err.count("\n") == 1, answer.err
    assert tree(tmp_path) == before and tree(output) == report
