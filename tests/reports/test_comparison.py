"""The page of a comparison needs nothing from anywhere, and lets the figures decide the words."""

import base64
import io
import math
import re
from collections.abc import Callable
from dataclasses import replace
from typing import Any

import pytest
from PIL import Image

from sfumato.collection.drawn import draw
from sfumato.evaluation import Comparison, Contender, Curve
from sfumato.evaluation.comparison import Kind
from sfumato.reports.comparison import comparison_page

ReadPage = Callable[[str], Any]

EVIL = "<script>alert('\"&{x}')</script>"


def hung(page: Any, beginning: str) -> list[str]:
    """What hangs under alternative texts that begin so: data URIs."""
    return [image["src"] or "" for image in page.all("img") if (image["alt"] or "").startswith(beginning)]


def pictures(name: str, seeds: range) -> list[Image.Image]:
    return [draw(name, seed, 32) for seed in seeds]


def contender(kind: Kind, distance: float, **changes: object) -> Contender:
    names = ("the judge", "the forger") if kind == "gan" else ("on training pictures", "on held-out pictures")
    whole = Contender(
        kind=kind,
        plan=f"plan of the {kind}",
        curves=[Curve(name, [(1, 1.0), (5, 0.4), (10, 0.3)]) for name in names],
        reconstructions=[] if kind == "gan" else pictures("waves", range(3)),
        works=pictures("glass", range(5)),
        distance=distance,
        evolution=Image.new("RGB", (300, 100), (90, 90, 90)),
        facts={"Pictures shown": f"{kind} 74,000"},
    )
    return replace(whole, **changes)  # type: ignore[arg-type]


def comparison(autoencoder: float = 600, gan: float = 180, diffusion: float = 90, **changes: object) -> Comparison:
    whole = Comparison(
        title="My art",
        minutes=10,
        pictures=1653,
        size=32,
        examples=pictures("flow", range(4)),
        held_out=pictures("flow", range(10, 13)),
        baseline=40,
        compared=72,
        contenders=[
            contender("autoencoder", autoencoder),
            contender("gan", gan),
            contender("diffusion", diffusion, facts={"Pictures shown": "38,400", "Seconds for 16 works": "2.3"}),
        ],
        facts={"Seed": "7"},
    )
    return replace(whole, **changes)  # type: ignore[arg-type]


@pytest.fixture(scope="module")
def html() -> str:
    return comparison_page(comparison())


@pytest.fixture(scope="module")
def page(html: str, read_page: ReadPage) -> Any:
    return read_page(html)


def test_the_page_fetches_nothing_and_runs_nothing(html: str, page: Any) -> None:
    addresses = [
        value for _, attributes in page.tags for key, value in attributes.items() if key in ("src", "srcset", "href")
    ]
    assert addresses and all(address is not None and address.startswith("data:") for address in addresses)
    assert page.all("script") == [] and not [
        key for _, attributes in page.tags for key in attributes if key[:2] == "on"
    ]
    assert "url(" not in html and "@import" not in html and "http" not in html.replace("http-equiv", "")
    assert "default-src 'none'" in html


def test_every_picture_and_chart_is_told_to_who_cannot_see_it(page: Any) -> None:
    assert all(image["alt"] for image in page.all("img"))
    charts = page.all("svg")
    assert len(charts) == 3 and all(chart["role"] == "img" and chart["aria-label"] for chart in charts)


def test_the_lede_says_what_was_done(page: Any) -> None:
    assert "Three ways learned from the same 1,653 pictures, “My art”, for the same time, 10 minutes each" in page.text


def test_each_contender_has_a_room_with_its_plan_works_and_limits(page: Any) -> None:
    for number, (name, kind) in enumerate(
        [("The autoencoder", "autoencoder"), ("The GAN", "gan"), ("The diffusion model", "diffusion")], 2
    ):
        room = page.room(number)
        assert room.startswith(f"Room {number} {name}: ")
        assert f"plan of the {kind}" in room
        assert "What it can do" in room and "What it cannot" in room and "While it learned" in room
    for name in ("the autoencoder", "the GAN", "the diffusion model"):
        assert len(hung(page, f"Made of noise by {name}, ")) == 5
    assert len(hung(page, "A picture learned from")) == 4


