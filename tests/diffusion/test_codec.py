"""The codec of pixels changes nothing and costs nothing; a configuration knows a codec by its kind."""

from typing import ClassVar, Literal

import pytest
import torch
import torch.nn.functional as F
from pydantic import BaseModel, ValidationError
from torch import Tensor

from sfumato.diffusion import PIXELS, AnyCodec, Codec, guide


class Configuration(BaseModel):
    codec: AnyCodec = PIXELS


def test_pixels_are_the_pictures_themselves() -> None:
    pictures, mask = torch.rand(2, 3, 4, 6), torch.rand(2, 1, 4, 6)
    assert PIXELS.encode(pictures) is pictures
    assert PIXELS.decode(pictures) is pictures
    assert PIXELS.covered(mask) is mask
    assert PIXELS.edit(pictures, lambda images: mask) is mask
    assert PIXELS.shape(5, 7) == (3, 5, 7)


@pytest.mark.parametrize("chroma", [0.0, 0.4, 1.0])
def test_of_a_muted_change_of_pixels_the_light_stays(chroma: float) -> None:
    change = torch.randn(2, 3, 4, 4)
    muted = PIXELS.muted(change, chroma)
    torch.testing.assert_close(muted.mean(1), change.mean(1))
    torch.testing.assert_close(muted - muted.mean(1, keepdim=True), chroma * (change - change.mean(1, keepdim=True)))


class Blocks(Codec):
    """The means of 2 x 2 pixels, halved."""

    kind: Literal["blocks"] = "blocks"
    channels: ClassVar[int] = 3
    factor: ClassVar[int] = 2

    def encode(self, pictures: Tensor) -> Tensor:
        return F.avg_pool2d(pictures, 2) / 2

    def decode(self, latents: Tensor) -> Tensor:
        return 2 * F.interpolate(latents, scale_factor=2)


def test_an_edit_of_latents_is_that_of_their_pictures() -> None:
    latents = torch.rand(1, 3, 4, 4)
    torch.testing.assert_close(Blocks().edit(latents, lambda images: images + 0.3), latents + 0.15)
    torch.testing.assert_close(Blocks().edit(latents, lambda images: images), latents)


def test_a_cell_is_covered_as_much_as_the_most_of_its_pixels() -> None:
    mask = torch.zeros(1, 1, 4, 6)
    mask[..., 0, 1], mask[..., 3, 4], mask[..., 3, 5] = 0.3, 0.5, 1.0
    assert torch.equal(Blocks().covered(mask), torch.tensor([[[[0.3, 0.0, 0.0], [0.0, 0.0, 1.0]]]]))


def test_colour_that_latents_cannot_tell_from_light_is_guided_as_a_whole() -> None:
    good, bad = torch.rand(1, 3, 2, 2), torch.rand(1, 3, 2, 2)
    guided = guide(lambda x, sigma: good, lambda x, sigma: bad, 2.0, chroma=0.1, codec=Blocks())(good, 1.0)
    torch.testing.assert_close(guided, 2 * good - bad)


@pytest.mark.parametrize("codec", [PIXELS, Blocks()])
def test_a_configuration_comes_back_with_its_codec(codec: Codec) -> None:
    again = Configuration.model_validate_json(Configuration(codec=codec).model_dump_json())
    assert again.codec == codec
    assert Configuration().codec is PIXELS


@pytest.mark.parametrize("data", [{"kind": "vqgan"}, {}, "pixels", {"kind": ["pixels"]}])
def test_an_unknown_codec_is_refused_with_the_known_ones(data: object) -> None:
    with pytest.raises(ValidationError, match=r"there is no codec of kind .*; there is .*pixels"):
        Configuration.model_validate({"codec": data})
    with pytest.raises(ValidationError, match="not permitted"):
        Configuration.model_validate({"codec": {"kind": "pixels", "colours": 2}})
