from collections.abc import Callable

import pytest
import torch

from sfumato.pretrained.bridge import Pretrained
from sfumato.pretrained.layouts import FRAMES, GRID, PATCHES, TOKENS, Layout
from sfumato.pretrained.recording import flattened, record

ModelOf = Callable[[str], Pretrained]


@pytest.mark.parametrize("layout", [GRID, PATCHES, TOKENS, FRAMES])
def test_what_is_arranged_is_restored(layout: Layout) -> None:
    x = torch.randn(2, 8, 3, 5)
    assert torch.equal(layout.restore(layout.arrange(x), 3, 5), x)


def test_tokens_are_packed_as_flux_packs_the_latents_of_its_vae() -> None:
    from diffusers import FluxPipeline

    z = torch.randn(2, 4, 6, 10)
    packed = FluxPipeline._pack_latents(z, 2, 4, 6, 10)
    assert torch.equal(TOKENS.arrange(torch.nn.functional.pixel_unshuffle(z, 2)), packed)


@pytest.mark.parametrize("name", ["sdxl", "flux", "flux2_klein", "chroma"])
@pytest.mark.parametrize(("height", "width"), [(32, 96), (80, 48)])
def test_places_are_those_that_the_pipeline_gives(name: str, height: int, width: int, model_of: ModelOf) -> None:
    model = model_of(name)
    call = record(model.pipeline, model.family, prompt="waves", height=height, width=width).calls[0]
    expected = flattened(call)
    _, rows, columns = model.codec.shape(height, width)
    placed = model.family.placing(expected, 1, rows, columns, torch.device("cpu"))
    assert {*model.family.placed} <= placed.keys()
    for name_of_input, value in placed.items():
        assert value.dtype == expected[name_of_input].dtype
        assert torch.equal(value, expected[name_of_input])
