"""The words follow from the figures, and a report cries out for copies alone."""

from types import SimpleNamespace
from typing import Any

import pytest

from sfumato.evaluation import Metric
from sfumato.evaluation.classes import ClassMetrics
from sfumato.evaluation.metrics import MetricName
from sfumato.reports.evaluation_words import (
    WORDS,
    cannot_tell,
    cries_copies,
    farthest_class,
    headline,
    numbers,
    reading,
    shown,
    times_the_collection,
    too_few,
    verdict,
)


def metric(name: MetricName, works: float, baseline: float | None, **changes: Any) -> Metric:
    return Metric(
        **{"name": name, "works": works, "baseline": baseline, "n": 100, "n_baseline": 80, "reference": 900, **changes}
    )


def evaluation(distance: float = 100, kid: float = 3, copies: float = 0.02, diversity: float = 10, n: int = 100) -> Any:
    """Real pictures have the distance 40, KID 0, copies 0.02, diversity 10."""
    metrics = [
        metric("sliced_wasserstein", distance, 40, n=n),
        metric("kid", kid, 0.0, works_error=0.5, baseline_error=0.5),
        metric("copies", copies, 0.02, works_error=0.014, baseline_error=0.014),
        metric("diversity", diversity, 10),
    ]
    return of(*metrics)


def of(*metrics: Metric) -> Any:
    named = {one.name: one for one in metrics}
    return SimpleNamespace(metrics=metrics, metric=named.__getitem__, has=named.__contains__)


@pytest.mark.parametrize(
    ("changes", "said"),
    [
        ({"distance": 41, "kid": 0.3}, "As near to the collection as real pictures are"),
        ({"distance": 41, "kid": 3}, "Near to the collection in colours and textures, yet to be told from it"),
        ({"distance": 100}, "Near to the collection in colours and textures, yet to be told from it"),
        ({"distance": 200}, "Of the collection's kind from afar"),
        ({"distance": 900}, "Nothing like the collection"),
        ({"distance": 41, "kid": 0.3, "copies": 0.93}, "COPIES: 93% of these 100 works"),
    ],
)
def test_four_kinds_of_works_have_four_headlines(changes: dict[str, float], said: str) -> None:
    assert headline(evaluation(**changes)).startswith(said)


def test_it_cries_out_beyond_chance_alone() -> None:
    assert not cries_copies(evaluation(copies=0.05))
    assert cries_copies(evaluation(copies=0.10))
    assert any("10.0% of the works are near copies" in said for said in verdict(evaluation(copies=0.05))) is False
    assert any("5.0% of the works are near copies" in said for said in verdict(evaluation(copies=0.05)))
    assert not any("near copies" in said for said in verdict(evaluation(copies=0.5)))  # the headline says it


def test_it_cries_out_for_blurred_copies_that_the_ratio_does_not_find() -> None:
    """Twelve photographs, each shown 891 times: every work is one of them, blurred."""
    found = of(
        metric("sliced_wasserstein", 90, 40, n=1, n_baseline=1, works_interval=(80, 99), baseline_interval=(30, 95)),
        metric("copies", 0.1, 0.0, n=16, n_baseline=12, works_error=0.075, baseline_error=0.0),
        metric("correlated", 0.75, 0.0, n=16, n_baseline=12, works_error=0.11, baseline_error=0.0),
    )
    assert cries_copies(found)
    assert headline(found).startswith("COPIES: 75% of these 16 works are near copies")
    assert headline(found).endswith("of real pictures that were held out it is 0.0%")


def test_what_so_few_cannot_tell_is_said_to_be_so() -> None:
    ranges = {"works_interval": (80.0, 120.0), "baseline_interval": (30.0, 95.0)}
    found = of(
        metric("sliced_wasserstein", 90, 40, n=1, n_baseline=1, **ranges),
        metric("copies", 0.0, None, n=16, n_baseline=0, works_error=0.0, works_interval=(0.0, 0.194)),
    )
    assert headline(found) == "Too few pictures to tell how near the works come to the collection"
    said = " ".join(verdict(found))
    assert "cannot be told: single works lie at 80 to 120, and single real pictures at 30 to 95" in said
    assert "0.0% of the works are near copies of a training picture (of more works it may be 0% to 19%)." in said
    assert "Only 1 work and 1 held-out picture were compared" in said
    apart = {"works_interval": (200.0, 210.0), "baseline_interval": (30.0, 95.0)}
    assert headline(of(metric("sliced_wasserstein", 205, 40, n=1, **apart))).startswith("Of the collection's kind")
    assert cannot_tell(metric("sliced_wasserstein", 205, None, n=2))


