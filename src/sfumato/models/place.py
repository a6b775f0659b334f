"""Where a model lies: a directory, a run that holds one, a zip of either, or a repository on the Hub."""

from __future__ import annotations

import re
from pathlib import Path

from sfumato.errors import SfumatoError

CONFIG, WEIGHTS, CARD = "config.json", "model.safetensors", "README.md"
_HUB_ID = re.compile(r"[A-Za-z0-9_][\w.-]*/[A-Za-z0-9_][\w.-]*", re.ASCII)
PICKLES = {".pt", ".pth", ".ckpt", ".bin", ".pkl", ".pickle"}


def local_path(name: str | Path) -> Path:
    """A path that a person typed, from their home where it begins with '~'. Raises SfumatoError for what is no path."""
    try:
        path = Path(name).expanduser()
        path.lstat()
    except (FileNotFoundError, NotADirectoryError):
        return path
    except RuntimeError as error:  # '~nobody/run'
        raise SfumatoError(f"{name}: there is no such user here, and no home; write the path in full") from error
    except ValueError as error:
        raise SfumatoError(f"{str(name)!r}: is no path ({error}); give another") from error
    except OSError as error:
        raise SfumatoError(f"{_shortened(str(name))}: is no place that can be read ({error.strerror})") from error
    return path


def locate_model(name: str | Path, revision: str | None = None) -> Path:
    """The directory of a model, downloaded first if it is on the Hub.

    name: a model's directory, a run's, or 'owner/name'. Raises SfumatoError where there is no model.
    """
    path, said = local_path(name), _shortened(str(name))
    if path.is_dir():
        return _in_directory(path, str(path))
    if path.suffix.lower() in PICKLES:
        raise SfumatoError(
            f"{said}: a pickle can run any program when it is opened, so sfumato reads safetensors only; "
            "give a model's directory"
        )
    if path.is_file():
        raise SfumatoError(f"{said}: is a file; give the directory that holds {CONFIG} and {WEIGHTS}")
    if path.exists() or path.is_symlink():
        raise SfumatoError(
            f"{said}: is neither a directory nor a file, or a link that leads nowhere; give the directory of a model"
        )
    if not _HUB_ID.fullmatch(str(name)):
        raise SfumatoError(
            f"{said}: no such directory; give the one that 'sfumato train' made, or a Hub repository (owner/name)"
        )
    return _from_hub(str(name), revision)


def _shortened(name: str) -> str:
    return name if len(name) <= 300 else f"{name[:300]}..."


def _in_directory(path: Path, name: str) -> Path:
    for directory in (path / "model", path):
        if (directory / CONFIG).is_file() and (directory / WEIGHTS).is_file():
            return directory
    if (path / "checkpoints").is_dir() or (path / "run.json").is_file():
        raise SfumatoError(f"{name}: is a run without a model yet; go on with 'sfumato train --resume -o {name}'")
    missing = WEIGHTS if (path / CONFIG).is_file() else CONFIG
    raise SfumatoError(f"{name}: holds no {missing}, so it is no model; give a directory that 'sfumato train' made")


def _from_hub(name: str, revision: str | None) -> Path:
    from huggingface_hub import snapshot_download

    try:
        directory = snapshot_download(name, revision=revision, allow_patterns=[CONFIG, WEIGHTS, CARD])
    except Exception as error:  # which ones the client raises differs between its versions
        raise SfumatoError(
            f"{name}: no such directory here, and not to be had from the Hub: {hub_reason(error)}"
        ) from error
    return _in_directory(Path(directory), name)


def hub_reason(error: Exception) -> str:
    """Why the Hub's client failed, in a few words."""
    from huggingface_hub import errors

    if isinstance(error, errors.GatedRepoError):
        return "its owner must first grant access, on the repository's page"
    if isinstance(error, errors.RepositoryNotFoundError):
        return "it has no such repository, or a private one that your login does not open"
    if isinstance(error, errors.RevisionNotFoundError):
        return "the repository has no such revision"
    # The client has changed its HTTP library before; all of them have one of these two above their errors of transport.
    kinds = {kind.__name__ for kind in type(error).__mro__}
    if isinstance(error, errors.LocalEntryNotFoundError) or kinds & {"TransportError", "ConnectionError"}:
        return "it cannot be reached from here"
    return str(error).strip().partition("\n")[0].rstrip(".") or type(error).__name__
