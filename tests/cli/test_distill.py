"""From a run to one whose model needs two steps; and what is refused on the way."""

import json
import shutil

import pytest
from PIL import Image

from sfumato.models import Model
from sfumato.training import Run
from sfumato.works import read_work

SHORT = (
    "--set",
    "steps=2",
    "--set",
    "batch=4",
    "--set",
    "substeps=2",
    "--set",
    "snapshots=0",
    "--set",
    "evaluations=1",
)


@pytest.fixture(scope="module")
def student(sfumato, run, tmp_path_factory):
    place = tmp_path_factory.mktemp("distilled") / "student"
    answer = sfumato("distill", run, "--steps", 2, "-o", place, "--guidance", 1.5, *SHORT)
    assert answer.code == 0, answer.err
    return place


def test_a_student_makes_works_in_its_own_number_of_steps(sfumato, student, tmp_path):
    answer = sfumato("generate", student, "-n", 2, "-o", tmp_path / "works")
    assert answer.code == 0, answer.err
    config = Model.from_pretrained(student).config
    assert (config.objective, config.generation.steps, config.generation.guidance) == ("distillation", 2, 1.0)
    assert config.classes == Model.from_pretrained(student / "teacher").config.classes


@pytest.mark.parametrize("option", [("--steps", 20), ("--guidance", 3), ("--sampler", "heun")])
def test_it_samples_in_no_other_way(sfumato, student, tmp_path, option):
    answer = sfumato("generate", student, *option, "-o", tmp_path / "works")
    assert answer.code == 2
    assert "was distilled: it samples in 2 steps" in answer.err
    assert not (tmp_path / "works").exists()


def test_fresh_noise_before_its_last_look_is_a_choice(sfumato, student, tmp_path):
    works = {}
    for sampler in ("consistency", "consistency_denoised"):
        place = tmp_path / sampler
        answer = sfumato("generate", student, "-n", 1, "--seed", 1, "--sampler", sampler, "-o", place)
        assert answer.code == 0, answer.err
        (work,) = place.glob("*.png")
        assert read_work(work).recipe.request.sampling.sampler == sampler
        with Image.open(work) as picture:
            works[sampler] = picture.tobytes()
    assert works["consistency"] != works["consistency_denoised"]


def test_the_way_it_is_asked_can_be_chosen_for_good(sfumato, run, tmp_path):
    place = tmp_path / "student"
    answer = sfumato("distill", run, "--steps", 2, "-o", place, "--set", "sampler=consistency_denoised", *SHORT)
    assert answer.code == 0, answer.err
    assert Model.from_pretrained(place).config.generation.sampler == "consistency_denoised"


def test_the_record_says_of_whom_it_learned_what(student, run):
    record = Run.open(student).record
    assert record.settings.objective.guidance == 1.5
    assert record.descends_from[0] == Model.from_pretrained(run).weights_digest
    assert "distilled" in (student / "model" / "README.md").read_text("utf-8")


def test_it_goes_on_like_any_run_as_long_as_its_teacher_is_what_it_was(sfumato, student):
    answer = sfumato("train", "--resume", "-o", student, "--steps", 1)
    assert answer.code == 0, answer.err
    weights = student / "teacher" / "model.safetensors"
    whole = weights.read_bytes()
    weights.write_bytes((Run.open(student).model / "model.safetensors").read_bytes())
    answer = sfumato("train", "--resume", "-o", student, "--steps", 1)
    weights.write_bytes(whole)
    assert answer.code == 2
    assert "teacher: was changed" in answer.err


@pytest.fixture(scope="module")
def finer(sfumato, student, tmp_path_factory):
    place = tmp_path_factory.mktemp("refined") / "finer"
    answer = sfumato("distill", student, "-o", place, *SHORT)
    assert answer.code == 0, answer.err
    return place


def test_a_student_is_taught_further_by_its_own_teacher(sfumato, finer, student, run, tmp_path):
    first, second = Run.open(student), Run.open(finer)
    assert second.record.settings.objective.matching > 0
    assert second.record.settings.objective.guidance == 1.5
    known = [Model.from_pretrained(of).weights_digest for of in (student, run)]
    assert list(second.record.descends_from[:2]) == known
    taught = (finer / "teacher" / "model.safetensors").read_bytes()
    assert taught == (student / "teacher" / "model.safetensors").read_bytes()
    generations = [Model.from_pretrained(of).config.generation for of in (first.path, second.path)]
    assert generations[0] == generations[1]
    answer = sfumato("generate", finer, "-n", 2, "-o", tmp_path / "works")
    assert answer.code == 0, answer.err
    parts = [json.loads(line).get("parts") for line in (finer / "log.jsonl").read_text("utf-8").splitlines()]
    assert {"path", "matching", "critic"} in [set(of) for of in parts if of]


def test_and_goes_on_like_any_run(sfumato, finer):
    answer = sfumato("train", "--resume", "-o", finer, "--steps", 1)
    assert answer.code == 0, answer.err


@pytest.mark.parametrize("option", [("--steps", 3), ("--guidance", 2)])
def test_a_student_keeps_its_steps_and_its_guidance(sfumato, student, tmp_path, option):
    answer = sfumato("distill", student, "-o", tmp_path / "other", *option, *SHORT)
    assert answer.code == 2
    assert f"leave {option[0]} out" in answer.err
    assert not (tmp_path / "other").exists()


def test_a_student_without_its_teacher_is_taught_by_nobody(sfumato, student, tmp_path):
    orphan = tmp_path / "orphan"
    shutil.copytree(student, orphan, ignore=shutil.ignore_patterns("teacher"))
    answer = sfumato("distill", orphan, "-o", tmp_path / "other", *SHORT)
    assert answer.code == 2
    assert "is not the run of a student with its teacher" in answer.err
    assert not (tmp_path / "other").exists()


def test_a_student_teaches_nobody(sfumato, student, tmp_path):
    answer = sfumato("distill", student, "-o", tmp_path / "grandchild", "--set", "matching=0", *SHORT)
    assert answer.code == 2
    assert "distilled already" in answer.err
    assert not (tmp_path / "grandchild").exists()


def test_it_does_not_write_over_a_run(sfumato, student, run):
    before = json.loads((student / "run.json").read_bytes())
    answer = sfumato("distill", run, "-o", student, *SHORT)
    assert answer.code == 2
    assert "holds a run already" in answer.err
    assert json.loads((student / "run.json").read_bytes()) == before


def test_force_does_not_remove_the_teacher(sfumato, student):
    answer = sfumato("distill", student, "-o", student, "--force", *SHORT)
    assert answer.code == 2
    assert "choose another -o" in answer.err
    assert (student / "model" / "model.safetensors").exists()


def test_a_folder_that_is_no_run_is_named(sfumato, tmp_path):
    answer = sfumato("distill", tmp_path / "nothing", "-o", tmp_path / "student")
    assert answer.code == 2
    assert "nothing" in answer.err
    assert not (tmp_path / "student").exists()


def test_without_a_teacher_the_objective_is_refused(sfumato, art, settings, tmp_path):
    place, objective = tmp_path / "run", "objective=distillation"
    answer = sfumato("train", art, "-o", place, "--config", settings, "--set", objective, "--steps", 1)
    assert answer.code == 2
    assert "sfumato distill" in answer.err
