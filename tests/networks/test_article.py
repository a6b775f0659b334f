"""The article's network, against a module that is written here from the article's description."""

import pytest
import torch
from torch import Tensor, nn

from sfumato.images.tensors import denormalised, normalised
from sfumato.networks import ArticleConfig, ArticleDenoiserConfig, build_network
from sfumato.networks.article import ArticleAutoencoder, ArticleDenoiser


class Described(nn.Module):
    """Three stages of convolution, ReLU, batch norm and pooling; three transposed convolutions; skips by addition."""

    def __init__(self) -> None:
        super().__init__()
        for number, (inside, outside) in enumerate([(3, 64), (64, 128), (128, 256)], 1):
            convolution = nn.Conv2d(inside, outside, kernel_size=3, stride=1, padding=1)
            stage = nn.Sequential(convolution, nn.ReLU(), nn.BatchNorm2d(outside), nn.MaxPool2d(2, stride=2))
            self.add_module(f"enc{number}", stage)
        options = {"kernel_size": 3, "stride": 2, "padding": 1, "output_padding": 1}
        self.dec1 = nn.Sequential(nn.ConvTranspose2d(256, 128, **options), nn.ReLU(), nn.BatchNorm2d(128))
        self.dec2 = nn.Sequential(nn.ConvTranspose2d(128, 64, **options), nn.ReLU(), nn.BatchNorm2d(64))
        self.dec3 = nn.Sequential(nn.ConvTranspose2d(64, 3, **options), nn.Sigmoid())

    def forward(self, x: Tensor) -> Tensor:
        first = self.enc1(x)
        second = self.enc2(first)
        return self.dec3(self.dec2(self.dec1(self.enc3(second)) + second) + first)


@pytest.fixture
def described() -> Described:
    """With statistics of batches that were seen, as after a training."""
    torch.manual_seed(0)
    module = Described()
    for _ in range(3):
        module(torch.randn(4, 3, 32, 32))
    return module


def pictures(size: int = 32, count: int = 3) -> Tensor:
    return torch.rand(count, 3, size, size, generator=torch.Generator().manual_seed(1)) * 2 - 1


def test_it_has_the_articles_number_of_parameters() -> None:
    assert sum(p.numel() for p in Described().parameters()) == 742_659
    assert sum(p.numel() for p in build_network(ArticleConfig(), 128, 0, in_channels=3).parameters()) == 742_659


@pytest.mark.parametrize("training", [False, True])
@pytest.mark.parametrize("size", [32, 128])
def test_a_state_dict_of_the_articles_module_gives_the_same_output(
    described: Described, training: bool, size: int
) -> None:
    ours = ArticleAutoencoder(size, 0, in_channels=3, output="listing")
    ours.load_state_dict(described.state_dict())
    x = normalised(pictures(size))
    torch.testing.assert_close(ours.train(training).listing(x), described.train(training)(x), rtol=0, atol=1e-6)


def test_a_state_dict_of_ours_loads_into_the_articles_module() -> None:
    Described().load_state_dict(ArticleAutoencoder(32, 0, in_channels=3, output="picture").state_dict())


def test_as_a_network_it_takes_and_gives_pictures(described: Described) -> None:
    ours = ArticleAutoencoder(32, 0, in_channels=3, output="listing")
    ours.load_state_dict(described.state_dict())
    x, level = pictures(), torch.zeros(3)
    expected = denormalised(described.eval()(normalised(x)))
    torch.testing.assert_close(ours.eval()(x, level), expected, rtol=0, atol=1e-6)


def saturated(output: str, value: float) -> Tensor:
    network = ArticleAutoencoder(32, 0, in_channels=3, output=output).eval()
    nn.init.zeros_(network.dec3[0].weight)
    nn.init.constant_(network.dec3[0].bias, value)
    return (network(pictures(), torch.zeros(3))[0, :, 0, 0] + 1) / 2


def test_the_listings_range_is_a_greyish_veil() -> None:
    torch.testing.assert_close(saturated("listing", -99.0), torch.tensor([0.485, 0.456, 0.406]), rtol=0, atol=1e-5)
    torch.testing.assert_close(saturated("listing", 99.0), torch.tensor([0.714, 0.680, 0.631]), rtol=0, atol=1e-5)


def test_the_mended_range_is_from_black_to_white() -> None:
    torch.testing.assert_close(saturated("picture", -99.0), torch.zeros(3))
    torch.testing.assert_close(saturated("picture", 99.0), torch.ones(3))


def test_the_denoiser_has_the_same_layers_and_begins_at_zero() -> None:
    torch.manual_seed(0)
    network = build_network(ArticleDenoiserConfig(width=16), 32, 3, in_channels=3)
    assert isinstance(network, ArticleDenoiser)
    theirs = {name: p.shape for name, p in Described().named_parameters()}
    ours = {name.replace("output.", "dec3.0."): p.shape for name, p in network.named_parameters()}
    assert theirs.items() <= ours.items()
    assert not network(pictures(), torch.zeros(3)).any()


def test_the_denoiser_is_told_the_noise_level_and_the_class() -> None:
    torch.manual_seed(0)
    network = build_network(ArticleDenoiserConfig(width=16), 32, 3, in_channels=3).eval()
    for parameter in (*network.condition.parameters(), *network.output.parameters()):
        nn.init.normal_(parameter, std=0.1)
    x, level, condition = pictures(), torch.zeros(3), torch.tensor([1, 2, 3])
    with torch.no_grad():
        answer = network(x, level, condition)
        assert not torch.allclose(answer, network(x, level + 1, condition))
        assert not torch.allclose(answer, network(x, level, condition.flip(0)))
        torch.testing.assert_close(network(x, level), network(x, level, torch.zeros(3, dtype=torch.int64)))
