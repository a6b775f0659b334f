from pathlib import Path

import pytest
import torch
import torch.nn.functional as F
from safetensors.torch import save_file
from torch import Tensor, nn

from sfumato.errors import SfumatoError
from sfumato.features.vgg import PerceptualLoss, VGGFeatures, vgg_shapes

NUMBERS = [0, 2, 5, 7, 10, 12, 14]  # of the convolutions in torchvision's list of layers


def as_the_paper_has_it(x: Tensor, tensors: dict[str, Tensor]) -> Tensor:
    """Table 1, column D: conv3-64 twice, maxpool, conv3-128 twice, maxpool, conv3-256 three times."""

    def convolved(x: Tensor, number: int) -> Tensor:
        return F.relu(F.conv2d(x, tensors[f"{number}.weight"], tensors[f"{number}.bias"], padding=1))

    x = convolved(x, 0)
    x = convolved(x, 2)
    x = F.max_pool2d(x, kernel_size=2, stride=2)
    x = convolved(x, 5)
    x = convolved(x, 7)
    x = F.max_pool2d(x, kernel_size=2, stride=2)
    x = convolved(x, 10)
    x = convolved(x, 12)
    return convolved(x, 14)


def test_it_is_the_network_of_the_papers_table() -> None:
    torch.manual_seed(0)
    network = VGGFeatures()
    x = torch.randn(2, 3, 22, 17)
    before = x.clone()
    features = network(x)
    assert features.shape == (2, 256, 5, 4)
    torch.testing.assert_close(features, as_the_paper_has_it(x, network.state_dict()), rtol=1e-5, atol=1e-6)
    assert (features > 0).any()
    assert torch.equal(x, before)  # the activations are written over, the picture is not


def test_it_has_as_many_parameters_as_the_table_gives() -> None:
    channels = [(3, 64), (64, 64), (64, 128), (128, 128), (128, 256), (256, 256), (256, 256)]
    assert sum(9 * before * after + after for before, after in channels) == 1_735_488
    assert sum(parameter.numel() for parameter in VGGFeatures().parameters()) == 1_735_488


def test_the_tensors_are_named_as_in_the_published_file() -> None:
    names = [f"{number}.{kind}" for number in NUMBERS for kind in ("weight", "bias")]
    assert list(VGGFeatures().state_dict()) == names
    assert list(vgg_shapes()) == names


def test_shapes_are_known_without_touching_the_random_numbers() -> None:
    before = torch.get_rng_state()
    shapes = vgg_shapes()
    assert torch.equal(before, torch.get_rng_state())
    assert shapes == {name: tensor.shape for name, tensor in VGGFeatures().state_dict().items()}


@pytest.fixture(scope="module")
def tensors() -> dict[str, Tensor]:
    torch.manual_seed(0)
    return {name: tensor.detach() for name, tensor in VGGFeatures().state_dict().items()}


@pytest.fixture(scope="module")
def features(tensors: dict[str, Tensor]) -> VGGFeatures:
    """An own copy to compare with."""
    network = VGGFeatures()
    network.load_state_dict(tensors)
    return network


@pytest.fixture
def loss(tensors: dict[str, Tensor], tmp_path: Path) -> PerceptualLoss:
    save_file(tensors, tmp_path / "vgg.safetensors")
    return PerceptualLoss.from_file(tmp_path / "vgg.safetensors")


def pictures(seed: int, count: int = 3) -> Tensor:
    return torch.randn(count, 3, 16, 12, generator=torch.Generator().manual_seed(seed))


def test_the_mean_over_a_batch_is_the_mean_squared_error_of_its_features(
    loss: PerceptualLoss, features: VGGFeatures
) -> None:
    images, targets = pictures(1), pictures(2)
    result = loss(images, targets)
    expected = F.mse_loss(features(images), features(targets))
    assert result.shape == (3,)
    assert expected > 0
    torch.testing.assert_close(result.mean(), expected, rtol=1e-4, atol=0)


def test_a_pictures_loss_does_not_depend_on_its_neighbours(loss: PerceptualLoss) -> None:
    images, targets = pictures(1), pictures(2)
    targets[1] = images[1]
    result = loss(images, targets)
    assert result[1] == 0
    alone = torch.cat([loss(images[i : i + 1], targets[i : i + 1]) for i in range(3)])
    torch.testing.assert_close(result, alone, rtol=1e-4, atol=0)


