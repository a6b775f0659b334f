"""A mask says the same whatever program and format it was saved with: what is kept is exactly what was left black."""

import io

import numpy as np
import pytest
from PIL import Image, ImageCms, ImageDraw, ImageFilter

from sfumato.collection.drawn import draw
from sfumato.errors import SfumatoError
from sfumato.models import inpaint, outpaint
from sfumato.models.mask import over_both, read_mask

SIZE = (96, 72)
PICTURE = draw("circles", 3, 96).crop((0, 0, *SIZE))
SHAPES = ("rectangle", "ellipse", "line", "strokes", "text")


def painted(shape: str = "ellipse") -> Image.Image:
    mask = Image.new("L", SIZE, 0)
    brush = ImageDraw.Draw(mask)
    if shape == "rectangle":
        brush.rectangle((21, 13, 58, 44), fill=255)
    elif shape == "ellipse":
        brush.ellipse((19, 11, 77, 53), fill=255)
    elif shape == "line":
        brush.line((3, 5, 90, 66), fill=255, width=1)
    elif shape == "strokes":
        brush.line((10, 60, 40, 12, 84, 50, 60, 66), fill=255, width=7)
    else:
        brush.text((8, 20), "Sfumato", fill=255)
    return mask.point(lambda level: 255 * (level > 127))  # letters have soft edges


TRUTH = np.asarray(painted()) > 0
HOLE = Image.fromarray(np.where(TRUTH, 0, 255).astype(np.uint8))


def told(mask: Image.Image, picture: Image.Image = PICTURE) -> np.ndarray:
    made = read_mask(mask, picture)
    assert made.shape == (1, SIZE[1], SIZE[0])
    return made[0].numpy()


def saved(image: Image.Image, **options) -> Image.Image:
    file = io.BytesIO()
    image.save(file, **options)
    return Image.open(file)


def with_alpha(image: Image.Image, alpha: Image.Image) -> Image.Image:
    image = image.copy()
    image.putalpha(alpha)
    return image


@pytest.mark.parametrize("shape", SHAPES)
@pytest.mark.parametrize("quality", [60, 65, 70, 75, 80, 85, 90, 95])
def test_a_mask_saved_as_jpeg_says_what_it_said_before(shape: str, quality: int) -> None:
    mask = painted(shape)
    truth = np.asarray(mask) > 0
    for image, subsampling in ((mask, 0), (mask.convert("RGB"), 0), (mask.convert("RGB"), 1), (mask.convert("RGB"), 2)):
        jpeg = saved(image, format="JPEG", quality=quality, subsampling=subsampling)
        assert np.array_equal(told(jpeg), truth)


def test_a_lossy_webp_says_what_it_said_before() -> None:
    assert np.array_equal(told(saved(painted().convert("RGB"), format="WEBP", quality=60)), TRUTH)


def _palette() -> Image.Image:
    mask = Image.fromarray(np.where(TRUTH, 1, 0).astype(np.uint8), "P")
    mask.putpalette([0, 0, 0, 255, 255, 255])
    return mask


def _clear_palette() -> Image.Image:
    """White on an index that is transparent."""
    mask = _palette()
    mask.putpalette([255, 255, 255, 255, 255, 255])
    mask.info["transparency"] = 0
    return mask


FORMS = {
    "grey": painted(),
    "one bit": painted().convert("1"),
    "sixteen bits": Image.fromarray(np.where(TRUTH, 65535, 0).astype(np.uint16)),
    "float": Image.fromarray(TRUTH.astype(np.float32)),
    "palette": _palette(),
    "palette with a transparent index": _clear_palette(),
    "grey and opaque": with_alpha(painted(), Image.new("L", SIZE, 255)),
    "white on nothing": with_alpha(Image.new("L", SIZE, 255), painted()),
    "white on nothing, in colour": with_alpha(Image.new("RGB", SIZE, "white"), painted()),
    "black and white on nothing": with_alpha(painted().convert("RGB"), painted().filter(ImageFilter.MaxFilter(9))),
    "black with holes": with_alpha(Image.new("RGB", SIZE, "black"), HOLE),
    "cmyk": painted().convert("RGB").convert("CMYK"),
    "the picture, erased": with_alpha(PICTURE, HOLE),
    "the picture in grey, erased": with_alpha(PICTURE.convert("L"), HOLE),
    "the picture, changed and erased": with_alpha(PICTURE.rotate(180), HOLE),
    "the picture, erased by a soft brush": with_alpha(PICTURE, HOLE.point(lambda level: 30 if level == 0 else 250)),
    "the picture as jpeg, erased": with_alpha(saved(PICTURE, format="JPEG", quality=70), HOLE),
}


@pytest.mark.parametrize("form", FORMS)
def test_a_mask_of_any_form_says_the_same(form: str) -> None:
    assert np.array_equal(told(FORMS[form]), TRUTH)
    if FORMS[form].mode not in ("F", "CMYK"):
        assert np.array_equal(told(saved(FORMS[form], format="PNG")), TRUTH)


def test_a_drawing_in_ink_with_a_part_erased_is_told_from_paint() -> None:
    ink = painted("text").convert("RGB").point(lambda level: 255 - level)
    assert np.array_equal(told(with_alpha(ink, HOLE), ink), TRUTH)


def test_white_paint_on_the_white_of_a_picture_is_paint() -> None:
    paper = Image.new("RGB", SIZE, "white")
    assert np.array_equal(told(with_alpha(paper, painted()), paper), TRUTH)


