"""The models that the studio has: those of its own runs, and those in folders that its owner named.

Read without torch from the files that lie beside the weights, so that a server can list them; a worker opens the one
with the same id.
"""

from __future__ import annotations

import hashlib
import json
import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import lru_cache
from pathlib import Path
from typing import Any, Final, Literal

from sfumato.disk import read_file, read_json
from sfumato.errors import SfumatoError
from sfumato.studio.entries import Entry
from sfumato.studio.model_folders import model_folder, model_folders
from sfumato.studio.place import Place

ModelKind = Literal["classes", "unconditional", "text", "upscaler", "autoencoder", "gan"]

CONFIG: Final = "config.json"
WEIGHTS: Final = ("model.safetensors", "adapter.safetensors")
PIPELINE: Final = "model_index.json"
_MOST_BYTES: Final = 16 << 20
_MOST_MODELS: Final = 1000
_MOST_HASHED: Final = 2 << 30  # bytes of weights, which take some seconds


class NoSuchModelError(SfumatoError):
    """There is no model of that id."""


@dataclass(frozen=True)
class StudioModel:
    """A model by its files. id: see `model_folders`; path: its directory; called: what people call the run that made
    it; config: what its config.json says, of an adapted model with its base; {} of a pipeline of diffusers; adapter:
    what that says of an adapted one, None of others; changed: in nanoseconds, of the file that describes it; run: the
    run that made it, None where none of the studio's did."""

    id: str
    path: Path
    called: str
    config: Mapping[str, Any]
    adapter: Mapping[str, Any] | None
    changed: int
    run: str | None = None

    @property
    def name(self) -> str:
        """For people."""
        return self.called or str(self.config.get("name") or self.path.name)

    @property
    def kind(self) -> ModelKind:
        if not self.config or self.network.get("kind") == "pretrained":
            return "text"
        if self.config.get("begins_with") == "reference":
            return "upscaler"
        if self.config.get("begins_with") == "picture":
            return "autoencoder"
        if self.config.get("preconditioning") == "direct":
            return "gan"
        return "classes" if self.classes else "unconditional"

    @property
    def network(self) -> Mapping[str, Any]:
        network = self.config.get("network")
        return network if isinstance(network, dict) else {}

    @property
    def classes(self) -> tuple[str, ...]:
        return tuple(map(str, self.config.get("classes") or ()))

    @property
    def shares(self) -> tuple[float, ...]:
        """How often each class was seen, in proportion."""
        return tuple(map(float, self.config.get("class_shares") or ()))

    @property
    def size(self) -> int:
        """Pixels a side, of works; 0 where only opening it would tell."""
        return int(self.config.get("size") or 0) * math.prod(
            int(each.get("factor") or 1) for each in self.config.get("upscalers") or () if isinstance(each, dict)
        )

    @property
    def base_size(self) -> int:
        """The same of the small works that its upscalers enlarge; ``size`` where it has none."""
        return int(self.config.get("size") or 0)

    @property
    def chooses(self) -> bool:
        """Whether it has a critic, which keeps the best of several works."""
        return self.config.get("critic") is not None

    @property
    def factor(self) -> int:
        """How many times it enlarges, 1 for all but upscalers."""
        return int(self.config.get("factor") or 1)

    @property
    def makes_works(self) -> bool:
        """Whether works come of noise, and of nothing else that would have to be given."""
        return self.kind in ("classes", "unconditional", "text", "gan")

    @property
    def samples_freely(self) -> bool:
        """Whether it takes any sampler with any settings: the others have settings of their own."""
        return not self.config or (self.config.get("answer", "mean") == "mean" and self.makes_works)

    @property
    def settings(self) -> Mapping[str, Any]:
        """Those of its own sampler, by their plain names."""
        settings = self.config.get("generation")
        return settings if isinstance(settings, dict) else {}

    @property
    def learned_from(self) -> list[Mapping[str, Any]]:
        """The collections that it learned from: digests, and how many pictures have which licence."""
        return [each for each in self.config.get("learned_from") or () if isinstance(each, dict)]

    @property
    def created_at(self) -> datetime:
        return datetime.fromtimestamp(self.changed / 1e9, UTC)

    @property
    def digest(self) -> str:
        """SHA-256 by which recipes name it; '' for one whose weights are too large to be read on the way, and for a
        pipeline of diffusers. Raises OSError where the weights cannot be read."""
        if not self.config or (self.network.get("kind") == "pretrained" and self.adapter is None):
            return ""
        weights = self.path / WEIGHTS[self.adapter is not None]
        found = weights.stat()
        if found.st_size > _MOST_HASHED:
            return ""
        own = _sha256(weights, found.st_mtime_ns, found.st_size)
        if self.adapter is None:
            return own
        covered = [self.adapter.get("format"), (self.adapter.get("base") or {}).get("digest"), own]
        covered += [self.adapter.get("rank"), self.adapter.get("alpha")]
        return hashlib.sha256(json.dumps(covered).encode()).hexdigest()


def models_of(place: Place, roots: Sequence[Path] = ()) -> list[StudioModel]:
    """All models, those of the studio's runs first, the newest of them before the others. What cannot be read is
    none."""
    found = (_opened(id, path, place) for id, path in model_folders(place, roots))
    return list({model.id: model for model in found if model is not None}.values())[:_MOST_MODELS]


def model_of(id: str, place: Place, roots: Sequence[Path] = ()) -> StudioModel:
    """Raises NoSuchModelError."""
    try:
        found = _opened(id, model_folder(place, id, roots), place)
    except SfumatoError as error:
        raise NoSuchModelError(str(error)) from error
    if found is None:
        raise NoSuchModelError(f"the model '{id}' cannot be read; it is damaged, or that of a newer sfumato")
    return found


def _opened(id: str, path: Path, place: Place) -> StudioModel | None:
    described = path / (PIPELINE if (path / PIPELINE).is_file() else CONFIG)
    try:
        changed = described.stat().st_mtime_ns
        said = _described(described, changed)
    except OSError:
        return None
    run = id if path.parent.parent == place.runs else None
    noted = None if run is None else Entry.read(path.parent)
    called = "" if noted is None else noted.name
    if described.name == PIPELINE:
        return StudioModel(id, path, called, {}, None, changed, run) if "_class_name" in said else None
    adapted = str(said.get("format")).startswith("sfumato-adapter-")
    config = said.get("model") if adapted else said
    if not isinstance(config, dict) or not str(config.get("format")).startswith("sfumato-model-"):
        return None
    return StudioModel(id, path, called, config, said if adapted else None, changed, run)


@lru_cache(maxsize=_MOST_MODELS)
def _described(path: Path, changed: int) -> Mapping[str, Any]:
    """A JSON object; {} for what is none. Raises OSError where it cannot be read."""
    try:
        said = read_json(path, _MOST_BYTES)
    except ValueError:
        return {}
    return said if isinstance(said, dict) else {}


@lru_cache(maxsize=_MOST_MODELS)
def _sha256(path: Path, changed: int, size: int) -> str:
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def card_of(model: StudioModel) -> str:
    """What its card says, without the metadata at its head; '' where it has none."""
    try:
        card = read_file(model.path / "README.md", _MOST_BYTES).decode("utf-8", "replace")
    except OSError:
        return ""
    head, end, body = card.removeprefix("---\n").partition("\n---\n")
    return body.lstrip() if end and card.startswith("---\n") and head else card
