"""A model with upscalers: works of its full size, by every verb of control."""

from collections import Counter
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
import torch
from PIL import Image

from sfumato.diffusion.denoiser import weights_of_stage
from sfumato.diffusion.enlarging import enlarged
from sfumato.errors import SfumatoError
from sfumato.images.tensors import as_canvas
from sfumato.models import Generation, Model, enlarging, passing, reproduction, to_pictures
from sfumato.models.canvas import editing_canvas, extended_canvas, masked_canvas, plain_canvas, refining_canvas
from sfumato.models.cascade import canvases
from sfumato.models.effort import looks, watched_looks
from sfumato.models.steering import composition_from, named_palette
from sfumato.models.verbs import reimagining
from sfumato.works.edits import Margins
from sfumato.works.recipe import Recipe
from sfumato.works.request import Request
from sfumato.works.sampler_settings import SamplerSettings


@pytest.fixture(scope="module")
def picture() -> Image.Image:
    generator = torch.Generator().manual_seed(4)
    return to_pictures(torch.rand((1, 3, 38, 34), generator=generator) * 2 - 1)[0]


def test_a_work_does_not_depend_on_how_many_are_asked_for(cascade: Model) -> None:
    asked = Generation.of(cascade, seed=3)
    series = asked.pictures(3)
    assert series.shape == (3, 3, 32, 32)
    assert torch.equal(asked.pictures(1, 2)[0], series[2])
    assert not torch.equal(series[0], series[1])


def test_each_upscaler_has_noise_of_its_own_and_another_work_other_noise(cascade: Model) -> None:
    """The same small picture is enlarged otherwise with the noise of another work."""
    one, other = (Generation.of(cascade, seed=seed).pictures() for seed in (1, 2))
    assert not torch.equal(one, other)
    noisy = Generation.of(cascade, seed=1, reference_noise=0.25).pictures()
    assert not torch.equal(one, noisy)
    assert Generation.of(cascade).settings.reference_noise == 0.1


def test_the_small_works_are_those_of_the_model_without_upscalers(cascade: Model) -> None:
    small = Generation.of(cascade, seed=3, stage="base")
    alone = replace(cascade, config=cascade.config.base, denoiser=cascade.denoiser.base)
    assert torch.equal(small.pictures(2), Generation.of(alone, seed=3).pictures(2))
    assert small.recipe(0).request.stage == "base"
    assert small.recipe(0).size == (16, 16)
    with pytest.raises(SfumatoError, match="has no upscalers"):
        Generation.of(alone, stage="base")


def test_steps_of_all_stages_are_one_series_of_pictures_of_one_size(cascade: Model) -> None:
    small = Generation.of(cascade, seed=3, stage="base").pictures()
    events = list(Generation.of(cascade, seed=3).events(previews=True))
    assert [(event.step, event.steps) for event in events] == [(step, 6) for step in range(1, 7)]
    assert {image.size for event in events for image in (*event.previews, *event.estimates)} == {(32, 32)}
    assert events[2].previews[0].tobytes() == to_pictures(enlarged(small, 2))[0].tobytes()
    assert events[5].previews[0].tobytes() == events[5].works[0].image.tobytes()


@pytest.mark.parametrize("asked", [{"width": 33, "height": 32}, {"width": 42, "height": 37}])
def test_sizes_need_not_be_multiples(cascade: Model, asked: dict[str, int]) -> None:
    (work,) = Generation.of(cascade, seed=1, **asked).works()
    assert work.image.size == (asked["width"], asked["height"])
    assert torch.equal(
        reproduction(cascade, work.recipe).pictures(), Generation.of(cascade, seed=1, **asked).pictures()
    )


def test_what_repeats_without_a_seam_is_whole_cells(cascade: Model) -> None:
    (tile,) = Generation.of(cascade, seed=1, width=40, height=32, tile=True).works()
    assert tile.image.size == (40, 32)
    with pytest.raises(SfumatoError, match="multiples of 2"):
        Generation.of(cascade, width=41, tile=True)


