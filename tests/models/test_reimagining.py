"""A picture made again: in one pass by an autoencoder, from half-way noise by a diffusion model."""

from collections.abc import Callable

import numpy as np
import pytest
import torch
from PIL import Image
from sfumato.models.ground import Ground

from sfumato.errors import SfumatoError
from sfumato.images.tensors import as_tensor, picture_digest
from sfumato.models import Generation, Model, ModelConfig, build_denoiser, reimagine
from sfumato.networks import ArticleConfig, GeneratorConfig
from sfumato.random import keyed_generator
from sfumato.works import read_work


@pytest.fixture(scope="module")
def autoencoder() -> Model:
    config = ModelConfig(
        name="ae",
        size=32,
        network=ArticleConfig(),
        begins_with="picture",
        answer="sample",
        preconditioning="direct",
    )
    torch.manual_seed(0)
    return Model(config, build_denoiser(config).eval().requires_grad_(False), weights_digest="0" * 64)


@pytest.fixture(scope="module")
def gan() -> Model:
    config = ModelConfig(
        name="gan",
        size=32,
        network=GeneratorConfig(latent=8, width=4),
        answer="sample",
        preconditioning="direct",
        generation={"sampler": "euler", "steps": 1, "sigma_max": 1.0},
    )
    torch.manual_seed(0)
    denoiser = build_denoiser(config)
    for _ in range(50):  # statistics of batches as after a training
        denoiser(torch.randn(16, 3, 32, 32), 1.0)
    return Model(config, denoiser.eval().requires_grad_(False), weights_digest="0" * 64)


@pytest.fixture(scope="module")
def picture() -> Image.Image:
    levels = np.random.default_rng(0).integers(0, 256, (60, 40, 3), dtype=np.uint8)
    return Image.fromarray(levels).resize((40, 60), Image.Resampling.BOX)


def difference(one: Image.Image, other: Image.Image) -> float:
    return float(np.abs(np.asarray(one, dtype=float) - np.asarray(other, dtype=float)).mean())


def test_a_picture_is_seen_as_a_prepared_one_is(picture: Image.Image) -> None:
    square = picture.crop((0, 10, 40, 50)).resize((32, 32), Image.Resampling.LANCZOS)
    seen = as_tensor(picture, 32)
    assert seen.shape == (3, 32, 32)
    expected = torch.from_numpy(np.array(square)).permute(2, 0, 1) / 127.5 - 1
    # At the edges of the crop the scaling filter sees the picture beyond.
    assert (seen - expected)[:, 4:-4].abs().max() < 2 / 127.5
    assert torch.equal(as_tensor(picture.convert("RGBA"), 32), seen)


def test_an_autoencoder_answers_in_one_pass(autoencoder: Model, picture: Image.Image, tmp_path) -> None:
    work = reimagine(autoencoder, picture)
    x = as_tensor(picture, 32)
    expected = autoencoder.denoiser.network(x[None], torch.zeros(1))[0]
    levels = ((expected + 1) * 127.5).round().clamp(0, 255).byte().permute(1, 2, 0).numpy()
    assert np.array_equal(np.asarray(work.image), levels)
    assert work.recipe.input_digest == picture_digest(x)
    assert work.recipe.steps == 1
    assert read_work(work.save(tmp_path / "a.png")).recipe == work.recipe


def test_the_seed_and_the_strength_are_nothing_to_an_autoencoder(autoencoder: Model, picture: Image.Image) -> None:
    one, other = reimagine(autoencoder, picture), reimagine(autoencoder, picture, strength=0.1, seed=3)
    assert one.image.tobytes() == other.image.tobytes()


def test_an_autoencoder_makes_nothing_of_its_own(autoencoder: Model) -> None:
    with pytest.raises(SfumatoError, match=r"is an autoencoder.* 'sfumato reimagine'"):
        autoencoder.generate(1)


def test_a_gan_generates_in_one_step_and_takes_no_picture(gan: Model, picture: Image.Image) -> None:
    works = gan.generate(18, seed=4)
    assert works[0].recipe.steps == 1
    assert works[0].image.tobytes() != works[1].image.tobytes()
    assert gan.generate(3, seed=4)[2].image.tobytes() == works[2].image.tobytes()
    with pytest.raises(SfumatoError, match="is a GAN: it makes pictures of its own size from noise alone"):
        reimagine(gan, picture)
    with pytest.raises(SfumatoError, match="answers in one step"):
        gan.generate(1, steps=4)


def test_a_gans_work_is_what_its_generator_makes_of_the_noise(gan: Model) -> None:
    (step,) = Generation.of(gan, seed=2).steps(16)
    noise = step.noisy.new_zeros(16, 3, 32, 32)
    for place in range(16):
        noise[place] = torch.randn((3, 32, 32), generator=keyed_generator("noise", 2, place, -1))
    torch.testing.assert_close(step.noisy, gan.denoiser.network(noise, torch.zeros(16)))


def test_strength_says_how_far_from_the_picture_a_diffusion_model_goes(
    new_model: Callable[..., Model], picture: Image.Image
) -> None:
    """With the ideal denoiser of one picture's neighbourhood the noise added is all that there is to see."""
    model = new_model()
    seen = Image.fromarray(((as_tensor(picture, 32) + 1) * 127.5).round().byte().permute(1, 2, 0).numpy())
    apart = [difference(reimagine(model, picture, strength=s, steps=10, seed=1).image, seen) for s in (0.1, 0.5, 1.0)]
    assert apart[0] < apart[1] < apart[2]
    assert apart[0] < 10


def test_a_reimagined_work_depends_on_seed_strength_and_picture_and_says_so(model: Model, picture: Image.Image) -> None:
    def make(**changes):
        return reimagine(model, **{"picture": picture, "strength": 0.5, "seed": 1, "steps": 6, **changes})

    first = make()
    assert make().image.tobytes() == first.image.tobytes()
    for change in ({"seed": 2}, {"strength": 0.8}, {"picture": picture.rotate(180)}, {"label": "waves"}):
        assert make(**change).image.tobytes() != first.image.tobytes(), change
    recipe = make(label="waves").recipe
    assert (recipe.strength, recipe.seed, recipe.label) == (0.5, 1, "waves")
    assert recipe.input_digest == picture_digest(as_tensor(picture, 32))
    assert "Denoising strength: 0.5" in recipe.parameters_text()


@pytest.mark.parametrize("strength", [0.0, -1.0, 1.01, float("nan")])
def test_a_strength_out_of_range_is_one_sentence(model: Model, picture: Image.Image, strength: float) -> None:
    with pytest.raises(SfumatoError, match=r"strength .* is needed"):
        reimagine(model, picture, strength=strength)


def test_every_sampler_begins_with_the_picture(model: Model, picture: Image.Image) -> None:
    seen = as_tensor(picture, 32)
    for sampler in ("euler", "heun", "dpmpp_2m", "dpmpp_2m_sde", "euler_ancestral"):
        steps = list(
            Generation.of(model, sampler=sampler, steps=8, ground=Ground(32, 32, picture=seen, strength=0.25)).steps(1)
        )
        assert steps[-1].step == steps[-1].steps == 2
        assert torch.isfinite(steps[-1].noisy).all()
