import io

import numpy as np
import pytest
from PIL import Image, ImageCms

from sfumato.images.decoding import read_picture

BACKGROUND = (24, 20, 28)


def read(image: Image.Image, picture_format: str, **options):
    buffer = io.BytesIO()
    image.save(buffer, picture_format, **options)
    return read_picture(buffer.getvalue(), BACKGROUND)


def pixels(image: Image.Image) -> np.ndarray:
    return np.asarray(image).astype(int)


def grey_ramp() -> np.ndarray:
    return np.tile(np.linspace(0, 65535, 64).astype(np.uint16), (32, 1))


def test_an_opaque_rgb_picture_keeps_every_pixel(paint):
    picture = paint(1, (32, 32))
    decoded = read(picture, "PNG")
    assert decoded.image.mode == "RGB"
    assert not decoded.transparent
    assert (pixels(decoded.image) == pixels(picture)).all()


@pytest.mark.parametrize("mode", ["RGBA", "LA", "PA", "P"])
def test_transparency_shows_the_background(mode):
    image = Image.new("RGBA", (32, 32), (200, 200, 200, 255))
    image.paste((0, 0, 0, 0), (0, 0, 16, 32))
    if mode == "P":
        image = image.convert("RGB").quantize(4)
        transparent = image.getpixel((0, 0))
        decoded = read(image, "PNG", transparency=transparent)
    elif mode == "PA":
        decoded = read(image, "WEBP", lossless=True)
    else:
        decoded = read(image.convert(mode), "PNG")
    assert decoded.transparent
    assert decoded.image.getpixel((2, 2)) == BACKGROUND
    assert decoded.image.getpixel((30, 2)) == (200, 200, 200)


def test_half_transparency_is_mixed():
    decoded = read(Image.new("RGBA", (32, 32), (255, 255, 255, 128)), "PNG")
    expected = [round(255 * 128 / 255 + level * 127 / 255) for level in BACKGROUND]
    assert np.abs(pixels(decoded.image)[0, 0] - expected).max() <= 1


def test_an_alpha_channel_that_is_opaque_everywhere_is_no_transparency(paint):
    picture = paint(2, (32, 32))
    decoded = read(picture.convert("RGBA"), "PNG")
    assert not decoded.transparent
    assert (pixels(decoded.image) == pixels(picture)).all()


@pytest.mark.parametrize("picture_format", ["PNG", "TIFF"])
def test_sixteen_bits_are_scaled_and_not_cut(picture_format):
    decoded = read(Image.fromarray(grey_ramp()), picture_format)
    ramp = pixels(decoded.image)[0, :, 0]
    assert np.abs(ramp - np.linspace(0, 255, 64)).max() <= 1


def test_sixteen_bits_where_zero_is_white_are_inverted():
    decoded = read(Image.fromarray(grey_ramp()), "TIFF", tiffinfo={262: 0})
    ramp = pixels(decoded.image)[0, :, 0]
    assert ramp[0] == 255
    assert ramp[-1] == 0


@pytest.mark.parametrize("white", [1.0, 255.0, 65535.0, 1e6])
def test_float_samples_are_scaled_by_the_usual_whites(white):
    ramp = np.tile(np.linspace(0, white, 64, dtype=np.float32), (32, 1))
    decoded = read(Image.fromarray(ramp), "TIFF")
    assert np.abs(pixels(decoded.image)[0, :, 0] - np.linspace(0, 255, 64)).max() <= 1


def test_float_samples_that_are_no_numbers_are_black():
    ramp = np.full((32, 32), np.nan, dtype=np.float32)
    ramp[:, 16:] = 1
    image = read(Image.fromarray(ramp), "TIFF").image
    assert image.getpixel((0, 0)) == (0, 0, 0)
    assert image.getpixel((31, 0)) == (255, 255, 255)


@pytest.mark.parametrize("picture_format", ["JPEG", "TIFF"])
def test_inks_become_colours_the_right_way_round(picture_format):
    # Full cyan and magenta: blue. Photoshop's inverted CMYK read as plain CMYK would be yellow.
    options = {"quality": 95} if picture_format == "JPEG" else {}
    red, green, blue = read(Image.new("CMYK", (32, 32), (255, 255, 0, 0)), picture_format, **options).image.getpixel(
        (9, 9)
    )
    assert blue > 200
    assert max(red, green) < 60


def test_a_lab_picture_is_converted():
    image = Image.new("LAB", (32, 32), (255, 128, 128))  # a and b are zero at 128
    assert min(read(image, "TIFF").image.getpixel((5, 5))) > 240


