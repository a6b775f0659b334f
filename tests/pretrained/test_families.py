from collections.abc import Callable
from types import ModuleType

import pytest

from sfumato.errors import SfumatoError
from sfumato.pretrained.bridge import Pretrained
from sfumato.pretrained.families import FAMILIES, REFUSED, check_known, family_of

ModelOf = Callable[[str], Pretrained]
NAMES = ("sd15", "sd21", "sdxl", "sd3", "flux", "flux2_klein", "z_image", "chroma")


@pytest.mark.parametrize("name", NAMES)
def test_each_family_is_known_by_its_pipeline(name: str, model_of: ModelOf) -> None:
    assert model_of(name).family is FAMILIES[name]


def test_the_classes_that_are_named_are_those_of_diffusers() -> None:
    import diffusers

    named = [*REFUSED, *(pipeline for family in FAMILIES.values() for pipeline in family.pipelines)]
    assert [name for name in named if name not in dir(diffusers)] == []


@pytest.mark.parametrize(
    ("pipeline", "said"),
    [
        ("QwenImagePipeline", "cannot be used, as its guidance scales"),
        ("Lumina2Pipeline", "cannot be used, as its guidance scales"),
        ("QwenImageEditPipeline", "needs torchvision"),
        ("QwenImage21Pipeline", "needs torchvision"),
        ("StableDiffusionXLImg2ImgPipeline", "begins with a picture"),
        ("FluxKontextPipeline", "begins with a picture"),
        ("KolorsPipeline", "is of no family that sfumato knows; take a model of Stable Diffusion 1, "),
    ],
)
def test_other_pipelines_are_refused_by_name(pipeline: str, said: str) -> None:
    with pytest.raises(SfumatoError, match=f"^art/model: {pipeline} .*{said}"):
        check_known(pipeline, "art/model")


@pytest.mark.parametrize(("name", "channels", "own"), [("sd15", 9, 4), ("flux", 96, 16)])
def test_a_network_made_for_inpainting_is_refused(name: str, channels: int, own: int, tiny: ModuleType) -> None:
    pipeline = tiny.pipeline(name)
    network = pipeline.unet if name == "sd15" else pipeline.transformer
    network.register_to_config(in_channels=channels)
    with pytest.raises(
        SfumatoError, match=f"^m: its network takes {channels} channels and not the {own} of its latents"
    ):
        family_of(pipeline, "m")


def test_guidance_is_said_in_the_familys_own_terms() -> None:
    assert FAMILIES["sdxl"].guidance.said(4.0) == ""
    assert FAMILIES["z_image"].guidance.said(6.0) == "guidance 6 is guidance_scale 5 there"
    assert FAMILIES["flux"].guidance.said(2.0) == (
        "guidance 2 is true_cfg_scale 2 there, and guidance_scale there is the distilled guidance"
    )
    for family in FAMILIES.values():
        assert family.guidance.ours(family.guidance.theirs(3.0)) == 3.0
