from collections.abc import Callable
from types import ModuleType

import pytest
import torch

from sfumato.diffusion.samplers import Denoise
from sfumato.diffusion.windows import windowed
from sfumato.errors import SfumatoError
from sfumato.pretrained.bridge import Pretrained, bridged
from sfumato.pretrained.denoiser import PURE_NOISE, DiscreteEpsilon, DiscreteV, Velocity, time_of
from sfumato.pretrained.prompts import PromptCondition

ModelOf = Callable[[str], Pretrained]
NAMES = ("sd15", "sd21", "sdxl", "sd3", "flux", "flux2_klein", "z_image", "chroma")


@pytest.mark.parametrize("name", NAMES)
def test_pictures_of_a_batch_with_prompts_and_noise_of_their_own_are_as_each_alone(
    name: str, model_of: ModelOf
) -> None:
    model = model_of(name)
    x = torch.randn(2, *model.codec.shape(32, 64), generator=torch.Generator().manual_seed(1))
    sigma = torch.tensor([0.5, 7.0])
    condition = model.encoder.conditions(["waves", "a stone bridge in the rain"], 32, 64)
    together = model.denoiser(x, sigma, condition)
    for number in range(2):
        own = slice(number, number + 1)
        alone = model.denoiser(x[own], sigma[number].item(), condition[own])
        torch.testing.assert_close(together[own], alone, rtol=1e-4, atol=1e-4)
    assert not torch.allclose(model.denoiser(x, sigma, condition[torch.tensor([1, 0])]), together)


@pytest.mark.parametrize("name", NAMES)
def test_gradients_flow_to_the_latents_and_to_what_is_trained(name: str, model_of: ModelOf) -> None:
    model = model_of(name)
    assert not any(parameter.requires_grad for parameter in model.denoiser.parameters())
    trained = next(weight for weight in model.network.parameters() if weight.ndim > 1)
    x = torch.randn(2, *model.codec.shape(32, 32), requires_grad=True)
    try:
        trained.requires_grad_()
        estimate = model.denoiser(x, torch.tensor([0.7, 3.0]), model.encoder.condition("waves").repeat(2))
        for gradient in torch.autograd.grad(estimate.square().sum(), [x, trained]):
            assert gradient.isfinite().all() and gradient.abs().sum() > 0
    finally:
        trained.requires_grad_(False)


@pytest.mark.parametrize("name", ["sdxl", "flux", "z_image"])
def test_a_canvas_in_windows_is_asked_with_the_prompts_of_its_pictures(name: str, model_of: ModelOf) -> None:
    model = model_of(name)
    condition = model.encoder.conditions(["waves", "stone"], 64, 96)
    x = torch.randn(2, *model.codec.shape(64, 96))
    side = x.shape[2] // 2

    def in_windows(asked: PromptCondition) -> Denoise:
        return windowed(
            lambda x, sigma, positions: model.denoiser(x, sigma, asked.windows(positions)), side=side, stride=side
        )

    both = in_windows(condition)(x, 2.0)
    for number in range(2):
        own = slice(number, number + 1)
        torch.testing.assert_close(both[own], in_windows(condition[own])(x[own], 2.0), rtol=1e-4, atol=1e-4)


@pytest.mark.parametrize("name", ["sdxl", "flux", "z_image"])
def test_without_a_condition_the_prompt_is_empty(name: str, model_of: ModelOf) -> None:
    model = model_of(name)
    x = torch.randn(2, *model.codec.shape(32, 32))
    torch.testing.assert_close(model.denoiser(x, 1.0), model.denoiser(x, 1.0, model.encoder.conditions(["", ""])))


def test_the_time_of_a_flow_and_its_sign_are_learned_from_the_pipeline(model_of: ModelOf) -> None:
    learned = {name: model_of(name).denoiser.preconditioning for name in NAMES[3:]}
    assert learned == {
        "sd3": Velocity(1000.0, 0.0, 1.0),
        "flux": Velocity(1.0, 0.0, 1.0),
        "flux2_klein": Velocity(1.0, 0.0, 1.0),
        "z_image": Velocity(-1.0, 1.0, -1.0),
        "chroma": Velocity(1.0, 0.0, 1.0),
    }


def test_a_flow_is_learned_alike_in_half_precision(tiny: ModuleType) -> None:
    model = bridged(tiny.pipeline("z_image").to(torch.bfloat16))
    assert model.denoiser.preconditioning == Velocity(-1.0, 1.0, -1.0)
    condition = model.encoder.condition("waves")
    assert model.denoiser(torch.randn(1, 16, 4, 2), 2.0, condition).dtype == torch.float32


@pytest.mark.parametrize("sign", [1.0, -1.0])
def test_the_true_velocity_gives_the_clean_picture(sign: float) -> None:
    flow = Velocity(sign=sign)
    clean, noise = torch.randn(2, 4), torch.randn(2, 4)
    sigma = torch.tensor([[0.3], [40.0]])
    skip, out, into = flow.scalings(sigma)
    x = clean + sigma * noise
    time = sigma / (1 + sigma)
    torch.testing.assert_close(into * x, (1 - time) * clean + time * noise)
    torch.testing.assert_close(skip * x + out * sign * (noise - clean), clean, rtol=1e-4, atol=1e-5)


def test_pure_noise_has_the_time_one_and_is_seen_as_noise() -> None:
    flow, sigma = Velocity(-1.0, 1.0, -1.0), torch.tensor([PURE_NOISE])
    noise = torch.randn(8)
    assert flow.c_noise(sigma).item() == 0.0
    assert torch.equal(flow.scalings(sigma)[2] * (noise * sigma), noise)


def test_the_weight_of_a_velocity_is_that_of_its_plain_squared_error() -> None:
    sigma = torch.tensor([0.1, 1.0, 10.0])
    torch.testing.assert_close(Velocity().weight(sigma), Velocity().scalings(sigma)[1] ** -2)


@pytest.mark.parametrize("kind", [DiscreteEpsilon, DiscreteV])
def test_a_network_of_discrete_levels_is_told_their_numbers(
    kind: type[DiscreteEpsilon | DiscreteV], model_of: ModelOf
) -> None:
    levels = model_of("sd15").spacing.levels
    assert levels is not None
    numbers = torch.tensor([0, 1, 500, 998, 999])
    torch.testing.assert_close(kind(levels).c_noise(levels[numbers].float()), numbers.float(), atol=1e-3, rtol=0)
    beyond = torch.tensor([1e-6, 1e6])
    assert kind(levels).c_noise(beyond).tolist() == [0.0, 999.0]


def test_between_two_levels_the_time_is_that_of_the_logarithm() -> None:
    levels = torch.tensor([1.0, 4.0, 64.0], dtype=torch.float64)
    assert time_of(torch.tensor([2.0, 16.0]), levels).tolist() == pytest.approx([0.5, 1.5])


def test_a_network_that_predicts_something_else_is_refused(tiny: ModuleType) -> None:
    pipeline = tiny.pipeline("sd15")
    pipeline.scheduler.register_to_config(prediction_type="sample")
    with pytest.raises(SfumatoError, match="says that the network predicts 'sample'; put epsilon or v_prediction"):
        bridged(pipeline)
