"""Of several works made for one, that is kept which the model's critic likes best; it can be made again by itself."""

from collections.abc import Callable
from dataclasses import replace
from typing import Any

import pytest
import torch
from PIL import Image

from sfumato.errors import SfumatoError
from sfumato.models import Generation, Model, reproduce
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
    works = list(Generation.of(critical, seed=5).choosing(3).works(4))
    small = [Generation.of(critical.base, seed=seed).pictures(4).clamp(-1, 1) for seed in (5, 6, 7)]
    scores = torch.stack([ROUGH.scores(pictures) for pictures in small])
    wanted = scores.argmax(0).tolist()
    assert len(set(wanted)) > 1
    assert [work.recipe.attempt for work in works] == wanted
    assert [work.recipe.request.series_seed for work in works] == [5 + candidate for candidate in wanted]
    assert [work.recipe.request.position for work in works] == [0, 1, 2, 3]
    # Each is the work of its own seed, to the pixel, as its recipe makes it without any candidates.
    for work in works:
        alone = Generation.of(critical, seed=work.recipe.request.series_seed)
        (same,) = alone.works(1, work.recipe.request.position)
        assert same.image.tobytes() == work.image.tobytes()
        assert reproduce(critical, work.recipe).image.tobytes() == work.image.tobytes()


def test_it_does_not_depend_on_how_many_are_asked_for(critical: Model) -> None:
    generation = Generation.of(critical, seed=5).choosing(2)
    *_, last = generation.works(3)
    (alone,) = generation.works(1, 2)
    assert alone.image.tobytes() == last.image.tobytes()
    assert alone.recipe == last.recipe


def test_a_model_without_upscalers_chooses_too(new_model: Callable[..., Model]) -> None:
    plain = new_model(critic=ROUGH, size=16)
    works = list(Generation.of(plain, seed=1).choosing(4).works(6))
    assert len({work.recipe.attempt for work in works}) > 1
    energies = measures(torch.cat([Generation.of(plain, seed=seed).pictures(6) for seed in (1, 2, 3, 4)]).clamp(-1, 1))
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
    assert [refusal.again for event in events for refusal in event.refused] == [True]
    works = {work.recipe.request.position: work.recipe for event in events for work in event.works}
    assert works[0].attempt in (2, 3)
    assert works[1].attempt in (0, 1)
    assert all(recipe.request.series_seed == 5 + recipe.attempt for recipe in works.values())


@pytest.mark.parametrize("count", [0, 17])
def test_a_number_out_of_range_is_refused(critical: Model, count: int) -> None:
    with pytest.raises(SfumatoError, match="1 to 16"):
        Generation.of(critical).choosing(count)


def test_without_a_critic_and_from_a_picture_nothing_is_begun(cascade: Model, critical: Model) -> None:
    with pytest.raises(SfumatoError, match="no critic"):
        Generation.of(cascade).choosing(2)
    assert Generation.of(cascade).choosing(1).best_of == 1
    canvas = refining_canvas(critical.config, Image.new("RGB", (32, 32)), 0.5)
    with pytest.raises(SfumatoError, match="begins with a picture"):
        Generation.of(critical, canvas=canvas).choosing(2)


def test_a_critic_has_a_weight_for_each_measure() -> None:
    with pytest.raises(ValueError, match="weights"):
        Critic(weights=(1.0, 2.0))
