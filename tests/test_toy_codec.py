"""Latents of another size with other channels, and conditions that are no classes, go wherever pixels and classes go.

Nothing in the program knows this codec or this condition: what they need, a VAE and a text's embeddings will find.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

import numpy as np
import pytest
import torch
import torch.nn.functional as F
from PIL import Image
from safetensors.torch import load_file
from torch import Tensor, nn

from sfumato.collection import Collection, collect
from sfumato.dataset import Dataset, prepare, preparing
from sfumato.diffusion import Codec, Condition, Denoiser, Mixture, PictureCondition
from sfumato.diffusion.randomness import SeededNoise
from sfumato.errors import SfumatoError
from sfumato.models import Generation, Model, ModelConfig, SamplerSettings, build_denoiser, inpaint, to_pictures
from sfumato.models.canvas import Canvas, editing_canvas, enlarging_canvas, masked_canvas, plain_canvas
from sfumato.models.configuration import read_config
from sfumato.models.effort import looks, watched_looks
from sfumato.models.sampling import InitialNoise, batch_size, sampling_of
from sfumato.models.steering import NOT_STEERED, Steering, colours_of, composition_from, palette_from, target_of
from sfumato.networks import UNetConfig
from sfumato.training import Run, prepare_run, train
from sfumato.training.configuration import TrainingConfig
from sfumato.training.events import Evaluated, Trained
from sfumato.training.objectives import DenoisingConfig
from sfumato.works import read_work
from sfumato.works.request import CanvasShape

SIZE = 16
RED, BLUE = (0.6, -0.4, -0.5), (-0.5, -0.3, 0.5)


def projection() -> Tensor:
    """[4, 12]: the means of red, green and blue in 2 x 2 pixels, and how they change from left to right."""
    means = torch.eye(3).repeat_interleave(4, 1) / 2
    across = torch.tensor([1.0, -1.0, 1.0, -1.0]).repeat(3) / 12**0.5
    return torch.cat((means, across[None]))


class ToyCodec(Codec):
    """An orthogonal projection of the 12 numbers of 2 x 2 pixels to 4: exact for what can be made of 4."""

    kind: Literal["toy"] = "toy"

    @property
    def channels(self) -> int:
        return 4

    @property
    def factor(self) -> int:
        return 2

    def encode(self, pictures: Tensor) -> Tensor:
        assert pictures.shape[1] == 3
        return F.conv2d(F.pixel_unshuffle(pictures, 2), projection()[:, :, None, None])

    def decode(self, latents: Tensor) -> Tensor:
        assert latents.shape[1] == 4
        return F.pixel_shuffle(F.conv2d(latents, projection().T[:, :, None, None]), 2)


@dataclass(frozen=True, eq=False)
class VectorCondition(Condition):
    """vectors: [N, 4], a colour and 1; zeros are nothing."""

    vectors: Tensor

    @classmethod
    def of(cls, *colours: Sequence[float]) -> "VectorCondition":
        return cls(torch.tensor([[*colour, 1.0] for colour in colours]))


class VectorConditioning(nn.Module):
    """In place of a network's conditioning by class."""

    def __init__(self, width: int) -> None:
        super().__init__()
        self.layers = nn.Sequential(nn.Linear(5, width), nn.SiLU(), nn.Linear(width, width))

    def forward(self, c_noise: Tensor, condition: Tensor | None) -> Tensor:
        vectors = c_noise.new_zeros((len(c_noise), 4)) if condition is None else condition
        return self.layers(torch.cat((c_noise[:, None], vectors), 1))


class ToyModel(Model):
    is_conditional = True


CONFIG = ModelConfig(
    name="toy",
    size=SIZE,
    network=UNetConfig(patch=1, channels=(16,), blocks=1, width=32, depth=1, heads=2),
    codec=ToyCodec(),
    generation=SamplerSettings(steps=8, guidance=1.0, sigma_max=20.0),
)