def test_gradients_flow_to_the_images_alone(loss: PerceptualLoss, features: VGGFeatures) -> None:
    images, targets = pictures(1).requires_grad_(), pictures(2).requires_grad_()
    loss(images, targets).mean().backward()
    (expected,) = torch.autograd.grad(F.mse_loss(features(images), features(targets).detach()), images)
    assert images.grad is not None
    assert expected.abs().max() > 0
    torch.testing.assert_close(images.grad, expected, rtol=1e-3, atol=1e-3 * expected.abs().max().item())
    assert targets.grad is None
    assert all(parameter.grad is None for parameter in loss.parameters())


def test_it_stays_frozen_and_in_eval_mode_within_what_is_trained(loss: PerceptualLoss) -> None:
    around = nn.ModuleList([nn.Linear(2, 2), loss])
    around.train()
    assert around[0].training
    assert not any(module.training for module in loss.modules())
    assert not [parameter for parameter in loss.parameters() if parameter.requires_grad]


def test_features_that_are_given_are_frozen() -> None:
    loss = PerceptualLoss(VGGFeatures())
    assert not [parameter for parameter in loss.parameters() if parameter.requires_grad]
    assert not any(module.training for module in loss.modules())


def test_under_autocast_the_error_is_taken_in_float32(loss: PerceptualLoss) -> None:
    images, targets = pictures(1), pictures(2)
    with torch.autocast("cpu", torch.bfloat16):
        assert loss.features(images).dtype == torch.bfloat16
        result = loss(images, targets)
    assert result.dtype == torch.float32
    torch.testing.assert_close(result, loss(images, targets), rtol=0.05, atol=0)


def test_loading_leaves_the_random_numbers_where_they_were(tensors: dict[str, Tensor], tmp_path: Path) -> None:
    save_file(tensors, tmp_path / "vgg.safetensors")
    before = torch.get_rng_state()
    PerceptualLoss.from_file(tmp_path / "vgg.safetensors")
    assert torch.equal(before, torch.get_rng_state())


def test_the_loss_does_not_change_with_its_file(tensors: dict[str, Tensor], tmp_path: Path) -> None:
    path = tmp_path / "vgg.safetensors"
    save_file(tensors, path)
    loss = PerceptualLoss.from_file(path)
    with path.open("r+b") as file:
        file.write(b"\xff" * path.stat().st_size)
    assert all(torch.equal(tensor, tensors[name]) for name, tensor in loss.features.state_dict().items())


def test_a_file_of_half_precision_is_computed_with_in_float32(tensors: dict[str, Tensor], tmp_path: Path) -> None:
    save_file({name: tensor.half() for name, tensor in tensors.items()}, tmp_path / "half.safetensors")
    loss = PerceptualLoss.from_file(tmp_path / "half.safetensors")
    assert {parameter.dtype for parameter in loss.parameters()} == {torch.float32}
    assert loss(pictures(1), pictures(2)).dtype == torch.float32


@pytest.mark.parametrize(
    ("change", "said"),
    [
        ({"14.bias": None}, "lacks '14.bias'"),
        ({"17.weight": (512, 256, 3, 3)}, "holds '17.weight'"),
        ({"5.weight": (128, 64, 1, 1)}, "holds '5.weight' as 128 x 64 x 1 x 1 in place of 128 x 64 x 3 x 3"),
    ],
)
def test_a_file_of_another_network_is_refused(
    change: dict[str, tuple[int, ...] | None], said: str, tmp_path: Path
) -> None:
    shapes = {**vgg_shapes(), **change}
    path = tmp_path / "other.safetensors"
    save_file({name: torch.zeros(shape) for name, shape in shapes.items() if shape is not None}, path)
    with pytest.raises(SfumatoError, match=rf"other\.safetensors: is not .*: it {said}.*; use --perceptual fetch"):
        PerceptualLoss.from_file(path)


@pytest.mark.parametrize("content", [None, b"", b"no safetensors", bytes(64)])
def test_a_missing_or_damaged_file_is_one_sentence(content: bytes | None, tmp_path: Path) -> None:
    path = tmp_path / "vgg.safetensors"
    if content is not None:
        path.write_bytes(content)
    with pytest.raises(SfumatoError, match=r"vgg\.safetensors: (cannot be read as safetensors|no such file)"):
        PerceptualLoss.from_file(path)
