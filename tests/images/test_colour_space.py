import io

import numpy as np
import pytest
from PIL import Image, ImageCms

from sfumato.images.colour_space import ADOBE_RGB, ColourSpace, from_code_points
from sfumato.images.unusable import UnusableError

BASIC = ColourSpace()


def through(space: ColourSpace, *colours: tuple[int, int, int]) -> np.ndarray:
    """Colours of a space as sRGB, by the profile that is made of it. [N, 3]"""
    picture = Image.fromarray(np.array([colours], np.uint8))
    profile = ImageCms.ImageCmsProfile(io.BytesIO(space.profile()))
    srgb = ImageCms.createProfile("sRGB")
    return np.asarray(ImageCms.profileToProfile(picture, profile, srgb, outputMode="RGB"))[0].astype(int)


def test_the_profile_of_srgb_changes_nothing():
    colours = [tuple(row) for row in np.random.default_rng(0).integers(0, 256, (200, 3)).tolist()]
    assert np.abs(through(BASIC, *colours) - colours).max() <= 1
    assert BASIC.is_srgb


@pytest.mark.parametrize("gamma", [1.0, 1.8, 2.8])
def test_the_profile_and_the_samples_own_conversion_agree(gamma):
    space = ColourSpace(gamma=gamma)
    levels = np.arange(256)
    by_samples = np.round(255 * space.srgb_samples((levels / 255).astype(np.float32)))
    by_profile = through(space, *((level,) * 3 for level in levels.tolist()))[:, 1]
    assert np.abs(by_samples - by_profile).max() <= 1
    assert not space.is_srgb


def test_adobe_rgb_is_known_colours():
    # By the matrix of its specification (4.3.5.3) and that of IEC 61966-2-1.
    to_xyz = [[0.57667, 0.18556, 0.18823], [0.29734, 0.62736, 0.07529], [0.02703, 0.07069, 0.99134]]
    srgb = [[0.4123908, 0.3575843, 0.1804808], [0.2126390, 0.7151687, 0.0721923], [0.0193308, 0.1191948, 0.9505322]]
    light = np.linalg.solve(srgb, np.array(to_xyz) @ (np.array([120, 140, 100]) / 255) ** (563 / 256))
    expected = 255 * (1.055 * light ** (1 / 2.4) - 0.055)
    assert np.abs(through(ADOBE_RGB, (120, 140, 100))[0] - expected).max() <= 1.5
    assert np.abs(through(ADOBE_RGB, (255, 255, 255), (119, 119, 119))[1] - 119).max() <= 2


def test_the_white_of_cinema_becomes_white():
    theatre = from_code_points(11, 13)
    assert theatre is not None
    assert np.abs(through(theatre, (255, 255, 255))[0] - 255).max() <= 1


def test_numbers_that_leave_it_open_name_no_space_and_unknown_ones_are_refused():
    assert from_code_points(2, 2) is None
    assert from_code_points(1, 13) == from_code_points(2, 13) == BASIC
    assert from_code_points(1, 1) == BASIC  # as every viewer shows it
    for primaries, transfer in ((1, 16), (1, 18), (3, 13), (1, 99)):
        with pytest.raises(UnusableError, match="export it in sRGB"):
            from_code_points(primaries, transfer)


@pytest.mark.parametrize("place", [{"white": (0.0, 0.0)}, {"white": (0.3, 0.0)}, {"green": (0.64, 0.33)}])
def test_points_that_are_no_colours_make_no_profile(place):
    with pytest.raises(UnusableError, match="not colours"):
        ColourSpace(gamma=1.0, **place).profile()
