"""A size on paper is read as it is typed, has the pixels that arithmetic gives it, and says what is too large."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from sfumato.errors import SfumatoError
from sfumato.works.print_size import LARGEST, PrintSize
from sfumato.works.values import MOST_PIXELS

SIZES = st.builds(
    PrintSize,
    width=st.integers(1, 30_000).map(lambda tenths: tenths / 100),
    height=st.integers(1, 30_000).map(lambda tenths: tenths / 100),
    unit=st.sampled_from(["cm", "mm", "in"]),
    dpi=st.integers(30, 1200),
)


@pytest.mark.parametrize(
    ("typed", "pixels", "dpi"),
    [
        ("30x30cm@200", (2362, 2362), 200),  # 300 mm / 25.4 * 200 = 2362.2
        ("30x40cm", (2362, 3150), 200),
        ("12x12in@300", (3600, 3600), 300),
        ("12 x 8.5 IN @ 300dpi", (3600, 2550), 300),
        ("21,5x10cm@254", (2150, 1000), 254),
        ("300×200mm@127", (1500, 1000), 127),
        ("a4", (1654, 2339), 200),
        ("A4-landscape@150", (1754, 1240), 150),
        ("a5 portrait@300", (1748, 2480), 300),
        ("a2@100", (1654, 2339), 100),
        ("0.1x0.1mm@30", (1, 1), 30),
    ],
)
def test_what_is_typed_has_these_pixels(typed, pixels, dpi):
    size = PrintSize.parse(typed)
    assert (size.pixels, size.dpi) == (pixels, dpi)


@pytest.mark.parametrize(
    ("typed", "said"),
    [
        ("", "a width and a height with their unit are needed"),
        ("30x30", "a width and a height with their unit are needed"),
        ("30cm", "a width and a height with their unit are needed"),
        ("a6", "a width and a height with their unit are needed"),
        ("-3x3cm", "a width and a height with their unit are needed"),
        ("30x30cm@-1", "a width and a height with their unit are needed"),
        ("1e9x3cm", "a width and a height with their unit are needed"),
        ("30x30cm@29", "29 dpi; give 30 to 1,200"),
        ("30x30cm@99999", "99999 dpi; give 30 to 1,200"),
        ("0x30cm", "each side has to be above 0"),
        ("1001x1cm", "no longer than 10 metres"),
        ("30x30cm\x1b[31m", "a width and a height with their unit are needed"),
    ],
)
def test_what_is_none_is_one_sentence(typed, said):
    with pytest.raises(SfumatoError, match="print") as raised:
        PrintSize.parse(typed)
    assert said in str(raised.value)
    assert "\x1b" not in str(raised.value)


@given(SIZES)
def test_a_size_is_read_from_what_it_says_of_itself(size):
    assert PrintSize.parse(str(size)) == size


@settings(max_examples=30)
@given(st.text(max_size=20) | st.from_regex(r"[0-9.,]{1,6}x[0-9.,]{1,6}(cm|mm|in)@[0-9]{1,5}", fullmatch=True))
def test_any_text_is_a_size_or_one_sentence(text):
    try:
        size = PrintSize.parse(text)
    except SfumatoError:
        return
    assert min(size.pixels) >= 1
    assert max(size.width, size.height) <= LARGEST


@given(SIZES, st.sampled_from([1, 2, 3, 4, 8]))
def test_the_largest_of_a_shape_fits_and_nearly_fills(size, step):
    largest = size.largest(step)
    assert largest.fits(step) or min(largest.width, largest.height) <= 0.1
    assert largest.dpi == size.dpi
    # Sides that are all but equal may be rounded to the same.
    assert (largest.width <= largest.height) == (size.width <= size.height) or largest.width == largest.height
    if not size.fits(step) and min(largest.pixels) > 100:
        width, height = largest.pixels
        # A millimetre on the shorter side, and rounding, are all that is given away.
        lost = 2 / min(largest.width, largest.height) + 2 * step / min(width, height)
        assert width * height > MOST_PIXELS * (1 - 2 * lost)


def test_it_is_said_in_words():
    assert PrintSize.parse("30x40.5cm@150").said == "30 x 40.5 cm at 150 dpi"
    assert PrintSize.parse("a3").said == "297 x 420 mm at 200 dpi"
    assert PrintSize.parse("100x140cm@300").largest(4).said == "29.2 x 40.8 cm at 300 dpi"
