"""What can be asked of a model: the command and Python ask the same; a picture made again, in part, or larger."""

import inspect
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
import torch
from PIL import Image

from sfumato.cli.generate import generate
from sfumato.diffusion.enlarging import enlarged
from sfumato.diffusion.randomness import keyed_generator
from sfumato.errors import SfumatoError
from sfumato.images.tensors import as_canvas, as_tensor, picture_digest
from sfumato.models import (
    Generation,
    Model,
    ModelConfig,
    build_denoiser,
    enlarging,
    reimagine,
    to_pictures,
    upscale,
)
from sfumato.models.canvas import enlarging_canvas, refining_canvas
from sfumato.models.sampling import sampling_of
from sfumato.models.verbs import generating, reimagining
from sfumato.networks import ArticleConfig, GeneratorConfig
from sfumato.works import read_work
from sfumato.works.request import PARTS, Request, Slerp
from sfumato.works.sampler_settings import SamplerSettings

# The model itself, and what is said of files and of the screen; a model is put on a device when it is loaded, a
# trajectory has a method of its own, and a work's own `save` leaves out recipe or mark, or writes over a file.
NOT_ASKED = {"model", "output", "trajectory", "recipe", "mark", "device", "force"}
NOT_ASKED |= {"base", "loras", "memory"}  # but when the model is opened
# What only a recipe has: pictures by their digests, steering as it is kept; each has a verb or a keyword of its own.
NOT_PLAIN = {*PARTS, "edit", "palette", "composition", "number", "slerps", "withheld"}


def test_every_option_of_the_command_has_its_keyword():
    options = set(inspect.signature(generate).parameters) - NOT_ASKED
    named = set(inspect.signature(Model.generate).parameters) - {"self", "asked"}
    plain = {name for kind in (Request, *PARTS.values()) for name in kind.model_fields} - NOT_PLAIN
    rare = {name for name, field in SamplerSettings.model_fields.items() if field.json_schema_extra == {"rare": True}}
    assert rare == {
        *("guidance_low", "guidance_high", "guidance_chroma", "guidance_contrast"),
        *("noise_high", "sigma_min", "sigma_max", "distilled_guidance"),
        *("detail_below", "detail_guidance", "reference_noise"),
    }
    assert options - {"settings"} | rare == named | plain


def requested(model, **asked):
    steering = {name: asked.pop(name) for name in ("palette", "palette_strength", "composition") if name in asked}
    return generating(model, Request.of(**asked), **steering)


@pytest.fixture
def sketch(tmp_path):
    path = tmp_path / "sketch.png"
    Image.linear_gradient("L").resize((40, 40)).convert("RGB").save(path)
    return path


def test_a_palette_and_a_sketch_are_files_pictures_or_words(model, sketch):
    picture = Image.open(sketch)
    asked = [
        requested(model, palette=palette, composition=sketch_given).recipe(0)
        for palette, sketch_given in ((str(sketch), sketch), (sketch, str(sketch)), (picture, picture))
    ]
    assert asked[0] == asked[1] == asked[2]
    assert len(asked[0].request.palette.colours) > 1
    words = requested(model, palette="#a32,#fff0c0", palette_strength=0.5).recipe(0)
    words = words.request.palette
    assert (words.colours, words.strength) == (("#aa3322", "#fff0c0"), 0.5)


def test_what_python_is_asked_is_in_the_works(model, tmp_path):
    (work,) = model.generate(
        1, seed=3, label="waves:0.5,circles:0.5", negative="waves", width=48, height=40, tile=True, steps=2,
        sampler="heun", guidance=3, guidance_chroma=0.5, sharpness=0.1, palette="#aa3322",
    )  # fmt: skip
    made = work.recipe.request
    assert (work.image.size, made.canvas.tile, made.sampling.steps, made.sampling.sampler) == (
        (48, 40),
        True,
        2,
        "heun",
    )
    assert (made.label, made.negative, made.sampling.guidance_chroma, made.palette.colours) == (
        "waves:0.5,circles:0.5", "waves", 0.5, ("#aa3322",),
    )  # fmt: skip


def test_variations_are_of_a_work_or_its_file(model, tmp_path):
    work = model.generate(1, seed=3, steps=2)[0]
    path = work.save(tmp_path / "w.png")
    one, other = (model.generate(1, variations=0.3, of=of, seed=9)[0] for of in (work, path))
    assert one.recipe == other.recipe
    assert one.recipe.request.slerps == (Slerp(seed=9, number=0, fraction=0.3),)
    assert one.image.tobytes() == other.image.tobytes()


