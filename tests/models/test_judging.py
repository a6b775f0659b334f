"""No work is given out that is a near copy where those are refused, unsound, or of what the policy does not allow; and
one that is refused can be made again with the next seed."""

import math
import warnings
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import pytest
import torch
from PIL import Image
from torch import Tensor

from sfumato.errors import SfumatoError
from sfumato.images.tensors import to_pictures
from sfumato.likeness import Finding, Likeness, Neighbour
from sfumato.models import Generation, Model, enlarging, reproduce, reproduction
from sfumato.models.judging import judged
from sfumato.models.verbs import enlarging_again
from sfumato.policy.limits import Limits
from sfumato.policy.policy import Policy
from sfumato.works.refusal import RefusedWarning

SHORT = {"steps": 2, "guidance": 1.0}


def finding(score: float, threshold: float = 0.5) -> Finding:
    return Finding((Neighbour("waves/3.png", "Ida Berg", "ab" * 32, score, 3),), score, threshold, 0.01)


@dataclass(frozen=True, eq=False)
class Scripted(Likeness):
    """Works score what is said, one after the other; none of what was learned from is flat."""

    parts: tuple = ()
    scores: Sequence[float] = ()
    seen: list = None

    @property
    def least_spread(self) -> float:
        return 0.2

    def judge(self, images: Tensor, threshold: float | None = None) -> list[Finding]:
        begun = len(self.seen)
        self.seen.extend(images)
        found = [finding(self.scores[(begun + place) % len(self.scores)]) for place in range(len(images))]
        return [one.by(threshold) for one in found]


@pytest.fixture
def scripted(new_model: Callable[..., Model]) -> Callable[..., Model]:
    """A model whose works, one after the other, score what is said."""

    def make(*scores: float, **changes: object) -> Model:
        model = new_model(**changes)
        model.likeness = Scripted(scores=scores, seen=[])
        return model

    return make


def limited(**limits: object) -> Policy:
    return Policy(Limits.model_validate(limits))


def test_a_near_copy_is_given_out_with_its_finding_and_can_be_refused(scripted) -> None:
    works = scripted(0.1, 0.9, 0.3).generate(3, **SHORT)
    assert [work.finding.is_near_copy for work in works] == [False, True, False]
    with pytest.warns(RefusedWarning, match=r"number 1 of seed 4 \(near copy of waves/3.png by Ida Berg"):
        works = scripted(0.1, 0.9, 0.3).generate(3, seed=4, copies="refuse", **SHORT)
    assert [work.recipe.request.number for work in works] == [0, 2]


def test_the_owners_policy_holds_without_being_asked_for(scripted, tmp_path: Path, monkeypatch) -> None:
    (tmp_path / "policy.toml").write_text('copies = "refuse"\ncopy_threshold = 0.2\n')
    monkeypatch.setenv("SFUMATO_POLICY", str(tmp_path / "policy.toml"))
    with pytest.warns(RefusedWarning, match="false alarms not known"):
        works = scripted(0.1, 0.9, 0.3).generate(3, **SHORT)
    assert [work.recipe.request.number for work in works] == [0]
    assert works[0].recipe.policy == Policy.current().digest != Policy().digest


def test_what_is_refused_is_made_again_with_the_next_seed(scripted, new_model) -> None:
    model = scripted(0.1, 0.9, 0.3, 0.8, 0.2)  # number 1 is refused twice: with its own seed, and with the next
    generation = Generation.of(model, seed=7, **SHORT).asking("refuse", 3)
    events = list(generation.events(3))
    refused = [refusal for event in events for refusal in event.refused]
    assert [(one.seed, one.position, one.again) for one in refused] == [(7, 1, 1), (8, 1, 1)]
    works = {work.recipe.request.number: work for event in events for work in event.works}
    assert [works[number].recipe.request.seed for number in range(3)] == [7, 9, 7]
    assert [works[number].recipe.attempt for number in range(3)] == [0, 2, 0]
    # What came of it is a work like any other, which its recipe makes again.
    plain = new_model().generate(2, seed=9, **SHORT)[1]
    assert plain.image.tobytes() == works[1].image.tobytes()
    again = reproduce(new_model(), works[1].recipe)
    assert again.image.tobytes() == works[1].image.tobytes()
    assert again.recipe.attempt == 2


