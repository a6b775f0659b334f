"""From pictures to an upscaler, and with it from small works to larger ones, as a person does it."""

import os
import shutil

import numpy as np
import pytest
from PIL import Image

from sfumato.collection.drawn_collection import draw_collection
from sfumato.evaluation.works import picture_files, read_folder
from sfumato.models import Model
from sfumato.policy.policy import Policy
from sfumato.works import read_work


@pytest.fixture(scope="module")
def larger(sfumato, settings, tmp_path_factory):
    """A run of `train --upscaler 2`, beside nothing else."""
    folder = tmp_path_factory.mktemp("larger")
    list(draw_collection(folder / "art", per_class=3, size=64))
    answer = sfumato(
        "train", folder / "art", "--upscaler", 2, "--config", settings, "--steps", 6, "-o", folder / "larger"
    )
    assert answer.code == 0, answer.err
    assert "sfumato upscale" in answer.out
    assert "32 px to 64 px" in answer.out
    return folder / "larger"


@pytest.fixture
def picture(here):
    path = here / "mine.png"
    Image.fromarray(np.random.default_rng(0).integers(0, 256, (30, 40, 3), dtype=np.uint8)).save(path)
    return path


def test_a_picture_is_made_larger_and_made_again(sfumato, larger, picture, here):
    answer = sfumato("upscale", larger, picture, "--steps", 2, "--seed", 4, "--trajectory", "-o", "l.png")
    assert answer.code == 0, answer.err
    assert "enlarged to 80 x 60 px: l.png" in answer.out
    work = read_work(here / "l.png")
    assert (work.image.size, work.recipe.request.sampling.steps, work.recipe.request.seed, work.recipe.origin) == (
        (80, 60),
        2,
        4,
        None,
    )
    with Image.open(here / "l-trajectory.webp") as video:
        assert video.n_frames == 2
    assert "which is not in its file" in sfumato("again", "l.png", "--model", larger).err
    answer = sfumato("again", "l.png", "--model", larger, "--picture", picture)
    assert "the pixels are the same" in answer.out, answer.err


def test_works_are_made_and_enlarged_at_once_and_again_from_the_file_alone(sfumato, run, larger, here):
    asked = ("--steps", 2, "--seed", 3, "--retries", 1, "--upscale", larger)
    answer = sfumato("generate", run, "-n", 2, *asked, "--keep-empty", "-o", "works")
    assert answer.code == 0, answer.err
    path = here / "works" / "0001.png"
    work = read_work(path)
    assert work.image.size == (64, 64)
    assert work.recipe.policy == work.recipe.origin.policy == Policy().asked(retries=1).digest
    assert (work.recipe.origin.size, work.recipe.origin.request.number, work.recipe.origin.request.seed) == (
        (32, 32),
        1,
        3,
    )
    with Image.open(here / "works-sheet.png") as sheet:
        assert min(sheet.size) > 64
    answer = sfumato("again", path, "--model", run, "--model", larger)
    assert "the pixels are the same" in answer.out, answer.err
    shutil.copytree(run / "model", here / "run")
    shutil.copytree(larger / "model", here / "larger")
    assert "the pixels are the same" in sfumato("again", path).out
    assert sfumato("again", path, "--steps", 3, "-o", "other.png").code == 0
    other = read_work(here / "other.png").recipe
    assert (other.origin.request.sampling.steps, other.request.sampling.steps) == (
        3,
        work.recipe.request.sampling.steps,
    )
    answer = sfumato("again", path, "--trajectory", "--force")
    assert "the pixels are the same" in answer.out, answer.err
    with Image.open(here / "works-0001-trajectory.webp") as video:
        assert video.n_frames == 2
    far = here / "1" / "2" / "3" / "4"  # from where no upscaler is near
    shutil.copytree(run / "model", far / "run")
    shutil.copy(path, far / "one.png")
    os.chdir(far)  # `here` goes back
    before = sorted(here.rglob("*"))
    answer = sfumato("again", "one.png", "-o", "third.png", "--trajectory")
    assert answer.code == 2
    assert f"was made with 'larger' (weights {work.recipe.model.digest[:10]}), and no model with these" in answer.err
    assert sorted(here.rglob("*")) == before


def test_an_enlarged_work_is_the_same_in_one_step_or_two(sfumato, run, larger, here):
    assert sfumato("generate", run, "-n", 1, "--steps", 2, "-o", "small").code == 0
    assert sfumato("generate", run, "-n", 1, "--steps", 2, "--upscale", larger, "-o", "large").code == 0
    assert sfumato("upscale", larger, "small/0000.png", "-o", "two.png").code == 0
    one, two = read_work(here / "large" / "0000.png"), read_work(here / "two.png")
    assert one.recipe == two.recipe
    assert one.image.tobytes() == two.image.tobytes()


