"""The VAE of a pipeline as a codec: pictures to the latents that its network denoises, and back."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager, nullcontext
from typing import Any, Final, Literal, Self

import torch
import torch.nn.functional as F
from pydantic import PrivateAttr
from torch import Tensor, nn

from sfumato.diffusion.codec import Codec
from sfumato.errors import SfumatoError

BEYOND: Final = 8  # cells beyond an edge that are seen from it


class VaeCodec(Codec):
    """(z - mean) * gain of a VAE's latents z, in patches of ``patch`` x ``patch`` of its cells.

    Encoding takes the mean of the posterior, so that a picture always has the same latents. The weights belong to a
    pipeline (`VaeCodec.of`); a configuration holds only the shape.
    """

    kind: Literal["vae"] = "vae"
    latent_channels: int
    cell: int
    patch: int = 1

    _vae: Any = PrivateAttr(default=None)
    _mean: Tensor = PrivateAttr()
    _gain: Tensor = PrivateAttr()
    _wraps: bool = PrivateAttr(default=False)

    @classmethod
    def of(cls, vae: Any, patch: int) -> Self:
        """The codec of a VAE of diffusers. patch: cells of it along the side of one cell of the latents."""
        config = vae.config
        if vae.dtype == torch.float16 and config.get("force_upcast"):
            vae.to(torch.float32)  # it was trained to values that half precision does not hold
        made = cls(latent_channels=config.latent_channels, cell=2 ** (len(config.block_out_channels) - 1), patch=patch)
        made._vae = vae
        made._mean, made._gain = _normalisation(vae)
        return made

    @property
    def channels(self) -> int:
        return self.latent_channels * self.patch**2

    @property
    def factor(self) -> int:
        return self.cell * self.patch

    def encode(self, pictures: Tensor) -> Tensor:
        vae = self._weights()
        shown = _gone_on(pictures, BEYOND * self.cell) if self._wraps else pictures
        z: Tensor = vae.encode(shown.to(vae.dtype)).latent_dist.mode().float()
        if self._wraps:
            z = _middle(z, pictures.shape[-2] // self.cell, pictures.shape[-1] // self.cell)
        mean, gain = self._mean.to(z.device), self._gain.to(z.device)
        return (F.pixel_unshuffle(z, self.patch) - mean) * gain

    def decode(self, latents: Tensor) -> Tensor:
        vae = self._weights()
        mean, gain = self._mean.to(latents.device), self._gain.to(latents.device)
        z = F.pixel_shuffle(latents.float() / gain + mean, self.patch)
        pictures: Tensor
        if not self._wraps:
            pictures = vae.decode(z.to(vae.dtype)).sample.float()
            return pictures
        # In parts, each of which ends somewhere, a torus is decoded with a margin; as a whole it needs none.
        most = getattr(vae, "tile_latent_min_size", 0)
        in_parts = getattr(vae, "use_tiling", False) and max(z.shape[-2:]) > most
        shown = _gone_on(z, BEYOND) if in_parts else z
        with nullcontext() if in_parts else _on_torus(vae.decoder):
            pictures = vae.decode(shown.to(vae.dtype)).sample.float()
        return _middle(pictures, z.shape[-2] * self.cell, z.shape[-1] * self.cell)

    def on_torus(self) -> Self:
        other = self.model_copy()
        other._wraps = True
        return other

    def _weights(self) -> Any:
        if self._vae is None:
            raise SfumatoError("a VAE's weights are those of its model: open the model that these latents belong to")
        return self._vae


def _gone_on(images: Tensor, margin: int) -> Tensor:
    """[N, C, H, W] on a torus -> [N, C, H + 2m, W + 2m], with what lies beyond every edge, no more than once around."""
    down, across = (min(margin, side) for side in images.shape[-2:])
    return F.pad(images, (across, across, down, down), mode="circular")


def _middle(images: Tensor, height: int, width: int) -> Tensor:
    top, left = (images.shape[-2] - height) // 2, (images.shape[-1] - width) // 2
    return images[..., top : top + height, left : left + width]


@contextmanager
def _on_torus(module: nn.Module) -> Iterator[None]:
    """Within, what convolutions see beyond an edge is what lies at the opposite one, and not zeros. Attention and the
    means of whole pictures, all else that a decoder is made of, know no edges."""
    padded = [layer for layer in module.modules() if isinstance(layer, nn.Conv2d) and layer.padding_mode == "zeros"]
    try:
        for layer in padded:
            layer.padding_mode = "circular"
        yield
    finally:
        for layer in padded:
            layer.padding_mode = "zeros"


def _normalisation(vae: Any) -> tuple[Tensor, Tensor]:
    """(mean, gain), each [1, C or 1, 1, 1]: what brings latents to about unit scale."""
    config = vae.config
    if hasattr(vae, "bn"):  # FLUX.2: statistics of each channel of a patch
        spread = (vae.bn.running_var.float() + config.batch_norm_eps).sqrt()
        return vae.bn.running_mean.float().view(1, -1, 1, 1), 1 / spread.view(1, -1, 1, 1)
    gain = torch.tensor(float(config.scaling_factor)).view(1, 1, 1, 1)
    if config.get("latents_mean") is not None and config.get("latents_std") is not None:  # of each of its channels
        mean, std = (torch.tensor(each).float().view(1, -1, 1, 1) for each in (config.latents_mean, config.latents_std))
        return mean, gain / std
    return torch.tensor(float(config.get("shift_factor") or 0.0)).view(1, 1, 1, 1), gain