def test_a_work_that_is_changed_stands_in_no_others_place(scripted, new_model) -> None:
    (work,) = scripted(0.9, 0.1).generate(1, copies="refuse", retries=1, **SHORT)
    assert work.recipe.attempt == 1
    for changes in ({"seed": 5}, {"steps": 3}):
        assert reproduce(new_model(), work.recipe, **changes).recipe.attempt == 0


def test_an_enlarged_work_is_made_again_with_its_own_seed_or_not_at_all(scripted, new_model, new_upscaler) -> None:
    (small,) = new_model().generate(1, **SHORT)
    larger = new_upscaler()
    larger.likeness = Scripted(scores=(0.9, 0.1), seen=[])
    work = enlarging(larger, small).asking("refuse", 1).work()
    assert (work.recipe.request.seed, work.recipe.attempt) == (1, 1)
    larger.likeness = None
    assert enlarging_again(larger, work.recipe, small).work().recipe == work.recipe.model_copy(
        update={"policy": Policy().digest}
    )
    larger.likeness = Scripted(scores=(0.9, 0.1), seen=[])
    with pytest.raises(SfumatoError, match="the work was refused: number 0 of seed 1"):
        enlarging_again(larger, work.recipe, small, limited(copies="refuse", retries=1)).work()


def test_works_come_in_their_order_though_one_was_made_again(scripted) -> None:
    works = scripted(0.9, 0.1, 0.1, 0.1).generate(3, copies="refuse", retries=1, **SHORT)
    assert [work.recipe.request.number for work in works] == [0, 1, 2]


def test_after_so_many_times_it_stays_refused(scripted) -> None:
    with pytest.warns(RefusedWarning) as said:
        works = scripted(0.9).generate(2, copies="refuse", retries=1, **SHORT)
    assert works == []
    (one,) = said
    assert str(one.message).startswith("2 works refused, and not saved: number 0 of seed 1 (near copy")
    assert "; number 1 of seed 1 (near copy" in str(one.message)
    with pytest.raises(
        SfumatoError, match=r"the work was refused: number 0 of seed 0 .near copy of .* try another seed"
    ):
        Generation.of(scripted(0.9), **SHORT).asking("refuse").work()


def test_where_nobody_can_tell_a_near_copy_nothing_is_made(new_model) -> None:
    generation = Generation.of(new_model(), **SHORT).asking("refuse")
    with pytest.raises(SfumatoError, match="carries no index of the pictures that it learned from, so nobody can tell"):
        next(generation.events())


def test_variations_are_made_again_with_the_next_seed_of_their_turn(scripted, new_model) -> None:
    first = new_model().generate(1, **SHORT)[0]
    works = scripted(0.9, 0.1).generate(1, of=first, variations=0.4, seed=5, copies="refuse", retries=1)
    assert works[0].recipe.request.slerps[-1].seed == 6


def test_what_a_work_was_before_it_was_enlarged_counts(scripted, new_model) -> None:
    (small,) = scripted(0.9).generate(1, **SHORT)
    upscaler = new_model(
        objective="upscaling", begins_with="reference", factor=2, classes=(), class_shares=(), has_early=False
    )
    assert enlarging(upscaler, small).work().finding.is_near_copy
    upscaler.likeness = Scripted(scores=(0.1,), seen=[])
    with pytest.raises(SfumatoError, match=r"near copy of waves/3.png"):
        enlarging(upscaler, small).asking("refuse").work()


def test_the_owners_threshold_holds_before_the_nearest_to_a_copy_is_chosen() -> None:
    # By its own threshold what the work was before is farther from a copy, by the owner's it is one.
    before = finding(0.7, threshold=0.9)
    now = Scripted(scores=(0.5,), seen=[])
    images = torch.rand(1, 3, 32, 32, generator=torch.Generator().manual_seed(0))
    (found,) = judged(to_pictures(images), images, limited(copy_threshold=0.6), now, earlier=before)
    assert found.finding == before.by(0.6)
    assert found.finding.is_near_copy


def test_what_is_asked_for_works_holds_when_they_are_enlarged(scripted, new_upscaler) -> None:
    larger = new_upscaler()
    larger.likeness = Scripted(scores=(0.1, 0.9, 0.1), seen=[])
    with pytest.warns(RefusedWarning, match="number 1 of seed 0"):
        works = scripted(0.1).generate(3, upscale=larger, copies="refuse", **SHORT)
    assert [work.recipe.request.number for work in works] == [0, 2]
    assert {work.recipe.policy for work in works} == {work.recipe.first.policy for work in works}


