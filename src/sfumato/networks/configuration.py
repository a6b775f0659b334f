"""What a network is made of, as data: the same in a model's config.json, a run's and a TOML file."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Annotated, ClassVar, Literal, Self

from pydantic import BaseModel, ConfigDict, Field, PositiveInt, model_validator
from torch import nn

from sfumato.networks.adversarial import Generator
from sfumato.networks.article import ArticleAutoencoder, ArticleDenoiser, OutputRange
from sfumato.networks.transformer import Transformer
from sfumato.networks.unet import UNet


class _Tokens(BaseModel):
    """width: numbers a token; depth: transformer blocks; heads: of attention, a divisor of the width."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    width: PositiveInt = 192
    depth: PositiveInt = 4
    heads: PositiveInt = 3

    @model_validator(mode="after")
    def _heads_divide_the_width(self) -> Self:
        if self.width % self.heads:
            raise ValueError(f"width {self.width} is no multiple of heads {self.heads}")
        return self


class TransformerConfig(_Tokens):
    """patch: pixels a token's side."""

    kind: Literal["transformer"] = "transformer"
    patch: PositiveInt = 4
    depth: PositiveInt = 6

    @property
    def coarsest(self) -> int:
        """Pixels: a picture's side must be a multiple of it."""
        return self.patch


class UNetConfig(_Tokens):
    """patch: pixels the finest level's cell; channels: a level's, finest first; blocks: a level's on either side;
    the transformer works below them, at half the last level's side."""

    kind: Literal["unet"] = "unet"
    patch: PositiveInt = 1
    channels: tuple[PositiveInt, ...] = Field(default=(32, 64), min_length=1)
    blocks: PositiveInt = 1

    @property
    def coarsest(self) -> int:
        """Pixels: a picture's side must be a multiple of it."""
        return int(self.patch * 2 ** len(self.channels))


class ArticleConfig(BaseModel):
    """The article's autoencoder. output: how its sigmoid is read, see ArticleAutoencoder."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    kind: Literal["article"] = "article"
    output: OutputRange = "listing"
    coarsest: ClassVar[int] = 8


class ArticleDenoiserConfig(BaseModel):
    """The article's layers as a denoiser. width: numbers that tell noise level and class."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    kind: Literal["article_denoiser"] = "article_denoiser"
    width: PositiveInt = 128
    coarsest: ClassVar[int] = 8


class GeneratorConfig(BaseModel):
    """A GAN's generator. latent: numbers of noise; width: channels of the finest level, of its opponent too."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    kind: Literal["generator"] = "generator"
    latent: Annotated[int, Field(ge=1, le=3 * 8 * 8)] = 100
    width: PositiveInt = 64
    coarsest: ClassVar[int] = 8


AnyNetworkConfig = TransformerConfig | UNetConfig | ArticleConfig | ArticleDenoiserConfig | GeneratorConfig
NetworkConfig = Annotated[AnyNetworkConfig, Field(discriminator="kind")]

_NETWORKS: Mapping[str, Callable[..., nn.Module]] = {
    "transformer": Transformer,
    "unet": UNet,
    "article": ArticleAutoencoder,
    "article_denoiser": ArticleDenoiser,
    "generator": Generator,
}


def build_network(config: AnyNetworkConfig, size: int, classes: int, *, reference: bool = False) -> nn.Module:
    """The network for pictures of ``size`` pixels a side and ``classes`` classes, freshly initialised from torch's own
    random state.

    reference: its condition is a picture in place of a class, which a U-Net alone can see. Raises ValueError where
    another is to, and where ``size`` is no multiple of the network's coarsest cell.
    """
    if size % config.coarsest:
        raise ValueError(
            f"a {config.kind} with cells of {config.coarsest} pixels cannot make pictures of {size} pixels"
        )
    made = config.model_dump(exclude={"kind"})
    if not reference:
        return _NETWORKS[config.kind](size, classes, **made)
    if config.kind != "unet":
        raise ValueError(f"a network of kind {config.kind} cannot see a picture beside the noisy one; take a unet")
    return UNet(size, 0, reference=True, **made)