def swapped_profile() -> bytes:
    """An RGB profile in which red and blue have changed places, so that whether it was applied can be seen."""
    profile = bytearray(ImageCms.ImageCmsProfile(ImageCms.createProfile("sRGB")).tobytes())
    return bytes(profile.replace(b"rXYZ", b"tXYZ").replace(b"bXYZ", b"rXYZ").replace(b"tXYZ", b"bXYZ"))


def test_an_embedded_profile_is_applied():
    decoded = read(Image.new("RGB", (32, 32), (255, 0, 0)), "PNG", icc_profile=swapped_profile())
    red, _, blue = decoded.image.getpixel((3, 3))
    assert blue > 200
    assert red < 60


def test_a_profile_is_applied_below_transparency():
    image = Image.new("RGBA", (32, 32), (255, 0, 0, 255))
    image.paste((0, 0, 0, 0), (0, 0, 16, 32))
    decoded = read(image, "PNG", icc_profile=swapped_profile())
    assert decoded.image.getpixel((2, 2)) == BACKGROUND
    assert decoded.image.getpixel((30, 2))[2] > 200


@pytest.mark.parametrize("profile", [b"nonsense", b"\x00" * 128])
def test_a_broken_profile_is_ignored(profile, paint):
    picture = paint(3, (32, 32))
    assert (pixels(read(picture, "PNG", icc_profile=profile).image) == pixels(picture)).all()


def test_a_profile_of_other_channels_is_ignored_or_applied_but_not_fatal():
    decoded = read(
        Image.new("L", (32, 32), 120),
        "PNG",
        icc_profile=ImageCms.ImageCmsProfile(ImageCms.createProfile("sRGB")).tobytes(),
    )
    assert np.abs(pixels(decoded.image)[0, 0] - 120).max() <= 2


@pytest.mark.parametrize("picture_format", ["JPEG", "PNG", "TIFF", "WEBP"])
@pytest.mark.parametrize("orientation", range(1, 9))
def test_every_orientation_comes_out_upright(picture_format, orientation):
    upright = Image.new("RGB", (48, 32), "black")
    upright.paste("white", (0, 0, 24, 16))  # the upper left quarter
    undo = {
        2: Image.Transpose.FLIP_LEFT_RIGHT,
        3: Image.Transpose.ROTATE_180,
        4: Image.Transpose.FLIP_TOP_BOTTOM,
        5: Image.Transpose.TRANSPOSE,
        6: Image.Transpose.ROTATE_90,
        7: Image.Transpose.TRANSVERSE,
        8: Image.Transpose.ROTATE_270,
    }
    stored = upright.transpose(undo[orientation]) if orientation in undo else upright
    exif = Image.Exif()
    exif[0x0112] = orientation
    decoded = read(stored, picture_format, exif=exif)
    assert decoded.image.size == (48, 32) == (decoded.width, decoded.height)
    assert decoded.image.getpixel((6, 6))[0] > 200
    assert max(decoded.image.getpixel(where)[0] for where in ((40, 6), (6, 28), (40, 28))) < 60


@pytest.mark.filterwarnings("ignore:Corrupt EXIF")  # as a worker does
def test_broken_exif_is_ignored(paint):
    assert read(paint(4, (32, 32)), "JPEG", exif=b"Exif\x00\x00MM\x00*\xff\xff\xff\xff").image.size == (32, 32)


@pytest.mark.parametrize(("index", "converted"), [("R03", True), ("R98", False), (None, False)])
def test_adobe_rgb_that_only_exif_speaks_of_is_converted(index, converted):
    picture = Image.new("RGB", (32, 32), (60, 160, 60))
    exif = Image.Exif()
    exif.get_ifd(0x8769)[0xA001] = 0xFFFF
    if index is not None:
        exif.get_ifd(0x8769)[0xA005] = {1: index}
    red, green, _ = read(picture, "JPEG", quality=100, exif=exif).image.getpixel((5, 5))
    # In Adobe RGB the green is a purer one than sRGB's.
    assert (red < 20 and green > 155) if converted else abs(red - 60) <= 3
    profile = ImageCms.ImageCmsProfile(ImageCms.createProfile("sRGB")).tobytes()
    red, _, _ = read(picture, "JPEG", quality=100, exif=exif, icc_profile=profile).image.getpixel((5, 5))
    assert abs(red - 60) <= 3  # a profile says it better
