"""Pictures to what is denoised, and back: the pixels themselves, or a VAE's latents."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Callable, Mapping
from typing import Annotated, Any, Literal

import torch.nn.functional as F
from pydantic import BaseModel, BeforeValidator, ConfigDict, SerializeAsAny
from torch import Tensor

from sfumato.errors import SfumatoError

PICTURE_CHANNELS = 3


class Codec(BaseModel, ABC):
    """Pictures [N, 3, H, W] in -1..1 <-> latents [N, channels, H / factor, W / factor], of about unit scale.

    A subclass with a ``kind`` of its own can be named in a model's configuration, and is all that another form of
    denoising needs. Weights, such as a VAE's, belong into a private attribute.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    kind: str

    @property
    @abstractmethod
    def channels(self) -> int:
        """Of the latents."""

    @property
    @abstractmethod
    def factor(self) -> int:
        """Pixels along the side of one cell of the latents."""

    @abstractmethod
    def encode(self, pictures: Tensor) -> Tensor:
        """[N, 3, H, W] in -1..1 -> [N, channels, H / factor, W / factor]."""

    @abstractmethod
    def decode(self, latents: Tensor) -> Tensor:
        """[N, channels, h, w] -> [N, 3, h * factor, w * factor] in about -1..1."""

    def edit(self, latents: Tensor, change: Callable[[Tensor], Tensor]) -> Tensor:
        """Latents, changed as their pictures are changed; what decoding and encoding lose stays as it was.

        change: pictures [N, 3, H, W] -> [N, 3, H, W].
        """
        pictures = self.decode(latents)
        return latents + (self.encode(change(pictures)) - self.encode(pictures))

    def on_torus(self) -> Codec:
        """The same for pictures that repeat without a seam: beyond an edge it sees what lies at the opposite one. It is
        the codec itself where a cell's pixels depend on no other cell."""
        return self

    def muted(self, change: Tensor, chroma: float) -> Tensor:
        """A change of latents with its effect on colour multiplied by ``chroma``, 0..1: all of the change as it is,
        unless light and colour can be told apart in the latents."""
        return change

    def covered(self, mask: Tensor) -> Tensor:
        """[N, 1, H, W] in 0..1 -> [N, 1, H / factor, W / factor]: the maximum over each cell's pixels, so that a cell
        of 0 holds nothing that the mask covers."""
        return F.max_pool2d(mask, self.factor)

    def shape(self, height: int, width: int) -> tuple[int, int, int]:
        """Of the latents of one picture of that size in pixels. Raises SfumatoError where it is not whole cells."""
        if height % self.factor or width % self.factor:
            raise SfumatoError(
                f"{width} x {height} pixels: this model works on cells of {self.factor} x {self.factor} pixels; "
                f"give sides that are multiples of {self.factor}"
            )
        return self.channels, height // self.factor, width // self.factor


class PixelCodec(Codec):
    """The identity: pictures are denoised as they are."""

    kind: Literal["pixels"] = "pixels"

    @property
    def channels(self) -> int:
        return PICTURE_CHANNELS

    @property
    def factor(self) -> int:
        return 1

    def encode(self, pictures: Tensor) -> Tensor:
        return pictures

    def decode(self, latents: Tensor) -> Tensor:
        return latents

    def edit(self, latents: Tensor, change: Callable[[Tensor], Tensor]) -> Tensor:
        return change(latents)

    def muted(self, change: Tensor, chroma: float) -> Tensor:
        return change.mean(1, keepdim=True).lerp(change, chroma)

    def covered(self, mask: Tensor) -> Tensor:
        return mask


PIXELS = PixelCodec()


def _of_its_kind(value: Any) -> Codec:
    """The codec that a configuration's data describe."""
    if isinstance(value, Codec):
        return value
    kinds = {str(codec.model_fields["kind"].default): codec for codec in Codec.__subclasses__()}
    kind = str(value.get("kind")) if isinstance(value, Mapping) else "none"
    if kind not in kinds:
        raise ValueError(f"there is no codec of kind {kind}; there is {' and '.join(kinds)}")
    return kinds[kind].model_validate(value)


AnyCodec = Annotated[SerializeAsAny[Codec], BeforeValidator(_of_its_kind)]
"""A field of a configuration that holds a codec of any kind."""
