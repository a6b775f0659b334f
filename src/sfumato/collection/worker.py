"""The process that decodes: it reads requests from its standard input and answers on its standard output.

A picture that kills or hangs its decoder takes this process along and nothing else. Only Pillow and NumPy are loaded,
so a fresh one is there in a tenth of a second; no `fork`, so it does not matter what the parent has open.

A message is a line of JSON, which says its content and the number of its bytes, and the bytes.
"""

from __future__ import annotations

import contextlib
import gc
import hashlib
import json
import os
import signal
import sys
import warnings
from collections.abc import Iterator
from pathlib import Path
from typing import IO, Any

import numpy as np
from PIL import Image

from sfumato.collection.duplicates import fingerprint
from sfumato.collection.sources import Source
from sfumato.images import unusable
from sfumato.images.decoding import read_picture
from sfumato.images.scaling import cropped_to, enlarged, scaled
from sfumato.images.unusable import UnusableError
from sfumato.provenance.containers import Text, blocks_of
from sfumato.provenance.embedded import embedded_in
from sfumato.provenance.mark import are_marked, is_marked_file

_OWN = {"left_out": [unusable.OWN, "made by sfumato"]}


def send(stream: IO[bytes], message: Any, attached: bytes = b"") -> None:
    """Write one message and flush it."""
    stream.write(json.dumps([message, len(attached)]).encode("ascii") + b"\n")
    stream.write(attached)
    stream.flush()


def receive(stream: IO[bytes]) -> tuple[Any, bytes]:
    """Read one message and its bytes. Raises EOFError where the other side has gone."""
    line = stream.readline()
    if not line.endswith(b"\n"):
        raise EOFError
    message, length = json.loads(line)
    attached = stream.read(length)
    if len(attached) != length:
        raise EOFError
    return message, attached


class Decoder:
    """Answers requests about the files of one source, a folder or a zip."""

    def __init__(self, source: str, background: tuple[int, int, int]) -> None:
        self.source = Source(Path(source))
        self.background = background

    def answer(self, request: dict[str, Any]) -> tuple[dict[str, Any], bytes]:
        """The facts about a file and its thumbnail, or its pixels at a size or in a shape, or why it cannot be used."""
        try:
            data = self.source.read(request["file"])
            digest = hashlib.sha256(data).hexdigest()
            if "size" in request or "shape" in request:
                return self._pixels(data, digest, request)
            blocks = list(blocks_of(data))
            if request.get("art_only") and are_marked(blocks):
                return _OWN, b""
            return self._facts(data, digest, blocks)
        except UnusableError as error:
            may_be_video = request.get("art_only") and error.kind in (unusable.NOT_A_PICTURE, unusable.OTHER_FORMAT)
            if may_be_video and self._is_own_video(request["file"]):
                return _OWN, b""
            return {"left_out": [error.kind, error.reason]}, b""
        except MemoryError:
            return {"left_out": [unusable.NO_MEMORY, "needs more memory than a picture may take"]}, b""

    def _facts(self, data: bytes, digest: str, blocks: list[Text]) -> tuple[dict[str, Any], bytes]:
        # The hash looks at 32 x 32 pixels, but a JPEG's whole stream is decoded at any size, so a broken one shows.
        decoded = read_picture(data, self.background, least_side=64)
        value, thumbnail = fingerprint(decoded.image)
        facts: dict[str, Any] = {
            "sha256": digest,
            "width": decoded.width,
            "height": decoded.height,
            "transparent": decoded.transparent,
            "hash": value,
        }
        if said := embedded_in(data, blocks):
            facts["said"] = said
        return facts, thumbnail.tobytes()

    def _pixels(self, data: bytes, digest: str, request: dict[str, Any]) -> tuple[dict[str, Any], bytes]:
        if digest != request["sha256"]:
            raise UnusableError(unusable.CHANGED, "changed since it was collected: run sfumato collect again")
        if "shape" in request:
            across, down = request["shape"]
            decoded = read_picture(data, self.background, least_side=2 * max(across, down))
            image = cropped_to(decoded.image, (across, down), width=decoded.width, height=decoded.height)
            return {"width": across, "height": down}, np.asarray(image).tobytes()
        size, crop = request["size"], request["crop"]
        decoded = read_picture(data, self.background, least_side=2 * size)
        image, width, height = decoded.image, decoded.width, decoded.height
        if request.get("pixel_art") and min(width, height) < size:
            image = enlarged(image, size)
            width, height = image.size
        image = scaled(image, size, crop, width=width, height=height)
        return {"width": image.width, "height": image.height}, np.asarray(image).tobytes()

    def _is_own_video(self, file: str) -> bool:
        try:
            return self.source.archive is None and is_marked_file(self.source.path / file)
        except OSError:  # in a zip in the folder, or gone meanwhile
            return False


def _limit_memory(limit: int) -> None:
    # Unix alone has this module; macOS does not keep to the limit, and refuses some values.
    with contextlib.suppress(ImportError, ValueError, OSError):
        import resource

        resource.setrlimit(resource.RLIMIT_AS, (limit, limit))


@contextlib.contextmanager
def serving() -> Iterator[tuple[IO[bytes], IO[bytes]]]:
    """A process that decodes what strangers made: where its requests come from, and where its answers go. The end
    of either ends it. Its parent gives it a memory limit in bytes as its last argument."""
    # The terminal sends Ctrl-C to every process of the group; whoever started this one decides when it ends.
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    _limit_memory(int(sys.argv[-1]))
    gc.freeze()  # what was imported stays, and need not be looked through again and again
    warnings.simplefilter("ignore")
    warnings.simplefilter("error", Image.DecompressionBombWarning)
    with os.fdopen(os.dup(1), "wb") as answers:
        send(answers, "ready")
        # Decoders written in C print what they think to both outputs; neither must reach the answers or the terminal.
        nowhere = os.open(os.devnull, os.O_WRONLY)
        os.dup2(nowhere, 1)
        os.dup2(nowhere, 2)
        with contextlib.suppress(EOFError, BrokenPipeError):
            yield sys.stdin.buffer, answers


def main() -> None:
    """Serve batches of requests until standard input ends."""
    with serving() as (requests, answers):
        setup, _ = receive(requests)
        decoder = Decoder(setup["source"], tuple(setup["background"]))
        while True:
            batch, _ = receive(requests)
            for request in batch:
                send(answers, *decoder.answer(request))


if __name__ == "__main__":
    main()
