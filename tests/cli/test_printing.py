"""`generate --print` as a person types it: it says what it makes, makes it to the pixel, and can make it again."""

import re
import shutil

import pytest
from PIL import Image

from sfumato.models import Model, ModelConfig, SamplerSettings, build_denoiser
from sfumato.networks import UNetConfig
from sfumato.works import read_work


@pytest.fixture(scope="module")
def larger(tmp_path_factory):
    """An upscaler with random weights, that makes pictures twice as large."""
    network = UNetConfig(patch=2, channels=(8,), blocks=1, width=16, depth=1, heads=1)
    few = SamplerSettings(steps=2, guidance=1.0, sigma_max=2.0)
    config = ModelConfig(name="larger", size=32, factor=2, network=network, begins_with="reference", generation=few)
    return Model(config, build_denoiser(config)).save_pretrained(tmp_path_factory.mktemp("larger") / "larger")


def test_a_print_is_announced_and_made_and_made_again(sfumato, run, larger, here):
    asked = ("--steps", 2, "--seed", 3, "--upscale", larger, "--print", "12x9.6mm@254", "-o", "works")
    answer = sfumato("generate", run, "-n", 1, *asked)
    assert answer.code == 0, answer.err
    announced = (
        r"12 x 9.6 mm at 254 dpi are 120 x 96 pixels: works of 40 x 32, enlarged 2 times, made smaller to 60 x 48, "
        r"enlarged 2 times; about \d+ (second|minute)s each\n"
    )
    assert re.search(announced, answer.out), answer.out
    path = here / "works" / "0000.png"
    with Image.open(path) as picture:
        assert picture.size == (120, 96)
        assert [round(dots) for dots in picture.info["dpi"]] == [254, 254]
    work = read_work(path)
    assert f"Hires upscale: {120 / 40:g}" in work.recipe.parameters_text()
    shutil.copytree(run / "model", here / "run")
    shutil.copytree(larger, here / "larger")
    assert "the pixels are the same" in sfumato("again", path).out
    # One that is there already is printed too, and cut to another shape.
    answer = sfumato("upscale", larger, path, "--print", "24x12mm@254", "-o", "one.png")
    assert answer.code == 0, answer.err
    assert read_work(here / "one.png").image.size == (240, 120)


@pytest.mark.parametrize(
    ("typed", "said"),
    [
        ("--print 30x30cm@200", "the model 'run' makes works of 32 x 32, which on paper are 4 x 4 mm"),
        ("--print 1x1m", "print '1x1m': a width and a height with their unit are needed"),
        ("--print 60x60cm@300 --upscale {larger}", "the largest of this shape is 34.6 x 34.6 cm at 300 dpi"),
        ("--print a4 --width 64 --upscale {larger}", "says how wide and high works are; leave out width"),
        ("--print a4 --tile --upscale {larger}", "give a tile a seam"),
        ("--print a4 --upscale {run}", "the model 'run' enlarges no pictures"),
    ],
)
def test_what_cannot_be_is_one_sentence_and_leaves_nothing(sfumato, run, larger, here, typed, said):
    answer = sfumato("generate", run, "-n", 1, *typed.format(run=run, larger=larger).split(), "-o", "out")
    assert answer.code == 2
    assert said in answer.err
    assert "Traceback" not in answer.err
    assert list(here.iterdir()) == []