class ToyConfig(DenoisingConfig):
    """The ordinary objective, of a network that is told vectors."""

    def build_denoiser(self, settings: TrainingConfig, classes: int) -> Denoiser:
        denoiser = super().build_denoiser(settings, classes)
        denoiser.network.conditioning = VectorConditioning(32)
        return denoiser


@pytest.fixture(scope="module")
def model(tmp_path_factory: pytest.TempPathFactory) -> Model:
    """Trained as every model is, on pictures of one colour each, which the condition names."""
    folder = tmp_path_factory.mktemp("toy")
    (folder / "art").mkdir()
    colours = np.random.default_rng(0).integers(51, 204, (96, 3), dtype=np.uint8)
    for number, colour in enumerate(colours.tolist()):
        Image.new("RGB", (SIZE, SIZE), tuple(colour)).save(folder / "art" / f"{number:02d}.png")
    list(collect(folder / "art", folder / "collection", workers=1))
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(preparing, "SMALLEST_SIZE", SIZE)
        list(prepare(Collection.open(folder / "collection"), folder / "dataset", size=SIZE, held_out=0.1, workers=1))
    dataset = Dataset.open(folder / "dataset")
    conditions = VectorCondition.of(*dataset.images(torch.arange(len(dataset))).mean((2, 3)).tolist())
    choices = {
        "size": SIZE,
        "codec": CONFIG.codec,
        "network": CONFIG.network,
        "batch": 16,
        "steps": 250,
        "ema_std": 0.0,
        "early": 1.0,
        "optimiser": {"kind": "adamw", "learning_rate": 4e-3},
        "cadence": {"evaluations": 4, "snapshots": 1},
    }
    planned, _ = prepare_run(folder / "run", dataset, choices, conditions=conditions)
    objective = ToyConfig(noise_mean=1.2, noise_std=1.6)  # at 32 cells a side, and there are 8
    settings = planned.record.settings.model_copy(update={"objective": objective})
    run = Run(planned.directory, planned.record.model_copy(update={"settings": settings}))
    events = list(train(run, conditions=conditions))
    losses = [event.loss for event in events if isinstance(event, Trained)]
    held_out = [event.held_out_loss for event in events if isinstance(event, Evaluated)]
    assert np.mean(losses[-20:]) < 0.4 * np.mean(losses[:5])
    assert held_out[-1] < 0.7 * held_out[0]
    written = read_config(run.model / "config.json")
    assert written.codec == ToyCodec() and written.size == SIZE
    denoiser = build_denoiser(CONFIG)
    denoiser.network.conditioning = VectorConditioning(32)
    denoiser.network.load_state_dict(load_file(run.model / "model.safetensors"))
    return ToyModel(CONFIG, denoiser.eval().requires_grad_(False), weights_digest="0" * 64)


