"""What a sampler asks of a model at each noise level."""

import pytest
import torch

from sfumato.diffusion import ClassCondition, Mixture
from sfumato.models.estimates import guided
from sfumato.works.sampler_settings import SamplerSettings

CLASSES = Mixture.of(ClassCondition.of([0, 1]))
SETTINGS = SamplerSettings(guidance=1.5, guidance_kind="autoguidance", sharpness=0.05)


def test_fine_detail_has_a_guidance_of_its_own_and_no_sharpness(model):
    x = torch.randn((2, 3, 32, 32), generator=torch.Generator().manual_seed(0))
    detailed = guided(model, SETTINGS.model_copy(update={"detail_below": 0.8, "detail_guidance": 3.0}), CLASSES)
    coarse = guided(model, SETTINGS, CLASSES)
    fine = guided(model, SETTINGS.model_copy(update={"guidance": 3.0, "sharpness": 0.0}), CLASSES)
    levels = torch.tensor([0.1, 2.0])
    torch.testing.assert_close(detailed(x, levels), torch.stack((fine(x, 0.1)[0], coarse(x, 2.0)[1])))
    for sigma in (0.8, 2.0):
        assert torch.equal(detailed(x, sigma), coarse(x, sigma))
    for sigma in (0.79, 0.1):
        assert torch.equal(detailed(x, sigma), fine(x, sigma))
        assert not torch.equal(detailed(x, sigma), coarse(x, sigma))


@pytest.mark.parametrize("kind", ["autoguidance", "classifier_free"])
def test_without_guidance_detail_has_none_either(model, kind):
    x = torch.randn((2, 3, 32, 32), generator=torch.Generator().manual_seed(0))
    settings = SamplerSettings(guidance=1.0, guidance_kind=kind, detail_below=0.8, detail_guidance=3.0)
    assert torch.equal(guided(model, settings, CLASSES)(x, 0.1), model.denoiser(x, 0.1, CLASSES.conditions[0]))