def test_pictures_made_again_hang_under_their_originals(page: Any) -> None:
    twins = [
        image for image in page.all("img") if (image["alt"] or "").startswith(("Held out", "The same, made again"))
    ]
    alts = [image["alt"] for image in twins]
    assert alts[:3] == ["Held out, 1 of 3", "The same, made again by the autoencoder", "Held out, 2 of 3"]
    assert len(alts) == 12  # three pairs of the autoencoder and of the diffusion model, none of the GAN
    shown = Image.open(io.BytesIO(base64.b64decode((twins[0]["src"] or "").split(",", 1)[1])))
    assert shown.tobytes() == draw("flow", 10, 32).tobytes()
    assert "Pictures made again" not in page.room(3) and "until little but the large forms was left" in page.room(4)


def test_the_autoencoder_is_not_called_a_generative_model(page: Any) -> None:
    assert "It is not a generative model" in page.room(2)


def test_side_by_side_every_figure_has_its_place(page: Any) -> None:
    room = page.room(5)
    assert "Real pictures40 The autoencoder600 The GAN180 The diffusion model90" in room
    assert "Distance (real pictures: 40)60018090" in room
    assert "autoencoder 74,000gan 74,00038,400" in room and "Seconds for 16 works––2.3" in room
    assert "how far 72 works of each are" in room and "It does not see meaning" in room


def test_bars_are_as_long_as_their_distances(html: str) -> None:
    widths = [float(width) for width in re.findall(r'style="width:(\d+)%"', html)]
    assert widths == pytest.approx([75 * distance / 600 for distance in (40, 600, 180, 90)], abs=0.5)


@pytest.mark.parametrize(
    ("distances", "nearest"),
    [((600, 180, 90), "the diffusion model"), ((600, 90, 180), "the GAN"), ((60, 180, 90), "the autoencoder")],
)
def test_the_figures_decide_the_words(distances: tuple[float, float, float], nearest: str, read_page: ReadPage) -> None:
    page = read_page(comparison_page(comparison(*distances)))
    for name in ("the autoencoder", "the GAN", "the diffusion model"):
        assert (f"{name} came nearest" in page.text) == (name == nearest)
    assert ("The diffusion model did not come nearest here" in page.text) == (nearest == "the GAN")
    assert f"By this figure {nearest} came nearest" in page.room(6)  # what one takes away says the same


def test_the_exercises_are_commands_for_this_comparison(page: Any) -> None:
    room = page.room(7)
    for command in (
        "sfumato compare MY-ART --minutes 40 -o longer",
        "sfumato compare OTHER-ART --minutes 10 -o other",
        "sfumato reimagine comparison/diffusion MY-PICTURE.jpg --strength 0.3",
        "sfumato reimagine comparison/autoencoder MY-PICTURE.jpg",
        "sfumato generate comparison/gan -n 64",
    ):
        assert command in room
    assert len(page.all("li")) == 4 + 5


def test_how_it_was_made_is_on_the_page(page: Any) -> None:
    assert "1,653 to learn from, 32 pixels" in page.room(8) and "Seed7" in page.room(8)


def test_texts_from_outside_are_only_text(read_page: ReadPage) -> None:
    one = contender("diffusion", 90, plan=EVIL, facts={EVIL: EVIL}, curves=[Curve(EVIL, [(0, 1.0), (1, 0.5)])])
    page = read_page(comparison_page(comparison(title=EVIL, contenders=[one], facts={EVIL: EVIL})))
    assert page.all("script") == []
    # The page's title and lede; the plan, the course and the curve's name; a row of the table; a condition.
    assert page.text.count(EVIL) == 2 + 3 + 2 + 2


def test_a_contender_with_little_to_show_has_a_room_all_the_same(read_page: ReadPage) -> None:
    bare = contender("gan", math.nan, curves=[], works=[], evolution=None, facts={})
    page = read_page(comparison_page(comparison(contenders=[bare], held_out=[], examples=[])))
    assert "One way learned from" in page.text
    assert "What it learned" not in page.room(2) and "Out of noise" not in page.room(2)
    assert "What it can do" in page.room(2)
    assert "None of the works could be measured." in page.room(3) and "not measured" in page.room(3)
    assert page.all("svg") == []


def test_no_more_hangs_than_a_visitor_looks_at(read_page: ReadPage) -> None:
    many = contender("diffusion", 90, works=pictures("glass", range(30)), reconstructions=pictures("waves", range(10)))
    page = read_page(
        comparison_page(
            comparison(contenders=[many], examples=pictures("flow", range(20)), held_out=pictures("flow", range(10)))
        )
    )
    assert len(hung(page, "Made of noise")) == 24
    assert len(hung(page, "The same, made again")) == 8
    assert len(hung(page, "A picture learned from")) == 16
