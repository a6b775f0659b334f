"""A network is rebuilt from its configuration, a bad one is refused in plain words, and all keep one contract.

What a network would hold is known to the last name before it is built, and without anything that takes long.
"""

import subprocess
import sys

import pytest
import torch
from pydantic import TypeAdapter, ValidationError
from torch import Tensor

from sfumato.networks import (
    ArticleConfig,
    ArticleDenoiserConfig,
    GeneratorConfig,
    NetworkConfig,
    TransformerConfig,
    UNetConfig,
    build_network,
    check_parameters,
    network_shapes,
    parameter_count,
)

AnyNetwork = TypeAdapter(NetworkConfig)


def pictures(count: int, size: int = 32, seed: int = 0) -> Tensor:
    return torch.randn((count, 3, size, size), generator=torch.Generator().manual_seed(seed))


def levels(count: int) -> Tensor:
    return torch.linspace(-1.0, 1.0, count)


# Configuration


def test_a_configuration_comes_back_from_json_and_builds_the_same_network(config) -> None:
    again = AnyNetwork.validate_json(config.model_dump_json())
    assert again == config
    assert type(again) is type(config)
    shapes = [
        {k: v.shape for k, v in build_network(c, 32, 3, in_channels=3).state_dict().items()} for c in (config, again)
    ]
    assert shapes[0] == shapes[1]


def test_a_network_loads_the_weights_of_another_of_its_configuration(config, stirred) -> None:
    network, other = stirred(config), build_network(config, 32, 3, in_channels=3)
    x, c_noise, condition = pictures(3), levels(3), torch.tensor([0, 1, 3])
    assert not torch.allclose(network(x, c_noise, condition), other(x, c_noise, condition))
    other.load_state_dict(network.state_dict())
    assert torch.equal(network(x, c_noise, condition), other(x, c_noise, condition))


def test_the_random_state_decides_the_fresh_weights(config) -> None:
    def fresh(seed: int) -> Tensor:
        torch.manual_seed(seed)
        return torch.cat(
            [parameter.detach().flatten() for parameter in build_network(config, 32, 3, in_channels=3).parameters()]
        )

    assert torch.equal(fresh(1), fresh(1))
    assert not torch.equal(fresh(1), fresh(2))


def test_only_what_is_learned_is_stored(config) -> None:
    network = build_network(config, 32, 3, in_channels=3)
    assert set(network.state_dict()) == {name for name, _ in network.named_parameters()}


@pytest.mark.parametrize("kind", [TransformerConfig, UNetConfig])
def test_a_width_that_the_heads_do_not_divide_is_refused_with_both_numbers(kind) -> None:
    with pytest.raises(ValidationError, match="width 100 is not a multiple of heads 3"):
        kind(width=100, heads=3)


@pytest.mark.parametrize("kind", [TransformerConfig, UNetConfig])
@pytest.mark.parametrize("option", ["patch", "width", "depth", "heads"])
def test_a_number_that_is_not_positive_is_refused_by_name(kind, option: str) -> None:
    with pytest.raises(ValidationError, match=rf"{option}\n.*greater than or equal to 1"):
        kind(**{option: 0})


def test_an_unknown_option_is_refused_by_name() -> None:
    with pytest.raises(ValidationError, match=r"dropuot\n.*not permitted"):
        TransformerConfig(dropuot=0.1)
    with pytest.raises(ValidationError, match=r"unet.channels\n.*at least 1 item"):
        AnyNetwork.validate_python({"kind": "unet", "channels": ()})


def test_an_unknown_kind_is_refused_with_the_known_ones() -> None:
    with pytest.raises(ValidationError, match=r"'mlp'.*'transformer', 'unet'"):
        AnyNetwork.validate_python({"kind": "mlp"})


def test_a_size_that_does_not_fit_the_cells_is_refused_with_both_numbers(config) -> None:
    with pytest.raises(ValueError, match=rf"{config.kind} with cells of {config.size_multiple} pixels .* 34 pixels"):
        build_network(config, 34, 3, in_channels=3)
    assert config.size_multiple == {"transformer": 4, "unet": 8}[config.kind]


def test_a_configuration_cannot_be_changed(config) -> None:
    with pytest.raises(ValidationError, match="frozen"):
        config.width = 48


# The contract F(x, c_noise, condition)


@pytest.mark.parametrize(("size", "count"), [(32, 1), (40, 3), (48, 5), (64, 2), (96, 1), (128, 1)])
def test_a_picture_comes_out_for_each_that_goes_in(config, stirred, size: int, count: int) -> None:
    x, condition = pictures(count, size), torch.arange(count) % 4
    with torch.no_grad():
        result = stirred(config, size)(x, levels(count), condition)
    assert result.shape == x.shape
    assert result.dtype == torch.float32
    assert result.isfinite().all()
    assert float(result.std()) > 0.01


def test_a_fresh_network_answers_with_nothing(config) -> None:
    assert not build_network(config, 32, 3, in_channels=3)(pictures(2), levels(2), None).any()


def test_no_condition_is_the_same_as_no_class(config, stirred) -> None:
    network, x, c_noise = stirred(config), pictures(3), levels(3)
    assert torch.equal(network(x, c_noise, None), network(x, c_noise, torch.zeros(3, dtype=torch.int64)))
    assert torch.equal(network(x, c_noise, None), network(x, c_noise))


