from collections.abc import Callable
from types import ModuleType

import pytest
import torch

from sfumato.diffusion.denoiser import Denoiser
from sfumato.errors import SfumatoError
from sfumato.pretrained.bridge import Pretrained, bridged

ModelOf = Callable[[str], Pretrained]


@pytest.mark.parametrize("name", ["sd15", "sdxl", "sd3", "flux", "flux2_klein", "z_image", "chroma"])
def test_a_pipeline_becomes_the_parts_of_a_model(name: str, model_of: ModelOf) -> None:
    model = model_of(name)
    assert isinstance(model.denoiser, Denoiser) and model.size == 64
    assert model.network is getattr(model.pipeline, model.family.network)
    assert not model.denoiser.training
    x = torch.randn(1, *model.codec.shape(32, 64))
    assert model.denoiser(x, 1.0, model.encoder.condition("waves", 32, 64)).shape == x.shape


def test_a_network_with_a_table_of_places_says_how_much_it_can_be_shown(model_of: ModelOf) -> None:
    largest = {name: model_of(name).largest for name in ("sdxl", "flux", "sd3", "z_image")}
    assert largest == {"sdxl": None, "flux": None, "sd3": 512, "z_image": 1024}


def test_an_unknown_pipeline_is_refused_in_the_words_of_who_opens_it(tiny: ModuleType) -> None:
    class OddPipeline:
        pass

    with pytest.raises(SfumatoError, match=r"^shop/model: OddPipeline is of no family"):
        bridged(OddPipeline(), "shop/model")