def test_a_work_of_any_number_keeps_its_noise_and_a_seed_gives_another(sfumato, run, larger, here):
    assert sfumato("generate", run, "-n", 2, "--seed", 3, "--steps", 2, "-o", "small").code == 0
    assert sfumato("generate", run, "-n", 2, "--seed", 3, "--steps", 2, "--upscale", larger, "-o", "large").code == 0
    assert sfumato("upscale", larger, "small/0001.png", "-o", "two.png").code == 0
    assert sfumato("upscale", larger, "small/0001.png", "--seed", 9, "-o", "nine.png").code == 0
    one, two, nine = (read_work(here / name) for name in ("large/0001.png", "two.png", "nine.png"))
    assert one.image.tobytes() == two.image.tobytes()
    assert nine.image.tobytes() != two.image.tobytes()
    answer = sfumato("again", "nine.png", "--model", run, "--model", larger)
    assert "the pixels are the same" in answer.out, answer.err


def test_what_was_enlarged_as_a_tile_or_began_with_a_picture_is_made_again(sfumato, run, larger, picture, here):
    assert sfumato("generate", run, "-n", 1, "--steps", 2, "-o", "small").code == 0
    assert sfumato("upscale", larger, "small/0000.png", "--tile", "-o", "tile.png").code == 0
    assert read_work(here / "tile.png").recipe.request.canvas.tile
    models = "--model", run, "--model", larger
    assert "the pixels are the same" in sfumato("again", "tile.png", *models).out
    assert sfumato("reimagine", run, picture, "--steps", 3, "-o", "mine-again.png").code == 0
    assert sfumato("upscale", larger, "mine-again.png", "-o", "mine-large.png").code == 0
    assert "which is not in its file" in sfumato("again", "mine-large.png", *models).err
    answer = sfumato("again", "mine-large.png", *models, "--picture", picture)
    assert "the pixels are the same" in answer.out, answer.err


def test_an_upscaler_goes_on_from_another(sfumato, larger, settings, here):
    art = larger.parent / "art"
    answer = sfumato("train", art, "--from", larger, "--config", settings, "--steps", 2, "-o", "on")
    assert answer.code == 0, answer.err
    one, two = (Model.from_pretrained(run) for run in (larger, here / "on"))
    assert two.config.descends_from == (one.weights_digest,)
    assert (two.config.factor, two.config.sigma_data) == (2, one.config.sigma_data)


def test_enlarged_works_have_the_class_of_the_small_ones(sfumato, run, larger, here):
    made = "-n", 2, "--steps", 2, "--class", "waves", "--upscale", larger, "-o", "works"
    assert sfumato("generate", run, *made).code == 0
    folder = here / "works"
    read = read_folder(folder, picture_files(folder), 32, (0, 0, 0))
    assert read.classes == ["waves", "waves"]


def test_variations_of_an_enlarged_work_are_those_of_the_small_one(sfumato, run, larger, here):
    assert sfumato("generate", run, "-n", 1, "--steps", 2, "--upscale", larger, "-o", "large").code == 0
    made = "--variations", 0, "--of", "large/0000.png", "-n", 1
    assert sfumato("generate", run, *made, "-o", "kin").code == 0
    assert read_work(here / "kin" / "0000.png").image.size == (32, 32)
    assert sfumato("generate", run, *made, "--upscale", larger, "-o", "kin2").code == 0
    assert read_work(here / "kin2" / "0000.png").image.size == (64, 64)


@pytest.mark.parametrize(
    ("typed", "said"),
    [
        ("upscale {larger} nothing.png", "nothing.png: no such file"),
        ("upscale {run} mine.png", "the model 'run' enlarges no pictures"),
        ("upscale {larger} tiny.png", "tiny.png: 10 x 10 pixels; a side has at least 16"),
        ("upscale {larger} mine.png -o mine.png", "is the picture to begin with"),
        ("upscale {larger} mine.png -o larger.jpg", "choose a name that ends in .png"),
        ("upscale {larger} mine.png --steps 0", "--steps: input should be greater than or equal to 1"),
        ("generate {larger}", "is an upscaler: it enlarges a picture"),
        ("generate {run} --upscale {run}", "the model 'run' enlarges no pictures"),
        ("reimagine {larger} mine.png", "is an upscaler"),
        ("evaluate {larger} --against {run}", "is an upscaler"),
        ("train {run} --upscaler 1 -o x", "--upscaler: input should be greater than or equal to 2"),
        ("generate {run} --width 2100 --height 2100 --upscale {larger}", "which is more than 4,096 x 4,096"),
        ("train {run} --size 256 --upscaler 8 -o x", "size 256, enlarged 8 times, is 2,048 pixels"),
        ("train {run} --upscaler 2 --preset gan -o x", "--upscaler has settings of its own; leave out --preset gan"),
        ("train --resume --upscaler 2 -o {larger}", "leave out --upscaler"),
        ("distill {larger} -o x", "learned upscaling, and a student learns denoising alone"),
    ],
)
def test_what_cannot_be_is_one_sentence_and_leaves_nothing(sfumato, run, larger, picture, here, tree, typed, said):
    Image.new("RGB", (10, 10)).save(here / "tiny.png")
    before = tree(here)
    answer = sfumato(*typed.format(run=run, larger=larger).split())
    assert answer.code == 2
    assert said in answer.err
    assert "Traceback" not in answer.err
    assert tree(here) == before
