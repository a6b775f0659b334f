"""What a network would hold is known to the last name before it is built, and without what takes long."""

import subprocess
import sys

import pytest
import torch

from sfumato.networks import (
    ArticleConfig,
    ArticleDenoiserConfig,
    GeneratorConfig,
    TransformerConfig,
    UNetConfig,
    build_network,
    check_parameters,
    network_shapes,
    parameter_count,
)

EVERY = [TransformerConfig(), UNetConfig(), ArticleConfig(), ArticleDenoiserConfig(), GeneratorConfig()]


@pytest.mark.parametrize("config", EVERY, ids=lambda config: config.kind)
def test_the_shapes_are_those_of_the_network_that_is_built(config) -> None:
    built = build_network(config, 32, 3, in_channels=3).state_dict()
    assert network_shapes(config, 32, 3, in_channels=3) == {name: tensor.shape for name, tensor in built.items()}
    assert parameter_count(config, 32, 3, in_channels=3) == sum(tensor.numel() for tensor in built.values())


def test_so_are_those_of_a_network_that_sees_a_reference() -> None:
    built = build_network(UNetConfig(), 32, 0, in_channels=3, reference=True).state_dict()
    assert network_shapes(UNetConfig(), 32, 0, in_channels=3, reference=True) == {
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
