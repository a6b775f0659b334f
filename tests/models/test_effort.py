"""What sampling is said to cost beforehand is what it costs, step by step."""

import pytest
import torch
from PIL import Image
from torch.utils.flop_counter import FlopCounterMode

from sfumato.models import Generation
from sfumato.models.canvas import editing_canvas, refining_canvas
from sfumato.models.effort import batches, look_flops, looks, watched_looks
from sfumato.models.steering import named_palette
from sfumato.networks import ArticleConfig, GeneratorConfig, TransformerConfig


def counted_looks(generation: Generation, count: int, first: int = 0) -> list[int]:
    """Of each step of each batch."""
    taken, steps = [0], []
    with watched_looks(lambda denoiser, pictures: taken.append(pictures)):
        for _ in generation.events(count, first):
            steps.append(sum(taken))
            taken.clear()
    return steps


@pytest.mark.parametrize(
    "asked",
    [
        {},
        {"guidance": 1.0},
        {"guidance_kind": "autoguidance", "guidance_low": 0.1, "guidance_high": 2.0},
        {"sampler": "heun", "guidance_high": 2.0},
        {"noise_high": 2.0, "label": "waves:0.5,circles:0.5"},
        {"label": "waves:0.5,circles:0.5"},
        {"negative": "waves"},
        {"detail_below": 1.0, "detail_guidance": 3.0, "sampler": "heun"},
        {"detail_below": 100.0},
    ],
)
def test_looks_are_what_they_are_said_to_be(model, asked):
    generation = Generation.of(model, steps=4, **asked)
    assert counted_looks(generation, 1) == looks(generation)


@pytest.mark.parametrize("tile", [False, True])
def test_windows_are_counted(model, tile):
    generation = Generation.of(model, steps=2, width=80, height=48, tile=tile, palette=named_palette("#aa3322"))
    assert counted_looks(generation, 1) == looks(generation)


def test_what_is_found_back_first_and_what_is_half_done(model):
    picture = Image.linear_gradient("L").resize((32, 32)).convert("RGB")
    edited = Generation.of(model, steps=4, canvas=editing_canvas(model.config, picture, 0.5), label="waves")
    assert counted_looks(edited, 1) == looks(edited)
    refined = Generation.of(model, steps=8, canvas=refining_canvas(model.config, picture, 0.25))
    assert counted_looks(refined, 1) == looks(refined)
    assert len(looks(refined)) == 2


def test_batches_are_whole(model):
    generation = Generation.of(model, steps=1)
    assert [batches(generation, *asked) for asked in ((1,), (16,), (17,), (16, 3), (1, 16))] == [1, 1, 2, 2, 1]
    assert len(counted_looks(generation, 16, 3)) == 2


def test_operations_of_a_look_are_those_that_torch_counts(new_cascade):
    """Apart from attention, which has no weights."""
    model = new_cascade()
    for each, channels in ((model.base, None), (model.upscalers[0], 4)):
        side = each.config.size
        told = None if channels is None else torch.zeros((1, channels, side, side))
        with FlopCounterMode(display=False) as counted, torch.inference_mode():
            each.denoiser.network(torch.zeros((1, 3, side, side)), torch.zeros(1), told)
        assert look_flops(each) == pytest.approx(counted.get_total_flops(), rel=0.1)


@pytest.mark.parametrize(
    "changes",
    [
        {"network": TransformerConfig(patch=4, width=16, depth=1, heads=1)},
        {"network": GeneratorConfig(), "objective": "adversarial", "preconditioning": "direct", "answer": "sample"},
        {
            "network": ArticleConfig(),
            "objective": "reconstruction",
            "preconditioning": "direct",
            "begins_with": "picture",
            "answer": "sample",
        },
    ],
)
def test_operations_are_counted_of_every_kind(new_model, changes):
    assert look_flops(new_model(has_early=False, size=64, **changes)) > 1e5
