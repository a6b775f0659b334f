"""A picture depends on model, seed, number and settings alone, to the pixel; its recipe makes it again."""

import itertools

import numpy as np
import pytest
import torch
from PIL import ImageChops

from sfumato.diffusion import SAMPLERS, SCHEDULES
from sfumato.errors import SfumatoError
from sfumato.models import Generation, Model, reproduce, to_pictures
from sfumato.models.sampling import BATCH, sampling_of

FEW = {"steps": 3}


def same(one, other):
    return ImageChops.difference(one.image, other.image).getbbox() is None


def test_a_picture_is_the_same_however_many_are_made(model):
    forty = model.generate(40, seed=3, **FEW)
    for count in (1, 5, BATCH, BATCH + 1):
        fewer = model.generate(count, seed=3, **FEW)
        assert len(fewer) == count
        assert all(same(one, other) and one.recipe == other.recipe for one, other in zip(fewer, forty, strict=False))
    assert [work.recipe.request.number for work in forty] == list(range(40))


def test_the_network_sees_batches_of_one_size_whatever_is_asked(model):
    # Kernels may round otherwise for other sizes, which so small a network does not always show.
    seen = []
    hook = model.denoiser.network.register_forward_pre_hook(lambda _, inputs: seen.append(len(inputs[0])))
    for count in (1, BATCH, BATCH + 1):
        model.generate(count, steps=1)
    hook.remove()
    assert set(seen) == {BATCH}


@pytest.mark.parametrize("sampler", ["dpmpp_2m", "euler_ancestral"])
def test_a_picture_is_the_same_whether_its_class_was_drawn_or_asked_for(model, sampler):
    drawn = model.generate(20, seed=4, sampler=sampler, **FEW)
    labels = {work.recipe.request.label for work in drawn}
    assert labels == {"circles", "waves"}
    for label in labels:
        asked = model.generate(20, seed=4, label=label, sampler=sampler, **FEW)
        assert all(
            same(one, other) == (one.recipe.request.label == label) for one, other in zip(drawn, asked, strict=True)
        )


def test_pictures_of_one_seed_and_of_two_differ(model):
    works = [*model.generate(18, seed=0, label="waves", **FEW), *model.generate(18, seed=1, label="waves", **FEW)]
    assert not any(same(one, other) for one, other in itertools.combinations(works, 2))


def test_classes_are_drawn_as_often_as_in_training(new_model):
    model = new_model(classes=("a", "b", "c"), class_shares=(0.6, 0.4, 0.0))
    generation = Generation.of(model, seed=9)
    counts = np.bincount([next(iter(generation.told.classes_of(index))) for index in range(4000)], minlength=3)
    # Four standard deviations of a binomial distribution.
    assert abs(counts[0] / 4000 - 0.6) < 4 * (0.6 * 0.4 / 4000) ** 0.5
    assert counts[2] == 0


def test_shares_need_not_sum_to_one(new_model):
    generation = Generation.of(new_model(class_shares=(300.0, 100.0)), seed=9)
    share = np.mean([generation.told.classes_of(index) == {0: 1.0} for index in range(4000)])
    assert abs(share - 0.75) < 4 * (0.75 * 0.25 / 4000) ** 0.5


def test_a_model_without_classes_makes_works_without(new_model):
    model = new_model(classes=(), class_shares=())
    work = model.generate(1, **FEW)[0]
    assert work.recipe.request.label is None
    assert work.recipe.request.sampling.guidance == 1


@pytest.mark.parametrize("kind", ["classifier_free", "autoguidance"])
def test_guidance_of_1_is_none(model, kind):
    plain = next(Generation.of(model, guidance=1, **FEW).works(1))
    guided = next(Generation.of(model, guidance=1, guidance_kind=kind, **FEW).works(1))
    other = next(Generation.of(model, guidance=3, guidance_kind=kind, **FEW).works(1))
    assert same(plain, guided)
    assert not same(plain, other)
    assert plain.recipe.request.sampling.guidance == guided.recipe.request.sampling.guidance == 1
    assert (other.recipe.request.sampling.guidance, other.recipe.request.sampling.guidance_kind) == (3, kind)


