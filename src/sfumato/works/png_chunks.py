"""The chunks of a PNG, looked over before any is read: each says itself how long it is, and whoever made it may lie."""

import struct
from typing import BinaryIO, Final

SIGNATURE: Final = b"\x89PNG\r\n\x1a\n"
MOST_BESIDE: Final = 8 << 20  # bytes of one chunk that is none of the picture's own, such as a text
MOST_CHUNKS: Final = 100_000
_PICTURE: Final = {b"IDAT", b"fdAT"}
_FRAME: Final = 12  # length, name, checksum


def check_chunks(file: BinaryIO) -> None:
    """Raises ValueError for a PNG whose texts, or the number of its chunks, would fill a machine.

    Leaves the file at its beginning. What is no PNG, or ends early, is for its reader to say."""
    file.seek(0)
    if file.read(len(SIGNATURE)) == SIGNATURE:
        _walk(file)
    file.seek(0)


def _walk(file: BinaryIO) -> None:
    place = len(SIGNATURE)
    for _ in range(MOST_CHUNKS):
        head = file.read(8)
        if len(head) < 8 or head[4:] == b"IEND":
            return
        length, name = struct.unpack(">I4s", head)
        if length > MOST_BESIDE and name not in _PICTURE:
            raise ValueError(f"its chunk {name.decode('latin-1')!r} claims to be {length / 1e6:,.0f} MB long")
        place += _FRAME + length
        file.seek(place)
    raise ValueError(f"it has more than {MOST_CHUNKS:,} chunks")
