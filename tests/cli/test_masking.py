"""A mask's file is read with its transparency, upright, and what it does is said without rounding it away."""

from pathlib import Path

import numpy as np
import pytest
import torch
from PIL import Image
from sfumato.cli.masking import shares_in_words
from sfumato.models.ground import Ground

from sfumato.cli.inpaint import opened_mask
from sfumato.errors import SfumatoError


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
def test_the_shares_are_said(new: int, soft: int, said: str) -> None:
    mask = torch.zeros(1000)
    mask[:new], mask[new : new + soft] = 1, 0.5
    ground = Ground(20, 50, mask=mask.reshape(1, 20, 50))
    assert shares_in_words(ground, Path("a.png")) == said


def test_a_few_pixels_are_not_said_to_be_none() -> None:
    mask = torch.zeros(1, 100, 100)
    mask[0, 0, 0] = 1
    said = shares_in_words(Ground(100, 100, mask=mask), Path("a.png"))
    assert said == "less than 0.1% of a.png made anew, more than 99.9% kept to the pixel"
