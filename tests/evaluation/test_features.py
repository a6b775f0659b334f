"""Features are taken in parts, and no number that is none goes on."""

import pytest
import torch
from torch import Tensor

from sfumato.errors import SfumatoError
from sfumato.evaluation.descriptor import Descriptor
from sfumato.evaluation.features import AT_A_TIME, extracted


def test_a_picture_has_the_same_features_wherever_it_stands() -> None:
    images = torch.rand(AT_A_TIME + 5, 3, 32, 32, generator=torch.Generator().manual_seed(0)) * 2 - 1
    rows = extracted(Descriptor(), images)
    assert rows.dtype == torch.float64 and len(rows) == len(images)
    assert torch.allclose(rows[-2:], extracted(Descriptor(), images[-2:]), atol=1e-5)


def test_features_that_are_not_finite_are_said() -> None:
    class Broken:
        name = "broken"
        digest = ""

        def __call__(self, images: Tensor) -> Tensor:
            return images.flatten(1) / 0

    with pytest.raises(SfumatoError, match="broken: its features are not finite"):
        extracted(Broken(), torch.ones(2, 3, 4, 4))
