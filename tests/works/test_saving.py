"""The one way out: a file shows what it showed and says that a model made it; whole, and never over another."""

import io
from pathlib import Path
from typing import Any

import pytest
from PIL import Image, ImageChops, ImageStat

from sfumato.collection.drawn import draw
from sfumato.errors import SfumatoError
from sfumato.provenance import is_marked, is_marked_file
from sfumato.provenance.mark import COMPOSITE, TRAINED_ALGORITHMIC_MEDIA
from sfumato.provenance.verification import credentials_of
from sfumato.works import save
from sfumato.works.saving import ENCODERS, Product, encoded, ffmpeg, still

FRAMES = [draw("flow", seed, 32) for seed in range(3)]
DURATIONS = (100, 100, 100)
MOVING = {"save_all": True, "append_images": FRAMES[1:], "duration": 100, "loop": 0}
FORMATS = {".png": "PNG", ".webp": "WEBP", ".gif": "GIF"}


def written(suffix: str, *, moving: bool = False, **said: Any) -> bytes:
    return encoded(Product(FRAMES if moving else FRAMES[:1], DURATIONS if moving else (), **said), Path(f"a{suffix}"))


def plain(suffix: str, **options: object) -> bytes:
    """As Pillow writes it, with what our WebPs have."""
    file = io.BytesIO()
    if suffix == ".webp" and options:
        options["lossless"] = True
    FRAMES[0].save(file, format=FORMATS[suffix], **options)
    return file.getvalue()


@pytest.mark.parametrize("suffix", FORMATS)
@pytest.mark.parametrize("moving", [False, True], ids=["still", "moving"])
def test_a_file_is_marked_and_shows_what_it_showed(suffix: str, moving: bool) -> None:
    marked, unmarked = written(suffix, moving=moving), plain(suffix, **(MOVING if moving else {}))
    assert is_marked(marked)
    assert not is_marked(unmarked)
    with Image.open(io.BytesIO(marked)) as one, Image.open(io.BytesIO(unmarked)) as other:
        frames = getattr(other, "n_frames", 1)
        assert getattr(one, "n_frames", 1) == frames == (3 if moving else 1)
        for frame in range(frames):
            one.seek(frame)
            other.seek(frame)
            assert one.convert("RGB").tobytes() == other.convert("RGB").tobytes()
            assert one.info.get("duration") == other.info.get("duration")


@pytest.mark.parametrize("moving", [False, True], ids=["still", "moving"])
def test_other_programs_find_the_packet_in_a_webp(moving: bool) -> None:
    with Image.open(io.BytesIO(written(".webp", moving=moving))) as file:
        assert TRAINED_ALGORITHMIC_MEDIA.encode() in file.info["xmp"]


@pytest.mark.parametrize("suffix", [".png", ".apng"])
def test_other_programs_find_the_packet_in_an_apng(suffix: str) -> None:
    with Image.open(io.BytesIO(written(suffix, moving=True))) as file:
        assert TRAINED_ALGORITHMIC_MEDIA.encode() in file.info["xmp"]


def test_a_gif_of_the_older_version_becomes_one_that_may_have_extensions() -> None:
    assert plain(".gif")[:6] == b"GIF87a"
    assert written(".gif")[:6] == b"GIF89a"


def test_texts_go_with_a_png_and_an_unknown_ending_is_refused() -> None:
    with Image.open(io.BytesIO(written(".png", texts={"parameters": "ä, ö"}))) as file:
        assert file.text["parameters"] == "ä, ö"
    with pytest.raises(ValueError, match=r"a\.tiff: is none of \.png"):
        written(".tiff")


def test_what_keeps_part_of_a_picture_says_so() -> None:
    for suffix in (".png", ".webp", ".gif"):
        assert COMPOSITE.encode() in written(suffix, source_type=COMPOSITE)


@pytest.mark.parametrize("suffix", [suffix for suffix in ENCODERS if suffix != ".mp4" or ffmpeg()])
def test_every_format_is_written_whole_and_marked_and_never_over_another(tmp_path: Path, suffix: str) -> None:
    path = tmp_path / "deep" / f"A{suffix.upper()}"
    product = Product(FRAMES, DURATIONS)
    assert save(product, path) == path
    assert [file.name for file in path.parent.iterdir()] == [path.name]
    assert is_marked_file(path)
    path.write_bytes(b"mine")
    with pytest.raises(SfumatoError, match="exists already"):
        save(product, path)
    assert path.read_bytes() == b"mine"
    save(product, path, force=True)
    assert is_marked_file(path)


def test_a_picture_alone_is_a_product_too(tmp_path: Path) -> None:
    save(FRAMES[0], tmp_path / "a.png")
    assert is_marked_file(tmp_path / "a.png")
    with Image.open(tmp_path / "a.png") as shown:
        assert max(ImageStat.Stat(ImageChops.difference(shown.convert("RGB"), FRAMES[0])).sum) == 0


@pytest.mark.parametrize("suffix", sorted(set(ENCODERS) - {".png", ".apng"}))
def test_texts_are_a_pngs_alone(suffix: str) -> None:
    with pytest.raises(ValueError, match="carries no texts"):
        encoded(Product(FRAMES, DURATIONS, {"key": "text"}), Path(f"moving{suffix}"))


@pytest.mark.parametrize("form", ["png", "jpeg", "webp"])
def test_a_still_for_a_network_is_signed_and_says_that_a_model_made_it(form: Any) -> None:
    data = still(Product(FRAMES[:1]), form, quality=90)
    assert is_marked(data)
    assert credentials_of(data).status == "trusted"
    with Image.open(io.BytesIO(data)) as shown:
        assert shown.format == form.upper()
        assert TRAINED_ALGORITHMIC_MEDIA.encode() in shown.info["xmp"]
        difference = ImageStat.Stat(ImageChops.difference(shown.convert("RGB"), FRAMES[0]))
    assert max(difference.mean) < 12


def test_more_compression_makes_a_still_smaller_and_at_100_a_webp_loses_nothing() -> None:
    for form in ("jpeg", "webp"):
        assert len(still(Product(FRAMES[:1]), form, quality=10)) < len(still(Product(FRAMES[:1]), form, quality=95))
    with Image.open(io.BytesIO(still(Product(FRAMES[:1]), "webp", quality=100))) as shown:
        assert shown.convert("RGB").tobytes() == FRAMES[0].tobytes()


def test_only_a_still_png_carries_texts() -> None:
    product = Product(FRAMES[:1], texts={"parameters": "x"})
    with Image.open(io.BytesIO(still(product, "png"))) as shown:
        assert shown.text["parameters"] == "x"
    with pytest.raises(ValueError, match="a jpeg carries no texts"):
        still(product, "jpeg")