@pytest.mark.parametrize("strength", [1.0, 0.5])
@pytest.mark.parametrize("upscalers", [1, 2])
def test_what_a_mask_keeps_is_kept_to_the_pixel(
    new_cascade: Callable[..., Model], picture: Image.Image, strength: float, upscalers: int
) -> None:
    model = new_cascade(upscalers, generation={"steps": 2})
    side = model.config.side + 3
    shown = picture.resize((side, side))
    mask = Image.new("L", shown.size)
    mask.paste(255, (5, 7, 20, 25))
    canvas = masked_canvas(model.config, shown, mask, strength)
    (work,) = Generation.of(model, canvas=canvas, steps=2).works()
    changed = (as_canvas(work.image) != as_canvas(shown)).any(0)
    assert not changed[torch.from_numpy(canvas.kept)].any()
    assert changed[7:25, 5:20].float().mean() > 0.9


def test_a_picture_is_continued_beyond_its_edges(cascade: Model, picture: Image.Image) -> None:
    canvas = extended_canvas(cascade.config, picture, Margins(right=17))
    (work,) = Generation.of(cascade, canvas=canvas, steps=2).works()
    assert work.image.size == (picture.width + 17, picture.height)
    assert work.image.crop((0, 0, *picture.size)).tobytes() == picture.tobytes()


def test_a_mask_of_which_no_cell_is_kept_whole(cascade: Model, picture: Image.Image) -> None:
    mask = Image.new("L", picture.size, 255)
    for x, y in [(x, y) for x in range(0, 34, 2) for y in range(0, 38, 2)]:
        mask.putpixel((x, y), 0)
    (work,) = Generation.of(cascade, canvas=masked_canvas(cascade.config, picture, mask), steps=2).works()
    assert work.image.getpixel((4, 8)) == picture.getpixel((4, 8))
    assert work.image.getpixel((5, 8)) != picture.getpixel((5, 8))


@pytest.mark.parametrize("upscalers", [1, 2])
def test_under_its_own_class_a_picture_comes_back(
    new_cascade: Callable[..., Model], picture: Image.Image, upscalers: int
) -> None:
    model = new_cascade(upscalers)
    asked = {"steps": 3, "guidance": 1.0}
    request = Request.of(label="waves", **asked)
    (same,) = reimagining(model, request, picture, edit=True, strength=1.0, source="waves").works()
    side = model.config.side
    (seen,) = to_pictures(editing_canvas(model.config, picture).picture[None])
    assert same.image.tobytes() == seen.tobytes()
    assert same.image.size == (side, side)
    request = Request.of(label="circles", **asked)
    (other,) = reimagining(model, request, picture, edit=True, strength=1.0, source="waves").works()
    assert other.image.tobytes() != seen.tobytes()


def test_a_picture_is_refined_with_its_own_detail(cascade: Model, picture: Image.Image) -> None:
    """The less strength, the nearer to the picture."""
    asked = [refining_canvas(cascade.config, picture, strength) for strength in (0.1, 0.6)]
    made = [Generation.of(cascade, canvas=canvas, steps=10, sharpness=0.0).pictures()[0] for canvas in asked]
    little, more = ((each - asked[0].picture).abs().mean().item() for each in made)
    assert little < more


@pytest.mark.parametrize(("strength", "own"), [(0.1, 1 / 3), (0.3, 2 / 3), (0.6, 1.0)])
def test_no_more_of_its_detail_is_left_than_of_what_it_belongs_to(
    cascade: Model, picture: Image.Image, strength: float, own: float
) -> None:
    """Upscalers begin with no more noise than the small picture, and take no step fewer than that allows."""
    canvas = refining_canvas(cascade.config, picture, strength)
    asked = Generation.of(cascade, canvas=canvas, steps=10)
    small, large = canvases(cascade, canvas, asked.settings)
    assert (small.strength, large.strength) == (strength, pytest.approx(own))
    assert len(list(asked.events())) == round(10 * strength) + round(3 * own)