def test_soft_edges_stay_soft_and_their_ends_are_whole() -> None:
    ramp = np.tile(np.linspace(0, 255, SIZE[0]), (SIZE[1], 1))
    made = told(Image.fromarray(ramp.astype(np.uint8)))[0]
    assert (made[: SIZE[0] // 3 - 1] == 0).all()
    assert (made[-SIZE[0] // 3 + 1 :] == 1).all()
    between = made[SIZE[0] // 3 + 1 : -SIZE[0] // 3 - 1]
    assert (np.diff(between) > 0).all()
    assert 0 < between[0] < between[-1] < 1
    erased = told(with_alpha(PICTURE, Image.fromarray(255 - ramp.astype(np.uint8))))[0]
    assert np.abs(erased - made).max() < 0.02


@pytest.mark.parametrize(
    ("mask", "said"),
    [
        (Image.new("L", SIZE, 0), "black all over"),
        (Image.new("L", SIZE, 80), "black all over"),
        (Image.new("L", SIZE, 255), "white all over"),
        (Image.new("L", SIZE, 128), "no black in it"),
        (Image.new("RGBA", SIZE, (0, 0, 0, 0)), "nothing would be kept"),
        (Image.new("L", (96, 71), 0), "the mask is 96 x 71 pixels and the picture 96 x 72"),
        (PICTURE, "the mask has colours"),
        (with_alpha(Image.new("RGB", SIZE, "red"), painted()), "the mask has colours"),
        (Image.composite(Image.new("RGB", SIZE, "red"), Image.new("RGB", SIZE), painted()), "the mask has colours"),
    ],
)
def test_what_is_no_mask_is_one_sentence(mask: Image.Image, said: str) -> None:
    with pytest.raises(SfumatoError, match=said) as caught:
        read_mask(mask, PICTURE)
    assert "\n" not in str(caught.value)


def test_colours_and_opacity_come_back_from_two_grounds() -> None:
    levels = np.random.default_rng(0).integers(0, 256, (9, 9, 4), dtype=np.uint8)
    picture = Image.fromarray(levels, "RGBA")
    grounds = [Image.new("RGBA", (9, 9), colour) for colour in ("black", "white")]
    back = np.asarray(over_both(*(Image.alpha_composite(ground, picture).convert("RGB") for ground in grounds)))
    assert np.abs(back[..., 3].astype(int) - levels[..., 3]).max() <= 1
    opaque = levels[..., 3] > 128
    assert np.abs(back[opaque].astype(int) - levels[opaque]).max() <= 3


@pytest.mark.parametrize("precision", ["float32", "bfloat16"])
@pytest.mark.parametrize("sampler", ["euler", "heun", "dpmpp_2m", "euler_ancestral"])
def test_every_kept_pixel_is_kept_whatever_makes_the_rest(model, precision: str, sampler: str) -> None:
    mask = saved(painted().convert("RGB"), format="JPEG", quality=60)
    asked = {"steps": 2, "sampler": sampler, "precision": precision}
    made = np.asarray(inpaint(model, PICTURE, mask, **asked).image)
    assert np.array_equal(made[~TRUTH], np.asarray(PICTURE)[~TRUTH])
    assert (made[TRUTH] != np.asarray(PICTURE)[TRUTH]).any(1).mean() > 0.9
    wide = outpaint(model, PICTURE, left=7, bottom=3, **asked).image
    assert wide.crop((7, 0, 7 + SIZE[0], SIZE[1])).tobytes() == PICTURE.tobytes()


def test_a_kept_pixel_of_a_picture_with_an_srgb_profile_is_the_byte_in_its_file(model) -> None:
    from sfumato.images.decoding import read_picture

    file = io.BytesIO()
    profile = ImageCms.ImageCmsProfile(ImageCms.createProfile("sRGB")).tobytes()
    PICTURE.save(file, format="PNG", icc_profile=profile)
    read = read_picture(file.getvalue(), (255, 255, 255)).image
    made = np.asarray(inpaint(model, read, painted(), steps=1).image)
    assert np.array_equal(made[~TRUTH], np.asarray(PICTURE)[~TRUTH])


def sheet(hole: tuple[int, int, int, int], ground: object, *, lines: bool) -> tuple[Image.Image, Image.Image]:
    """A sheet of one tone, perhaps with two thin lines on it, and the same with a part erased."""
    picture = Image.new("RGB", (64, 64), ground)
    if lines:
        for row in (20, 44):
            picture.paste((170, 168, 160), (4, row, 60, row + 1))
    erased = picture.convert("RGBA")
    erased.paste((0, 0, 0, 0), hole)
    return picture, erased


@pytest.mark.parametrize(
    ("ground", "lines"),
    [((250, 248, 240), True), ((250, 248, 240), False), ((128, 128, 128), False), ("white", False), ("black", False)],
)
def test_a_pale_or_flat_picture_with_a_part_erased_is_new_in_that_part(ground: object, lines: bool) -> None:
    picture, erased = sheet((24, 24, 40, 40), ground, lines=lines)
    made = read_mask(erased, picture)[0]
    assert made[24:40, 24:40].eq(1).all()
    assert made.sum() == 16 * 16


def test_white_paint_on_a_white_sheet_is_paint_where_it_is_the_smaller_part() -> None:
    painted = Image.new("RGBA", (64, 64))
    painted.paste((255, 255, 255, 255), (24, 24, 40, 40))
    made = read_mask(painted, Image.new("RGB", (64, 64), "white"))[0]
    assert made[24:40, 24:40].eq(1).all()
    assert made.sum() == 16 * 16
