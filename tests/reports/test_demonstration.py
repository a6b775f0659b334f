"""The demo's page needs nothing from anywhere, shows what it is given, and trusts no name that comes from outside."""

import base64
import io
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from PIL import Image, PngImagePlugin

from sfumato.collection.drawn import CLASSES, draw
from sfumato.reports.demonstration import demonstration_page
from sfumato.works import save_animation

ReadPage = Callable[[str], Any]


def _decoded(source: str | None) -> Image.Image:
    assert source is not None
    return Image.open(io.BytesIO(base64.b64decode(source.split(",", 1)[1])))


@pytest.fixture(scope="module")
def trajectory(tmp_path_factory: pytest.TempPathFactory) -> Path:
    frames = [draw("flow", seed, 16) for seed in range(3)]
    return save_animation(frames, tmp_path_factory.mktemp("page") / "trajectory.gif", scale=2)


def _page(trajectory: bytes | Path, **changes: object) -> str:
    given: dict[str, object] = {
        "collection": {name: [draw(name, seed, 128) for seed in range(7)] for name in CLASSES},
        "evolution": Image.new("RGB", (900, 300), (9, 9, 9)),
        "trajectory": trajectory,
        "works": {name: [draw(name, seed, 32) for seed in range(100, 103)] for name in CLASSES},
        "facts": {"Trained for": "2 minutes", "Pictures seen": "21,400"},
    }
    return demonstration_page(**given | changes)  # type: ignore[arg-type]


def test_the_page_fetches_nothing_and_runs_nothing(trajectory: Path, read_page: ReadPage) -> None:
    html = _page(trajectory)
    page = read_page(html)
    addresses = [
        value for _, attributes in page.tags for key, value in attributes.items() if key in ("src", "srcset", "href")
    ]
    assert addresses and all(address is not None and address.startswith("data:") for address in addresses)
    assert page.all("script") == []
    assert "url(" not in html and "@import" not in html and "http" not in html.replace("http-equiv", "")
    assert "default-src 'none'" in html


def test_the_page_shows_the_collection_the_works_and_the_facts(trajectory: Path, read_page: ReadPage) -> None:
    page = read_page(_page(trajectory))
    alts = page.alts()
    assert all(alts)
    for name in CLASSES:
        assert sum(alt.startswith(f"{name}, drawn by the program") for alt in alts) == 6
        assert sum(alt.startswith(f"{name}, real") for alt in alts) == 4
        assert sum(alt.startswith(f"{name}, new work") for alt in alts) == 3
    assert "drew 35 pictures" in page.text and "made 15 new ones" in page.text
    assert "Trained for" in page.text and "21,400" in page.text
    assert "sfumato train MY-ART -o run --minutes 30" in page.text
    assert "sfumato generate run -n 16 -o works" in page.text
    assert "drew 1,000 pictures" in _page(trajectory, drawn=1000)


def test_small_pictures_hang_at_whole_multiples_with_their_own_pixels(trajectory: Path, read_page: ReadPage) -> None:
    works = {image["alt"]: image for image in read_page(_page(trajectory)).all("img")}
    work = works["glass, new work, 2 of 3"]
    assert (work["width"], work["height"], work["class"]) == ("128", "128", "small")
    assert _decoded(work["src"]).tobytes() == draw("glass", 101, 32).tobytes()
    # The real ones beside it are reduced to the size at which the model works.
    assert _decoded(works["glass, real, 1 of 4"]["src"]).size == (32, 32)


def test_large_pictures_hang_smaller_and_keep_their_shape(trajectory: Path, read_page: ReadPage) -> None:
    page = read_page(_page(trajectory, collection={"wide": [Image.new("RGB", (1000, 500))]}))
    (image,) = [image for image in page.all("img") if image["alt"] == "wide, drawn by the program, 1 of 1"]
    assert (image["width"], image["height"], image.get("class")) == ("128", "64", None)
    assert _decoded(image["src"]).size == (256, 128)


@pytest.mark.parametrize("suffix", ["gif", "webp", "png"])
def test_who_wants_less_motion_sees_the_last_frame(tmp_path: Path, suffix: str, read_page: ReadPage) -> None:
    path = save_animation([Image.new("RGB", (8, 8), colour) for colour in ("red", "lime")], tmp_path / f"a.{suffix}")
    for given in (path, path.read_bytes()):
        page = read_page(_page(given))
        (still,) = page.all("source")
        assert still["media"] == "(prefers-reduced-motion: reduce)"
        assert _decoded(still["srcset"]).convert("RGB").getpixel((0, 0)) == (0, 255, 0)
        (moving,) = [image for image in page.all("img") if "fluid" in (image.get("class") or "")]
        assert moving["src"] is not None and moving["src"].startswith(f"data:image/{suffix};base64,")
        assert getattr(_decoded(moving["src"]), "n_frames", 1) == 2


def test_names_and_facts_from_outside_are_only_text(trajectory: Path, read_page: ReadPage) -> None:
    evil = "<script>alert('\"&{x}')</script>"
    pictures = {evil: [draw("flow", 1, 16)]}
    page = read_page(_page(trajectory, collection=pictures, works=pictures, facts={evil: evil}, commands=[evil]))
    assert page.all("script") == []
    assert page.text.count(evil) == 5  # room 1, room 4, the fact's name and value, the command
    assert f"{evil}, new work, 1 of 1" in page.alts()


def test_a_picture_brings_none_of_its_metadata(trajectory: Path, read_page: ReadPage) -> None:
    image = draw("flow", 1, 32)
    image.info["parameters"] = "private"
    image.info["icc_profile"] = b"private"
    page = read_page(_page(trajectory, works={"flow": [image]}))
    (work,) = [shown for shown in page.all("img") if shown["alt"] == "flow, new work, 1 of 1"]
    decoded = _decoded(work["src"])
    assert isinstance(decoded, PngImagePlugin.PngImageFile)
    decoded.load()
    assert decoded.info == {} and decoded.text == {}


def test_a_class_without_works_and_works_without_a_class_are_shown_as_they_are(
    trajectory: Path, read_page: ReadPage
) -> None:
    page = read_page(_page(trajectory, works={"flow": [], "new": [draw("flow", 1, 16)]}))
    assert "new, new work, 1 of 1" in page.alts()


def test_a_trajectory_that_is_no_animation_is_refused() -> None:
    with pytest.raises(ValueError, match="neither GIF"):
        _page(b"hello")
