"""Where a model lies: a directory, a run that holds one, a zip of either, or a repository on the Hub."""

from __future__ import annotations

import hashlib
import lzma
import struct
import tempfile
import zipfile
import zlib
from collections.abc import Container, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path, PurePosixPath
from typing import IO

from sfumato.disk import disk_fault, local_path, open_file
from sfumato.errors import SfumatoError, hub_reason
from sfumato.likeness.storing import MOST_BYTES as MOST_INDEX_BYTES
from sfumato.models.adapted import adapter_config_of, described_in, read_adapter_config
from sfumato.models.configuration import MOST_CONFIG_BYTES, ModelConfig, most_weights_bytes
from sfumato.models.record import MOST_RECORD_BYTES
from sfumato.pretrained.hub import is_hub_id
from sfumato.pretrained.model_index import INDEX, PICKLES
from sfumato.text import shortened
from sfumato.weights import digest

CONFIG, WEIGHTS, CARD = "config.json", "model.safetensors", "README.md"
ADAPTER = "adapter.safetensors"  # in place of all weights: what was learned on a base that lies elsewhere
LIKENESS = "likeness.safetensors"  # the index of what it learned from, which older models do not have
RECORD = "record.json"  # how it was made, which older models do not have either
MODEL_FILES = (WEIGHTS, ADAPTER, CARD, LIKENESS, RECORD, CONFIG)


@contextmanager
def opened_model(name: str | Path, revision: str | None = None) -> Iterator[Path]:
    """The directory of a model, as long as the block lasts: what is in a zip lies unpacked so long.

    name: as `locate_model` takes it, or a zip of a model or a run. Raises SfumatoError where there is no model.
    """
    path = local_path(name)
    if path.is_file() and _is_zip(path):
        with model_in_zip(path).unpacked() as directory:
            yield directory
    else:
        yield locate_model(name, revision)


def locate_model(name: str | Path, revision: str | None = None) -> Path:
    """The directory of a model, downloaded first if it is on the Hub.

    name: a model's directory, a run's, or 'owner/name'. Raises SfumatoError where there is no model.
    """
    path, said = local_path(name), shortened(str(name))
    if path.is_dir():
        return _in_directory(path, str(path))
    if path.suffix.lower() in PICKLES:
        raise SfumatoError(
            f"{said}: a pickle can run any program when it is opened, so sfumato reads safetensors only; "
            "give a model's directory"
        )
    if path.is_file():
        raise SfumatoError(f"{said}: is a file; give the directory that holds {CONFIG} and {WEIGHTS}, or {INDEX}")
    if path.exists() or path.is_symlink():
        raise SfumatoError(
            f"{said}: is neither a directory nor a file, or a link that leads nowhere; give the directory of a model"
        )
    if not is_hub_id(str(name)):
        raise SfumatoError(
            f"{said}: no such directory; give the one that 'sfumato train' made, a pre-trained model's folder or file, "
            "or a Hub repository (owner/name)"
        )
    return _from_hub(str(name), revision)


def is_model(names: Container[str]) -> bool:
    """Whether files of these names in one directory are a model, whole or adapted."""
    return CONFIG in names and (WEIGHTS in names or ADAPTER in names)


def digest_in(directory: Path) -> str:
    """SHA-256, hexadecimal, by which recipes name the model in a directory: of its weights, or of adapter and base.
    Raises SfumatoError where it is none, or cannot be read."""
    adapted = read_adapter_config(directory / CONFIG)
    weights = directory / (WEIGHTS if adapted is None else ADAPTER)
    try:
        own = digest(weights)
    except OSError as error:
        raise SfumatoError(f"{weights}: cannot be read ({disk_fault(error)}); get the model again") from error
    return own if adapted is None else adapted.weights_digest(own)


def _is_zip(path: Path) -> bool:
    # torch's pickles are zips too.
    ending = path.suffix.lower()
    return ending == ".zip" or (ending not in PICKLES and zipfile.is_zipfile(path))


def _in_directory(path: Path, name: str) -> Path:
    for directory in (path / "model", path):
        if is_model({name for name in (CONFIG, WEIGHTS, ADAPTER) if (directory / name).is_file()}):
            return directory
    if (path / "checkpoints").is_dir() or (path / "run.json").is_file():
        raise SfumatoError(f"{name}: is a run without a model yet; go on with 'sfumato train --resume -o {name}'")
    missing = WEIGHTS if (path / CONFIG).is_file() else CONFIG
    raise SfumatoError(
        f"{name}: holds no {missing}, so it is not a model; give a directory that 'sfumato train' made, or the folder "
        f"of a pre-trained model, with its {INDEX}"
    )


def _from_hub(name: str, revision: str | None) -> Path:
    from huggingface_hub import snapshot_download

    try:
        directory = snapshot_download(name, revision=revision, allow_patterns=[*MODEL_FILES])
    except Exception as error:  # which ones the client raises differs between its versions
        raise SfumatoError(
            f"{name}: no such directory here, and not to be had from the Hub: {hub_reason(error)}"
        ) from error
    return _in_directory(Path(directory), name)


_MOST_DIRECTORY_BYTES = 64 << 20  # of the zip's list of its members
_END, _END_BYTES, _LONGEST_COMMENT = b"PK\x05\x06", 22, 65_535
_BROKEN = (zipfile.BadZipFile, zlib.error, lzma.LZMAError, EOFError, OSError, RuntimeError, NotImplementedError)


