"""The weights of a model, read from its directory: all of them, or an adapter and those of its base."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from torch import Tensor

from sfumato.diffusion.denoiser import has_upscalers, upscaler_prefix
from sfumato.disk import read_file
from sfumato.models.adaptation import Adaptation, read_adaptation
from sfumato.models.adapted import AdapterConfig, read_adapter_config
from sfumato.models.bases import REMEDY, opened_base
from sfumato.models.configuration import ModelConfig, most_weights_bytes, read_config
from sfumato.models.place import CONFIG, WEIGHTS, digest_in
from sfumato.networks import network_shapes
from sfumato.weights import check_fit, digest, opened_weights, split_early

_MOST_CARD_BYTES = 1 << 20


@dataclass(frozen=True, eq=False)
class Weights:
    """config: of the model that they belong to; tensors: of its network; early: the same from early in the training, or
    nothing; digest: by which recipes name the model; adaptation: of an adapted model, whose tensors are those of its
    base with the adapter's added."""

    config: ModelConfig
    tensors: dict[str, Tensor]
    early: dict[str, Tensor]
    digest: str
    adaptation: Adaptation | None = None


def read_weights(
    directory: Path, base: str | Path | None = None, beside: Sequence[Path] = (), remedy: str = REMEDY
) -> Weights:
    """base, beside, remedy: of an adapted model, as `opened_base` has them. Raises SfumatoError where files are missing
    or damaged, where weights and configuration do not belong together, and where the base is not found."""
    adapted = read_adapter_config(directory / CONFIG)
    return _whole(directory) if adapted is None else _adapted(directory, adapted, base, beside, remedy)


def _whole(directory: Path) -> Weights:
    config, weights = read_config(directory / CONFIG), directory / WEIGHTS
    with opened_weights(weights, most_weights_bytes(config)) as file:
        _check(config, file.shapes(), weights)
        tensors, early = split_early(file.tensors())
    return Weights(config, tensors, early, digest(weights))


def _adapted(
    directory: Path, adapted: AdapterConfig, given: str | Path | None, beside: Sequence[Path], remedy: str
) -> Weights:
    with opened_base(adapted.base, directory, given, beside, remedy) as found:
        base = read_weights(found.directory, beside=(directory, *beside), remedy=remedy)
    adaptation = read_adaptation(directory, adapted, base.config, found.path)
    tensors, early = adaptation.merged(base.tensors), adaptation.early_merged(base.tensors)
    return Weights(adapted.model, tensors, early, digest_in(directory), adaptation)


def _check(config: ModelConfig, shapes: Mapping[str, Sequence[int]], origin: Path) -> None:
    """Raises SfumatoError where the weights, early ones with them, are not those of the configuration."""
    own, early = split_early(shapes)
    check_fit(weights_shapes(config), own, origin)
    if early:
        kept = config if has_upscalers(early) else config.base
        check_fit(weights_shapes(kept), early, f"{origin}: the early weights")


def weights_shapes(config: ModelConfig) -> dict[str, Sequence[int]]:
    """The names and shapes of a model's weights, those of its upscalers with a prefix."""
    parts = {"": config} | {upscaler_prefix(place): each for place, each in enumerate(config.upscalers)}
    return {
        prefix + name: shape
        for prefix, part in parts.items()
        for name, shape in network_shapes(**part.network_arguments()).items()
    }


def read_card(path: Path) -> str:
    try:
        return read_file(path, _MOST_CARD_BYTES).decode("utf-8", errors="replace")
    except OSError:  # a model is one without its card too
        return ""