def test_a_metric_is_shown_with_its_interval_and_a_baseline_that_is_unknown_as_such() -> None:
    assert shown("copies", 0.0, 0.0, (0.0, 0.194)) == "0.0% (0.0% to 19.4%)"
    assert shown("kid", 3.0, 0.5, None) == "3.0 ± 0.5"
    assert shown("frechet", None) == "cannot tell"


def test_sameness_and_few_pictures_are_said() -> None:
    assert any("resemble each other: diversity is 7.00, and 10.00" in said for said in verdict(evaluation(diversity=7)))
    assert not any("resemble" in said for said in verdict(evaluation(diversity=9)))
    assert any("Only 20 works" in said for said in verdict(evaluation(n=20)))
    assert not any("Only" in said for said in verdict(evaluation()))


def test_a_distance_is_read_beside_its_baseline() -> None:
    found = evaluation(distance=100, kid=3)
    assert "2.5 times as far as real pictures are: 100 against 40" in reading(found.metric("sliced_wasserstein"))
    assert reading(found.metric("kid")).endswith("3.0 ± 0.5 away, and real pictures 0.0 ± 0.5")
    assert "cannot be told from real pictures" in reading(evaluation(kid=1).metric("kid"))


def test_metrics_have_no_more_digits_than_mean_something() -> None:
    assert shown("kid", 123.456, 7.8) == "123 ± 8"
    assert shown("kid", -0.04, 0.3) == "−0.0 ± 0.3"
    assert shown("precision", 0.876) == "88%" and shown("copies", 0.0351) == "3.5%"
    assert shown("density", 1.234) == "1.23"
    assert shown("frechet", 1234.5) == "1,234" and shown("frechet", 0.123) == "0.12"
    assert shown("frechet", float("nan")) == "not measured"


def test_numbers_of_both_sides_are_said() -> None:
    assert numbers(metric("kid", 1, 1)) == "100 works, 80 held out, against 900"
    assert numbers(metric("diversity", 1, 1, reference=0)) == "100 works, 80 held out"


@pytest.mark.parametrize(
    ("ours", "said"),
    [(1.01, "as the collection"), (0.69, "31% less"), (1.3, "30% more"), (2.1, "2.1 times as much")],
)
def test_looks_are_said_beside_the_collections(ours: float, said: str) -> None:
    assert times_the_collection(ours, 1.0) == said
    assert times_the_collection(ours, 0.0) == "the collection has none"


def test_every_metric_says_what_it_does_not_say() -> None:
    for words in WORDS.values():
        assert words.says.endswith(".") and words.says_not.endswith(".")


def of_classes(**kernel_distances: Metric | None) -> Any:
    return SimpleNamespace(
        class_metrics=[ClassMetrics(name, 20, 200, 20, distance) for name, distance in kernel_distances.items()]
    )


def away(works: float, baseline: float | None = 0.0, error: float = 0.5) -> Metric:
    return Metric(
        "kid", works, baseline, 20, 0 if baseline is None else 20, 200, error, None if baseline is None else error
    )


def test_the_class_that_is_farthest_is_said() -> None:
    said = farthest_class(of_classes(flow=away(3), waves=away(9), glass=None))
    assert said.startswith("Of the classes, 'waves' is farthest from its own pictures")
    assert said.endswith("9.0 ± 0.5 away, and its real pictures 0.0 ± 0.5.")
    assert farthest_class(of_classes()) == farthest_class(of_classes(glass=None)) == ""


def test_a_farthest_class_that_is_no_farther_than_chance_is_said_to_be_so() -> None:
    assert farthest_class(of_classes(flow=away(9, baseline=8.5))).endswith("8.5 ± 0.5, so it may be chance.")
    said = farthest_class(of_classes(flow=away(3, baseline=None)))
    assert said.endswith("3.0 ± 0.5 away, and how far its real pictures are is unknown.")
    assert farthest_class(of_classes(flow=away(0.9, baseline=None))).endswith("is unknown, so it may be chance.")


def test_what_a_class_has_too_few_of_is_said() -> None:
    assert too_few(ClassMetrics("", 1, 200, 20)) == "too few: 1 work, and 8 are needed"
    assert too_few(ClassMetrics("", 9, 7, 20)) == "too few: 7 training pictures, and 8 are needed"
    assert too_few(ClassMetrics("", 9, 9, 9, away(1))) == ""