def made(
    model: Model,
    mixture: Mixture,
    *,
    negative: Condition | None = None,
    canvas: Canvas | None = None,
    steering: Steering = NOT_STEERED,
    **settings: object,
) -> Tensor:
    canvas = canvas or plain_canvas(model.config)
    initial = [InitialNoise(SeededNoise(5, index), mixture) for index in range(min(4, batch_size(model, canvas)))]
    chosen = model.config.generation.model_copy(update=settings)
    sampling = sampling_of(model, chosen, initial, negative=negative, canvas=canvas, steering=steering)
    with torch.inference_mode():
        *_, last = sampling.steps
        assert last.x.shape == (len(initial), 4, canvas.height // 2, canvas.width // 2)
        pictures, estimate = sampling.decode(last.x, True), sampling.decode(last.denoised, False)
    assert pictures.shape == estimate.shape == (len(initial), 3, canvas.height, canvas.width)
    return pictures


def asked_for(colour: Sequence[float]) -> Mixture:
    return Mixture.of(VectorCondition.of(colour))


def is_near(pictures: Tensor, colour: Sequence[float], most: float = 0.2) -> bool:
    return bool((pictures.mean((2, 3)) - torch.tensor(colour)).abs().max() < most)


def scene(width: int, height: int) -> Image.Image:
    levels = np.random.default_rng(0).integers(0, 256, (height, width, 3), dtype=np.uint8)
    return Image.fromarray(levels)


def test_pictures_are_of_what_the_vector_names(model: Model) -> None:
    assert is_near(made(model, asked_for(RED)), RED)
    assert is_near(made(model, asked_for(BLUE)), BLUE)


def test_a_mixture_lies_between_and_guidance_goes_beyond(model: Model) -> None:
    both = VectorCondition.of(RED), VectorCondition.of(BLUE)
    between = made(model, Mixture(both, torch.tensor([[0.5], [0.5]])))
    assert is_near(between, [(one + other) / 2 for one, other in zip(RED, BLUE, strict=True)])
    plain, guided, away = (
        made(model, asked_for(RED), **settings)  # type: ignore[arg-type]
        for settings in ({}, {"guidance": 1.5}, {"guidance": 1.5, "negative": VectorCondition.of(BLUE)})
    )
    towards = torch.tensor(RED) - torch.tensor(BLUE)
    distances = [float(pictures.mean((0, 2, 3)) @ towards) for pictures in (plain, guided, away)]
    assert distances[0] < distances[1] < distances[2]


def test_what_a_mask_keeps_is_kept_to_the_pixel(model: Model) -> None:
    mask = Image.new("L", (SIZE, SIZE), 0)
    mask.paste(255, (5, 3, 13, 12))  # not at the edges of cells
    mask.paste(128, (13, 3, 14, 12))
    canvas = masked_canvas(model.config, scene(SIZE, SIZE), mask)
    pictures = made(model, asked_for(RED), canvas=canvas)
    assert canvas.picture is not None and canvas.mask is not None
    known = (canvas.mask == 0).expand(3, -1, -1)
    assert torch.equal(pictures[0][known], canvas.picture[known])
    inner = pictures[:, :, 5:11, 7:11]
    assert is_near(inner, RED, 0.5) and not is_near(canvas.picture[None, :, 5:11, 7:11], RED, 0.5)


def test_of_a_large_picture_only_the_part_around_the_mask_is_looked_at(model: Model) -> None:
    picture, mask = scene(74, 50), Image.new("L", (74, 50), 0)
    mask.paste(255, (3, 5, 8, 9))
    work = inpaint(model, picture, mask, steps=3)
    kept = np.asarray(mask) == 0
    assert np.array_equal(np.asarray(work.image)[kept], np.asarray(picture)[kept])
    assert not np.array_equal(np.asarray(work.image)[~kept], np.asarray(picture)[~kept])


@pytest.mark.parametrize("tile", [False, True])
def test_a_wide_canvas_is_made_in_windows_of_cells(model: Model, tile: bool) -> None:
    canvas = plain_canvas(model.config, CanvasShape(width=40, height=24, tile=tile))
    seen: list[int] = []
    with watched_looks(lambda denoiser, count: seen.append(count)):
        pictures = made(model, asked_for(BLUE), canvas=canvas)
    assert is_near(pictures, BLUE)
    windows = 10 * 6 // 4 if tile else 4 * 2
    assert set(seen) == {windows}
    generation = Generation.of(model, canvas=canvas)
    assert set(looks(generation)) == {windows}


def test_a_reference_is_encoded_and_cut_with_the_canvas(model: Model) -> None:
    """By the path of an upscaler, whose network sees the reference beside the noisy latents."""
    config = ModelConfig.model_validate(
        CONFIG.model_dump() | {"begins_with": "reference", "factor": 2, "generation": SamplerSettings(steps=2)}
    )
    upscaler = Model(config, build_denoiser(config).eval(), weights_digest="0" * 64)
    picture = scene(20, 12)
    canvas = enlarging_canvas(config, picture)
    seen: list[Tensor] = []
    forward = upscaler.denoiser.forward

    def watched(x: Tensor, sigma: float, condition: Condition) -> Tensor:
        assert isinstance(condition, PictureCondition)
        seen.append(condition.picture)
        return forward(x, sigma, condition)

    upscaler.denoiser.forward = watched  # type: ignore[method-assign, assignment]
    last = sampling_of(upscaler, config.generation, [InitialNoise(SeededNoise(1, 0))], canvas=canvas).last()
    assert last.shape == (1, 3, 24, 40)
    assert {tuple(each.shape) for each in seen} == {(6, 4, 8, 8)}


def test_a_palette_and_a_sketch_steer_the_decoded_pictures(model: Model, palette_distance) -> None:
    palette, sketch = palette_from("#101040,#f0f0a0", 1.0), composition_from(scene(8, 8), SIZE, SIZE)
    assert palette is not None and sketch is not None
    plain = made(model, Mixture())
    coloured = made(model, Mixture(), steering=Steering(palette))
    composed = made(model, Mixture(), steering=Steering(composition=sketch))
    far, near = (float(palette_distance(pictures, colours_of(palette)).mean()) for pictures in (plain, coloured))
    assert near < 0.7 * far  # by a half at the last noise level
    target = target_of(sketch, SIZE, SIZE)
    assert (composed - target).square().mean() < 0.7 * (plain - target).square().mean()


def test_a_picture_that_is_edited_into_nothing_else_comes_back(model: Model) -> None:
    canvas = editing_canvas(model.config, scene(SIZE, SIZE))
    pictures = made(model, Mixture(), canvas=canvas)
    assert canvas.picture is not None
    codec = model.codec
    assert torch.equal(pictures, codec.decode(codec.encode(canvas.picture[None])))


def test_every_step_can_be_seen_and_works_are_saved_with_their_recipe(model: Model, tmp_path) -> None:
    generation = Generation.of(model, seed=3, width=24, height=16, tile=True)
    events = list(generation.events(2, previews=True))
    assert all(preview.size == (24, 16) for event in events for preview in event.previews)
    assert len(events) == 2 * 8
    for number, work in enumerate(generation.works(2)):
        again = read_work(work.save(tmp_path / f"{number}.png"))
        assert again.recipe == work.recipe
        assert np.array_equal(np.asarray(again.image), np.asarray(work.image))


def test_a_saved_model_knows_its_codec_and_makes_the_same_works(tmp_path) -> None:
    torch.manual_seed(3)
    denoiser = build_denoiser(CONFIG).eval().requires_grad_(False)
    nn.init.normal_(denoiser.network.output.weight, std=0.3)
    before = Model(CONFIG, denoiser)
    before.save_pretrained(tmp_path / "model")
    after = Model.from_pretrained(tmp_path / "model", device="cpu")
    assert after.config == CONFIG and after.codec == ToyCodec()
    asked = {"seed": 4, "tile": True, "palette": "#102030,#ffeedd", "steps": 3}
    one, other = (model.generate(1, **asked)[0] for model in (before, after))
    assert np.array_equal(np.asarray(one.image), np.asarray(other.image))


def test_sides_that_are_no_whole_cells_are_refused_with_the_cells_size(model: Model) -> None:
    with pytest.raises(SfumatoError, match="33 x 16 pixels: this model works on cells of 2 x 2 pixels; give sides"):
        next(Generation.of(model, width=33, height=16).works())
    with pytest.raises(ValueError, match="size 15 is not a multiple of the codec's factor, 2"):
        ModelConfig.model_validate(CONFIG.model_dump() | {"size": 15})


def test_what_the_codec_cannot_hold_is_lost_and_nothing_else() -> None:
    codec = ToyCodec()
    latents = torch.randn((2, 4, 5, 7), generator=torch.Generator().manual_seed(0))
    torch.testing.assert_close(codec.encode(codec.decode(latents)), latents)
    flat = torch.rand((1, 3, 1, 1)).expand(1, 3, 8, 8)
    torch.testing.assert_close(codec.decode(codec.encode(flat)), flat)
    assert to_pictures(codec.decode(codec.encode(flat)))[0].size == (8, 8)
