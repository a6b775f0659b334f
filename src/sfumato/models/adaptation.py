"""What a model has that was adapted: its adapter, and the base that it was learned on."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final

from safetensors.torch import save
from torch import Tensor

from sfumato.errors import SfumatoError
from sfumato.models.adapted import AdapterConfig, BaseReference, read_adapter_config
from sfumato.models.configuration import ModelConfig, most_weights_bytes
from sfumato.models.place import ADAPTER, CONFIG
from sfumato.networks import network_shapes
from sfumato.networks.adapters import adapter_shapes, layers_of, merged
from sfumato.text import encoded
from sfumato.weights import check_fit, digest, opened_weights, split_early, with_early

# What an adapted model has of its own; all else is its base's.
_OWN: Final = {"name", "classes", "class_shares", "objective", "has_early", "generation", "critic", "empty_below"} | {
    "descends_from",
    "learned_from",
    "sfumato_version",
}


@dataclass(frozen=True, eq=False)
class Adaptation:
    """base: the model that was adapted; weights: the adapter, as the state dict of `networks.adapters.adapted` has it;
    rank, alpha: see `AdapterConfig`; early: the adapter from early in the training, for autoguidance, or nothing; path:
    where the base lies on this disk, None where it does not."""

    base: BaseReference
    weights: Mapping[str, Tensor]
    rank: int
    alpha: float
    early: Mapping[str, Tensor] = field(default_factory=dict)
    path: Path | None = None

    def merged(self, base: Mapping[str, Tensor]) -> dict[str, Tensor]:
        """The state dict of the adapted network, by that of the base's."""
        return merged(base, self.weights, self.alpha / self.rank)

    def early_merged(self, base: Mapping[str, Tensor]) -> dict[str, Tensor]:
        """The same early in the training; nothing where no early adapter was kept."""
        return merged(base, self.early, self.alpha / self.rank) if self.early else {}

    def write(self, directory: Path, config: ModelConfig) -> str:
        """Write config.json and adapter.safetensors of what the configuration describes. Returns the digest by which
        recipes name it."""
        base = self.base if self.path is None else self.base.seen_from(directory, self.path)
        described = AdapterConfig(
            base=base, rank=self.rank, alpha=self.alpha, targets=layers_of(self.weights), model=config
        )
        (directory / CONFIG).write_bytes(written_config(described))
        tensors = with_early(self.weights, self.early)
        (directory / ADAPTER).write_bytes(save(tensors, metadata={"format": "pt"}))
        return described.weights_digest(digest(directory / ADAPTER))


def read_adaptation(directory: Path, adapted: AdapterConfig, base: ModelConfig, path: Path | None) -> Adaptation:
    """The adapter in a directory. adapted: its config.json; base: what its base is; path: where that lies on this disk.

    Raises SfumatoError where the adapter is damaged, and where adapter, configuration and base do not belong together.
    """
    file = directory / ADAPTER
    _check_is_of(adapted.model, base, directory / CONFIG)
    shapes = network_shapes(**base.network_arguments())
    new_classes = len(adapted.model.classes) - len(base.classes)
    wanted = adapter_shapes(shapes, adapted.rank, adapted.targets, new_classes)
    with opened_weights(file, most_weights_bytes(adapted.model)) as opened:
        weights, early = split_early(opened.shapes())
        check_fit(wanted, weights, file)
        if early:
            check_fit(wanted, early, f"{file}: the early weights")
        own, own_early = split_early(opened.tensors())
    return Adaptation(adapted.base, own, adapted.rank, adapted.alpha, own_early, path)


def copied_file(file: Path, directory: Path) -> bytes:
    """A file of a model as it stands in another directory, where the way to the base of an adapted model is another."""
    adapted = read_adapter_config(file) if file.name == CONFIG else None
    if adapted is None or not adapted.base.is_local:
        return file.read_bytes()
    base = adapted.base.seen_from(directory, adapted.base.path_from(file.parent))
    return written_config(adapted.model_copy(update={"base": base}))


def forget_place(directory: Path) -> None:
    """Take the place of the base on this disk out of an adapted model's config.json: it says nothing to others."""
    described = AdapterConfig.model_validate_json((directory / CONFIG).read_bytes())
    if described.base.is_local:
        base = described.base.model_copy(update={"place": ""})
        (directory / CONFIG).write_bytes(written_config(described.model_copy(update={"base": base})))


def written_config(config: AdapterConfig) -> bytes:
    """An adapted model's config.json."""
    return encoded(config.model_dump_json(indent=2) + "\n")


def _check_is_of(config: ModelConfig, base: ModelConfig, origin: Path) -> None:
    """Raises SfumatoError where a base cannot have become what the configuration describes."""
    if config.classes[: len(base.classes)] != base.classes:
        raise SfumatoError(f"{origin}: its first classes are not those of its base; the two do not belong together")
    theirs, ours = base.model_dump(exclude=_OWN), config.model_dump(exclude=_OWN)
    for name in theirs:
        if ours[name] != theirs[name]:
            raise SfumatoError(f"{origin}: its {name} is not that of its base; the two do not belong together")
