"""Parts that share the memory in turns."""

from collections.abc import Callable

import pytest
import torch
from torch import Tensor, nn

from sfumato.pretrained.turns import FromFiles, take_turns


class Part(nn.Module):
    """Two layers with one matrix, and a buffer that no file has."""

    def __init__(self, seed: int = 0) -> None:
        super().__init__()
        with torch.random.fork_rng():
            torch.manual_seed(seed)
            self.first, self.second = nn.Linear(4, 4), nn.Linear(4, 4)
        self.second.weight = self.first.weight
        self.register_buffer("scale", torch.ones(4), persistent=False)

    def forward(self, x: Tensor) -> Tensor:
        return self.second(self.first(x) * self.scale)  # type: ignore[operator, no-any-return]


def numbers(part: nn.Module) -> int:
    """In memory; what stands for one that left is a single number in its shape."""
    stored = (each.untyped_storage().nbytes() // 4 for each in part.parameters())
    return sum(count for count in stored if count > 1)


@pytest.fixture
def shared() -> tuple[Part, Part, list[str]]:
    """Two parts that take turns, and a list of which was read from its files."""
    parts, read = {"a": Part(1), "b": Part(2)}, []

    def reload(name: str) -> nn.Module:
        read.append(name)
        return Part(ord(name) - ord("a") + 1)

    take_turns([[FromFiles(name, part, reload)] for name, part in parts.items()])
    return parts["a"], parts["b"], read


def test_the_one_that_computes_is_there_and_the_other_is_not(shared: tuple[Part, Part, list[str]]) -> None:
    a, b, read = shared
    x = torch.ones(1, 4)
    expected = Part(1)(x), Part(2)(x)
    assert torch.equal(a(x), expected[0])
    assert numbers(a) == 24
    assert numbers(b) == 0
    assert torch.equal(b(x), expected[1])
    assert numbers(a) == 0
    assert torch.equal(a(x), expected[0])
    assert read == ["b", "a"]


def test_one_that_is_there_is_not_read_again(shared: tuple[Part, Part, list[str]]) -> None:
    a, _, read = shared
    for _ in range(3):
        a(torch.ones(1, 4))
    assert read == []


def test_shared_matrices_are_shared_again(shared: tuple[Part, Part, list[str]]) -> None:
    a, b, _ = shared
    b(torch.ones(1, 4))
    a(torch.ones(1, 4))
    assert a.first.weight is a.second.weight


def test_one_that_left_has_its_device_its_type_and_its_shapes(shared: tuple[Part, Part, list[str]]) -> None:
    a, b, _ = shared
    b(torch.ones(1, 4))
    assert {(each.device.type, each.dtype) for each in a.parameters()} == {("cpu", torch.float32)}
    assert {name: each.shape for name, each in a.state_dict().items()} == {
        name: each.shape for name, each in Part(1).state_dict().items()
    }


def changed_in_place(part: Part) -> None:
    with torch.no_grad():
        part.first.bias.add_(1)


def replaced(part: Part) -> None:
    part.first.bias = nn.Parameter(part.first.bias + 1)


@pytest.mark.parametrize("change", [changed_in_place, replaced])
def test_weights_that_were_changed_stay(change: Callable[[Part], None], shared: tuple[Part, Part, list[str]]) -> None:
    a, b, _ = shared
    x = torch.ones(1, 4)
    change(a)
    expected = a(x)
    b(x)
    assert numbers(a) == 4
    assert torch.equal(a(x), expected)
    b(x)
    assert torch.equal(a(x), expected)


class Adapted(nn.Module):
    """As peft puts a LoRA around a layer."""

    def __init__(self, layer: nn.Linear) -> None:
        super().__init__()
        self.base_layer, self.lora = layer, nn.Linear(4, 4)

    def forward(self, x: Tensor) -> Tensor:
        return self.base_layer(x) + self.lora(x)  # type: ignore[no-any-return]


def test_layers_of_a_lora_stay_and_what_they_go_with_comes_again(shared: tuple[Part, Part, list[str]]) -> None:
    a, b, _ = shared
    x = torch.ones(1, 4)
    a.first = Adapted(a.first)
    expected = a(x)
    b(x)
    assert numbers(a) == 20
    assert torch.equal(a(x), expected)


def test_one_that_was_built_without_weights_is_read_when_it_first_computes() -> None:
    with torch.device("meta"):
        waiting = Part()
    take_turns([[FromFiles("a", waiting, lambda _: Part(1))]])
    assert numbers(waiting) == 0
    x = torch.ones(1, 4)
    assert torch.equal(waiting(x), Part(1)(x))


class Counted:
    """A guest that says when it comes and leaves."""

    def __init__(self, name: str, said: list[str]) -> None:
        self.name, self.said, self.module = name, said, nn.Linear(2, 2)

    def come(self) -> None:
        self.said.append(f"{self.name} comes")

    def leave(self) -> None:
        self.said.append(f"{self.name} leaves")


def test_a_group_comes_together_after_the_others_have_left() -> None:
    said: list[str] = []
    one, two, network = (Counted(name, said) for name in ("one", "two", "network"))
    take_turns([[one, two], [network]])
    two.module(torch.ones(2))
    network.module(torch.ones(2))
    assert said == ["network leaves", "one comes", "two comes", "one leaves", "two leaves", "network comes"]


def test_a_stand_in_for_the_forward_pass_wakes_nobody(shared: tuple[Part, Part, list[str]]) -> None:
    a, b, read = shared
    a(torch.ones(1, 4))
    own = b.forward
    b.forward = lambda x: x  # type: ignore[method-assign]
    b(torch.ones(1, 4))
    b.forward = own  # type: ignore[method-assign]
    assert numbers(a) == 24
    assert read == []
