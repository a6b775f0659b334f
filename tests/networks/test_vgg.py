import torch
import torch.nn.functional as F
from torch import Tensor

from sfumato.networks.vgg import VGGFeatures, vgg_shapes

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