@pytest.mark.parametrize(
    ("asked", "said"),
    [
        ({"variations": 0.3}, "belong together"),
        ({"variations": 0.3, "of": "nothing.png"}, "does not exist"),
        ({"palette": "nothing.png"}, "no such file; give a picture, or colours"),
        ({"palette": "teal wall"}, "is not a colour"),
        ({"composition": "nothing.png"}, "no such file"),
        ({"width": 8}, "each side has to have 32 or more"),
    ],
)
def test_what_cannot_be_had_is_one_sentence(model, asked, said):
    with pytest.raises(SfumatoError, match=said):
        model.generate(1, **asked)


def test_a_request_alone_is_what_generation_makes_of_it(model):
    assert requested(model, seed=5, label="waves").recipe(2) == Generation.of(model, seed=5, label="waves").recipe(2)


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
    assert work.recipe.request.edit.picture == picture_digest(x)
    assert work.recipe.request.sampling.steps == 1
    assert read_work(work.save(tmp_path / "a.png")).recipe == work.recipe


def test_the_seed_and_the_strength_are_nothing_to_an_autoencoder(autoencoder: Model, picture: Image.Image) -> None:
    one, other = reimagine(autoencoder, picture), reimagine(autoencoder, picture, strength=0.1, seed=3)
    assert one.image.tobytes() == other.image.tobytes()


def test_an_autoencoder_makes_nothing_of_its_own(autoencoder: Model) -> None:
    with pytest.raises(SfumatoError, match=r"is an autoencoder.* 'sfumato reimagine'"):
        autoencoder.generate(1)


def test_a_gan_generates_in_one_step_and_takes_no_picture(gan: Model, picture: Image.Image) -> None:
    works = gan.generate(18, seed=4)
    assert works[0].recipe.request.sampling.steps == 1
    assert works[0].image.tobytes() != works[1].image.tobytes()
    assert gan.generate(3, seed=4)[2].image.tobytes() == works[2].image.tobytes()
    with pytest.raises(SfumatoError, match="is a GAN: it makes pictures of its own size from noise alone"):
        reimagine(gan, picture)
    with pytest.raises(SfumatoError, match="answers in one step"):
        gan.generate(1, steps=4)


def test_a_gans_work_is_what_its_generator_makes_of_the_noise(gan: Model) -> None:
    generation = Generation.of(gan, seed=2)
    assert [(event.step, event.steps) for event in generation.events(16)] == [(1, 1)]
    noise = torch.zeros(16, 3, 32, 32)
    for place in range(16):
        noise[place] = torch.randn((3, 32, 32), generator=keyed_generator("noise", 2, place, -1))
    torch.testing.assert_close(generation.pictures(16), gan.denoiser.network(noise, torch.zeros(16)))


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
    assert (recipe.request.edit.strength, recipe.request.seed, recipe.request.label) == (0.5, 1, "waves")
    assert recipe.request.edit.picture == picture_digest(as_tensor(picture, 32))
    assert "Denoising strength: 0.5" in recipe.parameters_text()


@pytest.mark.parametrize("strength", [0.0, -1.0, 1.01, float("nan")])
def test_a_strength_out_of_range_is_one_sentence(model: Model, picture: Image.Image, strength: float) -> None:
    with pytest.raises(SfumatoError, match=r"strength .* is needed"):
        reimagine(model, picture, strength=strength)


def test_every_sampler_begins_with_the_picture(model: Model, picture: Image.Image) -> None:
    seen = as_tensor(picture, 32)
    for sampler in ("euler", "heun", "dpmpp_2m", "dpmpp_2m_sde", "euler_ancestral"):
        generation = Generation.of(model, sampler=sampler, steps=8, canvas=refining_canvas(model.config, picture, 0.25))
        assert torch.equal(generation.canvas.picture, seen)
        assert [(event.step, event.steps) for event in generation.events()] == [(1, 2), (2, 2)]
        assert torch.isfinite(generation.pictures()).all()


@pytest.fixture(scope="module")
def small_picture() -> Image.Image:
    return Image.fromarray(np.random.default_rng(0).integers(0, 256, (20, 28, 3), dtype=np.uint8))


def pixels(image: Image.Image) -> Any:
    return np.asarray(image, dtype=int)


class Blank(torch.nn.Module):
    """A network that says of every picture that it has nothing beyond its reference, and counts what it is shown."""

    def __init__(self) -> None:
        super().__init__()
        self.weight = torch.nn.Parameter(torch.zeros(1))
        self.seen = 0

    def forward(self, x: torch.Tensor, c_noise: torch.Tensor, condition: torch.Tensor) -> torch.Tensor:
        assert condition.shape == x.shape
        self.seen += len(x)
        # D's skip would let through a part of the noise: the network takes exactly that away.
        sigma = (4 * c_noise).exp().view(-1, 1, 1, 1)
        return -x * 0.1 / sigma


