"""The VAE of a pipeline as a codec: pictures to the latents that its network denoises, and back."""

from __future__ import annotations

from typing import Any, Literal, Self

import torch
import torch.nn.functional as F
from pydantic import PrivateAttr
from torch import Tensor

from sfumato.diffusion.codec import Codec
from sfumato.errors import SfumatoError


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
        z = vae.encode(pictures.to(vae.dtype)).latent_dist.mode().float()
        mean, gain = self._mean.to(z.device), self._gain.to(z.device)
        return (F.pixel_unshuffle(z, self.patch) - mean) * gain

    def decode(self, latents: Tensor) -> Tensor:
        vae = self._weights()
        mean, gain = self._mean.to(latents.device), self._gain.to(latents.device)
        z = F.pixel_shuffle(latents.float() / gain + mean, self.patch)
        pictures: Tensor = vae.decode(z.to(vae.dtype)).sample.float()
        return pictures

    def _weights(self) -> Any:
        if self._vae is None:
            raise SfumatoError("a VAE's weights are those of its model: open the model that these latents belong to")
        return self._vae


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
