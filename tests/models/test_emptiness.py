"""Works in which next to nothing is to be seen, and what is drawn in their place."""

from collections.abc import Callable
from dataclasses import replace
from typing import Any

import pytest
import torch
from PIL import Image

from sfumato.models import Generation, Model, reproduce
from sfumato.models.candidates import SEEDS_APART
from sfumato.models.canvas import refining_canvas
from sfumato.models.critic import MEASURES, Critic
from sfumato.models.emptiness import EMPTY, MOST_REDRAWS, empty_below, energies, is_all_but_empty
from sfumato.models.steering import named_palette
from sfumato.policy.limits import Limits
from sfumato.policy.policy import Policy

COUNT = 12


def seeds(first: int) -> range:
    """Of a work and all that are drawn in its place."""
    return range(first, first + (MOST_REDRAWS + 1) * SEEDS_APART, SEEDS_APART)


def known(model: Model, empty_below: float | None) -> Model:
    """The same model, of pictures of which 2 % have less energy than that."""
    return replace(model, config=model.config.model_copy(update={"empty_below": empty_below}))


@pytest.fixture(scope="module")
def drawn(model: Model) -> torch.Tensor:
    """[MOST_REDRAWS + 1, COUNT]: how much is in each work of seed 5, and in each that would be drawn in its place."""
    return torch.stack([energies(Generation.of(model, seed=seed, steps=2).pictures(COUNT)) for seed in seeds(5)])


@pytest.fixture(scope="module")
def bound(drawn: torch.Tensor) -> float:
    """Below which two works in three are all but empty."""
    return torch.quantile(drawn.flatten(), 0.67).item()


def asked(model: Model, **wanted: Any) -> Generation:
    return Generation.of(model, steps=2, **{"seed": 5, **wanted}).choosing(keep_empty=False)


def test_a_fiftieth_of_pictures_has_less_gradient_than_is_all_but_empty() -> None:
    generator = torch.Generator().manual_seed(0)
    pictures = torch.randn(500, 3, 16, 16, generator=generator) * torch.rand(500, 1, 1, 1, generator=generator)
    bound = empty_below([pictures[:300], pictures[300:]])
    assert (energies(pictures) < bound).double().mean().item() == pytest.approx(EMPTY, abs=1e-3)


def test_a_flat_picture_has_the_least_energy_and_a_step_has_a_known_one() -> None:
    step = torch.zeros(1, 3, 2, 2)
    step[:, :, 1] = 2 / 255  # one level in each of two columns, of two differences down and two across
    assert energies(torch.zeros(1, 3, 2, 2)).tolist() == [0.0]
    assert energies(step).item() == pytest.approx(torch.log(torch.tensor(2.0)).item(), abs=1e-5)


def test_an_enlarged_work_is_as_empty_as_the_small_one(new_cascade: Callable[..., Model], model: Model) -> None:
    config = known(new_cascade(), 4.0).config
    generator = torch.Generator().manual_seed(0)
    small = torch.randn(40, 3, 16, 16, generator=generator) * torch.linspace(0, 0.4, 40).view(-1, 1, 1, 1)
    large = small.repeat_interleave(2, 2).repeat_interleave(2, 3)
    found = is_all_but_empty(config, large)
    assert found == (energies(torch.nn.functional.interpolate(large, 16, mode="bicubic", antialias=True)) < 4).tolist()
    assert 0 < sum(found) < 40
    # One of an odd size is looked at without its last row and column.
    assert len(is_all_but_empty(config, large[:, :, :31, :29])) == 40
    assert not any(is_all_but_empty(model.config, torch.zeros(3, 3, 16, 16)))


