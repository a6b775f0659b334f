import pytest
import torch
from torch import Tensor, nn

from sfumato.networks import TransformerConfig, UNetConfig, build_network, network_shapes
from sfumato.networks.adapters import HIDDEN, adapted, adapter_shapes, layers_of, merged
from sfumato.networks.configuration import AnyNetworkConfig
from sfumato.random import keyed_generator
from sfumato.weights import shapes_of

NETWORKS: list[AnyNetworkConfig] = [
    UNetConfig(patch=1, channels=(8, 16), blocks=1, width=24, depth=1, heads=2),
    TransformerConfig(patch=4, width=24, depth=2, heads=2),
]
CLASSES = "conditioning.classes.weight"


def filled(config: AnyNetworkConfig, classes: int = 3) -> nn.Module:
    """A network in which no weight is zero, as none is after a training."""
    with torch.random.fork_rng():
        torch.manual_seed(0)
        network = build_network(config, 16, classes, in_channels=3)
        with torch.no_grad():
            for parameter in network.parameters():
                parameter.add_(0.1 * torch.randn(parameter.shape))
    return network


def inputs(classes: int = 3) -> tuple[Tensor, Tensor, Tensor]:
    generator = keyed_generator("inputs")
    x = torch.randn((5, 3, 16, 16), generator=generator)
    return x, torch.randn(5, generator=generator), torch.arange(5) % (classes + 1)


def learned(network: nn.Module) -> nn.Module:
    """With an adapter that adds something everywhere."""
    generator = keyed_generator("learned")
    with torch.no_grad():
        for parameter in network.parameters():
            parameter.add_(0.1 * torch.randn(parameter.shape, generator=generator))
    return network


@pytest.mark.parametrize("config", NETWORKS, ids=lambda config: config.kind)
@pytest.mark.parametrize("precision", [torch.float32, torch.bfloat16])
def test_before_it_learns_it_answers_as_the_network_does_to_the_bit(
    config: AnyNetworkConfig, precision: torch.dtype
) -> None:
    network = filled(config)
    adapter = adapted(network, 4, 8.0, seed=1, new_classes=2)
    with torch.no_grad(), torch.autocast("cpu", precision, enabled=precision == torch.bfloat16):
        assert torch.equal(adapter(*inputs()), network(*inputs()))


@pytest.mark.parametrize("config", NETWORKS, ids=lambda config: config.kind)
def test_the_merged_weights_answer_as_network_and_adapter_do_to_the_bit(config: AnyNetworkConfig) -> None:
    network = filled(config)
    adapter = learned(adapted(network, 4, 8.0, seed=1, new_classes=2))
    whole = build_network(config, 16, 5, in_channels=3)
    whole.load_state_dict(merged(network.state_dict(), adapter.state_dict(), 8.0 / 4))
    with torch.no_grad():
        answers = adapter(*inputs(5))
        assert torch.equal(whole(*inputs(5)), answers)
        assert not torch.equal(answers[:4], network(*inputs())[:4])


@pytest.mark.parametrize("config", NETWORKS, ids=lambda config: config.kind)
def test_gradients_are_those_of_the_formula(config: AnyNetworkConfig) -> None:
    """The adapter's are those of W + s B A by the chain rule: dB = s dW A^T and dA = s B^T dW."""
    network = filled(config)
    adapter = learned(adapted(network, 4, 8.0, seed=1))
    whole = build_network(config, 16, 3, in_channels=3)
    whole.load_state_dict(merged(network.state_dict(), adapter.state_dict(), 2.0))
    for each in (adapter, whole):
        each(*inputs()).square().sum().backward()
    gradients = {name: parameter.grad for name, parameter in whole.named_parameters()}
    layer = "levels.inner.before.0.first" if config.kind == "unet" else "blocks.1.expand"
    part = adapter.get_submodule(layer)
    of_weight = gradients[f"{layer}.weight"].flatten(1)
    torch.testing.assert_close(part.lora_B.grad, 2.0 * of_weight @ part.lora_A.detach().T)
    torch.testing.assert_close(part.lora_A.grad, 2.0 * part.lora_B.detach().T @ of_weight)


@pytest.mark.parametrize("config", NETWORKS, ids=lambda config: config.kind)
def test_nothing_but_the_adapter_is_a_parameter_or_in_the_state(config: AnyNetworkConfig) -> None:
    network = filled(config)
    before = {name: tensor.clone() for name, tensor in network.state_dict().items()}
    adapter = adapted(network, 4, 4.0, seed=1, new_classes=2)
    state = adapter.state_dict()
    assert {name for name, _ in adapter.named_parameters()} == set(state)
    assert {name.rpartition(".")[2] for name in state} == {"lora_A", "lora_B", "added"}
    assert set(layers_of(state)) <= set(HIDDEN)
    assert shapes_of(state) == adapter_shapes(network_shapes(config, 16, 3, in_channels=3), 4, (), 2)
    optimiser = torch.optim.SGD(adapter.parameters(), 1.0)
    adapter(*inputs()).sum().backward()
    optimiser.step()
    assert all(torch.equal(network.state_dict()[name], tensor) for name, tensor in before.items())


def test_what_is_drawn_depends_on_the_seed_and_the_layer_alone() -> None:
    network = filled(NETWORKS[0])
    one, same, other = (adapted(network, 2, 2.0, seed=seed).state_dict() for seed in (1, 1, 2))
    torch.rand(3)
    fewer = adapted(network, 2, 2.0, seed=1, targets=("qkv", "first")).state_dict()
    assert layers_of(fewer) == ("first", "qkv")
    for name, tensor in one.items():
        assert torch.equal(tensor, same[name])
        assert torch.equal(tensor, fewer.get(name, tensor))
        assert name.endswith("lora_B") or not torch.equal(tensor, other[name])


def test_a_rank_is_at_most_that_of_the_matrix() -> None:
    state = adapted(filled(NETWORKS[0]), 64, 64.0, seed=0).state_dict()
    assert state["levels.before.0.first.lora_A"].shape == (8, 72)
    assert state["levels.before.0.first.lora_B"].shape == (8, 8)


def test_new_classes_begin_as_no_class_and_known_ones_stay() -> None:
    network = filled(NETWORKS[1])
    adapter = adapted(network, 2, 2.0, seed=0, new_classes=2)
    x, c_noise, _ = inputs()
    with torch.no_grad():
        as_new = adapter(x, c_noise, torch.full((5,), 5))
        assert torch.equal(as_new, network(x, c_noise, torch.zeros(5, dtype=torch.long)))
        known = merged(network.state_dict(), learned(adapter).state_dict(), 1.0)[CLASSES]
    assert torch.equal(known[:4], network.state_dict()[CLASSES])
    assert len(known) == 6


def test_a_layer_that_is_not_there_is_named() -> None:
    with pytest.raises(ValueError, match="is called 'first'"):
        adapted(filled(NETWORKS[1]), 2, 2.0, seed=0, targets=("qkv", "first"))
    with pytest.raises(ValueError, match="is called 'classes'"):
        adapted(filled(NETWORKS[1]), 2, 2.0, seed=0, targets=("classes",))