def test_an_index_that_is_there_and_cannot_be_read_is_not_passed_over(new_model, tmp_path: Path) -> None:
    place = new_model().save_pretrained(tmp_path / "model")
    assert Model.from_pretrained(place).likeness is None
    (place / "likeness.safetensors").symlink_to("nowhere")
    with pytest.raises(SfumatoError, match=r"likeness.safetensors"):
        Model.from_pretrained(place)


def test_no_recipe_is_bound_by_what_was_only_measured(new_model) -> None:
    made = Generation.of(new_model(), policy=Policy.none(), **SHORT).work()
    assert (made.recipe.policy, made.finding) == (None, None)


def test_a_work_is_the_same_to_the_pixel_under_any_policy(scripted, new_model) -> None:
    plain = new_model().generate(2, **SHORT)
    judged_ones = scripted(0.1).generate(2, copies="refuse", retries=3, **SHORT)
    assert [work.image.tobytes() for work in plain] == [work.image.tobytes() for work in judged_ones]


def test_its_model_is_compared_with_as_the_file_will_be(scripted) -> None:
    model = scripted(0.1)
    (work,) = model.generate(1, **SHORT)
    assert to_pictures(model.likeness.seen[0][None])[0].tobytes() == work.image.tobytes()


@pytest.mark.parametrize(
    ("asked", "said"),
    [
        ({"classes": ["circles"]}, "class 'waves': the policy allows circles alone"),
        ({"words": {"refused": ["Waves"]}}, "'waves': the policy does not allow 'Waves'"),
        ({"longest_side": 31}, "allows 31 pixels a side at most, and this would be 32 x 32"),
    ],
)
def test_what_the_policy_does_not_allow_is_not_begun(new_model, asked: dict, said: str) -> None:
    with pytest.raises(SfumatoError, match=said):
        Generation.of(new_model(), label="waves", policy=limited(**asked))


def test_without_a_class_those_are_drawn_that_are_allowed(new_model) -> None:
    generation = Generation.of(new_model(), policy=limited(classes=["waves"]))
    assert {generation.told.label_of(position) for position in range(20)} == {"waves"}
    both = Generation.of(new_model(), policy=limited(classes=["waves", "circles"]))
    drawn = [both.told.label_of(position) for position in range(40)]
    assert drawn == [Generation.of(new_model()).told.label_of(position) for position in range(40)]
    with pytest.raises(SfumatoError, match="the policy allows none of the model's classes"):
        Generation.of(new_model(), policy=limited(classes=["portraits"]))


@pytest.mark.parametrize("asked", [{}, {"label": "waves"}, {"label": "waves", "negative": "circles"}])
def test_guidance_below_1_does_not_lead_to_what_is_not_allowed(new_model, asked: dict) -> None:
    policy = limited(words={"refused": ["circles"]})
    for guidance in (0.0, 0.9):
        with pytest.raises(SfumatoError, match="below 1 it leads to classes that the policy does not allow"):
            Generation.of(new_model(), policy=policy, guidance=guidance, **asked)
        Generation.of(new_model(), policy=limited(classes=["waves", "circles"]), guidance=guidance, **asked)
    Generation.of(new_model(), policy=policy, guidance=1.5, **asked)
    Generation.of(new_model(), policy=policy, guidance=0.0, label="waves", negative="waves")


def test_works_that_would_be_too_large_once_enlarged_are_not_begun(new_model, new_upscaler, monkeypatch) -> None:
    monkeypatch.setattr(Policy, "current", lambda: limited(longest_side=32))
    monkeypatch.setattr(Generation, "events", None)
    with pytest.raises(SfumatoError, match="32 pixels a side at most, and this would be 64 x 64"):
        new_model().generate(1, upscale=new_upscaler(), **SHORT)


def test_works_of_which_the_enlarged_cannot_be_judged_are_not_begun(scripted, new_upscaler, monkeypatch) -> None:
    monkeypatch.setattr(Generation, "events", None)
    with pytest.raises(SfumatoError, match="the model 'larger' carries no index"):
        scripted(0.1).generate(1, upscale=new_upscaler(), copies="refuse", **SHORT)