def test_works_are_made_again_and_varied_from_their_recipes(cascade: Model) -> None:
    steering: dict[str, Any] = {"palette": named_palette("#aa3322,#1144cc")}
    steering["composition"] = composition_from(Image.linear_gradient("L"), 32, 32)
    (work,) = Generation.of(cascade, Request.of(seed=9, **steering)).works()
    assert next(reproduction(cascade, work.recipe).works()).image.tobytes() == work.image.tobytes()
    small = reproduction(cascade, work.recipe, Request.of(stage="base"))
    assert small.recipe(0).size == (16, 16)
    assert torch.equal(
        small.pictures(), Generation.of(cascade, Request.of(seed=9, stage="base", **steering)).pictures()
    )
    whole = reproduction(cascade, small.recipe(0), Request.of(stage="full"))
    assert next(whole.works()).image.tobytes() == work.image.tobytes()


def test_only_pictures_that_are_shown_on_the_way_are_enlarged(cascade: Model) -> None:
    one, other = (Generation.of(cascade, seed=seed) for seed in (1, 2))
    seen: Counter[Any] = Counter()
    with watched_looks(lambda denoiser, pictures: seen.update({denoiser: pictures})):
        *events, last = passing(cascade, one.recipe(0), other.recipe(0), 3)
    assert last.frames is not None
    assert last.frames.shape == (3, 3, 32, 32)
    assert torch.equal(last.frames[2], other.pictures()[0])
    assert not torch.equal(last.frames[1], last.frames[0])
    windows = looks(one, 1)[-1]
    assert seen[cascade.upscalers[0].denoiser] == windows * 3 * (3 + 2)  # steps; what is shown, and both ends again
    assert [event.batch for event in events] == sorted({event.batch for event in events})
    assert last.batch == last.batches


