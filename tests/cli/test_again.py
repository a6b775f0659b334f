"""A work is made once more from its file alone; what differs, and what is missing, is said."""

import os
import shutil
import time
import zipfile

import numpy as np
import pytest
from PIL import Image

from sfumato.works import Work, read_work


@pytest.fixture
def work(works):
    """A work in a folder, as a person has it."""
    return works / "0001.png"


def alone_in(here, work, sfumato):
    """A working directory with a copy of the work, far from all models; its model's name says nothing."""
    read = read_work(work)
    own = here / "1" / "2" / "3" / "own"
    Work(
        read.image,
        read.recipe.model_copy(update={"model": read.recipe.model.model_copy(update={"name": "no such name"})}),
    ).save(own / "works" / "one.png")
    os.chdir(own)  # `here` goes back
    assert "no model with these weights" in sfumato("again", "works/one.png").err
    return own


def zipped_model(model, place, inside):
    place.parent.mkdir(parents=True, exist_ok=True)
    with zipfile.ZipFile(place, "w") as file:
        for path in model.iterdir():
            file.write(path, inside + path.name)


def test_a_work_is_made_again_and_its_pixels_are_the_same(sfumato, run, work, here, tree, unsigned):
    before = tree(here)
    answer = sfumato("again", work, "--model", run)
    assert answer.code == 0, answer.err
    assert "the pixels are the same" in answer.out
    assert tree(here) == before
    answer = sfumato("again", work, "--model", run, "-o", "copy.png")
    assert "works/0001.png made again: copy.png" in answer.out.replace(str(here) + "/", "")
    assert unsigned(here / "copy.png") == unsigned(work)


def test_its_model_is_found_by_its_name(sfumato, run, work, here):
    shutil.copytree(run / "model", here / "run")
    assert "the pixels are the same" in sfumato("again", "works/0001.png").out


@pytest.mark.parametrize(
    "place", ["other name", "a/b/model", "run/model", "deep/er/model", "model.zip", "run.zip", "downloads/wrapped.zip"]
)
def test_its_model_is_found_by_its_weights_wherever_it_lies(sfumato, run, work, here, place):
    own = alone_in(here, work, sfumato)
    if place.endswith(".zip"):
        inside = {"model.zip": "", "run.zip": "run/model/", "downloads/wrapped.zip": "a model/"}[place]
        zipped_model(run / "model", own / place, inside)
    else:
        shutil.copytree(run / "model", own / place)
    answer = sfumato("again", own / "works" / "one.png")
    assert answer.code == 0, answer.err
    assert "the pixels are the same" in answer.out


def test_links_in_a_circle_and_models_that_are_none_do_not_hide_it(sfumato, run, work, here):
    own = alone_in(here, work, sfumato)
    (own / "circle").symlink_to(own)
    (own / "a.zip").write_bytes(b"PK\x05\x06 no zip")
    for name, config in (("a", "{}"), ("b", (run / "model" / "config.json").read_text("utf-8"))):
        (own / name).mkdir()
        (own / name / "config.json").write_text(config, "utf-8")
        with (own / name / "model.safetensors").open("wb") as file:
            file.truncate(40 << 30)  # a sparse file, which is not read
    shutil.copytree(run / "model", own / "z")
    began = time.monotonic()
    assert "the pixels are the same" in sfumato("again", own / "works" / "one.png").out
    assert time.monotonic() - began < 20


def test_a_model_in_a_zip_is_used_as_any(sfumato, run, here, unsigned):
    zipped_model(run / "model", here / "m.zip", "run/model/")
    made = sfumato("generate", "m.zip", "-n", 1, "--steps", 2, "-o", "zipped")
    assert made.code == 0, made.err
    assert sfumato("generate", run, "-n", 1, "--steps", 2, "-o", "plain").code == 0
    assert unsigned(here / "zipped" / "0000.png") == unsigned(here / "plain" / "0000.png")
    answer = sfumato("again", "zipped/0000.png", "--model", "m.zip")
    assert "the pixels are the same" in answer.out


def test_a_setting_is_changed_on_the_way(sfumato, run, work, here):
    answer = sfumato("again", work, "--model", run, "--steps", 5, "--class", "waves:0.5,circles:0.5")
    assert answer.code == 0, answer.err
    assert "same" not in answer.out
    made = read_work(here / "works-0001-again.png")
    assert (made.recipe.request.sampling.steps, made.recipe.request.label) == (5, "waves:0.5,circles:0.5")
    assert made.recipe.request.seed == 7
    answer = sfumato("again", here / "works-0001-again.png", "--model", run)
    assert "the pixels are the same" in answer.out