def test_what_is_enlarged_needs_no_class(new_upscaler, new_model) -> None:
    (small,) = new_model().generate(1, **SHORT)
    policy = limited(classes=["waves"])
    assert enlarging(new_upscaler(), small, policy=policy).work().image.size == (64, 64)
    with pytest.raises(SfumatoError, match="the model knows no classes"):
        Generation.of(new_model(classes=(), class_shares=()), policy=policy)


def noisy(*values: float) -> Tensor:
    generator = torch.Generator().manual_seed(1)
    return torch.stack([value + 0.0 * torch.rand(3, 32, 32, generator=generator) for value in values])


def judge(images: Tensor, likeness: Likeness | None, **asked: object) -> list[str]:
    return [one.refused for one in judged(to_pictures(images), images, Policy(), likeness, **asked)]


def test_what_holds_no_number_or_is_one_colour_is_refused() -> None:
    textured = torch.rand(1, 3, 32, 32, generator=torch.Generator().manual_seed(0))
    images = torch.cat((textured, noisy(0.3, math.nan, math.inf), textured))
    known = Scripted(scores=(0.0,), seen=[])
    found = judge(images, known)
    assert [bool(said) for said in found] == [False, True, True, True, False]
    assert "one flat colour, and no picture that was learned from is" in found[1]
    assert "NaN" in found[2]
    assert len(known.seen) == 2, "what is refused is not compared"
    # Where flat pictures may have been learned from, or one was there to begin with, a flat work is as it should be.
    assert judge(noisy(0.3), None) == [""]
    assert judge(noisy(0.3), known, from_noise=False) == [""]


@pytest.fixture
def spoils(monkeypatch) -> Callable[..., None]:
    """spoils(1, seed=0): in each batch of this seed, or of any, the work at place 1 holds no numbers, from its first
    step on."""
    whole = Generation._sampled

    def spoil(*places: int, seed: int | None = None) -> None:
        def sampled(self, positions):
            sampling = whole(self, positions)
            if seed not in (None, self.request.seed):
                return sampling

            def steps():
                for step in sampling.steps:
                    step.x[list(places)] = math.nan
                    yield step

            return replace(sampling, steps=steps())

        monkeypatch.setattr(Generation, "_sampled", sampled)

    return spoil


def test_works_that_hold_no_numbers_are_missing_and_the_others_there(new_model, spoils) -> None:
    spoils(1)
    with pytest.warns(RefusedWarning, match=r"number 1 of seed 0 .it holds NaN"):
        works = list(Generation.of(new_model(), **SHORT).works(3))
    assert [work.recipe.request.number for work in works] == [0, 2]


@pytest.mark.parametrize("count", [1, 3])
def test_where_those_that_are_made_again_hold_none_either_the_others_are_there(new_model, spoils, count: int) -> None:
    spoils(0)
    with pytest.warns(RefusedWarning, match=r"number 0 of seed 2 .it holds NaN"):
        works = new_model().generate(count, retries=2, **SHORT)
    assert [work.recipe.request.number for work in works] == [1, 2][: count - 1]


def test_one_work_alone_that_holds_no_numbers_is_made_again(new_model, spoils) -> None:
    spoils(0, seed=0)
    (work,) = new_model().generate(1, retries=1, width=48, **SHORT)
    assert (work.recipe.request.seed, work.recipe.attempt) == (1, 1)


def test_filters_are_asked_last_and_refuse(scripted, monkeypatch) -> None:
    asked: list[int] = []

    def refusals(settings: object, pictures: Sequence[Image.Image]) -> list[str]:
        asked.append(len(pictures))
        return ["the filter says no", *[""] * (len(pictures) - 1)]

    monkeypatch.setattr("sfumato.models.judging.refusals", refusals)
    with pytest.warns(RefusedWarning) as said:
        works = scripted(0.9, 0.1, 0.1).generate(3, copies="refuse", **SHORT)
    assert [work.recipe.request.number for work in works] == [2]
    assert asked == [2]
    assert "the filter says no" in str(said[0].message)


def test_to_make_one_again_takes_no_other_in_its_place(scripted, new_model) -> None:
    (work,) = new_model().generate(1, **SHORT)
    with pytest.raises(SfumatoError, match="the work was refused: number 0 of seed 0"):
        reproduction(scripted(0.9), work.recipe).asking("refuse", 0).work()
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        again = reproduction(scripted(0.9), work.recipe, policy=Policy.none()).work()
    assert again.image.tobytes() == work.image.tobytes()