def test_the_answer_depends_on_picture_noise_level_and_class(config, stirred) -> None:
    network, x, c_noise, condition = stirred(config), pictures(3), levels(3), torch.tensor([1, 2, 3])
    answer = network(x, c_noise, condition)
    for other in (
        network(x + 0.1, c_noise, condition),
        network(x, c_noise + 0.05, condition),
        network(x, c_noise, torch.tensor([2, 3, 1])),
    ):
        assert float((other - answer).detach().flatten(1).abs().amax(1).min()) > 1e-3


def test_every_place_of_the_answer_depends_on_every_place_of_the_picture(config, stirred) -> None:
    network = stirred(config)
    for corner in ((0, 0), (-1, -1)):
        x = pictures(1).requires_grad_()
        network(x, levels(1), None)[0, :, corner[0], corner[1]].sum().backward()
        assert (x.grad.abs().amax(1) > 0).all()


def test_the_gradient_reaches_every_parameter(config, stirred) -> None:
    network = stirred(config)
    answer = network(pictures(4), levels(4), torch.arange(4))
    ((answer - pictures(4, seed=1)) ** 2).mean().backward()
    for name, parameter in network.named_parameters():
        assert parameter.grad is not None, name
        assert parameter.grad.isfinite().all(), name
        assert parameter.grad.any(), name
    assert network.conditioning.classes.weight.grad.any(1).all()


def test_a_fresh_networks_last_layer_learns_at_the_first_step(config) -> None:
    network = build_network(config, 32, 3, in_channels=3)
    network(pictures(2), levels(2), None).sub(1).square().mean().backward()
    assert network.output.weight.grad.any()


def test_a_pictures_answer_does_not_depend_on_the_others_in_its_batch(config, stirred) -> None:
    network, x, c_noise, condition = stirred(config), pictures(5), levels(5), torch.tensor([0, 1, 2, 3, 1])
    together = network(x, c_noise, condition)
    for index in range(5):
        alone = network(x[index : index + 1], c_noise[index : index + 1], condition[index : index + 1])
        torch.testing.assert_close(alone, together[index : index + 1], rtol=1e-4, atol=1e-5)
    x = x.clone()
    x[1:] = 100.0
    torch.testing.assert_close(network(x, c_noise, condition)[0], together[0], rtol=1e-4, atol=1e-5)


def test_the_answer_does_not_depend_on_the_order_of_the_numbers_in_memory(config, stirred) -> None:
    network, x = stirred(config), pictures(2)
    strided = x.contiguous(memory_format=torch.channels_last)
    torch.testing.assert_close(network(strided, levels(2)), network(x, levels(2)), rtol=1e-4, atol=1e-5)


def test_bfloat16_autocast_gives_nearly_the_same_answer_and_gradient(config, stirred) -> None:
    network, x, condition = stirred(config), pictures(3), torch.tensor([0, 1, 3])
    answers, gradients = [], []
    for coarse in (False, True):
        network.zero_grad()
        with torch.autocast("cpu", torch.bfloat16, enabled=coarse):
            answer = network(x, levels(3), condition).float()
        (answer - x).square().mean().backward()
        answers.append(answer.detach())
        gradients.append(torch.cat([parameter.grad.flatten() for parameter in network.parameters()]))
    assert all(parameter.grad.dtype == torch.float32 for parameter in network.parameters())
    assert float((answers[1] - answers[0]).norm() / answers[0].norm()) < 0.03
    assert float(torch.cosine_similarity(gradients[0], gradients[1], dim=0)) > 0.99


# What a network would hold

EVERY = [TransformerConfig(), UNetConfig(), ArticleConfig(), ArticleDenoiserConfig(), GeneratorConfig()]


@pytest.mark.parametrize("config", EVERY, ids=lambda config: config.kind)
def test_the_shapes_are_those_of_the_network_that_is_built(config) -> None:
    built = build_network(config, 32, 3, in_channels=3).state_dict()
    assert network_shapes(config, 32, 3, in_channels=3) == {name: tensor.shape for name, tensor in built.items()}
    assert parameter_count(config, 32, 3, in_channels=3) == sum(tensor.numel() for tensor in built.values())


def test_so_are_those_of_a_network_that_sees_a_reference() -> None:
    built = build_network(UNetConfig(), 32, 0, in_channels=3, reference=3).state_dict()
    assert network_shapes(UNetConfig(), 32, 0, in_channels=3, reference=3) == {
        name: part.shape for name, part in built.items()
    }


def test_looking_leaves_the_random_numbers_alone() -> None:
    torch.manual_seed(5)
    expected = torch.rand(3)
    torch.manual_seed(5)
    network_shapes(UNetConfig(), 32, 3, in_channels=3)
    assert torch.equal(torch.rand(3), expected)


def test_what_no_machine_holds_is_refused_before_it_is_built() -> None:
    huge = TransformerConfig(width=4096, depth=64, heads=64)
    with pytest.raises(
        ValueError, match=r"a transformer of these sizes has 13,\d+ million parameters, and 500 million"
    ):
        check_parameters(huge, 64, 3, in_channels=3)
    check_parameters(UNetConfig(), 32, 3, in_channels=3)


def test_the_compiler_is_not_loaded_for_it() -> None:
    program = f"""
import sys
from sfumato.networks import *
from sfumato.networks import network_shapes
for config in ({", ".join(f"{type(config).__name__}()" for config in EVERY)}):
    network_shapes(config, 32, 3, in_channels=3)
print("torch._dynamo" in sys.modules)
"""
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "False"