def test_changed_pixels_are_noticed(sfumato, run, work, here):
    read = read_work(work)
    pixels = np.array(read.image)
    pixels[:8, :8] = 255 - pixels[:8, :8]
    Work(Image.fromarray(pixels), read.recipe).save(here / "changed.png")
    answer = sfumato("again", "changed.png", "--model", run)
    assert answer.code == 0
    assert "6.2% of the pixels differ" in answer.out or "6.3% of the pixels differ" in answer.out
    assert "or the file's pixels were changed" in answer.out


def test_another_version_is_named_where_pixels_differ(sfumato, run, work, here):
    read = read_work(work)
    older = read.recipe.model_copy(
        update={"environment": read.recipe.environment.model_copy(update={"torch_version": "1.0"})}
    )
    Work(Image.new("RGB", (32, 32)), older).save(here / "older.png")
    assert "torch 1.0 then and " in sfumato("again", "older.png", "--model", run).out


def test_a_reimagined_work_is_given_its_picture(sfumato, run, work, here):
    picture = here / "mine.png"
    Image.new("RGB", (50, 40), "teal").save(picture)
    assert sfumato("reimagine", run, picture, "-o", "r.png", "--steps", 5, "--seed", 2).code == 0
    answer = sfumato("again", "r.png", "--model", run)
    assert answer.code == 2
    assert "began with a picture, which is not in its file" in answer.err
    assert "the pixels are the same" in sfumato("again", "r.png", "--model", run, "--picture", picture).out


@pytest.mark.parametrize(
    ("typed", "said"),
    [
        ("again nothing.png", "nothing.png does not exist"),
        ("again plain.png", "carries no recipe"),
        ("again lost.png", "made with 'run' (weights ffffffffff), and no model with these weights lies here or near"),
        ("again lost.png --model other", "'other' is another"),
        ("again works/0001.png --model other", "'other' is another"),  # though the right one lies there
        ("again works/0001.png --model nowhere", "nowhere: no such directory"),
        ("again works/0001.png -o works/0001.png --force", "is the picture to begin with"),
        ("again works/0001.png -o copy.jpg", "a work is kept as PNG"),
        ("again works/0001.png -o plain.png", "is there already"),
        ("again works/0001.png --model MODEL --steps 4 --class cubism", "class 'cubism'"),
        ("again works/0001.png --model MODEL --negative waves --guidance 1", "choose 1.5 to 3"),
    ],
)
def test_a_mistake_is_one_sentence_and_changes_nothing(sfumato, run, work, here, tree, typed, said):
    Image.new("RGB", (32, 32)).save(here / "plain.png")
    from sfumato.models import Model

    other = Model.from_pretrained(run)
    other.config = other.config.model_copy(update={"name": "other"})
    with_changes = {name: weight + 0.1 for name, weight in other.denoiser.network.state_dict().items()}
    other.denoiser.network.load_state_dict(with_changes)
    other.save_pretrained(here / "other")
    read = read_work(work)
    Work(
        read.image, read.recipe.model_copy(update={"model": read.recipe.model.model_copy(update={"digest": "f" * 64})})
    ).save(here / "lost.png")
    before = tree(here)
    answer = sfumato(*typed.replace("MODEL", str(run)).split())
    assert answer.code == 2, answer
    assert said in answer.err
    assert answer.err.count("\n") == 1
    assert tree(here) == before


def test_the_way_from_noise_is_shown_once_more(sfumato, run, work, here):
    answer = sfumato("again", work, "--model", run, "--trajectory")
    assert answer.code == 0, answer.err
    assert "the pixels are the same" in answer.out
    with Image.open(here / "works-0001-trajectory.webp") as video:
        assert video.n_frames == 3
        video.seek(2)
        last = np.asarray(video.convert("RGB").resize((32, 32), Image.Resampling.NEAREST), dtype=int)
    assert np.abs(last - np.asarray(read_work(work).image, dtype=int)).mean() < 8
    assert {path.name for path in work.parent.iterdir()} == {".sfumato.jsonl", "0000.png", "0001.png"}
    assert "is there already" in sfumato("again", work, "--model", run, "--trajectory").err
    shutil.copy(work, here / "alone.png")
    assert sfumato("again", "alone.png", "--model", run, "--trajectory").code == 0
    assert (here / "alone-trajectory.webp").exists()
    answer = sfumato("again", work, "--model", run, "--trajectory", "--steps", 5, "-o", "five.png")
    assert answer.code == 0, answer.err
    with Image.open(here / "five-trajectory.webp") as video:
        assert video.n_frames == 5
