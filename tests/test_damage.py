"""Files damaged in every way that disks, networks and programs know: each is used or named with a reason, in time.

SFUMATO_DAMAGED_FILES says how many; all are made from a seed, so that each run has the same ones.
"""

import io
import os
import random
import struct
from collections.abc import Callable
from functools import cache
from itertools import pairwise
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image

from sfumato.collection import Collection, Finished, LeftOut, Limits, collect
from sfumato.images import unusable
from sfumato.images.files import FORMATS

COUNT = int(os.environ.get("SFUMATO_DAMAGED_FILES", "300"))
SECONDS = 10.0  # a picture of these few pixels takes a thousandth of it

SAVED: dict[str, list[dict[str, Any]]] = {
    "JPEG": [
        {"quality": 85}, {"progressive": True}, {"optimize": True}, {"restart_marker_blocks": 3}, {"mode": "CMYK"},
    ],
    "PNG": [{}, {"mode": "P"}, {"mode": "RGBA"}, {"mode": "I;16"}, {"mode": "1"}],
    "WEBP": [{"quality": 80}, {"lossless": True}, {"mode": "RGBA"}, {"frames": 3}],
    "GIF": [{}, {"frames": 3}, {"interlace": 0}],
    "TIFF": [
        {}, {"compression": "tiff_deflate"}, {"compression": "tiff_lzw"}, {"compression": "jpeg"}, {"mode": "I;16"},
        {"mode": "F", "compression": "tiff_deflate"}, {"mode": "CMYK"}, {"mode": "1", "compression": "group4"},
    ],
    "BMP": [{}, {"mode": "P"}, {"mode": "RGBA"}],
    "AVIF": [{"quality": 70}, {"mode": "RGBA"}, {"frames": 2}],
}  # fmt: skip


def painted(seed: int) -> Image.Image:
    """Soft patches of colour under a little noise: no two, and no two parts of one, are alike."""
    draw = np.random.default_rng(seed)
    patches = Image.fromarray(draw.integers(0, 256, (6, 6, 3), dtype=np.uint8)).resize(
        (96, 72), Image.Resampling.BICUBIC
    )
    return Image.fromarray((np.asarray(patches) * 0.95 + draw.integers(0, 12, (72, 96, 3))).astype(np.uint8))


@cache
def whole(picture_format: str, seed: int) -> bytes:
    """A sound file, of one of the kinds that its format has."""
    options = dict(SAVED[picture_format][seed % len(SAVED[picture_format])])
    mode, frames = options.pop("mode", "RGB"), options.pop("frames", 1)
    pictures = []
    for number in range(frames):
        image = painted(1000 * number + seed)
        if mode in ("I;16", "F"):
            grey = np.asarray(image.convert("L"))
            image = Image.fromarray(grey.astype(np.uint16) * 257 if mode == "I;16" else grey / np.float32(255))
        elif mode != "RGB":
            image = image.convert(mode)
        pictures.append(image)
    if frames > 1:
        options |= {"save_all": True, "append_images": pictures[1:]}
    buffer = io.BytesIO()
    pictures[0].save(buffer, picture_format, **options)
    return buffer.getvalue()


def truncated(data: bytes, other: bytes, draw: random.Random) -> bytes:
    return data[: draw.randrange(1, len(data))]


def flipped(data: bytes, other: bytes, draw: random.Random) -> bytes:
    changed = bytearray(data)
    for _ in range(draw.choice((1, 1, 3, 10, 60))):
        changed[draw.randrange(len(data))] ^= 1 << draw.randrange(8)
    return bytes(changed)


def zeroed(data: bytes, other: bytes, draw: random.Random) -> bytes:
    start = draw.randrange(len(data))
    length = min(draw.choice((4, 64, 512, 2048)), len(data) - start)
    return data[:start] + bytes(length) + data[start + length :]


def spliced(data: bytes, other: bytes, draw: random.Random) -> bytes:
    """As a file system that lost count: so many bytes of another file in place of its own."""
    start = draw.randrange(len(data))
    length = draw.randrange(1, max(2, len(data) // 3))
    return data[:start] + other[start : start + length] + data[start + length :]


def swapped(data: bytes, other: bytes, draw: random.Random) -> bytes:
    """Two parts of the file, chunks where it has any, in each other's place."""
    places = chunks(data) or sorted(draw.sample(range(len(data)), 4))
    one, two = sorted(draw.sample(range(len(places) - 1), 2)) if len(places) > 2 else (0, 0)
    cuts = [0, places[one], places[one + 1], places[two], places[two + 1], len(data)]
    parts = [data[start:end] for start, end in pairwise(cuts)]
    return parts[0] + parts[3] + parts[2] + parts[1] + parts[4]


def removed(data: bytes, other: bytes, draw: random.Random) -> bytes:
    """A part, or a chunk, is lost, and what follows moves up."""
    places = chunks(data)
    if len(places) > 2 and draw.random() < 0.5:
        lost = draw.randrange(len(places) - 1)
        return data[: places[lost]] + data[places[lost + 1] :]
    start = draw.randrange(len(data))
    return data[:start] + data[start + draw.choice((1, 16, 400)) :]


def closed(data: bytes, other: bytes, draw: random.Random) -> bytes:
    """Cut, and ended as a program does that closes what it has: with its last bytes."""
    return data[: draw.randrange(1, len(data))] + data[-draw.choice((2, 12)) :]


DAMAGES: list[Callable[[bytes, bytes, random.Random], bytes]] = [
    truncated, flipped, zeroed, spliced, swapped, removed, closed
]  # fmt: skip


def chunks(data: bytes) -> list[int]:
    """Where the chunks of a PNG begin; [] of anything else."""
    places, position = [], 8
    while data.startswith(b"\x89PNG") and position + 12 <= len(data):
        places.append(position)
        position += 12 + int(struct.unpack_from(">I", data, position)[0])
    return places


def damaged(number: int) -> tuple[str, bytes, bytes]:
    """File number so and so: its name, its bytes, and what they were before."""
    picture_format = FORMATS[number % len(FORMATS)]
    damage = DAMAGES[number // len(FORMATS) % len(DAMAGES)]
    draw = random.Random(number)
    kind = number // (len(FORMATS) * len(DAMAGES))
    data, other = whole(picture_format, kind), whole(picture_format, kind + 7)
    return f"{number:05}-{damage.__name__}.{picture_format.lower()}", damage(data, other, draw), data


@pytest.mark.slow
def test_every_damaged_file_is_used_or_named_and_none_hangs_or_kills_its_decoder(tmp_path: Path) -> None:
    folder = tmp_path / "damaged"
    folder.mkdir()
    for number in range(COUNT):
        name, data, _ = damaged(number)
        (folder / name).write_bytes(data)
    painted(1).save(folder / "sound.png")
    events = list(collect(folder, tmp_path / "collection", workers=2, limits=Limits(seconds=SECONDS)))
    left_out = [event for event in events if isinstance(event, LeftOut)]
    finished = events[-1]
    assert isinstance(finished, Finished)
    used = {picture.file for picture in Collection.open(finished.path).pictures}
    named = {event.file for event in left_out}
    assert len(used) + len(named) == COUNT + 1
    assert used.isdisjoint(named)
    assert "sound.png" in used
    assert all(event.kind and event.reason for event in left_out)
    assert not [event for event in left_out if event.kind in (unusable.TOO_SLOW, unusable.DIED, unusable.NO_MEMORY)]
    # Every part of a PNG is under a checksum, and the order of these files' chunks matters.
    assert not {name for name in used if name.endswith(".png")} - {"sound.png"}
