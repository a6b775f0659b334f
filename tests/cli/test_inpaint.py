"""Part of a picture is made anew, and the rest stays as it is, to the pixel; beyond its edges too.

A mask's file is read with its transparency, upright, and what it does is said without rounding it away.
"""

from pathlib import Path

import numpy as np
import pytest
import torch
from PIL import Image, ImageChops

from sfumato.cli.inpaint import fractions_in_words, opened_mask
from sfumato.errors import SfumatoError
from sfumato.models.canvas import Canvas
from sfumato.works import read_work


@pytest.fixture
def picture(here):
    levels = np.random.default_rng(0).integers(0, 256, (40, 56, 3), dtype=np.uint8)
    Image.fromarray(levels).save(here / "mine.png")
    mask = Image.new("L", (56, 40), 0)
    mask.paste(255, (20, 10, 44, 30))
    mask.save(here / "mask.png")
    Image.new("L", (56, 40), 0).save(here / "black.png")
    Image.new("L", (56, 40), 255).save(here / "white.png")
    Image.new("L", (20, 20), 255).save(here / "small.png")
    return here / "mine.png"


def test_the_mask_is_made_anew_and_the_rest_kept(sfumato, run, picture, here):
    answer = sfumato("inpaint", run, "mine.png", "mask.png", "-o", "new.png", "--steps", 3, "--trajectory")
    assert answer.code == 0, answer.err
    assert "21.4% of mine.png made anew, 78.6% kept to the pixel: new.png" in answer.out
    with Image.open(here / "new.png") as new, Image.open(picture) as old:
        assert ImageChops.difference(new.convert("RGB"), old).getbbox() == (20, 10, 44, 30)
    with Image.open(here / "new-trajectory.webp") as film:
        assert film.n_frames == 3
    answer = sfumato("again", "new.png", "--model", run, "--picture", "mine.png", "--mask", "mask.png")
    assert "the pixels are the same" in answer.out


@pytest.mark.parametrize("form", ["mask.jpg", "erased.png", "paint.webp"])
def test_a_mask_of_another_form_keeps_the_same_and_the_work_is_made_again(sfumato, run, picture, here, form):
    with Image.open(here / "mask.png") as mask, Image.open(picture) as whole:
        mask.convert("RGB").save(here / "mask.jpg", quality=75)
        whole.putalpha(ImageChops.invert(mask))
        whole.save(here / "erased.png")
        paint = Image.new("RGB", mask.size, "white")
        paint.putalpha(mask)
        paint.save(here / "paint.webp", lossless=True)
    answer = sfumato("inpaint", run, "mine.png", form, "-o", "new.png", "--steps", 2)
    assert answer.code == 0, answer.err
    assert "21.4% of mine.png made anew, 78.6% kept to the pixel" in answer.out
    with Image.open(here / "new.png") as new, Image.open(picture) as old:
        assert ImageChops.difference(new.convert("RGB"), old).getbbox() == (20, 10, 44, 30)
    for same in (form, "mask.png"):
        answer = sfumato("again", "new.png", "--model", run, "--picture", "mine.png", "--mask", same)
        assert "the pixels are the same" in answer.out, answer.err


def test_an_erased_picture_is_its_own_mask(sfumato, run, picture, here):
    with Image.open(here / "mask.png") as mask, Image.open(picture) as whole:
        whole.putalpha(ImageChops.invert(mask))
        whole.save(here / "erased.png")
    answer = sfumato("inpaint", run, "erased.png", "erased.png", "-o", "new.png", "--steps", 2)
    assert answer.code == 0, answer.err
    with Image.open(here / "new.png") as new, Image.open(picture) as old:
        assert ImageChops.difference(new.convert("RGB"), old).getbbox() == (20, 10, 44, 30)
    answer = sfumato("again", "new.png", "--model", run, "--picture", "erased.png", "--mask", "erased.png")
    assert "the pixels are the same" in answer.out, answer.err


def test_a_picture_goes_on_beyond_its_edges(sfumato, run, picture, here):
    answer = sfumato("outpaint", run, "mine.png", "-o", "wide.png", "--left", 10, "--bottom", 6, "--steps", 3)
    assert answer.code == 0, answer.err
    assert "mine.png continued to 66 x 46 px: wide.png" in answer.out
    with Image.open(here / "wide.png") as wide, Image.open(picture) as old:
        assert ImageChops.difference(wide.convert("RGB").crop((10, 0, 66, 40)), old).getbbox() is None
    assert "the pixels are the same" in sfumato("again", "wide.png", "--model", run, "--picture", "mine.png").out


