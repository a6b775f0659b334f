from dataclasses import replace

import pytest

from sfumato.models import Generation, Model
from sfumato.works import Work
from sfumato.works.comparing import compared


@pytest.fixture(scope="module")
def work(tmp_path_factory: pytest.TempPathFactory) -> Work:
    from sfumato.models import ModelConfig, build_denoiser
    from sfumato.networks import UNetConfig

    network = UNetConfig(patch=2, channels=(8,), blocks=1, width=16, depth=1, heads=1)
    config = ModelConfig(name="tiny", size=32, network=network, sfumato_version="0.1.0")
    model = Model(config, build_denoiser(config).eval().requires_grad_(False), weights_digest="0" * 64)
    return Generation.of(model, steps=1).work()


def test_equal_pixels_are_the_same(work: Work) -> None:
    assert compared(work, work) == (True, "the pixels are the same")


def test_what_differs_is_counted_and_why_is_said(work: Work) -> None:
    image = work.image.copy()
    red, green, blue = image.getpixel((0, 0))  # type: ignore[misc]
    image.putpixel((0, 0), (red ^ 128, green, blue))
    same, said = compared(work, replace(work, image=image))
    assert not same
    assert said.startswith("0.1% of the pixels differ, by 128 of 255 at most")
    assert said.endswith("it was made on another machine, or the file's pixels were changed")
    elsewhere = work.recipe.environment.model_copy(update={"torch_version": "1.0"})
    other = replace(work, image=image, recipe=work.recipe.model_copy(update={"environment": elsewhere}))
    assert f"torch {work.recipe.environment.torch_version} then and 1.0 now" in compared(work, other)[1]
