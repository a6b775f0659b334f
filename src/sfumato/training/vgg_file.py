"""Where the published weights of VGG16 come from: kept from an earlier time, fetched, or a file that a person has.

torchvision publishes them as a pickle of 528 MB. What is kept of it are the 14 tensors of `VGGFeatures`, 7 MB of
safetensors, in the user's cache; the pickle is opened once, by a process of its own (`vgg_conversion`).
"""

from __future__ import annotations

import http.client
import os
import subprocess
import sys
import tempfile
import urllib.error
import urllib.request
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import BinaryIO

import torch
from safetensors import SafetensorError
from safetensors.torch import load
from torch import Tensor

from sfumato.disk import disk_fault, flush_file
from sfumato.errors import SfumatoError
from sfumato.models.place import local_path
from sfumato.models.weights import digest, opened_tensors
from sfumato.networks.vgg import vgg_shapes
from sfumato.works.whole_file import write_whole_file

ADDRESS = "https://download.pytorch.org/models/vgg16-397923af.pth"
DIGEST = "397923af"  # what the file's SHA-256 begins with, as its name says

_NAME = "vgg16-397923af.pth"
_START = "import sys; sys.path.append(sys.argv.pop(1)); from sfumato.training.vgg_conversion import main; main()"
_TIMEOUT_SECONDS = 30.0
_CHUNK_BYTES = 1 << 20
_OTHERWISE = f"use --perceptual FILE with torchvision's {_NAME}, or --perceptual none"

Progress = Callable[[int, int], None]
"""(bytes so far, bytes in all or 0 where the server does not say)"""


def vgg_file(asked: str, *, address: str = ADDRESS, progress: Progress | None = None) -> Path:
    """The safetensors file of what a person asked for, with the 14 tensors of `VGGFeatures`.

    asked: 'vgg16' for the file kept in the cache; 'fetch' to download it where none is kept; or the path of
    torchvision's .pth, whose tensors are then kept in the cache, or of a .safetensors file, which is used where it is.
    Raises SfumatoError where there is none, where it cannot be fetched or kept, and where it is not what it should be.
    """
    kept = kept_file()
    if asked == "vgg16":
        return _checked(kept) if kept.exists() else _missing(kept)
    if asked == "fetch":
        return kept if _is_sound(kept) else _fetch(kept, address, progress)
    path = local_path(asked)
    if path.suffix.lower() == ".safetensors":
        return _checked(path)
    if path.suffix.lower() == ".pth":
        return _convert(path, str(path), kept)
    raise SfumatoError(
        f"--perceptual {asked}: is no .pth or .safetensors file; give one, or say 'vgg16', 'fetch' or 'none'"
    )


def kept_file() -> Path:
    """sfumato/vgg16-features.safetensors in XDG_CACHE_HOME or ~/.cache, be it there or not."""
    cache = os.environ.get("XDG_CACHE_HOME")
    return (Path(cache) if cache else Path.home() / ".cache") / "sfumato" / "vgg16-features.safetensors"


def read_vgg_file(path: Path) -> dict[str, Tensor]:
    """The 14 tensors of a safetensors file, float32.

    Raises SfumatoError where it is missing or damaged, or where its tensors have other names or shapes.
    """
    try:
        with opened_tensors(path) as file:
            # Shapes first: it may be another model's file, of any size.
            _check_shapes(path, {name: tuple(file.get_slice(name).get_shape()) for name in file.keys()})  # noqa: SIM118
            # Copies: an open file's tensors change with the file.
            return {name: file.get_tensor(name).to(torch.float32, copy=True) for name in vgg_shapes()}
    except (SafetensorError, OSError, ValueError) as error:
        raise SfumatoError(
            f"{path}: cannot be read as safetensors ({error}); use --perceptual fetch, or give another file"
        ) from error


def _check_shapes(origin: Path | str, shapes: Mapping[str, tuple[int, ...]]) -> None:
    wanted = vgg_shapes()
    for name in sorted(wanted.keys() | shapes.keys()):
        if name not in shapes:
            fault = f"lacks '{name}'"
        elif name not in wanted:
            fault = f"holds '{name}'"
        elif shapes[name] != wanted[name]:
            found, right = (" x ".join(map(str, shape)) for shape in (shapes[name], wanted[name]))
            fault = f"has '{name}' of {found}, not {right}"
        else:
            continue
        raise SfumatoError(
            f"{origin}: {fault}, so it is not the file of VGG16's first seven convolutions; "
            "use --perceptual fetch, or give another file"
        )


def _checked(path: Path) -> Path:
    read_vgg_file(path)
    return path


