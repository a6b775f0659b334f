"""The words of a comparison follow from its figures: no one is praised whose figure does not say so."""

import math

import pytest

from sfumato.evaluation import Comparison, Contender, Curve
from sfumato.evaluation.comparison import Kind
from sfumato.reports.comparison_words import (
    learning,
    minutes_in_words,
    rounded,
    times_the_baseline,
    verdict,
)


def contender(kind: Kind, distance: float = 1.0, *curves: Curve) -> Contender:
    return Contender(kind, "", curves, (), (), distance, None, {})


def said(baseline: float = 40.0, **distances: float) -> str:
    contenders = [contender(kind, distances[kind]) for kind in ("autoencoder", "gan", "diffusion") if kind in distances]
    return " ".join(verdict(Comparison("art", 10, 600, 64, (), (), baseline, 70, contenders, {})))


def test_the_nearest_is_named_with_the_figures_of_the_others() -> None:
    text = said(autoencoder=600, gan=180, diffusion=90)
    assert "the diffusion model came nearest, 90; the GAN is at 180, the autoencoder is at 600." in text
    assert "did not come nearest" not in text


@pytest.mark.parametrize(("gan", "autoencoder"), [(80.0, 300.0), (300.0, 80.0)])
def test_diffusion_is_not_said_to_have_won_where_it_has_not(gan: float, autoencoder: float) -> None:
    text = said(autoencoder=autoencoder, gan=gan, diffusion=120)
    assert "the diffusion model came nearest" not in text
    assert f"the {'GAN' if gan < autoencoder else 'autoencoder'} came nearest, 80" in text
    assert ("The diffusion model did not come nearest here" in text) == (gan < autoencoder)


def test_an_autoencoder_that_comes_nearest_is_not_taken_for_a_maker() -> None:
    assert "makes no pictures of its own" in said(autoencoder=50, gan=90, diffusion=80)
    assert "makes no pictures of its own" not in said(autoencoder=90, gan=50, diffusion=80)


def test_distances_that_chance_could_turn_are_called_equal() -> None:
    text = said(autoencoder=600, gan=95, diffusion=90)
    assert "the diffusion model and the GAN came about equally near, 90 and 95" in text
    assert "another seed could change their order; the autoencoder is at 600." in text
    text = said(autoencoder=600, gan=90, diffusion=95)
    assert "the GAN and the diffusion model came about equally near" in text and "did not come nearest" not in text


def test_real_pictures_are_the_measure() -> None:
    assert "none of the works came as near as those" in said(baseline=40, gan=180, diffusion=90)
    assert "as near as real pictures are that were held out, 40" in said(baseline=40, gan=180, diffusion=42)
    assert "To be nearer than they are is not better" in said(baseline=40, gan=180, diffusion=20)


def test_what_could_not_be_measured_is_said_and_not_ranked() -> None:
    text = said(autoencoder=600, gan=math.nan, diffusion=90)
    assert "the diffusion model came nearest, 90; the autoencoder is at 600." in text
    assert "The GAN could not be measured." in text
    assert said(gan=math.nan, diffusion=math.inf) == "None of the works could be measured."
    assert "did not come nearest" not in said(gan=80, diffusion=math.nan)


def test_one_alone_is_compared_with_no_other() -> None:
    assert said(baseline=40, diffusion=90).startswith("By this figure the diffusion model came nearest, 90. Real")


@pytest.mark.parametrize(
    ("distance", "baseline", "words"),
    [
        (100, 40, "2.5 times as far as real pictures are: 100 against 40"),
        (1200, 40, "30 times as far as real pictures are: 1,200 against 40"),
        (43, 40, "as near as real pictures are: 43 against 40"),
        (20, 40, "as near as real pictures are: 20 against 40"),
        (7, 0, "its works are at 7.0"),
        (math.nan, 40, "could not be measured"),
    ],
)
def test_a_distance_is_told_by_the_floor(distance: float, baseline: float, words: str) -> None:
    assert words in times_the_baseline(distance, baseline)


def course(training: tuple[float, float], held_out: tuple[float, float]) -> str:
    curves = [
        Curve(name, [(1, first), (2, last)])
        for name, (first, last) in {"on training pictures": training, "on held-out pictures": held_out}.items()
    ]
    return learning(contender("diffusion", 1.0, *curves))


def test_the_course_of_the_error_is_told_as_it_went() -> None:
    assert "on training pictures fell from 0.9 to 0.2." in course((0.9, 0.2), (0.9, 0.3))
    assert "on held-out pictures rose from 0.9 to 1.2." in course((0.9, 0.2), (0.9, 1.2))
    assert "on training pictures began and ended at 0.9." in course((0.901, 0.9), (0.9, 1.2))


def test_what_is_known_by_heart_is_said_where_held_out_pictures_say_it() -> None:
    assert "by heart" in course((0.9, 0.2), (0.9, 0.4))
    assert "of use for new pictures too" in course((0.9, 0.2), (0.9, 0.21))
    assert "by heart" not in course((0.9, 0.2), (0.9, 0.21))


def test_a_curve_without_figures_says_nothing() -> None:
    assert learning(contender("diffusion")) == "" == learning(contender("gan"))
    assert learning(contender("autoencoder", 1.0, Curve("on training pictures", [(1, math.nan)]))) == ""


def test_a_contest_is_not_told_as_progress() -> None:
    curves = Curve("the judge", [(1, 1.4), (2, 0.3)]), Curve("the forger", [(1, 0.7), (2, 150.2)])
    text = learning(contender("gan", 1.0, *curves))
    assert text.startswith("The judge went from 1.4 to 0.3 and the forger went from 0.7 to 150.")
    assert "not that the pictures are better" in text


def test_figures_are_short() -> None:
    assert [rounded(value) for value in (0.04, 9.96, 41.3, 1234.5, math.nan)] == [
        "0.0", "10", "41", "1,234", "not measured"
    ]  # fmt: skip
    assert [minutes_in_words(value) for value in (0.05, 1 / 60, 1, 2.5, 10, 1500)] == [
        "3 seconds", "1 second", "1 minute", "2.5 minutes", "10 minutes", "1,500 minutes"
    ]  # fmt: skip
