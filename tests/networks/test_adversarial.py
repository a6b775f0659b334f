import pytest
import torch

from sfumato.networks import GeneratorConfig, build_network
from sfumato.networks.adversarial import Discriminator, Generator


@pytest.mark.parametrize("size", [8, 32, 40, 48, 64, 72, 128])
def test_a_picture_of_any_multiple_of_eight_is_made_and_judged(size: int) -> None:
    torch.manual_seed(0)
    made = build_network(GeneratorConfig(latent=10, width=4), size, 0, in_channels=3)(
        torch.randn(2, 3, size, size), torch.zeros(2)
    )
    assert made.shape == (2, 3, size, size)
    assert made.abs().max() <= 1
    assert Discriminator(size, in_channels=3, width=4)(made).shape == (2,)


def test_at_64_pixels_the_generator_is_that_of_the_paper() -> None:
    """Radford et al. 2016, figure 1, with half its channels: 100 -> 4 x 4 -> 8 x 8 -> ... -> 64 x 64."""
    layers = [
        layer for layer in Generator(64, 0, in_channels=3, latent=100, width=64).layers if hasattr(layer, "kernel_size")
    ]
    assert [(layer.in_channels, layer.out_channels) for layer in layers] == [
        (100, 512), (512, 256), (256, 128), (128, 64), (64, 3)
    ]  # fmt: skip
    assert [layer.kernel_size for layer in layers] == [(4, 4)] * 5


def test_the_generator_looks_at_its_latent_numbers_alone() -> None:
    torch.manual_seed(0)
    network = Generator(32, 0, in_channels=3, latent=10, width=4).eval()
    x = torch.randn(2, 3, 32, 32)
    other = x.clone()
    other[:, 1:] = 0
    other[:, 0, 1:] = 0
    level = torch.zeros(2)
    assert torch.equal(network(x, level), network(other, level + 3, torch.tensor([0, 1])))
    other[:, 0, 0, 0] += 1
    assert not torch.allclose(network(x, level), network(other, level))


def test_weights_begin_small() -> None:
    torch.manual_seed(0)
    for network in (Generator(32, 0, in_channels=3, latent=100, width=32), Discriminator(32, in_channels=3, width=32)):
        largest = max((p for p in network.parameters() if p.ndim == 4), key=torch.numel)
        assert largest.std().item() == pytest.approx(0.02, rel=0.05)
