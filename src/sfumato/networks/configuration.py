"""What a network is made of, as data: the same in a model's config.json, a run's and a TOML file."""

from __future__ import annotations

from typing import Annotated, Literal, Self, TypeVar

from pydantic import BaseModel, ConfigDict, Field, PositiveInt, model_validator
from torch import nn

from sfumato.networks.transformer import Transformer
from sfumato.networks.unet import UNet


AnyConfig = TypeVar("AnyConfig", "TransformerConfig", "UNetConfig")


class TransformerConfig(BaseModel):
    """patch: pixels a token's side; width: numbers a token; depth: blocks."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    kind: Literal["transformer"] = "transformer"
    patch: PositiveInt = 4
    width: PositiveInt = 192
    depth: PositiveInt = 6
    heads: PositiveInt = 3

    @model_validator(mode="after")
    def _divides(self) -> Self:
        return _checked(self)

    @property
    def coarsest(self) -> int:
        """Pixels a token's side: a picture's side must be a multiple of it."""
        return self.patch

    def build(self, size: int, classes: int) -> nn.Module:
        return Transformer(
            size, classes, patch=self.patch, width=self.width, depth=self.depth, heads=self.heads
        )


class UNetConfig(BaseModel):
    """patch: pixels the finest level's cell; channels: a level's, finest first; blocks: a level's on either side;
    width, depth, heads: the transformer's at the coarsest level, which is half as fine as the last of ``channels``."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    kind: Literal["unet"] = "unet"
    patch: PositiveInt = 2
    channels: tuple[PositiveInt, ...] = Field((64,), min_length=1)
    blocks: PositiveInt = 2
    width: PositiveInt = 192
    depth: PositiveInt = 4
    heads: PositiveInt = 3

    @model_validator(mode="after")
    def _divides(self) -> Self:
        return _checked(self)

    @property
    def coarsest(self) -> int:
        return self.patch * 2 ** len(self.channels)

    def build(self, size: int, classes: int) -> nn.Module:
        return UNet(
            size, classes, patch=self.patch, channels=self.channels, blocks=self.blocks,
            width=self.width, depth=self.depth, heads=self.heads,
        )


NetworkConfig = Annotated[TransformerConfig | UNetConfig, Field(discriminator="kind")]


def build_network(config: TransformerConfig | UNetConfig, size: int, classes: int) -> nn.Module:
    """The network for pictures of ``size`` pixels a side and ``classes`` classes, freshly initialised from torch's own
    random state. Raises ValueError where ``size`` is no multiple of the network's coarsest cell."""
    if size % config.coarsest:
        raise ValueError(f"a {config.kind} with cells of {config.coarsest} pixels cannot make pictures of {size} pixels")
    return config.build(size, classes)


def _checked(config: AnyConfig) -> AnyConfig:
    if config.width % config.heads:
        raise ValueError(f"width {config.width} is no multiple of heads {config.heads}")
    return config