def test_it_is_steered_as_works_are(sfumato, run, picture, here):
    asked = ("--palette", "#aa3322,#fff", "--composition", "mine.png", "--class", "waves", "--seed", 5)
    answer = sfumato("inpaint", run, "mine.png", "mask.png", "-o", "new.png", "--steps", 2, *asked)
    assert answer.code == 0, answer.err
    recipe = read_work(here / "new.png").recipe
    assert (recipe.request.palette.colours, recipe.request.label, recipe.request.seed) == (
        ("#aa3322", "#ffffff"),
        "waves",
        5,
    )
    assert recipe.request.composition.levels


@pytest.mark.parametrize(
    ("typed", "said"),
    [
        ("inpaint MODEL mine.png small.png", "the mask is 20 x 20 pixels and the picture 56 x 40"),
        ("inpaint MODEL mine.png black.png", "black all over"),
        ("inpaint MODEL mine.png white.png", "white all over"),
        ("inpaint MODEL mine.png mine.png", "the mask has colours"),
        ("inpaint MODEL small.png small.png", "each side has to have 32 or more"),
        ("inpaint MODEL mine.png nothing.png", "nothing.png: no such file"),
        ("inpaint MODEL mine.png mask.png --strength 1.5", "--strength: input should be less than or equal to 1"),
        ("inpaint MODEL mine.png mask.png -o mine.png --force", "is the picture to begin with"),
        ("inpaint MODEL mine.png mask.png -o mask.png --force", "is the mask; choose another"),
        ("inpaint MODEL mine.png mask.png -o small.png", "is there already"),
        ("inpaint MODEL mine.png mask.png --palette red", "'red' is not a colour"),
        ("inpaint MODEL mine.png mask.png --palette gone.jpg", "gone.jpg: no such file"),
        ("outpaint MODEL mine.png", "nothing is to be added"),
        ("outpaint MODEL mine.png --left 1000000", "more than 4,096 x 4,096"),
        ("outpaint MODEL mine.png --left -3", "--left"),
        ("outpaint nowhere mine.png --left 3", "nowhere: no such directory"),
    ],
)
def test_a_mistake_is_one_sentence_and_changes_nothing(sfumato, run, picture, here, tree, typed, said):
    before = tree(here)
    answer = sfumato(*typed.replace("MODEL", str(run)).split())
    assert answer.code == 2, answer
    assert said in answer.err
    assert answer.err.count("\n") == 1
    assert tree(here) == before


def test_transparency_is_kept_and_the_mask_stands_upright(tmp_path: Path) -> None:
    levels = np.full((20, 30, 4), 255, np.uint8)
    levels[:5, :7, 3] = 0
    exif = Image.Exif()
    exif[0x0112] = 6
    Image.fromarray(levels, "RGBA").save(tmp_path / "mask.png", exif=exif)
    mask = opened_mask(tmp_path / "mask.png")
    assert (mask.mode, mask.size) == ("RGBA", (20, 30))
    assert np.array_equal(np.asarray(mask)[..., 3], np.rot90(levels[..., 3], -1))


def test_no_file_is_one_sentence(tmp_path: Path) -> None:
    with pytest.raises(SfumatoError, match=r"gone\.png: no such file"):
        opened_mask(tmp_path / "gone.png")


@pytest.mark.parametrize(
    ("new", "soft", "said"),
    [
        (250, 0, "25.0% of a.png made anew, 75.0% kept to the pixel"),
        (250, 50, "25.0% of a.png made anew, 5.0% blended in soft edges, 70.0% kept to the pixel"),
        (0, 1, "0.0% of a.png made anew, 0.1% blended in soft edges, 99.9% kept to the pixel"),
    ],
)
def test_the_fractions_are_said(new: int, soft: int, said: str) -> None:
    mask = torch.zeros(1000)
    mask[:new], mask[new : new + soft] = 1, 0.5
    canvas = Canvas(20, 50, mask=mask.reshape(1, 20, 50))
    assert fractions_in_words(canvas, Path("a.png")) == said


def test_a_few_pixels_are_not_said_to_be_none() -> None:
    mask = torch.zeros(1, 100, 100)
    mask[0, 0, 0] = 1
    said = fractions_in_words(Canvas(100, 100, mask=mask), Path("a.png"))
    assert said == "less than 0.1% of a.png made anew, more than 99.9% kept to the pixel"