@dataclass(frozen=True)
class ZippedModel:
    """path: of the zip; folder: in it, '' or such as 'run/model'; members: its files by name, and what the zip calls
    each."""

    path: Path
    folder: str
    members: dict[str, str]

    def config(self) -> ModelConfig:
        """Raises SfumatoError where it cannot be read, or is not a model's."""
        return described_in(self._description(), f"{self}: {CONFIG}")

    def digest(self) -> str:
        """What `digest_in` says of it. Raises SfumatoError where the weights are larger than the configuration says,
        or cannot be read."""
        adapted = adapter_config_of(self._description(), f"{self}: {CONFIG}")
        with self._opened(WEIGHTS if adapted is None else ADAPTER, most_weights_bytes(self.config())) as file:
            own = hashlib.file_digest(file, "sha256").hexdigest()  # type: ignore[arg-type]
        return own if adapted is None else adapted.weights_digest(own)

    def _description(self) -> bytes:
        with self._opened(CONFIG, MOST_CONFIG_BYTES) as file:
            return file.read()

    @contextmanager
    def unpacked(self) -> Iterator[Path]:
        """A directory with the model, which goes away with the block. Raises SfumatoError as `digest` does."""
        weights = most_weights_bytes(self.config())
        most = {
            WEIGHTS: weights,
            ADAPTER: weights,
            LIKENESS: MOST_INDEX_BYTES,
            CONFIG: MOST_CONFIG_BYTES,
            CARD: MOST_CONFIG_BYTES,
            RECORD: MOST_RECORD_BYTES,
        }
        with tempfile.TemporaryDirectory(prefix="sfumato-") as place:
            directory = Path(place)
            for name in self.members:
                self._unpack(name, most[name], directory / name)
            try:
                yield directory
            except SfumatoError as error:  # a person knows the zip, and not the place where it lay for a moment
                raise SfumatoError(str(error).replace(str(directory), str(self))) from error

    def _unpack(self, name: str, most: int, place: Path) -> None:
        with place.open("wb") as copy, self._opened(name, most) as file:
            while block := file.read(1 << 20):
                try:
                    copy.write(block)
                except OSError as error:
                    raise SfumatoError(
                        f"{self}: cannot be unpacked into {tempfile.gettempdir()} ({disk_fault(error)}); make room"
                    ) from error

    def __str__(self) -> str:
        return f"{self.path}{'/' if self.folder else ''}{self.folder}"

    @contextmanager
    def _opened(self, name: str, most: int) -> Iterator[IO[bytes]]:
        try:
            with zipfile.ZipFile(self.path) as archive:
                member = archive.getinfo(self.members[name])
                if member.file_size > most:
                    raise SfumatoError(
                        f"{self}: {name} would unpack to {member.file_size / 1e6:,.0f} MB, and such a model's has "
                        f"{most / 1e6:,.0f} MB at most; get the zip again"
                    )
                with archive.open(member) as file:
                    yield file
        except _BROKEN as error:
            raise SfumatoError(f"{self}: {name} cannot be read from the zip ({error}); get the zip again") from error


def model_in_zip(path: Path) -> ZippedModel:
    """The one model in a zip. Raises SfumatoError where there is none, or several, and for what is no zip."""
    models = models_in_zip(path)
    # As in a run: its own model is meant, and not the one that it learned from.
    owners = {str(PurePosixPath(model.folder).parent) for model in models if _is_runs_own(model)}
    meant = [
        model
        for model in models
        if _is_runs_own(model) or not owners & {model.folder or ".", str(PurePosixPath(model.folder).parent)}
    ]
    if not meant:
        raise SfumatoError(f"{path}: holds no model ({CONFIG} and {WEIGHTS} in one folder); give another zip")
    if len(meant) > 1:
        said = ", ".join(model.folder or "." for model in meant[:3]) + (" and more" if len(meant) > 3 else "")
        raise SfumatoError(f"{path}: holds {len(meant)} models ({said}); unpack it and give the directory of one")
    return meant[0]


def models_in_zip(path: Path) -> list[ZippedModel]:
    """All models in a zip, by their folders. Raises SfumatoError for one that is damaged, or made to do harm."""
    try:
        _check_directory(path)
        with zipfile.ZipFile(path) as archive:
            names = archive.namelist()
    except (*_BROKEN, ValueError) as error:
        said = getattr(error, "strerror", None) or error
        raise SfumatoError(f"{path}: is not a zip that can be read ({said}); give a model's directory") from error
    folders: dict[str, dict[str, str]] = {}
    for member in names:
        folder, _, name = member.replace("\\", "/").rpartition("/")
        if name in MODEL_FILES and not folder.startswith("__MACOSX"):
            folders.setdefault(folder, {})[name] = member
    return [ZippedModel(path, folder, members) for folder, members in sorted(folders.items()) if is_model(members)]


def _is_runs_own(model: ZippedModel) -> bool:
    return PurePosixPath(model.folder).name == "model"


def _check_directory(path: Path) -> None:
    """Raises OSError for a pipe, ValueError for a zip with so many members that listing them takes a machine."""
    with open_file(path) as file:
        length = file.seek(0, 2)
        file.seek(max(0, length - _END_BYTES - _LONGEST_COMMENT))
        tail = file.read()
    end = tail.rfind(_END)
    if end >= 0 and len(tail) >= end + _END_BYTES:
        (size,) = struct.unpack_from("<I", tail, end + 12)
        if size > _MOST_DIRECTORY_BYTES:
            raise ValueError("it has far too many members")
