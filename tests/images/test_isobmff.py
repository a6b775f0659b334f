import io
import struct

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from PIL import Image

from sfumato.images.colour_space import from_code_points
from sfumato.images.decoding import read_picture
from sfumato.images.isobmff import stated_space
from sfumato.images.unusable import UnusableError

GREY = (90, 160, 70)


def box(name: bytes, *content: bytes) -> bytes:
    inside = b"".join(content)
    return struct.pack(">I4s", 8 + len(inside), name) + inside


def tagged(primaries: int, transfer: int) -> bytes:
    """An AVIF in which other numbers stand for its colours; its pixels are GREY."""
    buffer = io.BytesIO()
    Image.new("RGB", (32, 32), GREY).save(buffer, "AVIF", quality=100)
    data = buffer.getvalue()
    at = data.index(b"nclx") + 4
    return data[:at] + struct.pack(">HH", primaries, transfer) + data[at + 4 :]


def test_the_numbers_are_found_in_their_boxes():
    colour = box(b"colr", b"nclx", struct.pack(">HHHB", 12, 13, 6, 0x80))
    data = box(b"ftyp", b"avif") + box(b"meta", bytes(4), box(b"iprp", box(b"ipco", box(b"ispe"), colour)))
    assert stated_space(data) == from_code_points(12, 13)
    assert stated_space(data.replace(b"nclx", b"prof")) is None
    assert stated_space(b"") is None


def test_an_avif_of_wide_primaries_is_converted():
    plain, wide = (np.asarray(read_picture(tagged(*code), (0, 0, 0)).image)[5, 5] for code in ((1, 13), (12, 13)))
    assert np.abs(plain.astype(int) - GREY).max() <= 3
    assert wide[1] > plain[1]  # a green of P3 is greener than sRGB's
    assert wide[0] < plain[0]


@pytest.mark.parametrize("transfer", [16, 18])
def test_high_dynamic_range_is_refused_by_name(transfer):
    with pytest.raises(UnusableError, match="high dynamic range"):
        read_picture(tagged(9, transfer), (0, 0, 0))


@given(st.binary(max_size=100))
def test_no_bytes_break_the_boxes(data):
    assert stated_space(box(b"meta", bytes(4), data)) is None
    assert stated_space(data) is None
