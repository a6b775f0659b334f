"""The colours have the values that their author gives."""

import pytest
import torch

from sfumato.evaluation.oklab import oklab


@pytest.mark.parametrize(
    ("rgb", "lab"),
    [
        ((1, 1, 1), (1, 0, 0)),
        ((-1, -1, -1), (0, 0, 0)),
        ((1, -1, -1), (0.628, 0.2249, 0.1258)),
        ((-1, 1, -1), (0.8664, -0.2339, 0.1795)),
        ((-1, -1, 1), (0.452, -0.0325, -0.3115)),
    ],
)
def test_known_colours(rgb, lab):
    found = oklab(torch.tensor(rgb, dtype=torch.float32).view(1, 3, 1, 1)).flatten().tolist()
    assert found == pytest.approx(lab, abs=1e-3)


def test_greys_have_no_colour_and_rise_in_lightness():
    greys = torch.linspace(-1, 1, 20).view(-1, 1, 1, 1).expand(-1, 3, 2, 2)
    found = oklab(greys)
    assert found[:, 1:].abs().max() < 1e-3
    assert (found[:, 0, 0, 0].diff() > 0).all()
