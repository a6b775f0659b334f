"""Of several works made for one, that is kept which the model's critic likes best; it can be made again by itself."""

from collections.abc import Callable
from dataclasses import replace
from typing import Any

import pytest
import torch
from PIL import Image

from sfumato.errors import SfumatoError
from sfumato.models import Generation, Model, reproduce
from sfumato.models.candidates import SEEDS_APART
from sfumato.models.canvas import refining_canvas
from sfumato.models.critic import MEASURES, Critic, measures
from sfumato.models.effort import looks, watched_looks
from sfumato.policy.limits import Limits
from sfumato.policy.policy import Policy

# Likes gradients, and nothing else.
ROUGH = Critic(weights=(*[0.0] * (MEASURES - 1), 1.0))


@pytest.fixture
def critical(cascade: Model) -> Model:
    return replace(cascade, config=cascade.config.model_copy(update={"critic": ROUGH}))


def test_the_work_that_the_critic_likes_best_is_kept(critical: Model) -> None:
    asked = Generation.of(critical, seed=5, label="waves")
    works = list(asked.choosing(3).works(8))
    seeds = [5 + number * SEEDS_APART for number in range(3)]
    small = [Generation.of(critical.base, seed=seed, label="waves").pictures(8).clamp(-1, 1) for seed in seeds]
    wanted = torch.stack([ROUGH.scores(pictures) for pictures in small]).argmax(0).tolist()
    assert len(set(wanted)) > 1
    assert [work.recipe.request.series_seed for work in works] == [seeds[number] for number in wanted]
    assert [work.recipe.attempt for work in works] == [number * SEEDS_APART for number in wanted]
    assert [work.recipe.request.position for work in works] == list(range(8))
    # Each is the work of its own seed, to the pixel, as its recipe makes it without any candidates.
    for work in works:
        assert reproduce(critical, work.recipe).image.tobytes() == work.image.tobytes()


def test_classes_are_as_frequent_as_without_candidates(critical: Model) -> None:
    """Each candidate for a work is of the class that the work's own seed draws."""
    plain, chosen = ([work.recipe.request.label for work in asked.works(16)] for asked in asked_twice(critical))
    assert len(set(plain)) > 1
    assert chosen == plain


def asked_twice(model: Model) -> list[Generation]:
    return [Generation.of(model, seed=5, stage="base").choosing(best_of) for best_of in (1, 4)]


def test_the_next_seed_has_other_candidates(critical: Model) -> None:
    one, other = (
        {work.image.tobytes() for work in Generation.of(critical, seed=seed, stage="base").choosing(4).works(16)}
        for seed in (1, 2)
    )
    assert len(one) == len(other) == 16
    assert not one & other


def test_a_candidate_without_numbers_is_not_chosen_and_ends_nothing(
    critical: Model, monkeypatch: pytest.MonkeyPatch
) -> None:
    from sfumato.models import cascade as module

    sampling_of, count = module.sampling_of, [0]

    def broken(model: Model, *arguments: Any, **named: Any) -> Any:
        sampling = sampling_of(model, *arguments, **named)
        count[0] += 1
        if count[0] > 1:
            return sampling
        return replace(sampling, steps=(replace(step, x=step.x * torch.nan) for step in sampling.steps))

    monkeypatch.setattr(module, "sampling_of", broken)
    work = Generation.of(critical, seed=5).choosing(2).work()
    assert work.recipe.attempt == SEEDS_APART
    count[0] = 0
    assert Generation.of(critical, seed=5).choosing(2).pictures().isfinite().all()


def test_it_does_not_depend_on_how_many_are_asked_for(critical: Model) -> None:
    generation = Generation.of(critical, seed=5).choosing(2)
    *_, last = generation.works(3)
    (alone,) = generation.works(1, 2)
    assert alone.image.tobytes() == last.image.tobytes()
    assert alone.recipe == last.recipe


def test_a_model_without_upscalers_chooses_too(new_model: Callable[..., Model]) -> None:
    plain = new_model(critic=ROUGH, size=16, classes=(), class_shares=())
    works = list(Generation.of(plain, seed=1).choosing(4).works(6))
    assert len({work.recipe.attempt for work in works}) > 1
    seeds = [1 + number * SEEDS_APART for number in range(4)]
    energies = measures(torch.cat([Generation.of(plain, seed=seed).pictures(6) for seed in seeds]).clamp(-1, 1))
    assert torch.allclose(
        measures(torch.stack([shown(work.image) for work in works]))[:, -1],
        energies[:, -1].view(4, 6).max(0).values,
        atol=0.05,  # rounded to 8 bits
    )


def shown(image: Image.Image) -> torch.Tensor:
    pixels = torch.tensor(list(image.convert("RGB").tobytes()), dtype=torch.float32)
    return pixels.view(image.height, image.width, 3).permute(2, 0, 1) / 127.5 - 1


def test_what_it_costs_is_known_before(critical: Model) -> None:
    generation = Generation.of(critical, seed=5).choosing(3)
    taken, steps = [0], []
    with watched_looks(lambda denoiser, pictures: taken.append(pictures)):
        for progress in generation.events(2):
            steps.append(sum(taken))
            taken.clear()
            assert progress.step == len(steps)
    assert progress.steps == len(steps)
    assert steps == looks(generation, 2)


def test_a_work_that_is_refused_is_made_again_of_seeds_that_none_was_chosen_of(
    critical: Model, monkeypatch: pytest.MonkeyPatch
) -> None:
    refused = iter([True, False, False, False])
    from sfumato.models import generation as module

    def judged(pictures: Any, *_: Any, **__: Any) -> list[Any]:
        from sfumato.models.judging import Judgement

        return [Judgement(refused="it is odd" if next(refused) else "") for _ in pictures]

    monkeypatch.setattr(module, "judged", judged)
    policy = Policy(limits=Limits(retries=1))
    asked = Generation.of(critical, seed=5, policy=policy).choosing(2)
    events = [event for event in asked.events(2) if event.works or event.refused]
    assert [refusal.again for event in events for refusal in event.refused] == [1]
    works = {work.recipe.request.position: work.recipe for event in events for work in event.works}
    assert works[0].attempt in (1, SEEDS_APART + 1)
    assert works[1].attempt in (0, SEEDS_APART)
    assert all(recipe.request.series_seed == 5 + recipe.attempt for recipe in works.values())


@pytest.mark.parametrize("count", [0, 17])
def test_a_number_out_of_range_is_refused(critical: Model, count: int) -> None:
    with pytest.raises(SfumatoError, match="1 to 16"):
        Generation.of(critical).choosing(count)


def test_without_a_critic_and_from_a_picture_nothing_is_begun(cascade: Model, critical: Model) -> None:
    with pytest.raises(SfumatoError, match="no critic"):
        Generation.of(cascade).choosing(2)
    assert Generation.of(cascade).choosing(1).choice.best_of == 1
    canvas = refining_canvas(critical.config, Image.new("RGB", (32, 32)), 0.5)
    with pytest.raises(SfumatoError, match="begins with a picture"):
        Generation.of(critical, canvas=canvas).choosing(2)


def test_a_critic_has_a_weight_for_each_measure() -> None:
    with pytest.raises(ValueError, match="weights"):
        Critic(weights=(1.0, 2.0))
