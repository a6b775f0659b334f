from collections.abc import Callable
from types import ModuleType
from typing import Any

import pytest
import torch
import torch.nn.functional as F

from sfumato.diffusion.codec import Codec, _of_its_kind
from sfumato.errors import SfumatoError
from sfumato.pretrained.bridge import Pretrained
from sfumato.pretrained.codec import VaeCodec
from sfumato.pretrained.extra import quiet

ModelOf = Callable[[str], Pretrained]


@pytest.mark.parametrize("name", ["sd15", "sdxl", "sd3", "flux", "flux2_klein", "z_image"])
def test_latents_are_decoded_as_the_pipeline_decodes_them(name: str, model_of: ModelOf) -> None:
    """Its loop is made to end in these."""
    model = model_of(name)
    arrange, is_packed = model.family.layout.arrange, name in ("flux", "flux2_klein")
    latents = torch.randn(1, *model.codec.shape(64, 32), generator=torch.Generator().manual_seed(2))

    def put(pipeline: Any, step: int, time: Any, values: dict[str, Any]) -> dict[str, Any]:
        plain = F.pixel_shuffle(latents, model.family.layout.patch)
        return values | {"latents": arrange(latents) if is_packed else plain}

    off = {model.family.guidance.argument: model.family.guidance.theirs(1.0)}
    with quiet():
        pictures = model.pipeline(
            prompt="", height=64, width=32, num_inference_steps=2, output_type="pt", callback_on_step_end=put, **off
        ).images
    with torch.no_grad():
        found = model.codec.decode(latents).clamp(-1, 1)
    torch.testing.assert_close(found, pictures * 2 - 1, rtol=1e-4, atol=1e-4)


@pytest.mark.parametrize("name", ["sd15", "flux", "flux2_klein"])
def test_pictures_become_the_mean_of_the_posterior_brought_to_scale(name: str, model_of: ModelOf) -> None:
    model = model_of(name)
    pictures = torch.rand(2, 3, 64, 32) * 2 - 1
    vae = model.pipeline.vae
    with torch.no_grad():
        z = vae.encode(pictures).latent_dist.mean
    if name == "flux2_klein":
        patches = F.pixel_unshuffle(z, 2)
        expected = F.batch_norm(patches, vae.bn.running_mean, vae.bn.running_var, eps=vae.config.batch_norm_eps)
    elif name == "flux":
        expected = F.pixel_unshuffle((z - 0.1159) * 0.3611, 2)
    else:
        expected = z * 0.18215
    found = model.codec.encode(pictures)
    assert found.shape == (2, *model.codec.shape(64, 32))
    torch.testing.assert_close(found, expected, rtol=1e-4, atol=1e-5)
    assert torch.equal(found, model.codec.encode(pictures))


def test_statistics_of_each_channel_are_taken_where_a_vae_has_them(tiny: ModuleType) -> None:
    vae = tiny.pipeline("sdxl").vae
    pictures = torch.rand(1, 3, 32, 32) * 2 - 1
    plain = VaeCodec.of(vae, 1).encode(pictures)
    mean, std = [0.1, 0.2, 0.3, 0.4], [1.0, 2.0, 3.0, 4.0]
    vae.register_to_config(latents_mean=mean, latents_std=std)
    codec = VaeCodec.of(vae, 1)
    moved = codec.encode(pictures)
    means, stds = (torch.tensor(each).view(1, 4, 1, 1) for each in (mean, std))
    torch.testing.assert_close(moved, (plain - means * vae.config.scaling_factor) / stds)
    torch.testing.assert_close(codec.decode(moved), VaeCodec.of(tiny.pipeline("sdxl").vae, 1).decode(plain))


