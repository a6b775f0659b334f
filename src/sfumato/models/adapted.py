"""The config.json of an adapted model, beside which adapter.safetensors holds what was learned; the base stays as it
is, wherever that was.

    adapted/config.json           this: the base, the adapter's size, and what the adapted model is
            adapter.safetensors   what was learned
            README.md, record.json, likeness.safetensors   as of every model

The base is a model of ours or a pre-trained pipeline: a directory, one file, or a repository on the Hub.
"""

from __future__ import annotations

import hashlib
import json
import os
from pathlib import Path
from typing import Annotated, Final, Literal

from pydantic import Field, ValidationError, model_validator

from sfumato.disk import read_named_file
from sfumato.errors import SfumatoError, faults_of
from sfumato.models.configuration import MOST_CONFIG_BYTES, ModelConfig, config_of
from sfumato.pretrained import codec as codec  # whose kind stands in the configuration of an adapted pipeline
from sfumato.text import restored_path, stored_path
from sfumato.works.values import Digest, Plain

FORMAT: Final = "sfumato-adapter-1"
MOST_RANK: Final = 1024
MOST_FILES: Final = 1000  # of a base's weights

Text = Annotated[str, Field(max_length=10_000)]
Rank = Annotated[int, Field(ge=1, le=MOST_RANK, description="the rank of the matrices that are learned")]
Alpha = Annotated[float, Field(gt=0, le=10_000, description="what is learned counts alpha / rank times")]
Targets = Annotated[
    tuple[Annotated[str, Field(min_length=1, max_length=200)], ...],
    Field(max_length=1000, description="the layers that are adapted, by the last part of their names"),
]


class BaseReference(Plain):
    """The model that an adapter was learned on.

    kind: a model of ours, or a pipeline of diffusers; name: for people; digest: by which recipes name it,
    ``Model.weights_digest``; files: SHA-256 of each file of its weights, by its name relative to the base's directory,
    with forward slashes; of a single file, by that file's name; revision: the commit, of a base from the Hub; licence:
    what its own card states, '' where it states none.

    place: where it was: a repository on the Hub ('owner/name'); a directory or a file as `stored_path` has it, absolute
    or, with './' or '../' first, relative to the adapter's directory; '' where that is not said, as on the Hub.
    """

    kind: Literal["sfumato", "diffusers"] = "sfumato"
    name: Annotated[str, Field(min_length=1, max_length=10_000)]
    digest: Digest
    files: dict[Text, Digest] = Field({}, max_length=MOST_FILES)
    place: Text = ""
    revision: Text = ""
    licence: Text = ""

    @property
    def is_local(self) -> bool:
        """Whether its place is one on a disk."""
        return self.place.startswith(("./", "../", "/", "file:///")) or Path(self.place).is_absolute()

    def path_from(self, directory: Path) -> Path:
        """Where a base on a disk lies, for an adapter in that directory."""
        return Path(os.path.normpath(directory / restored_path(self.place)))

    def seen_from(self, directory: Path, path: Path) -> BaseReference:
        """The same with its place as it stands in the config.json of an adapter in that directory.

        Relative, so that a folder with both can be moved, and tells little of whose disk it lay on.
        """
        try:
            relative = Path(os.path.relpath(path.resolve(), directory.resolve())).as_posix()
        except ValueError:  # on another drive
            relative = str(path.resolve())
        if not relative.startswith(("../", "/")) and not Path(relative).is_absolute():
            relative = f"./{relative}"
        return self.model_copy(update={"place": _stored(relative, path)})


class AdapterConfig(Plain):
    """config.json of an adapted model. base: see `BaseReference`; rank, alpha: of the adapter (LoRA, Hu et al. 2021,
    arXiv:2106.09685): weights are W + alpha / rank B A; targets: the layers that it adapts, by the last part of their
    names; model: what base and adapter are together, its classes and own settings of generation with it."""

    format: Literal["sfumato-adapter-1"] = FORMAT
    base: BaseReference
    rank: Rank
    alpha: Alpha
    targets: Targets = ()
    model: ModelConfig

    @model_validator(mode="after")
    def _it_descends_from_its_base(self) -> AdapterConfig:
        if self.model.descends_from[:1] != (self.base.digest,):
            raise ValueError("the model that it describes does not descend from its base")
        return self

    def weights_digest(self, adapter: str) -> str:
        """SHA-256, hexadecimal: what a recipe names the adapted model by. It covers base and adapter, and what the
        weights depend on besides. adapter: SHA-256 of adapter.safetensors."""
        covered = [FORMAT, self.base.digest, adapter, self.rank, self.alpha]
        return hashlib.sha256(json.dumps(covered).encode()).hexdigest()


def read_adapter_config(path: Path) -> AdapterConfig | None:
    """The config.json of an adapted model; None where it is that of a whole one. Raises SfumatoError where it is
    missing, damaged, or another program's."""
    return adapter_config_of(read_named_file(path, MOST_CONFIG_BYTES), path)


def adapter_config_of(data: bytes, origin: Path | str) -> AdapterConfig | None:
    """The same from its bytes. origin: what they come from, for the error."""
    try:
        described = json.loads(data)
    except (ValueError, RecursionError):
        return None  # which `config_of` says of it
    if not isinstance(described, dict) or not str(described.get("format")).startswith("sfumato-adapter-"):
        return None
    try:
        return AdapterConfig.model_validate_json(data)
    except ValidationError as error:
        fault = faults_of(error)[0]
        raise SfumatoError(
            f"{origin}: {fault.name or 'the file'}: {fault.said}; "
            "it is not that of a model that sfumato adapted, or that of a newer sfumato, or was changed"
        ) from error


def described_in(data: bytes, origin: Path | str) -> ModelConfig:
    """What a model is, by the bytes of its config.json, whether it is a whole model or an adapted one. Raises
    SfumatoError as `config_of` does."""
    adapted = adapter_config_of(data, origin)
    return config_of(data, origin) if adapted is None else adapted.model


def _stored(relative: str, path: Path) -> str:
    """A relative path that is no Unicode stands as the absolute one, as a URI."""
    try:
        relative.encode()
    except UnicodeEncodeError:
        return stored_path(path.resolve())
    return relative
