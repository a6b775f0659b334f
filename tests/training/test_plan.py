from collections.abc import Sequence
from functools import partial
from typing import Any

import pytest
import torch
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from sfumato.errors import SfumatoError
from sfumato.networks import ArticleConfig, UNetConfig
from sfumato.training import plan as module
from sfumato.training.configuration import TrainingConfig
from sfumato.training.memorisation import FROM_DRAWN_PICTURES, FROM_RANDOM_WEIGHTS
from sfumato.training.plan import Make, Plan, Speed, count_parameters, ladder, measure, plan

TINY = UNetConfig(patch=2, channels=(8,), blocks=1, width=16, depth=1, heads=1)
ARTICLE = ArticleConfig()
CPU = torch.device("cpu")
MAKE = partial(TrainingConfig.build_objective, classes=3)


def planned(choices: dict[str, Any], pictures: int = 10_000) -> Plan:
    return plan(choices, classes=3, pictures=pictures, device=CPU)


def rung(config: TrainingConfig) -> int:
    """Which of the plan's networks it is, from 0; 0 for another one."""
    networks = [step.network for step in ladder(config.size)]
    return networks.index(config.network) if config.network in networks else 0


@pytest.fixture
def slow_as(monkeypatch: pytest.MonkeyPatch) -> Any:
    """Seconds a step that are said to be measured: so many for the first network, more for each that is larger."""

    def choose(seconds: float, precision: str = "float32") -> None:
        def measured(
            make: Make, config: TrainingConfig, device: torch.device, precisions: Sequence[str], **_: Any
        ) -> Speed:
            return Speed(seconds * 3 ** rung(config), precision)

        monkeypatch.setattr(module, "measure", measured)

    return choose


