import pytest
import torch
from torch import Tensor, nn

from sfumato.dataset import Dataset
from sfumato.diffusion import PIXELS, ClassCondition, Denoiser, preconditioning
from sfumato.features.vgg import PerceptualLoss, VGGFeatures
from sfumato.images.tensors import MEAN, STD, normalised
from sfumato.networks import ArticleConfig, build_network
from sfumato.training.objectives.reconstruction import Reconstruction, listing_floor, listing_reach

NO_CLASSES = ClassCondition.of([-1] * 4)


@pytest.fixture
def perceptual() -> PerceptualLoss:
    torch.manual_seed(1)
    return PerceptualLoss(VGGFeatures())


def autoencoder(output: str = "listing") -> Denoiser:
    torch.manual_seed(0)
    network = build_network(ArticleConfig(output=output), 32, 0, in_channels=PIXELS.channels)
    return Denoiser(network, preconditioning("direct"))


def pictures(count: int = 4) -> Tensor:
    return torch.rand(count, 3, 32, 32, generator=torch.Generator().manual_seed(2)) * 2 - 1


def test_the_loss_is_the_listings(perceptual: PerceptualLoss) -> None:
    """MSE of the sigmoid's output against the normalised picture, plus MSE of their features."""
    denoiser, images = autoencoder(), pictures()
    losses = Reconstruction(denoiser, perceptual)(images, NO_CLASSES, torch.Generator())
    inputs = ((images + 1) / 2 - torch.tensor(MEAN).view(3, 1, 1)) / torch.tensor(STD).view(3, 1, 1)
    outputs = denoiser.network.listing(inputs)
    mse = nn.functional.mse_loss(outputs, inputs)
    felt = nn.functional.mse_loss(perceptual.features(outputs), perceptual.features(inputs))
    torch.testing.assert_close(losses.total.mean(), mse + felt, rtol=1e-4, atol=1e-5)
    assert losses.means() == pytest.approx({"mse": mse.item(), "perceptual": felt.item()}, rel=1e-4)


def test_the_perceptual_part_has_its_weight_and_gradients(perceptual: PerceptualLoss) -> None:
    denoiser, images = autoencoder("picture"), pictures()
    plain = Reconstruction(denoiser)(images, NO_CLASSES, torch.Generator()).total
    twice = Reconstruction(denoiser, perceptual, 2.0)(images, NO_CLASSES, torch.Generator())
    torch.testing.assert_close(twice.total, plain + 2 * twice.parts["perceptual"])
    twice.parts["perceptual"].mean().backward()
    assert denoiser.network.enc1[0].weight.grad.abs().sum() > 0


def test_no_output_of_the_listing_comes_below_the_floor() -> None:
    images = pictures()
    floor = listing_floor(images)
    errors = Reconstruction(autoencoder())(images, NO_CLASSES, torch.Generator()).total
    assert (errors > floor).all()
    best = (normalised(images).clamp(0, 1) - normalised(images)).square().mean((1, 2, 3))
    torch.testing.assert_close(best, floor)
    # Of black and of white the floor is known without any picture.
    for value, target in ((-1.0, 0.0), (1.0, 1.0)):
        ends = [((0.5 + value / 2 - mean) / deviation - target) ** 2 for mean, deviation in zip(MEAN, STD, strict=True)]
        assert listing_floor(torch.full((1, 3, 8, 8), value)).item() == pytest.approx(sum(ends) / 3, rel=1e-5)


def test_what_the_listing_can_show_is_what_its_readers_see() -> None:
    low, high = listing_reach()
    assert low == pytest.approx([0.485, 0.456, 0.406], abs=1e-6)
    assert high == pytest.approx([0.714, 0.680, 0.631], abs=1e-6)


def test_it_is_noticed_that_the_listing_cannot_reach_its_pictures(tiny_dataset: Dataset) -> None:
    notice = Reconstruction(autoencoder()).notice(tiny_dataset)
    floor = listing_floor(tiny_dataset.images(tiny_dataset.train)).mean().item()
    assert f"cannot fall below {floor:.4f}" in notice
    assert Reconstruction(autoencoder("picture")).notice(tiny_dataset) == ""