def _is_sound(path: Path) -> bool:
    try:
        read_vgg_file(path)
    except SfumatoError:
        return False
    return True


def _missing(kept: Path) -> Path:
    raise SfumatoError(
        f"{kept}: the weights of VGG16 are not there yet; --perceptual fetch fetches them once (528 MB from "
        f"download.pytorch.org), --perceptual FILE takes torchvision's {_NAME}, --perceptual none trains without"
    )


def _fetch(kept: Path, address: str, progress: Progress | None) -> Path:
    """Download the .pth to a place beside the kept file, and convert it there."""
    _make_cache(kept.parent)
    with tempfile.TemporaryDirectory(prefix=".fetch-", dir=kept.parent) as folder:
        path = Path(folder) / _NAME
        try:
            with path.open("wb") as file:
                for chunk in _chunks(address, progress):
                    file.write(chunk)
        except OSError as error:
            raise SfumatoError(
                f"{kept.parent}: cannot hold the file to be fetched, which is 528 MB ({disk_fault(error)}); "
                "make room, or set XDG_CACHE_HOME to another folder"
            ) from error
        return _convert(path, f"what {address} sent", kept)


def _chunks(address: str, progress: Progress | None) -> Iterator[bytes]:
    """What an address sends. Raises SfumatoError where it does not come, or not whole."""
    done = in_all = 0
    try:
        with urllib.request.urlopen(address, timeout=_TIMEOUT_SECONDS) as answer:
            in_all = int(answer.headers.get("Content-Length") or 0)
            while chunk := answer.read(_CHUNK_BYTES):
                yield chunk
                done += len(chunk)
                if progress is not None:
                    progress(done, in_all)
    except urllib.error.HTTPError as error:
        error.close()
        raise SfumatoError(f"{address}: the server answers {error.code} ({error.reason}); {_OTHERWISE}") from error
    except (OSError, http.client.HTTPException) as error:
        reason = getattr(error, "reason", None) or error
        raise SfumatoError(
            f"{address}: cannot be fetched ({reason}); try again when this machine is online, or {_OTHERWISE}"
        ) from error
    if done < in_all:
        raise SfumatoError(
            f"{address}: broke off after {done / 1e6:.1f} of {in_all / 1e6:.1f} MB; try again, or {_OTHERWISE}"
        )


def _convert(path: Path, name: str, kept: Path) -> Path:
    """Keep the tensors of the .pth that messages call `name`."""
    _make_cache(kept.parent)
    try:
        found = digest(path)
    except OSError as error:
        raise SfumatoError(f"{name}: cannot be read ({error.strerror or error}); give another file") from error
    if not found.startswith(DIGEST):
        raise SfumatoError(
            f"{name}: its SHA-256 is {found}, which does not begin with {DIGEST}, so it is not torchvision's file, or "
            f"damaged; the true one is at {ADDRESS}"
        )
    data = _converted(path, name)
    _check_shapes(name, {key: tuple(tensor.shape) for key, tensor in load(data).items()})

    def write(file: BinaryIO) -> None:
        file.write(data)
        flush_file(file)

    write_whole_file(kept, write, force=True)  # whatever is there was made from the same file, or is damaged
    return kept


def _converted(path: Path, name: str) -> bytes:
    """The safetensors that the process of `vgg_conversion` makes of a .pth. Raises SfumatoError where it fails."""
    # As for the decoding processes: -P, and the package's own place last in the path for where it is not installed.
    root = str(Path(__file__).resolve().parents[2])
    command = [sys.executable, "-P", "-c", _START, root, str(path)]
    done = subprocess.run(command, stdin=subprocess.DEVNULL, capture_output=True, check=False)
    if done.returncode < 0:
        raise SfumatoError(
            f"{name}: the process that reads it died (signal {-done.returncode}); it takes 1 GB of memory: "
            "try again when that is free, or use --perceptual none"
        )
    if done.returncode:
        said = done.stderr.decode(errors="replace").strip().rpartition("\n")[2]
        raise SfumatoError(f"{name}: its tensors cannot be read ({said}); get the file again from {ADDRESS}")
    return done.stdout


def _make_cache(folder: Path) -> None:
    """Raises SfumatoError where nothing can be written in it: that is better known before 528 MB are fetched."""
    try:
        folder.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryFile(dir=folder):
            pass
    except OSError as error:
        raise SfumatoError(
            f"{folder}: the weights of VGG16 cannot be kept here ({disk_fault(error)}); "
            "set XDG_CACHE_HOME to a folder that can be written, or give --perceptual a .safetensors file"
        ) from error
