"""The process that decodes pictures for the server: it reads requests from its standard input and answers on its
standard output, in the messages of `sfumato.collection.worker`.

A picture that kills or hangs its decoder takes this process along and nothing else.
"""

from __future__ import annotations

import io
from pathlib import Path
from typing import Any, Final

from PIL import Image

from sfumato.collection.sources import Source
from sfumato.collection.worker import receive, send, serving
from sfumato.images.colour import TRANSPOSING, orientation_of
from sfumato.images.decoding import check_size, read_picture
from sfumato.images.files import HEAD_BYTES, picture_format, read_file
from sfumato.images.unusable import UnusableError

_BACKGROUND: Final = (255, 255, 255)
SMALL: Final = 160  # pixels; pictures of so few are shown enlarged, each pixel of them seen


def answer(request: dict[str, Any]) -> tuple[dict[str, Any], bytes]:
    """A picture at most so many pixels a side, upright and in sRGB, encoded; or why it cannot be used.

    request: path; inside: its name where the path is that of a folder or a zip; side: in pixels; kind: PNG or
    WEBP, or 'look' for its size alone, by its header.
    """
    try:
        data = _bytes(Path(request["path"]), request.get("inside"))
        if request["kind"] == "look":
            return looked(data), b""
        side = request["side"]
        # How small a JPEG may be decoded, its short side counts: that of most pictures is two thirds of the long one.
        decoded = read_picture(data, _BACKGROUND, least_side=side * 2 // 3)
        image = decoded.image
        if max(image.size) > side:
            image.thumbnail((side, side), Image.Resampling.LANCZOS, reducing_gap=2.0)
        facts = {"width": decoded.width, "height": decoded.height, "transparent": decoded.transparent}
        return facts, encoded(image, request["kind"])
    except UnusableError as error:
        return {"unusable": error.reason}, b""
    except MemoryError:
        return {"unusable": "needs more memory than a picture may take"}, b""


def looked(data: bytes) -> dict[str, Any]:
    """The upright width and height of a picture that was not decoded. Raises UnusableError where it cannot be used."""
    kind = picture_format(data[:HEAD_BYTES]) or ""
    try:
        with Image.open(io.BytesIO(data), formats=(kind,)) as image:
            check_size(image.size)
            width, height = image.size
            if orientation_of(image) in TRANSPOSING:
                width, height = height, width
            return {"width": width, "height": height}
    except UnusableError:
        raise
    except Exception:  # noqa: BLE001 (some kinds are read by decoders of ours alone)
        decoded = read_picture(data, _BACKGROUND)
        return {"width": decoded.width, "height": decoded.height}


def encoded(image: Image.Image, kind: str) -> bytes:
    """The bytes of a file of a picture that is shown to the person who has it already."""
    file = io.BytesIO()
    if kind == "PNG":
        options: dict[str, Any] = {"compress_level": 1}
    elif max(image.size) <= SMALL:
        options = {"lossless": True, "method": 1}
    else:
        options = {"quality": 82, "method": 1}
    image.save(file, kind, **options)
    return file.getvalue()


def _bytes(path: Path, inside: str | None) -> bytes:
    if inside is None:
        return read_file(path)
    source = Source(path)
    try:
        return source.read(inside)
    finally:
        source.close()


def main() -> None:
    """Serve requests until standard input ends."""
    with serving() as (requests, answers):
        while True:
            request, _ = receive(requests)
            send(answers, *answer(request))


if __name__ == "__main__":
    main()
