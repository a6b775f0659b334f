"""What networks need while they compute, told without computing."""

from types import SimpleNamespace
from typing import Any

import diffusers
import pytest
import torch
from torch import nn

from sfumato.errors import SfumatoError
from sfumato.pretrained.activations import (
    TEXT_TOKENS,
    TRANSFORMER_TENSORS,
    _Alive,
    decoding_bytes,
    denoising_bytes,
    reading_bytes,
)

UNET: dict[str, Any] = {
    "block_out_channels": (32, 64),
    "down_block_types": ("DownBlock2D", "CrossAttnDownBlock2D"),
    "up_block_types": ("CrossAttnUpBlock2D", "UpBlock2D"),
    "cross_attention_dim": 16,
    "attention_head_dim": 8,
    "norm_num_groups": 8,
    "layers_per_block": 1,
}
VAE: dict[str, Any] = {
    "block_out_channels": (8, 16),
    "down_block_types": ("DownEncoderBlock2D",) * 2,
    "up_block_types": ("UpDecoderBlock2D",) * 2,
    "norm_num_groups": 4,
}


def on_meta(kind: type, config: dict[str, Any]) -> nn.Module:
    with torch.device("meta"):
        return kind(**config)  # type: ignore[no-any-return]


def test_a_u_net_needs_what_a_real_one_has_alive_at_once() -> None:
    real = diffusers.UNet2DConditionModel(**UNET)
    with torch.no_grad(), _Alive(real) as alive:
        real(torch.zeros(1, 4, 32, 32), torch.tensor(1.0), torch.zeros(1, 77, 16))
    told = denoising_bytes(on_meta(diffusers.UNet2DConditionModel, UNET), (1, 4, 32, 32))
    assert told == pytest.approx(alive.most, rel=0.05)


def test_depth_changes_nothing_and_pixels_and_pictures_multiply() -> None:
    shallow = denoising_bytes(on_meta(diffusers.UNet2DConditionModel, UNET), (1, 4, 32, 32))
    deep = on_meta(diffusers.UNet2DConditionModel, UNET | {"transformer_layers_per_block": 3})
    assert denoising_bytes(deep, (1, 4, 32, 32)) == shallow
    assert denoising_bytes(deep, (4, 4, 32, 32)) == pytest.approx(4 * shallow, rel=0.05)
    assert denoising_bytes(deep, (1, 4, 64, 64)) == pytest.approx(4 * shallow, rel=0.05)


def test_a_vae_needs_what_a_real_one_has_alive_at_once() -> None:
    real = diffusers.AutoencoderKL(**VAE)
    with torch.no_grad(), _Alive(real) as alive:
        real.decode(torch.zeros(1, 4, 32, 32))
    assert decoding_bytes(on_meta(diffusers.AutoencoderKL, VAE), (1, 4, 32, 32)) == pytest.approx(alive.most, rel=0.05)


def transformer(**config: Any) -> Any:
    module: Any = nn.Module()
    module.config = SimpleNamespace(**config)
    return module


def test_a_transformer_needs_so_many_tensors_of_its_tokens() -> None:
    """32 x 32 cells are 16 x 16 tokens."""
    network = transformer(num_attention_heads=4, attention_head_dim=8)
    assert denoising_bytes(network, (2, 16, 32, 32)) == 2 * (256 + TEXT_TOKENS) * 32 * TRANSFORMER_TENSORS * 4
    assert denoising_bytes(transformer(dim=32), (2, 16, 31, 31)) == denoising_bytes(network, (2, 16, 32, 32))


@pytest.mark.parametrize(
    ("kind", "config", "arguments"),
    [
        (
            "Flux2Transformer2DModel",
            {"num_layers": 1, "num_single_layers": 1, "num_attention_heads": 4, "attention_head_dim": 32,
             "joint_attention_dim": 16, "axes_dims_rope": (8, 8, 8, 8), "in_channels": 16},
            lambda: (torch.zeros(1, 1024, 16), torch.zeros(1, 512, 16), torch.zeros(1), torch.zeros(1, 1024, 4),
                     torch.zeros(1, 512, 4), torch.zeros(1)),
        ),
        (
            "ZImageTransformer2DModel",
            {"dim": 128, "n_layers": 1, "n_refiner_layers": 1, "n_heads": 2, "n_kv_heads": 2, "cap_feat_dim": 16,
             "axes_dims": [16, 24, 24], "axes_lens": [1024, 64, 64], "in_channels": 4},
            lambda: ([torch.zeros(4, 1, 64, 64)], torch.zeros(1), [torch.zeros(512, 16)]),
        ),
    ],
)  # fmt: skip
def test_the_multiple_is_enough_for_real_blocks(kind: str, config: dict[str, Any], arguments: Any) -> None:
    real = getattr(diffusers, kind)(**config)
    with torch.no_grad(), _Alive(real) as alive:
        real(*arguments())
    assert 0.5 < alive.most / (1536 * 128 * TRANSFORMER_TENSORS * 4) < 1.05  # its inputs come on top


def test_an_encoder_of_unknown_width_needs_nothing_that_is_known() -> None:
    assert reading_bytes(transformer(hidden_size=10)) == TEXT_TOKENS * 10 * TRANSFORMER_TENSORS * 4
    assert reading_bytes(transformer()) == 0


def test_what_cannot_be_run_is_one_sentence() -> None:
    broken = on_meta(diffusers.AutoencoderKL, VAE)
    with pytest.raises(SfumatoError, match="cannot be reckoned"):
        decoding_bytes(broken, (1, 3, 32, 32))