def test_guidance_acts_in_its_interval_alone(model):
    plain = next(Generation.of(model, guidance=1, **FEW).works(1))
    beyond = Generation.of(model, guidance=4, guidance_low=500, guidance_high=1000, **FEW)
    assert same(plain, next(beyond.works(1)))


def test_autoguidance_without_early_weights_is_refused_before_anything_is_made(new_model):
    model = new_model()
    model.early = {}
    with pytest.raises(SfumatoError, match="no early weights"):
        Generation.of(model, guidance_kind="autoguidance", guidance=2)
    Generation.of(model, guidance_kind="autoguidance", guidance=1)


def test_autoguidance_works_without_classes(new_model):
    model = new_model(classes=(), class_shares=())
    works = [
        next(Generation.of(model, guidance=value, guidance_kind="autoguidance", **FEW).works(1)) for value in (1, 3)
    ]
    assert not same(*works)


@pytest.mark.parametrize(
    "settings",
    [
        {},
        {"label": "waves"},
        {"guidance": 3.5, "guidance_low": 0.2, "guidance_high": 20.0},
        {"guidance": 2.5, "guidance_kind": "autoguidance", "sampler": "heun", "schedule": "exponential"},
        {"guidance": 1.0, "sampler": "euler_ancestral", "schedule": "flow"},
        {"sampler": "dpmpp_2m_sde", "precision": "bfloat16"},
    ],
)
def test_a_recipe_alone_makes_the_same_picture_again(saved, settings):
    model = Model.from_pretrained(saved)
    work = list(Generation.of(model, seed=11, steps=4, **settings).works(18))[17]
    again = reproduce(Model.from_pretrained(saved), type(work.recipe).from_json(work.recipe.to_json()))
    assert same(work, again)
    assert again.recipe == work.recipe


@pytest.mark.parametrize("sampler", SAMPLERS)
@pytest.mark.parametrize("schedule", SCHEDULES)
def test_every_sampler_runs_with_every_schedule(model, sampler, schedule):
    for steps in (1, 2, 5):
        generation = Generation.of(model, sampler=sampler, schedule=schedule, steps=steps)
        assert [(event.step, event.steps) for event in generation.events()] == [
            (step, steps) for step in range(1, steps + 1)
        ]
        assert torch.isfinite(generation.pictures()).all()


def test_every_batch_gives_all_its_steps(model):
    events = list(Generation.of(model, steps=4).events(BATCH + 3, previews=True))
    assert [event.positions for event in events] == [range(BATCH)] * 4 + [range(BATCH, BATCH + 3)] * 4
    assert [event.step for event in events] == [1, 2, 3, 4] * 2
    assert all(len(event.previews) == len(event.estimates) == len(event.positions) for event in events)


def test_events_are_the_steps_in_plain_terms_and_the_last_of_a_batch_carries_its_works(model):
    generation = Generation.of(model, seed=3, steps=3)
    events = list(generation.events(BATCH + 2))
    assert [(event.positions, event.step, event.steps) for event in events] == [
        (positions, step, 3) for positions in (range(BATCH), range(BATCH, BATCH + 2)) for step in (1, 2, 3)
    ]
    settings = generation.settings
    sigmas = SCHEDULES[settings.schedule](3, settings.sigma_min, settings.sigma_max)
    assert [event.sigma for event in events] == sigmas[1:].tolist() * 2
    assert [len(event.works) for event in events] == [0, 0, BATCH, 0, 0, 2]
    works = [work for event in events for work in event.works]
    assert [work.recipe.request.position for work in works] == list(range(BATCH + 2))
    assert all(same(one, other) for one, other in zip(works, generation.works(BATCH + 2), strict=True))
    assert not any(event.previews or event.estimates for event in events)


