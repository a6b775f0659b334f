from collections.abc import Callable
from types import ModuleType
from typing import Any

import pytest
import torch
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from sfumato.diffusion import Mixture
from sfumato.diffusion.condition import joined
from sfumato.errors import SfumatoError
from sfumato.pretrained.bridge import Pretrained
from sfumato.pretrained.prompts import PromptCondition

ModelOf = Callable[[str], Pretrained]


@pytest.fixture
def condition() -> PromptCondition:
    """Of three pictures: vectors, and texts of different lengths. Nothing is a vector of -1 and a text of one word."""
    return PromptCondition(
        {"a": torch.arange(6.0).view(3, 2), "b": (torch.zeros(2, 1), torch.ones(3, 1), torch.full((4, 1), 2.0))},
        {"a": -torch.ones(3, 2), "b": (torch.full((1, 1), 9.0),) * 3},
    )


def firsts(condition: PromptCondition) -> tuple[list[float], list[int]]:
    """What tells pictures apart: the first number of their vectors, and the lengths of their texts."""
    return [row[0].item() for row in condition.given["a"]], [len(text) for text in condition.given["b"]]


def test_some_pictures_of_a_condition(condition: PromptCondition) -> None:
    assert len(condition) == 3
    assert firsts(condition[1:]) == ([2.0, 4.0], [3, 4])
    assert firsts(condition[torch.tensor([2, 0])]) == ([4.0, 0.0], [4, 2])
    assert firsts(condition[torch.tensor([True, False, True])]) == ([0.0, 4.0], [2, 4])
    assert len(condition[1:].drop()) == 2


def test_a_condition_is_repeated_picture_by_picture(condition: PromptCondition) -> None:
    assert firsts(condition.repeat(2)) == ([0.0, 2.0, 4.0] * 2, [2, 3, 4] * 2)
    here = (torch.arange(2), torch.arange(2))
    assert firsts(condition.windows([here, here])) == firsts(condition.repeat(2))


def test_some_pictures_or_all_are_asked_for_nothing(condition: PromptCondition) -> None:
    assert firsts(condition.drop()) == ([-1.0] * 3, [1] * 3)
    assert firsts(condition.drop(torch.tensor([False, True, False]))) == ([0.0, -1.0, 4.0], [2, 1, 4])


def test_conditions_follow_one_another(condition: PromptCondition) -> None:
    both = joined([condition[:1], condition[1:].drop(), condition[2:]])
    assert firsts(both) == ([0.0, -1.0, -1.0, 4.0], [2, 1, 1, 4])
    assert len(both.drop()) == 4


def test_every_tensor_is_changed(condition: PromptCondition) -> None:
    changed = condition.map(lambda tensor: tensor + 1)
    assert changed.given["b"][2].unique().item() == 3.0
    assert changed.nothing["b"][0].item() == 10.0
    assert firsts(condition.to("cpu")) == firsts(condition)


@pytest.mark.parametrize("name", ["sdxl", "z_image"])
def test_mixtures_of_prompts_and_of_none_stand_in_one_batch(name: str, model_of: ModelOf) -> None:
    encoder = model_of(name).encoder
    each = [Mixture.of(encoder.condition("waves", negative="dull")), Mixture()]
    mixture = Mixture.joined(each)
    estimate = model_of(name).denoiser(torch.randn(2, *model_of(name).codec.shape(32, 32)), 1.0, mixture.conditions[0])
    assert estimate.isfinite().all()


@pytest.mark.parametrize("name", ["sd15", "sdxl", "flux", "z_image"])
def test_nothing_is_what_the_family_takes_for_no_prompt(name: str, model_of: ModelOf) -> None:
    encoder = model_of(name).encoder
    asked = encoder.condition("waves")
    empty = encoder.condition("")
    for key, leaf in asked.drop().given.items():
        if name == "sdxl":
            assert isinstance(leaf, torch.Tensor) and not leaf.any()
        else:
            assert all(torch.equal(one, other) for one, other in zip(leaf, empty.given[key], strict=True))
    led_away = encoder.condition("waves", negative="stone").drop()
    stone = encoder.condition("stone")
    for key, leaf in led_away.given.items():
        assert all(torch.equal(one, other) for one, other in zip(leaf, stone.given[key], strict=True))


def test_the_distilled_guidance_of_flux_is_an_input_of_its_network(model_of: ModelOf) -> None:
    encoder = model_of("flux").encoder
    assert encoder.condition("waves").given["guidance"].tolist() == [3.5]
    assert encoder.conditions(["a", "b"], distilled_guidance=2.0).given["guidance"].tolist() == [2.0, 2.0]


def test_a_size_that_is_not_whole_cells_is_refused(model_of: ModelOf) -> None:
    with pytest.raises(SfumatoError, match="multiples of 16"):
        model_of("flux").encoder.condition("waves", 64, 72)


@pytest.mark.parametrize("name", ["sd15", "sdxl", "sd3", "flux", "z_image"])
def test_the_words_that_no_encoder_sees_are_named(name: str, model_of: ModelOf) -> None:
    encoder = model_of(name).encoder
    assert encoder.cut("waves at dusk") == "" == encoder.cut("")
    prompt = " ".join(f"word{number}" for number in range(200))
    cut = encoder.cut(prompt)
    assert cut.startswith("word") and prompt.endswith(cut)
    seen = prompt.removesuffix(cut)
    assert seen and encoder.cut(seen) == ""
    # Of the first word letters may be seen; what follows can be anything else.
    others = encoder.condition(f"{seen}{cut.split()[0]} {'x' * len(cut)}").given
    for key, leaf in encoder.condition(prompt).given.items():
        assert all(map(torch.equal, leaf, others[key])), key


def test_spaces_that_a_template_takes_away_do_not_move_the_cut(tiny: ModuleType) -> None:
    from sfumato.pretrained.bridge import bridged

    pipeline = tiny.pipeline("z_image")
    pipeline.tokenizer.chat_template = "ask: {{ messages[0].content | trim }} answer:"
    prompt = " ".join(f"word{number}" for number in range(200))
    encoder = bridged(pipeline).encoder
    assert encoder.cut(f"  {prompt}  ") == encoder.cut(prompt) != ""


@pytest.mark.parametrize("name", ["sd15", "flux", "z_image"])
@given(prompt=st.text(max_size=120), copies=st.integers(1, 12))
@settings(max_examples=8, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_what_is_cut_is_an_end_of_the_prompt(name: str, prompt: str, copies: int, model_of: ModelOf) -> None:
    encoder, prompt = model_of(name).encoder, prompt * copies
    cut = encoder.cut(prompt)
    assert prompt.rstrip().endswith(cut) and cut == cut.strip()


def test_a_prompt_that_was_first_asked_for_in_inference_can_be_learned_with(model_of: ModelOf) -> None:
    model = model_of("sd15")
    with torch.inference_mode():
        model.encoder.condition("a prompt of a snapshot")
    condition = model.encoder.condition("a prompt of a snapshot")
    x = torch.randn(1, *model.codec.shape(32, 32), requires_grad=True)
    model.denoiser(x, 1.0, condition).sum().backward()
    assert x.grad is not None


def test_a_missing_text_encoder_is_done_without(tiny: ModuleType) -> None:
    """Stable Diffusion 3 without T5, which takes most of its memory."""
    from sfumato.pretrained.bridge import bridged

    pipeline: Any = tiny.pipeline("sd3")
    pipeline.text_encoder_3 = pipeline.tokenizer_3 = None
    model = bridged(pipeline)
    assert model.encoder.condition("waves").given["encoder_hidden_states"].any()
    assert model.encoder.cut("word " * 40)
