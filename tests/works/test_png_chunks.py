"""A PNG whose parts would fill a machine is told by their lengths alone, and no other is refused."""

import io
import os
import struct
import time
import zlib
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from PIL import Image

from sfumato.errors import SfumatoError
from sfumato.works import read_work
from sfumato.works.png_chunks import MOST_CHUNKS, SIGNATURE, check_chunks


def part(name: bytes, data: bytes, length: int | None = None) -> bytes:
    size = len(data) if length is None else length
    return struct.pack(">I", size) + name + data + struct.pack(">I", zlib.crc32(name + data))


def picture(*parts: bytes) -> bytes:
    """A PNG with these parts after its head."""
    Image.new("RGB", (32, 32)).save(buffer := io.BytesIO(), "PNG")
    data = buffer.getvalue()
    return data[:33] + b"".join(parts) + data[33:]


def refused_soon(path: Path, said: str) -> None:
    began = time.process_time()
    with pytest.raises(SfumatoError, match=said):
        read_work(path)
    assert time.process_time() - began < 1


@pytest.mark.parametrize("name", [b"tEXt", b"iTXt", b"zTXt", b"eXIf", b"iCCP", b"ownX"])
def test_a_text_of_two_gigabytes_is_not_read(tmp_path: Path, name: bytes) -> None:
    path = tmp_path / "work.png"
    path.write_bytes(SIGNATURE + picture()[8:33] + part(name, b"sfumato\x00", 2**31 - 1))
    os.truncate(path, 2**31)  # a sparse file, of which nothing is on the disk
    refused_soon(path, r"its chunk '.{4}' claims to be 2,147 MB long")


def test_parts_without_number_are_not_counted_to_the_end(tmp_path: Path) -> None:
    (tmp_path / "work.png").write_bytes(picture(part(b"ownX", b"") * (MOST_CHUNKS + 1)))
    refused_soon(tmp_path / "work.png", "more than 100,000 chunks")


def test_a_recipe_that_unpacks_to_a_hundred_megabytes_is_not_read(tmp_path: Path) -> None:
    packed = b"sfumato\x00\x01\x00\x00\x00" + zlib.compress(b"[" * (100 << 20), 9)
    (tmp_path / "work.png").write_bytes(picture(part(b"iTXt", packed)))
    with pytest.raises(SfumatoError, match=r"work\.png"):
        read_work(tmp_path / "work.png")


@pytest.mark.parametrize("kind", ["pipe", "device", "circle", "directory"])
def test_what_is_no_file_is_not_waited_for(tmp_path: Path, kind: str) -> None:
    path = tmp_path / "work.png"
    if kind == "pipe":
        os.mkfifo(path)
    elif kind == "directory":
        path.mkdir()
    else:
        path.symlink_to("/dev/zero" if kind == "device" else path)
    refused_soon(path, r"work\.png")


@given(st.binary(max_size=200))
def test_any_bytes_are_looked_over_and_left_at_their_beginning(data: bytes) -> None:
    for whole in (data, SIGNATURE + data, picture() + data):
        file = io.BytesIO(whole)
        try:
            check_chunks(file)
        except ValueError:
            continue
        assert file.tell() == 0