def test_previews_are_the_pictures_with_their_noise_and_the_last_are_the_works(model):
    generation = Generation.of(model, seed=3, steps=3)
    events = list(generation.events(2, previews=True))
    sampling = sampling_of(model, generation.settings, [generation.initial_noise(place) for place in range(BATCH)])
    with torch.inference_mode():
        steps = [[to_pictures(latents[:2]) for latents in (step.x, step.denoised)] for step in sampling.steps]
    assert len(events) == len(steps) == 3
    for event, pictures in zip(events, steps, strict=True):
        shown = (event.previews, event.estimates)
        assert [[one.tobytes() for one in each] for each in shown] == [
            [one.tobytes() for one in each] for each in pictures
        ]
    assert [work.image.tobytes() for work in events[-1].works] == [one.tobytes() for one in events[-1].previews]
    assert [event.step for event in model.trajectory(2, seed=3, steps=3)] == [1, 2, 3]


@pytest.mark.parametrize(
    ("settings", "said"),
    [
        ({"label": "cubism"}, "class 'cubism'.*'tiny'.*circles, waves"),
        ({"label": ""}, "class ''"),
        ({"sampler": "magic"}, "sampler 'magic'.*dpmpp_2m"),
        ({"schedule": "magic"}, "schedule 'magic'.*karras"),
        ({"steps": 0}, "steps 0"),
        ({"steps": 2.5}, "steps 2.5"),
        ({"steps": 10**9}, "steps 1000000000"),
        ({"guidance": -1}, "guidance -1"),
        ({"guidance": float("inf")}, "guidance inf"),
        ({"guidance": float("nan")}, "guidance nan"),
        ({"guidance": "much"}, "guidance 'much'"),
        ({"guidance_kind": "magic"}, "guidance_kind 'magic'.*autoguidance"),
        ({"guidance_low": 5.0, "guidance_high": 1.0}, "guidance_low 5 is above guidance_high 1"),
        ({"precision": "float16"}, "precision 'float16'"),
        ({"seed": -1}, "seed -1"),
        ({"seed": 2**63}, "seed"),
        ({"seed": "seven"}, "seed 'seven'"),
    ],
)
def test_what_cannot_be_asked_for_is_one_sentence(model, settings, said):
    with pytest.raises(SfumatoError, match=said) as caught:
        Generation.of(model, **settings)
    assert "\n" not in str(caught.value)


def test_a_class_asked_of_a_model_without_is_one_sentence(new_model):
    with pytest.raises(SfumatoError, match="none at all"):
        Generation.of(new_model(classes=(), class_shares=()), label="waves")


@pytest.mark.parametrize("count", [0, -3])
def test_no_works_at_all_cannot_be_asked_for(model, count):
    with pytest.raises(SfumatoError, match="give 1 or more"):
        model.generate(count)


def test_a_seed_of_numpy_is_the_number_that_it_is(model):
    ours, theirs = (model.generate(1, seed=seed, **FEW)[0] for seed in (7, np.int64(7)))
    assert same(ours, theirs)
    assert ours.recipe.to_json() == theirs.recipe.to_json()


def test_levels_are_rounded_and_clipped():
    levels = torch.tensor([-5.0, -1.0, -1 + 0.49 / 127.5, -1 + 0.51 / 127.5, 0.0, 1 - 0.51 / 127.5, 1.0, 5.0])
    (picture,) = to_pictures(levels.expand(1, 3, 1, 8))
    assert picture.mode == "RGB"
    assert [picture.getpixel((x, 0)) for x in range(8)] == [(v,) * 3 for v in (0, 0, 0, 1, 128, 254, 255, 255)]


def test_every_level_of_a_picture_comes_back():
    levels = torch.arange(256) / 127.5 - 1
    (picture,) = to_pictures(levels.bfloat16().float().expand(1, 3, 1, 256))
    assert picture.size == (256, 1)
    (picture,) = to_pictures(levels.expand(1, 3, 1, 256))
    assert [picture.getpixel((x, 0))[0] for x in range(256)] == list(range(256))


def test_a_recipe_keeps_a_class_as_text_however_it_was_typed(new_model):
    model = new_model(classes=("waves", "Gem\u00e4lde"), class_shares=(0.5, 0.5))
    for typed in ("Gema\u0308lde", "Gem\udce4lde"):
        recipe = Generation.of(model, label=typed, negative=typed, guidance=2.0).recipe(0)
        assert (recipe.request.label, recipe.request.negative) == ("Gem\u00e4lde", "Gem\u00e4lde")