@pytest.mark.parametrize(("name", "channels", "factor"), [("sdxl", 4, 8), ("sd3", 16, 16), ("flux2_klein", 16, 16)])
def test_a_cell_is_what_the_network_sees_as_one(name: str, channels: int, factor: int, model_of: ModelOf) -> None:
    codec = model_of(name).codec
    assert (codec.channels, codec.factor) == (channels, factor)
    with pytest.raises(SfumatoError, match=f"give sides that are multiples of {factor}"):
        codec.shape(64, 60)


def test_gradients_flow_through_both_ways(model_of: ModelOf) -> None:
    codec = model_of("flux").codec
    pictures = torch.rand(1, 3, 32, 32, requires_grad=True)
    codec.decode(codec.encode(pictures)).sum().backward()
    assert pictures.grad is not None and pictures.grad.abs().sum() > 0


def test_a_vae_that_half_precision_does_not_hold_is_kept_in_float32(tiny: ModuleType) -> None:
    vae = tiny.pipeline("sdxl").vae.half()
    assert VaeCodec.of(vae, 1).encode(torch.zeros(1, 3, 32, 32)).isfinite().all()
    assert vae.dtype == torch.float32


def test_a_configuration_holds_its_shape_and_no_weights(model_of: ModelOf) -> None:
    codec = model_of("flux").codec
    again = _of_its_kind(codec.model_dump())
    assert (again.channels, again.factor) == (codec.channels, codec.factor)
    with pytest.raises(SfumatoError, match="open the model that these latents belong to"):
        again.decode(torch.zeros(1, 16, 4, 4))


@pytest.mark.parametrize("name", ["sd15", "flux", "flux2_klein"])
def test_on_a_torus_every_place_is_as_good_as_any_other(name: str, model_of: ModelOf) -> None:
    """Latents that are turned are decoded to pictures that are turned, so that no edge shows."""
    codec = model_of(name).codec
    latents = torch.randn(1, *codec.shape(64, 96), generator=torch.Generator().manual_seed(2))
    cells, pixels = (1, 2), (codec.factor, 2 * codec.factor)

    def unlike(codec: Codec) -> float:
        with torch.no_grad():
            one, other = (codec.decode(each) for each in (latents, latents.roll(cells, (2, 3))))
        return float((one.roll(pixels, (2, 3)) - other).abs().max() / one.abs().max())

    assert unlike(codec.on_torus()) < 1e-4
    assert unlike(codec) > 1e-2


def test_pictures_on_a_torus_are_encoded_with_what_lies_beyond_their_edges(model_of: ModelOf) -> None:
    codec = model_of("sd15").codec
    pictures = torch.rand(1, 3, 64, 96, generator=torch.Generator().manual_seed(2)) * 2 - 1

    def unlike(codec: Codec) -> float:
        with torch.no_grad():
            one, other = (codec.encode(each) for each in (pictures, pictures.roll((8, 32), (2, 3))))
        return float((one.roll((1, 4), (2, 3)) - other).abs().max())

    assert unlike(codec.on_torus()) < 0.1 * unlike(codec)


def test_a_torus_is_decoded_in_parts_too(tiny: ModuleType) -> None:
    vae = tiny.pipeline("sd15").vae
    codec = VaeCodec.of(vae, patch=1).on_torus()
    latents = torch.randn(1, *codec.shape(64, 96), generator=torch.Generator().manual_seed(2))
    with torch.no_grad():
        whole = codec.decode(latents)
        vae.tile_latent_min_size, vae.tile_sample_min_size = 12, 96
        vae.enable_tiling()
        assert torch.equal(codec.decode(latents), whole)  # no larger than one part
        vae.tile_latent_min_size, vae.tile_sample_min_size = 8, 64
        in_parts, cut_off = codec.decode(latents), VaeCodec.of(vae, patch=1).decode(latents)
    assert in_parts.shape == whole.shape == (1, 3, 64, 96)
    # At the upper edge, which of a tile lies beside the lower one.
    apart = [float((each[..., :4, :] - whole[..., :4, :]).square().mean()) for each in (in_parts, cut_off)]
    assert apart[0] < 0.5 * apart[1]