def test_with_steps_nothing_is_measured(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delattr(module, "measure")
    made = planned({"steps": 50, "batch": 8})
    assert (made.settings.steps, made.settings.minutes) == (50, 0)
    assert made.sentence.endswith("32 px, batch 8: 50 steps, 400 pictures")


@pytest.fixture(autouse=True)
def known(monkeypatch: pytest.MonkeyPatch) -> list[Any]:
    """The networks for which there are weights to begin with: none, until a test names one."""
    networks: list[Any] = []

    def weights(settings: TrainingConfig) -> tuple[bool | None, ...]:
        return ((settings.initial == "drawn" and settings.network in networks) or None,)

    monkeypatch.setattr(module, "initial_weights", weights)
    return networks


def test_steps_win_over_minutes(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delattr(module, "measure")
    assert planned({"steps": 50, "minutes": 3, "network": TINY}).settings.minutes == 0


def test_the_sentence_says_network_size_batch_pictures_and_time(slow_as: Any) -> None:
    slow_as(0.1)
    made = planned({"minutes": 10, "batch": 24, "network": TINY})
    millions = f"{made.parameters / 1e6:.1f}"
    assert made.sentence.startswith(f"unet, {millions} M parameters, 32 px, batch 24: about ")
    assert " pictures in 10 minutes, " in made.sentence
    assert made.sentence.endswith(" times each of 10,000")
    assert made.parameters == count_parameters(MAKE, made.settings)


def test_the_steps_fill_the_minutes(slow_as: Any) -> None:
    slow_as(0.1)
    made = planned({"minutes": 10, "steps": 0, "network": TINY})
    assert made.settings.steps == 6000
    assert made.settings.minutes == 10


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None, max_examples=12)
@given(
    st.sampled_from([32, 64, 128]),
    st.floats(0.001, 30),
    st.lists(st.floats(0.05, 3000), min_size=2, max_size=4).map(sorted),
)
def test_more_minutes_never_choose_a_smaller_network(
    slow_as: Any, size: int, seconds: float, minutes: list[float]
) -> None:
    slow_as(seconds)
    chosen = [rung(planned({"minutes": count, "size": size}).settings) for count in minutes]
    assert chosen == sorted(chosen)


def test_enough_minutes_choose_the_last_network_and_few_the_first(slow_as: Any) -> None:
    slow_as(0.1)
    assert rung(planned({"minutes": 10**6, "size": 32}).settings) == len(ladder(32)) - 1
    assert rung(planned({"minutes": 0.05, "size": 32}).settings) == 0


def test_a_network_that_begins_with_weights_is_taken_however_short_the_time(slow_as: Any, known: list[Any]) -> None:
    slow_as(0.1)
    known.append(ladder(32)[1].network)
    assert rung(planned({"minutes": 0.05, "size": 32}).settings) == 1
    assert rung(planned({"minutes": 10**6, "size": 32}).settings) == len(ladder(32)) - 1
    assert rung(planned({"minutes": 0.05, "size": 32, "initial": "random"}).settings) == 0
    assert rung(planned({"minutes": 0.05, "size": 64}).settings) == 0
    assert rung(planned({"steps": 5, "size": 32}).settings) == 1


def test_with_no_time_at_all_it_is_the_first_network_and_one_step(slow_as: Any) -> None:
    slow_as(1e6)
    made = planned({"minutes": 0.05})
    assert made.settings.network == ladder(32)[0].network
    assert made.settings.steps == 1


def test_what_was_chosen_stays(slow_as: Any) -> None:
    slow_as(0.1, "bfloat16")
    chosen = {"precision": "float32", "log_every": 3, "checkpoint_every": 4, "network": TINY, "batch": 5}
    made = planned({"minutes": 1, **chosen}).settings
    assert (made.precision, made.network, made.batch) == ("float32", TINY, 5)
    assert (made.cadence.log_every, made.cadence.checkpoint_every) == (3, 4)
    assert planned({"minutes": 1, "network": TINY}).settings.precision == "bfloat16"


@pytest.mark.parametrize(("pictures", "chosen"), [(10, 0), (45, 1), (450, 1), (4500, 2)])
def test_no_network_is_chosen_that_wants_more_showings_than_the_pictures_bear(
    slow_as: Any, pictures: int, chosen: int
) -> None:
    slow_as(0.001)
    assert rung(planned({"minutes": 600, "size": 32}, pictures).settings) == chosen


def test_both_precisions_are_measured_and_only_the_one_where_it_was_chosen(monkeypatch: pytest.MonkeyPatch) -> None:
    timed: list[str] = []

    def seconds(make: Make, config: TrainingConfig, device: torch.device, precision: str, *rest: Any) -> float:
        timed.append(precision)
        return {"bfloat16": 0.96, "float32": 1.0}[precision]

    monkeypatch.setattr(module, "_seconds_per_step", seconds)
    # In doubt the exact one.
    assert planned({"minutes": 1, "network": TINY}).settings.precision == "float32"
    assert sorted(timed) == ["bfloat16", "float32"]
    timed.clear()
    planned({"minutes": 1, "network": TINY, "precision": "bfloat16"})
    assert timed == ["bfloat16"]


def test_a_real_measurement_of_a_tiny_network() -> None:
    before = torch.get_rng_state()
    speed = measure(MAKE, TrainingConfig(network=TINY, batch=4), CPU, seconds=0.05)
    assert 0 < speed.seconds_per_step < 5
    assert speed.precision in ("bfloat16", "float32")
    assert torch.equal(before, torch.get_rng_state())


@pytest.mark.parametrize("size", range(32, 257, 8))
def test_a_size_that_no_network_of_the_plan_can_make_is_an_error_for_people(size: int) -> None:
    try:
        count_parameters(MAKE, planned({"steps": 1, "size": size}).settings)
    except SfumatoError as error:
        assert f"size {size}: this network needs a multiple of" in str(error)


def test_a_plan_without_a_length_is_refused() -> None:
    with pytest.raises(SfumatoError, match="choose minutes or steps"):
        planned({})


def test_few_pictures_are_shown_so_often_and_no_more_though_there_is_time(slow_as: Any) -> None:
    """Twelve photographs for a minute, of which one is held out: 891 showings of each made copies of all works."""
    slow_as(0.15)
    made = plan({"minutes": 1, "size": 32}, classes=0, pictures=11, held_out=1, device=CPU)
    assert made.settings.steps == FROM_RANDOM_WEIGHTS.safe * 11 // 24
    assert made.settings.minutes == 0
    assert (
        f"about 3,300 pictures in about 21 seconds, {FROM_RANDOM_WEIGHTS.safe} times each of 11: shown" in made.sentence
    )
    assert made.sentence.endswith("works become copies, so the rest of the time is not used")


def test_what_knows_drawn_pictures_is_shown_few_others_less_often(slow_as: Any, known: list[Any]) -> None:
    slow_as(0.15)
    known.append(ladder(32)[1].network)
    made = plan({"minutes": 1, "size": 32}, classes=0, pictures=11, held_out=1, device=CPU)
    assert made.settings.steps == FROM_DRAWN_PICTURES.safe * 11 // 24 < FROM_RANDOM_WEIGHTS.safe * 11 // 24
    assert f"{FROM_DRAWN_PICTURES.safe} times each of 11: shown" in made.sentence
    exact = plan({"steps": 100, "size": 32}, classes=0, pictures=11, held_out=1, device=CPU)
    assert f"from about {FROM_DRAWN_PICTURES.by_heart_from} times on" in exact.sentence


@pytest.mark.parametrize(("held_out", "noticed"), [(5, False), (7, False), (8, True)])
def test_five_held_out_pictures_say_too_little_to_rely_on(slow_as: Any, held_out: int, noticed: bool) -> None:
    """Of 50 tiles: with five held out the run was ended after 690 showings, and 4 % of the works were near copies."""
    slow_as(0.15)
    made = plan({"minutes": 12, "size": 32}, classes=0, pictures=45, held_out=held_out, device=CPU)
    assert (made.settings.steps == FROM_RANDOM_WEIGHTS.safe * 45 // 24) != noticed
    assert (made.settings.minutes == 12) == noticed


def test_few_pictures_that_there_is_no_time_to_learn_by_heart_are_planned_as_others(slow_as: Any) -> None:
    slow_as(3.0)
    made = plan({"minutes": 1, "size": 32}, classes=0, pictures=11, held_out=1, device=CPU)
    assert (made.settings.steps, made.settings.minutes) == (20, 1)
    assert made.sentence.endswith("44 times each of 11")


@pytest.mark.parametrize(
    "change", [{"guard": False}, {"objective": "reconstruction", "network": ARTICLE, "preconditioning": "direct"}]
)
def test_who_turns_the_guard_off_and_who_compresses_pictures_has_all_the_time(
    slow_as: Any, change: dict[str, Any]
) -> None:
    slow_as(0.1)
    made = plan({"minutes": 1, "size": 32, **change}, classes=0, pictures=11, held_out=1, device=CPU)
    assert made.settings.minutes == 1
    assert made.settings.steps > FROM_RANDOM_WEIGHTS.safe * 11 // 24
    assert ("learned by heart" in made.sentence) == (change == {"guard": False})


def test_a_plan_that_learns_by_heart_says_so_and_who_will_end_it(slow_as: Any) -> None:
    slow_as(0.1)
    timed = planned({"minutes": 10, "network": TINY}, pictures=45)
    assert "from about 350 times on 45 pictures are learned by heart and works become copies; when" in timed.sentence
    assert timed.settings.cadence.evaluations >= timed.settings.steps * 24 / 45 / 40  # often enough to notice
    assert "by heart" not in planned({"minutes": 10, "network": TINY}, pictures=4500).sentence
    exact = plan({"steps": 1000, "network": TINY}, classes=0, pictures=11, held_out=1, device=CPU)
    assert exact.settings.steps == 1000
    assert "2,182 times each of 11; from about 350 times on" in exact.sentence
    assert exact.sentence.endswith("it goes on to the end all the same, as was asked")