def test_from_one_work_to_another_of_full_size(cascade: Model, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("sfumato.models.interpolation.MOST_DENSITY", 2)
    monkeypatch.setattr("sfumato.models.interpolation.DENSITY", 1)
    one, other = (Generation.of(cascade, seed=seed, steps=2) for seed in (1, 2))
    *_, last = passing(cascade, one.recipe(0), other.recipe(0), 2)
    assert torch.equal(last.frames, torch.cat((one.pictures(), other.pictures())))
    steered = Generation.of(cascade, seed=2, steps=2, guidance=3.0)
    *_, last = passing(cascade, one.recipe(0), steered.recipe(0), 2)
    assert torch.equal(last.frames[1:], steered.pictures())


def test_its_last_upscaler_enlarges_any_picture(cascade: Model, picture: Image.Image) -> None:
    made = enlarging(cascade, picture).work()
    assert made.image.size == (68, 76)
    assert made.recipe.model == cascade.reference
    (work,) = Generation.of(cascade, seed=3).works()
    larger = enlarging(cascade, work).work()
    assert larger.image.size == (64, 64)
    assert reproduction(cascade, made.recipe, picture=picture).work().image.tobytes() == made.image.tobytes()


@pytest.mark.parametrize("count", [1, 3])
@pytest.mark.parametrize("upscalers", [1, 2])
def test_looks_are_what_they_are_said_to_be(new_cascade: Callable[..., Model], upscalers: int, count: int) -> None:
    model = new_cascade(upscalers, generation={"steps": 2})
    generation = Generation.of(model, guidance=2.0)
    assert counted_looks(generation, count) == looks(generation, count)


def test_looks_of_pictures_and_of_other_sizes(cascade: Model, picture: Image.Image) -> None:
    for asked in (
        {"canvas": editing_canvas(cascade.config, picture, 0.5), "label": "waves"},
        {"canvas": refining_canvas(cascade.config, picture, 0.5)},
        {"width": 44, "height": 37},
        {"width": 44, "height": 32, "tile": True},
    ):
        generation = Generation.of(cascade, steps=4, **asked)
        assert counted_looks(generation, 1) == looks(generation, 1)


def counted_looks(generation: Generation, count: int) -> list[int]:
    taken, steps = [0], []
    with watched_looks(lambda denoiser, pictures: taken.append(pictures)):
        for _ in generation.events(count):
            steps.append(sum(taken))
            taken.clear()
    return steps


def test_a_saved_one_makes_the_same(cascade: Model, tmp_path: Path) -> None:
    place = cascade.save_pretrained(tmp_path / "saved")
    again = Model.from_pretrained(place, device="cpu")
    assert torch.equal(Generation.of(again).pictures(), Generation.of(cascade).pictures())


def test_a_canvas_in_whole_cells_and_smaller(cascade: Model) -> None:
    canvas = replace(plain_canvas(cascade.config), height=35, width=36, mask=torch.zeros((1, 35, 36)))
    canvas.mask[0, 34, 3] = 0.5
    padded = canvas.padded(2)
    assert (padded.height, padded.width, tuple(padded.mask.shape)) == (36, 36, (1, 36, 36))
    small = padded.reduced(2)
    assert (small.height, small.width) == (18, 18)
    assert small.mask.nonzero().tolist() == [[0, 17, 1]]


def test_a_work_without_reference_noise_is_made_again_without(cascade: Model) -> None:
    """Though the model's own settings have some, and a recipe leaves out what is 0."""
    asked = Generation.of(cascade, seed=3, reference_noise=0)
    assert asked.settings.reference_noise == 0
    recipe = Recipe.from_json(asked.recipe(0).to_json())
    assert torch.equal(reproduction(cascade, recipe).pictures(), asked.pictures())
    assert not torch.equal(Generation.of(cascade, seed=3).pictures(), asked.pictures())


@pytest.fixture
def guided_cascade(new_cascade: Callable[..., Model]) -> Model:
    """One whose stages each carry early weights, and whose upscalers are guided by them."""
    plain, other = new_cascade(2, generation={"steps": 2}), new_cascade(2)
    early = {name: 0.9 * weights for name, weights in other.denoiser.weights().items()}
    upscalers = tuple(
        each.model_copy(update={"generation": guided(each.generation), "has_early": True})
        for each in plain.config.upscalers
    )
    return replace(plain, config=plain.config.model_copy(update={"upscalers": upscalers}), early=early)


def guided(settings: SamplerSettings) -> SamplerSettings:
    return settings.model_copy(update={"guidance_kind": "autoguidance", "guidance": 2.0})


def test_each_stage_is_guided_by_early_weights_of_its_own(guided_cascade: Model, tmp_path: Path) -> None:
    saved = Model.from_pretrained(guided_cascade.save_pretrained(tmp_path / "saved"), device="cpu")
    assert saved.early.keys() == saved.denoiser.weights().keys()
    for model in (guided_cascade, saved):
        for stage, part in enumerate((model.base, *model.upscalers)):
            wanted = weights_of_stage(model.early, stage)
            made = part.early_denoiser().weights()
            assert made.keys() == wanted.keys() == part.denoiser.weights().keys()
            assert all(torch.equal(made[name], wanted[name]) for name in wanted)
            assert part.early_denoiser() is (model.base, *model.upscalers)[stage].early_denoiser()
        assert model.enlarger.early_denoiser() is model.upscalers[-1].early_denoiser()
        assert model.early_denoiser() is model.base.early_denoiser()
    assert torch.equal(Generation.of(saved).pictures(), Generation.of(guided_cascade).pictures())


def test_guidance_of_upscalers_changes_the_detail_and_is_counted(guided_cascade: Model) -> None:
    plain = guided_cascade.config.model_copy(
        update={
            "upscalers": tuple(
                each.model_copy(update={"generation": each.generation.model_copy(update={"guidance": 1.0})})
                for each in guided_cascade.config.upscalers
            )
        }
    )
    one, other = (Generation.of(replace(guided_cascade, config=each)) for each in (plain, guided_cascade.config))
    assert not torch.equal(one.pictures(), other.pictures())
    assert torch.equal(one.pictures(), Generation.of(replace(guided_cascade, config=plain)).pictures())
    own = Generation.of(guided_cascade, stage="base").settings.steps
    assert looks(other)[own:] == [2 * count for count in looks(one)[own:]]
    assert counted_looks(other, 2) == looks(other, 2)


def test_early_weights_of_the_small_pictures_alone_guide_them_alone(guided_cascade: Model) -> None:
    """As models carry them that were made before upscalers had any."""
    early = weights_of_stage(guided_cascade.early, 0)
    before = replace(guided_cascade, early=early)
    assert before.base.early_denoiser() is before.early_denoiser()
    with pytest.raises(SfumatoError, match="no early weights"):
        before.upscalers[0].early_denoiser()
