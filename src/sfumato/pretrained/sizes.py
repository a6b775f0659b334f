"""How large the components of a pipeline are, from their configurations alone: no weight is read.

Each component is built on torch's meta device, where tensors have shapes and no memory.
"""

from __future__ import annotations

import importlib
import json
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any, Final, Literal

import torch
from torch import nn

from sfumato.disk import read_named_file
from sfumato.errors import SfumatoError
from sfumato.pretrained.extra import quiet
from sfumato.pretrained.model_index import INDEX, MOST_INDEX_BYTES, Component, index_of

Role = Literal["network", "encoder", "codec", "other"]
Storage = Literal["float32", "bfloat16", "int8", "4-bit"]
"""What a component's weights are kept as."""

GB: Final = 1 << 30  # as memory is sold
_USUAL_SIDE: Final = 1024  # pixels, of most families
MOST_CONFIG_BYTES: Final = 1 << 20
# Of a number in a matrix of a linear layer, with what its scale adds: torchao keeps one for each row, bitsandbytes' nf4
# one in float32 for each 64 numbers (Dettmers et al. 2023, arXiv:2305.14314, section 3). All else stays in bfloat16.
_BYTES: Final[dict[Storage, float]] = {"float32": 4.0, "bfloat16": 2.0, "int8": 1.01, "4-bit": 0.5625}
_WHOLE_BYTES: Final[dict[Storage, int]] = {"float32": 4, "bfloat16": 2, "int8": 2, "4-bit": 2}


def role_of(name: str) -> Role:
    """What a part of a pipeline is for, by its name there."""
    if name in ("unet", "transformer"):
        return "network"
    if name == "vae":
        return "codec"
    return "encoder" if name.startswith("text_encoder") else "other"


@dataclass(frozen=True, eq=False)
class ComponentSize:
    """One part of a pipeline that has weights. module: it, on the meta device; name: in the pipeline ('unet')."""

    name: str
    module: nn.Module

    @property
    def role(self) -> Role:
        return role_of(self.name)

    @cached_property
    def parameters(self) -> int:
        """Numbers in all of it, each shared one once."""
        return sum(parameter.numel() for parameter in self.module.parameters())

    @cached_property
    def linear(self) -> int:
        """Numbers in the matrices of its linear layers, which int8 and 4-bit make smaller."""
        weights = {id(each.weight): each.weight for each in self.module.modules() if isinstance(each, nn.Linear)}
        return sum(weight.numel() for weight in weights.values())

    @cached_property
    def largest(self) -> int:
        """Numbers in the largest of its layers that are not made of others."""
        leaves = (each for each in self.module.modules() if next(each.children(), None) is None)
        return max((sum(each.numel() for each in leaf.parameters()) for leaf in leaves), default=0)

    def bytes(self, storage: Storage) -> int:
        """What its weights take when they are kept so."""
        whole = self.parameters - self.linear
        return round(self.linear * _BYTES[storage] + whole * _WHOLE_BYTES[storage])


@dataclass(frozen=True, eq=False)
class Sizes:
    """name: of the model, for people; components: of its pipeline, those that have weights."""

    name: str
    components: tuple[ComponentSize, ...]

    @property
    def parameters(self) -> int:
        return sum(each.parameters for each in self.components)

    @property
    def network(self) -> ComponentSize:
        return next(each for each in self.components if each.role == "network")

    @property
    def codec(self) -> ComponentSize:
        return next(each for each in self.components if each.role == "codec")

    @property
    def factor(self) -> int:
        """Pixels along the side of a cell of the VAE's latents."""
        config: Any = self.codec.module.config
        halvings = config.temperal_downsample if "temperal_downsample" in config else config.block_out_channels[1:]
        return int(2 ** len(halvings))

    @property
    def side(self) -> int:
        """Pixels along the side of the pictures that it was made for, as its network's configuration has it, or else
        its VAE's."""
        cells, pixels = (getattr(each.module.config, "sample_size", None) for each in (self.network, self.codec))
        if isinstance(cells, int):
            return cells * self.factor
        return pixels if isinstance(pixels, int) else _USUAL_SIDE

    def cells(self, width: int, height: int) -> tuple[int, int]:
        """Rows and columns of the latents of a picture of that size in pixels."""
        return -(-height // self.factor), -(-width // self.factor)

    @property
    def encoders(self) -> tuple[ComponentSize, ...]:
        """Those that read a prompt."""
        return tuple(each for each in self.components if each.role == "encoder")

    def bytes(self, storage: Storage, *roles: Role) -> int:
        """Of all components, or of those in these roles."""
        return sum(each.bytes(storage) for each in self.components if not roles or each.role in roles)


def sizes_of(folder: Path, name: str = "") -> Sizes:
    """Sizes of a pipeline that diffusers saved, from its configurations; weights need not be there.

    name: of the model for people, by default the folder's. Raises SfumatoError where a configuration is missing, or
    describes something that diffusers and transformers do not know.
    """
    name = name or folder.name
    index = index_of(read_named_file(folder / INDEX, MOST_INDEX_BYTES), name)
    with quiet():
        components = tuple(_component(folder, part) for part in index.components if part.has_weights)
    roles = {each.role for each in components}
    if not {"network", "codec"} <= roles:
        missing = "network" if "network" not in roles else "VAE"
        raise SfumatoError(f"{name}: {INDEX} names no {missing}, so it makes no pictures; give another model")
    return Sizes(name, components)


def _component(folder: Path, part: Component) -> ComponentSize:
    path = folder / part.name / "config.json"
    kind = getattr(importlib.import_module(part.library), part.kind, None)
    if not (isinstance(kind, type) and issubclass(kind, nn.Module)):
        raise SfumatoError(f"{path}: is of a {part.kind}, which {part.library} does not have in the installed version")
    return ComponentSize(part.name, meta_module(kind, _read(path), str(path)))


def meta_module(kind: type[nn.Module], config: dict[str, Any], origin: str = "a configuration") -> nn.Module:
    """A module of diffusers or transformers of this configuration, on the meta device.

    origin: where the configuration stands, for the error. Raises SfumatoError for one that the class does not take.
    """
    try:
        with torch.device("meta"):
            if hasattr(kind, "from_config"):
                return kind.from_config(config)  # type: ignore[no-any-return]
            settings: Any = getattr(kind, "config_class")  # noqa: B009
            return kind(settings.from_dict(config))
    except (TypeError, ValueError, KeyError, AttributeError, RuntimeError, ZeroDivisionError) as error:
        raise SfumatoError(
            f"{origin}: no {kind.__name__} can be built of it ({error}); it is damaged or of another version: get the "
            "model again"
        ) from error


def _read(path: Path) -> dict[str, Any]:
    try:
        found = json.loads(read_named_file(path, MOST_CONFIG_BYTES))
    except (ValueError, RecursionError) as error:
        raise SfumatoError(f"{path}: is no JSON; it is damaged: get the model again") from error
    if not isinstance(found, dict):
        raise SfumatoError(f"{path}: is no JSON object; it is damaged: get the model again")
    return found