def test_what_is_all_but_empty_is_drawn_again(model: Model, drawn: torch.Tensor, bound: float) -> None:
    """Each work is the first of its place that is not, or else the last that was drawn."""
    sees = drawn >= bound
    assert sees[0].any() and not sees[0].all()
    assert not sees.any(0).all()
    wanted = [int(column.int().argmax()) if column.any() else MOST_REDRAWS for column in sees.T]
    made = known(model, bound)
    works = sorted(asked(made).works(COUNT), key=lambda work: work.recipe.request.position)
    assert [work.recipe.attempt // SEEDS_APART for work in works] == wanted
    assert [work.recipe.request.series_seed for work in works] == [seeds(5)[number] for number in wanted]
    # Each is the work of its own seed, to the pixel; its recipe makes it again, be it empty or not.
    for work in works:
        assert reproduce(made, work.recipe).image.tobytes() == work.image.tobytes()


def test_a_work_does_not_depend_on_how_many_are_asked_for(model: Model, bound: float) -> None:
    generation = asked(known(model, bound))
    whole = {work.recipe.request.position: work for work in generation.works(COUNT)}
    for position in (0, 3, 7):
        (alone,) = generation.works(1, position)
        assert (alone.recipe, alone.image.tobytes()) == (
            whole[position].recipe,
            whole[position].image.tobytes(),
        )


def test_events_say_what_is_drawn_again(model: Model, drawn: torch.Tensor, bound: float) -> None:
    events = [event for event in asked(known(model, bound)).events(COUNT) if event.step == event.steps]
    empty = int((drawn[0] < bound).sum())
    assert [len(event.positions) for event in events[:2]] == [COUNT, empty]
    assert [event.attempt for event in events] == list(range(0, len(events) * SEEDS_APART, SEEDS_APART))
    assert all(one.is_empty and one.again == SEEDS_APART for one in events[0].refused)


def test_what_a_work_was_refused_for_is_not_forgotten(
    model: Model, drawn: torch.Tensor, bound: float, monkeypatch: pytest.MonkeyPatch
) -> None:
    """One batch has some that are drawn again with later seeds, and one that is made again with the next seed."""
    from sfumato.models import generation as module
    from sfumato.models.judging import Judgement

    refused_place = int((drawn[0] >= bound).int().argmax())
    calls = [0]

    def judged(pictures: Any, *_: Any, **__: Any) -> list[Any]:
        calls[0] += 1
        return [
            Judgement(refused="it is odd" if calls[0] == 1 and place == refused_place else "")
            for place in range(len(pictures))
        ]

    monkeypatch.setattr(module, "judged", judged)
    policy = Policy(limits=Limits(retries=1))
    works = {
        work.recipe.request.position: work.recipe for work in asked(known(model, bound), policy=policy).works(COUNT)
    }
    assert sorted(works) == list(range(COUNT))
    assert works[refused_place].attempt % SEEDS_APART == 1
    assert all(recipe.attempt % SEEDS_APART == 0 for place, recipe in works.items() if place != refused_place)
    assert all(recipe.request.series_seed == 5 + recipe.attempt for recipe in works.values())


def test_nothing_is_drawn_again_unless_it_is_wanted_known_and_free(model: Model, bound: float) -> None:
    made = known(model, bound)
    assert asked(made).choice.redraws == MOST_REDRAWS
    assert Generation.of(made).choosing().choice.redraws == 0
    assert asked(known(model, None)).choice.redraws == 0
    assert asked(made, palette=named_palette("#aa3322,#102030")).choice.redraws == 0
    canvas = refining_canvas(made.config, Image.new("RGB", (made.config.side,) * 2), 0.5)
    assert asked(made, canvas=canvas).choice.redraws == 0


def test_of_several_candidates_the_chosen_one_is_drawn_again_if_it_is_empty(model: Model, bound: float) -> None:
    rough = Critic(weights=(*[0.0] * (MEASURES - 1), 1.0))  # likes gradients, and nothing else
    made = known(model, bound)
    made = replace(made, config=made.config.model_copy(update={"critic": rough}))
    generation = Generation.of(made, seed=5, steps=2).choosing(2, keep_empty=False)
    recipes = [work.recipe for work in generation.works(COUNT)]
    redrawn = [recipe for recipe in recipes if recipe.attempt >= 2 * SEEDS_APART]
    assert redrawn
    assert max(recipe.attempt for recipe in recipes) < 2 * (MOST_REDRAWS + 1) * SEEDS_APART
