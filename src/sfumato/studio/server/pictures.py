"""Thumbnails and larger views of pictures, decoded in processes of their own and kept until the file changes."""

from __future__ import annotations

import contextlib
import hashlib
import os
import queue
import subprocess
import sys
import threading
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final, Literal

from sfumato.collection.worker import receive, send
from sfumato.disk import read_file, replace_file
from sfumato.images import unusable
from sfumato.images.unusable import UnusableError
from sfumato.studio.place import Place
from sfumato.studio.server.answers import HttpError

SIDES: Final = (128, 256, 512)  # of thumbnails, so that there are not as many files as wishes
MOST_SIDE: Final = 2048  # of what is shown large
_START: Final = "import sys; sys.path.append(sys.argv[1]); from sfumato.studio.server.decoder import main; main()"
_MEMORY_BYTES: Final = 2 * 1024**3
_SECONDS: Final = 30.0  # for one picture
_WAIT_SECONDS: Final = 60.0  # for a process that is free
_MOST_BYTES: Final = 64 << 20


@dataclass(frozen=True, slots=True)
class View:
    """A picture as it is shown. data: an encoded file; width, height: in pixels, of the picture itself."""

    data: bytes
    width: int
    height: int


class Pictures:
    """Can be used from any thread; each process decodes one picture at a time. `close` ends them."""

    def __init__(self, place: Place, processes: int | None = None) -> None:
        self._place = place
        count = processes or max(1, min(4, (os.cpu_count() or 2) // 2))
        self._idle: queue.Queue[_Decoder] = queue.Queue()
        self._decoders = [_Decoder() for _ in range(count)]
        for decoder in self._decoders:
            self._idle.put(decoder)

    def warm(self) -> None:
        """Start the processes, so that the first picture need not wait for them."""
        for _ in self._decoders:
            with contextlib.suppress(queue.Empty, OSError, EOFError):  # what is wrong is said with the first picture
                decoder = self._idle.get_nowait()
                try:
                    decoder.start()
                finally:
                    self._idle.put(decoder)

    def close(self) -> None:
        for decoder in self._decoders:
            decoder.end()

    def thumbnail(self, path: Path, side: int = 256, *, inside: str | None = None) -> bytes:
        """A WebP file of at most so many pixels a side (rounded up to one of ``SIDES``), from the cache if the file has
        not changed. inside: its name where the path is that of a folder or a zip.

        Raises HttpError 404 where there is no such file, and 422 where it cannot be used as a picture.
        """
        side = next((each for each in SIDES if each >= side), SIDES[-1])
        kept = self._place.thumbnails / self._name(path, inside, side)
        with contextlib.suppress(OSError):
            return read_file(kept, _MOST_BYTES)
        view = self.view(path, side, "WEBP", inside=inside)
        with contextlib.suppress(OSError):  # what can be made again need not be kept
            kept.parent.mkdir(parents=True, exist_ok=True)
            replace_file(kept, view.data)
        return view.data

    def picture(self, path: Path, side: int = MOST_SIDE, *, inside: str | None = None) -> bytes:
        """A PNG file of it, upright and in sRGB. Raises HttpError as `thumbnail`."""
        return self.view(path, side, "PNG", inside=inside).data

    def look(self, path: Path) -> tuple[int, int] | str:
        """Its upright width and height in pixels by its header, or why it is no picture that can be used; of some that
        shows only when they are decoded."""
        facts, _ = self._asked({"path": str(path), "kind": "look"})
        reason: str | None = facts.get("unusable")
        return reason if reason is not None else (facts["width"], facts["height"])

    def view(self, path: Path, side: int, kind: Literal["PNG", "WEBP"], *, inside: str | None = None) -> View:
        """Raises HttpError as `thumbnail`."""
        facts, data = self._asked({"path": str(path), "inside": inside, "side": side, "kind": kind})
        if (reason := facts.get("unusable")) is not None:
            raise HttpError(422, f"the picture cannot be shown: {reason}", code="unusable")
        return View(data, facts["width"], facts["height"])

    def _asked(self, request: dict[str, Any]) -> tuple[dict[str, Any], bytes]:
        try:
            with self._decoder() as decoder:
                return decoder.ask(request)
        except UnusableError as error:
            return {"unusable": error.reason}, b""

    @contextlib.contextmanager
    def _decoder(self) -> Iterator[_Decoder]:
        try:
            decoder = self._idle.get(timeout=_WAIT_SECONDS)
        except queue.Empty:
            raise HttpError(429, "too many pictures are asked for at once", headers={"Retry-After": "2"}) from None
        try:
            yield decoder
        finally:
            self._idle.put(decoder)

    def _name(self, path: Path, inside: str | None, side: int) -> str:
        """Of the file in the cache: another for each state of the picture's."""
        # A file in a zip changes with the zip, or with the folder that it lies in.
        for each in [path] if inside is None else [path / inside, path]:
            with contextlib.suppress(OSError, ValueError):
                found = each.stat()
                break
        else:
            raise HttpError(404, "there is no such file any more", code="not_found")
        said = f"{path}\0{inside}\0{found.st_mtime_ns}\0{found.st_size}\0{side}"
        digest = hashlib.sha256(said.encode("utf-8", "surrogateescape")).hexdigest()
        return f"{digest[:2]}/{digest[2:40]}.webp"


class _Decoder:
    """One process, which is started anew whenever it has died."""

    def __init__(self) -> None:
        self._process: subprocess.Popen[bytes] | None = None
        self._lock = threading.Lock()
        self._ended = False

    def ask(self, request: dict[str, Any]) -> tuple[dict[str, Any], bytes]:
        """Raises UnusableError for a picture that its decoder did not survive or that took too long."""
        late = threading.Event()
        try:
            process = self.start()
        except (EOFError, OSError) as error:
            raise UnusableError(unusable.DIED, "the decoder does not start") from error
        assert process.stdin is not None and process.stdout is not None

        def kill() -> None:
            late.set()
            process.kill()

        timer = threading.Timer(_SECONDS, kill)
        timer.daemon = True
        timer.start()
        try:
            send(process.stdin, request)
            facts, data = receive(process.stdout)
            return facts, data
        except (EOFError, OSError, ValueError) as error:  # the last for a pipe that `end` has closed
            self._forget()
            reason = f"decoding it took longer than {_SECONDS:g} s" if late.is_set() else "its decoder died"
            raise UnusableError(unusable.TOO_SLOW if late.is_set() else unusable.DIED, reason) from error
        finally:
            timer.cancel()

    def start(self) -> subprocess.Popen[bytes]:
        """The process, which has said that it is ready. Raises EOFError where it does not start, or shall no more."""
        if self._process is not None and self._process.poll() is None:
            return self._process
        self._forget()
        root = str(Path(__file__).resolve().parents[3])
        environment = os.environ | dict.fromkeys(("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS"), "1")
        with self._lock:
            if self._ended:
                raise EOFError
            # -P: no file in the folder where the server was started may take the place of a module.
            process = subprocess.Popen(
                [sys.executable, "-P", "-c", _START, root, str(_MEMORY_BYTES)],
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                stderr=subprocess.DEVNULL,
                env=environment,
                start_new_session=True,
            )
            self._process = process
        assert process.stdout is not None
        try:
            receive(process.stdout)
        except (EOFError, OSError, ValueError):
            self._forget()
            raise EOFError from None
        return process

    def end(self) -> None:
        """End the process, at once and whatever it is doing."""
        with self._lock:
            self._ended = True
        self._forget()

    def _forget(self) -> None:
        with self._lock:
            process, self._process = self._process, None
        if process is None:
            return
        process.kill()
        process.wait()
        for pipe in (process.stdin, process.stdout):
            assert pipe is not None
            with contextlib.suppress(OSError):
                pipe.close()
