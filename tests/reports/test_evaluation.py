"""The report needs nothing from anywhere, and shows what it measured."""

from collections.abc import Callable
from dataclasses import replace
from typing import Any

import pytest
import torch

from sfumato.collection.drawn import draw
from sfumato.evaluation import Curve, Evaluation, Metric, Nearest
from sfumato.evaluation.classes import ClassFractions, ClassMetrics
from sfumato.evaluation.noise_levels import NoiseLevels
from sfumato.features.appearance import Appearance
from sfumato.reports.evaluation import evaluation_page

EVIL = "<script>alert('\"&{x}')</script>"
COUNT = 20


ReadPage = Callable[[str], Any]


def evaluation(**changes: Any) -> Evaluation:
    """Twenty works; number 7 is a near copy."""
    distances = torch.tensor([[9.0, 10.0]] * COUNT).double()
    distances[:, 0] += torch.arange(COUNT) / 100
    distances[7, 0] = 1.0
    looks = Appearance(sharpness=1.0, chroma=0.1, chroma_spread=0.1, contrast=0.2)
    found = Evaluation(
        name="a model",
        against="art",
        size=32,
        seed=5,
        features="plain",
        metrics=[
            Metric("sliced_wasserstein", 90.0, 40.0, COUNT, COUNT, 300),
            Metric("kid", 3.0, 0.1, COUNT, COUNT, 300, 0.5, 0.4),
            Metric("copies", 0.05, 0.02, COUNT, COUNT, 300, 0.05, 0.03),
            Metric("diversity", 9.0, 10.0, COUNT, COUNT, 0),
        ],
        appearance=(replace(looks, sharpness=0.5), looks, looks),
        classes=[ClassFractions("waves", 0.5, 0.4, 0.3, None, 0.5, 0.9)],
        class_metrics=[
            ClassMetrics(
                "waves",
                12,
                150,
                9,
                Metric("kid", 7.0, 0.2, 12, 9, 140, 0.9, 0.6),
                Metric("sliced_wasserstein", 80.0, 44.0, 9, 9, 140),
            ),
            ClassMetrics(
                "glass",
                8,
                150,
                5,
                Metric("kid", 2.0, None, 8, 0, 150, 0.9),
                Metric("sliced_wasserstein", 70.0, None, 8, 0, 150),
            ),
            ClassMetrics("", 0, 150, 5),
        ],
        noise_levels=NoiseLevels((0.1, 1.0, 10.0), (0.3, 0.6, 0.9), (0.4, 0.7, 0.9), 20),
        curves=[Curve("on training pictures", [(0.0, 1.0), (2.0, 0.5)])],
        nearest=Nearest(torch.zeros(COUNT, 2, dtype=torch.int64), distances),
        correlations=[0.97 if index == 7 else 0.5 for index in range(COUNT)],
        pictures=[draw("flow", index, 32) for index in range(COUNT)],
        neighbours=[(draw("glass", index, 32), draw("waves", index, 32)) for index in range(COUNT)],
        neighbour_files=[(f"glass/{index}.png", f"waves/{index}.png") for index in range(COUNT)],
        counts={"works": COUNT, "held_out": 30, "training": 300, "compared": COUNT, "reference": 300},
        digests={"model": "abc"},
        facts={"Works": "the first 20 of seed 5"},
    )
    return replace(found, **changes)


@pytest.fixture(scope="module")
def page(read_page: ReadPage) -> Any:
    return read_page(evaluation_page(evaluation()))


def test_the_page_is_one_file_without_a_program(page: Any) -> None:
    assert page.all("script") == []
    assert all((image["src"] or "").startswith("data:image/png;base64,") for image in page.all("img"))
    html = evaluation_page(evaluation())
    assert "default-src 'none'" in html and "prefers-color-scheme: dark" in html and "url(" not in html


def test_works_hang_with_their_two_nearest_the_likeliest_copies_first(page: Any) -> None:
    assert page.alts()[:6] == [
        "Work 7",
        "Learned from: glass/7.png",
        "Learned from: waves/7.png",
        "Work 0",
        "Learned from: glass/0.png",
        "Learned from: waves/0.png",
    ]
    assert len(page.alts()) == 3 * COUNT
    assert [figure.get("class") for figure in page.all("figure")][:2] == ["copy", None]
    assert page.text.count("Near copy: ") == 1 and "Near copy: work 7: 10%" in page.text
    assert "The next 8, in this order" in page.text


def test_every_metric_has_its_baseline_its_numbers_and_its_words(page: Any) -> None:
    text = " ".join(page.text.split())
    for said in (
        "Sliced Wasserstein distancelower is better; 20 works, 20 held out, against 300",
        "3.0 ± 0.50.1 ± 0.4",
        "It does not see meaning",
        "Below 50 pictures of each, distances are mostly chance",
        "50% less",
        "waves50%40%30%–90%",
        "waves12 works, 9 held out, against 1407.0 ± 0.90.2 ± 0.68044",
        "glass8 works, 5 held out, against 1502.0 ± 0.9unknown70unknown",
        "(unlabelled)0 works, 5 held out, against 150too few: 0 works, and 8 are needed",
        "the first 20 of seed 5",
        "SHA-256, modelabc",
    ):
        assert said in text


def test_the_charts_are_over_noise_and_over_minutes(read_page: ReadPage) -> None:
    charts = read_page(evaluation_page(evaluation())).all("svg")
    assert [(chart["aria-label"] or "").partition(",")[0] for chart in charts] == [
        "A line chart of error over noise level (sigma)",
        "A line chart of loss over minutes of training",
    ]


def test_copies_are_cried_out_at_the_top() -> None:
    quiet = evaluation_page(evaluation())
    assert 'class="cry"' not in quiet
    metrics = [replace(one, works=0.9) if one.name == "copies" else one for one in evaluation().metrics]
    assert '<p class="cry">COPIES: 90% of these 20 works' in evaluation_page(evaluation(metrics=metrics))


def test_rooms_that_have_nothing_are_left_out(read_page: ReadPage) -> None:
    bare = read_page(evaluation_page(evaluation(classes=[], noise_levels=None, curves=[])))
    assert bare.all("svg") == []
    assert "The classes" not in bare.text and len(bare.all("section")) == 4


def test_a_class_without_a_metric_has_a_sentence_over_all_columns(read_page: ReadPage) -> None:
    cells = read_page(evaluation_page(evaluation())).all("td")
    assert [cell["colspan"] for cell in cells if cell.get("class") == "said"].count("4") == 1
    bare = read_page(evaluation_page(evaluation(class_metrics=[])))
    assert "The classes" in bare.text and "too few" not in bare.text and len(bare.all("table")) == 3


def test_texts_from_outside_are_only_text(read_page: ReadPage) -> None:
    evil = evaluation(
        name=EVIL,
        against=EVIL,
        features=EVIL,
        classes=[ClassFractions(EVIL, 0.5, 0.4, 0.3, None, 0.5, 0.9)],
        class_metrics=[ClassMetrics(EVIL, 0, 9, 9)],
        curves=[Curve(EVIL, [(0.0, 1.0), (2.0, 0.5)])],
        neighbour_files=[(EVIL, EVIL)] * COUNT,
        facts={EVIL: EVIL},
    )
    page = read_page(evaluation_page(evil))
    assert page.all("script") == []
    assert page.text.count(EVIL) >= 9