def test_without_detail_it_is_the_smooth_enlargement(
    new_upscaler: Callable[..., Model], small_picture: Image.Image
) -> None:
    model = new_upscaler()
    model.denoiser.network = Blank()
    work = upscale(model, small_picture)
    smooth = to_pictures(enlarged(as_canvas(small_picture)[None], 2))[0]
    assert work.image.size == (56, 40)
    assert np.abs(pixels(work.image) - pixels(smooth)).max() <= 1
    assert model.denoiser.network.seen == 3 * 2 * 2  # steps, and windows of 32 every 24 at most on 40 x 56


def test_a_picture_of_one_window_is_seen_at_once(
    new_upscaler: Callable[..., Model], small_picture: Image.Image
) -> None:
    model = new_upscaler()
    model.denoiser.network = Blank()
    upscale(model, small_picture.crop((0, 0, 16, 16)))
    assert model.denoiser.network.seen == 3


def test_the_seed_makes_the_detail(upscaler: Model, small_picture: Image.Image) -> None:
    one, same, other = (upscale(upscaler, small_picture, seed=seed) for seed in (1, 1, 2))
    assert np.array_equal(pixels(one.image), pixels(same.image))
    assert (pixels(one.image) != pixels(other.image)).mean() > 0.5


def test_an_enlarged_tile_is_blind_to_where_it_begins(new_upscaler: Callable[..., Model]) -> None:
    model = new_upscaler()
    model.denoiser.network = Blank()
    tile = Image.fromarray(np.random.default_rng(1).integers(0, 256, (16, 16, 3), dtype=np.uint8))
    rolled = Image.fromarray(np.roll(np.asarray(tile), 5, 1))
    one, other = (pixels(upscale(model, image, tile=True).image) for image in (tile, rolled))
    assert np.abs(np.roll(one, 10, 1) - other).max() <= 1


def test_what_cannot_be_enlarged_is_one_sentence(model: Model, upscaler: Model) -> None:
    small = Image.new("RGB", (12, 40))
    with pytest.raises(SfumatoError, match="the picture, enlarged 2 times, is 24 x 80 pixels, and the model 'larger'"):
        upscale(upscaler, small)
    with pytest.raises(SfumatoError, match="more than 4,096 x 4,096"):
        upscale(upscaler, Image.new("RGB", (2100, 2100)))
    with pytest.raises(SfumatoError, match="the model 'tiny' enlarges no pictures"):
        upscale(model, small.resize((40, 40)))
    with pytest.raises(SfumatoError, match="is an upscaler: it enlarges a picture, and makes none of its own"):
        upscaler.generate(1)
    with pytest.raises(SfumatoError, match="is an upscaler"):
        Generation.of(upscaler, canvas=refining_canvas(upscaler.config, small, 0.5))


def test_between_the_steps_there_is_as_much_noise_as_they_say(
    new_upscaler: Callable[..., Model], small_picture: Image.Image
) -> None:
    model = new_upscaler()
    model.denoiser.network = Blank()
    asked = Generation.of(model, canvas=enlarging_canvas(model.config, small_picture))
    sampling = sampling_of(model, asked.settings, [asked.initial_noise(0)], canvas=asked.canvas)
    with torch.inference_mode():
        first = next(sampling.steps)
    smooth = enlarged(as_canvas(small_picture)[None], 2)
    assert float((first.x - smooth).std()) == pytest.approx(first.sigma, rel=0.05)
    assert next(asked.events()).sigma == first.sigma


def test_an_upscaler_of_early_weights_can_be_guided_by_them(new_upscaler: Callable[..., Model]) -> None:
    model = new_upscaler(has_early=True, name="guided")
    plain, led = (
        upscale(model, to_pictures(torch.zeros(1, 3, 16, 16))[0], guidance=guidance, guidance_kind="autoguidance")
        for guidance in (1.0, 2.0)
    )
    assert led.recipe.request.sampling.guidance_kind == "autoguidance"
    assert (pixels(plain.image) != pixels(led.image)).any()


def test_a_work_of_a_picture_keeps_its_digest(upscaler: Model, small_picture: Image.Image) -> None:
    recipe = upscale(upscaler, small_picture).recipe
    assert recipe.request.edit.picture == picture_digest(as_canvas(small_picture))
    assert recipe.origin is None
    assert recipe.size == (56, 40)


def test_more_can_be_asked_of_an_edit_and_of_an_enlargement_step_by_step(
    model: Model, upscaler: Model, picture: Image.Image
) -> None:
    asked = Request.of(label="circles", steps=5, guidance=1.0)
    edited = next(reimagining(model, asked, picture, strength=0.5, edit=True, source="waves").works())
    refined = next(reimagining(model, asked, picture, strength=0.5).works())
    assert edited.image.tobytes() != refined.image.tobytes()
    assert (edited.recipe.request.edit.source, edited.recipe.request.edit.strength) == ("waves", 0.5)
    events = list(enlarging(upscaler, edited.image, Request.of(steps=2)).events())
    assert [event.step for event in events] == [1, 2]
    assert events[-1].works[0].recipe == upscale(upscaler, edited.image, steps=2).recipe
