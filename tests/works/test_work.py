"""A work's file carries its recipe, for us and for others, and says that it is generated."""

import os
import xml.etree.ElementTree as ET
from pathlib import Path

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from PIL import Image, PngImagePlugin

from sfumato.collection.drawn import draw
from sfumato.errors import SfumatoError
from sfumato.provenance import is_marked_file
from sfumato.watermark import read
from sfumato.works import Recipe, Request, Work, read_work, sheet_of
from sfumato.works.edits import Inpaint, Margins, Outpaint
from sfumato.works.recipe import Environment, ModelReference
from sfumato.works.saved import newest

GENERATED = "http://cv.iptc.org/newscodes/digitalsourcetype/trainedAlgorithmicMedia"


def _recipe(**changes: object) -> Recipe:
    """changes: by the plain names of a request, edit, or the name of the model."""
    model = ModelReference(name=changes.pop("model", "drawn"), digest="ab" * 32)
    usual = {"seed": 7, "label": "glass", "sampler": "heun", "steps": 18, "width": 32, "height": 32}
    return Recipe(
        model=model,
        request=Request.of(**usual | changes),
        environment=Environment(sfumato_version="0.1.0", torch_version="2.13.0"),
    )


@pytest.fixture
def work() -> Work:
    return Work(draw("glass", 7, 32), _recipe())


def test_a_work_comes_back_with_its_pixels_and_its_recipe(work: Work, tmp_path: Path) -> None:
    path = work.save(tmp_path / "works" / "0001.png")
    assert [p.name for p in path.parent.iterdir()] == ["0001.png"]
    again = read_work(str(path))
    assert again.recipe == work.recipe
    assert again.image.mode == "RGB"
    assert again.image.tobytes() == work.image.tobytes()


@settings(max_examples=40, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    label=st.text(st.characters(exclude_categories=["Cs"]), max_size=30),
    model=st.text(st.characters(exclude_categories=["Cs"]), min_size=1, max_size=30),
)
def test_odd_names_survive_the_file(label: str, model: str, tmp_path: Path) -> None:
    work = Work(Image.new("RGB", (2, 3)), _recipe(label=label, model=model, width=2, height=3))
    path = work.save(tmp_path / "odd.png", force=True)
    assert read_work(path).recipe == work.recipe
    with Image.open(path) as file:
        assert file.info["parameters"] == work.recipe.parameters_text()


def test_other_programs_find_the_parameters_and_the_mark_of_a_generated_picture(work: Work, tmp_path: Path) -> None:
    path = work.save(tmp_path / "a.png")
    with Image.open(path) as file:
        assert isinstance(file, PngImagePlugin.PngImageFile)
        assert file.text["parameters"] == work.recipe.parameters_text()
        packet = file.info["xmp"]
        description = ET.fromstring(packet.split(b"?>", 1)[1].rsplit(b"<?", 1)[0])[0][0]
    values = {child.tag.rsplit("}", 1)[1]: child.text for child in description}
    assert values == {"CreatorTool": "sfumato 0.1.0", "DigitalSourceType": GENERATED}
    assert description[1].tag == "{http://iptc.org/std/Iptc4xmpExt/2008-02-29/}DigitalSourceType"


@pytest.mark.parametrize("recipe", [True, False])
def test_a_work_is_marked_with_and_without_its_recipe(work: Work, tmp_path: Path, recipe: bool) -> None:
    assert is_marked_file(work.save(tmp_path / "a.png", recipe=recipe))


@pytest.mark.parametrize(
    "edit", [Inpaint(picture="ab" * 32, mask="cd" * 32), Outpaint(picture="ab" * 32, margins=Margins(right=3))]
)
def test_a_work_that_keeps_part_of_a_picture_says_so(edit: Inpaint | Outpaint, tmp_path: Path) -> None:
    recipe = _recipe(edit=edit)
    path = Work(draw("glass", 7, 32), recipe).save(tmp_path / "a.png")
    with Image.open(path) as file:
        assert b"digitalsourcetype/compositeWithTrainedAlgorithmicMedia<" in file.info["xmp"]
    assert is_marked_file(path)


def test_a_large_work_bears_a_mark_that_outlasts_its_metadata(tmp_path: Path) -> None:
    large = Work(draw("glass", 7, 224), _recipe(width=224, height=224))
    again = read_work(large.save(tmp_path / "0001.png"))
    assert again.recipe.mark is not None
    assert again.recipe.model_copy(update={"mark": None}) == large.recipe
    again.image.save(tmp_path / "stripped.jpg", quality=80)
    found = read(Image.open(tmp_path / "stripped.jpg"))
    assert found is not None and f"{found.identity:08x}" == again.recipe.mark.identity
    assert again.marked() is again  # never twice
    # Made once more, by another version too, it is compared with the same mark.
    other = Work(large.image, _recipe(width=224, height=224, model="renamed"))
    assert other.as_in(again.recipe).image.tobytes() == again.image.tobytes()
    assert other.as_in(large.recipe) is other


def test_what_was_kept_of_a_picture_bears_no_mark(tmp_path: Path) -> None:
    kept = np.zeros((224, 224), dtype=bool)
    kept[:, :90] = True
    recipe = _recipe(width=224, height=224, edit=Inpaint(picture="cd" * 32, mask="ef" * 32))
    work = Work(draw("glass", 7, 224), recipe, kept=kept)
    image = read_work(work.save(tmp_path / "0001.png")).image
    same = (np.asarray(image) == np.asarray(work.image)).all(2)
    assert same[kept].all()
    assert not same[~kept].all()


def test_a_small_work_bears_none(work: Work, tmp_path: Path) -> None:
    assert work.marked() is work
    assert read_work(work.save(tmp_path / "0001.png")).recipe.mark is None


def test_a_mark_can_be_left_out(tmp_path: Path) -> None:
    large = Work(draw("glass", 7, 224), _recipe(width=224, height=224))
    again = read_work(large.save(tmp_path / "0001.png", mark=False))
    assert again.recipe == large.recipe
    assert again.image.tobytes() == large.image.tobytes()


def test_a_work_is_not_written_over_without_force(work: Work, tmp_path: Path) -> None:
    path = tmp_path / "a.png"
    path.write_text("precious")
    with pytest.raises(SfumatoError, match="exists already"):
        work.save(path)
    assert path.read_text() == "precious"
    work.save(path, force=True)
    assert read_work(path).recipe == work.recipe


def test_a_saved_work_stands_in_the_index(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SFUMATO_STATE", str(tmp_path / "state"))
    large = Work(draw("glass", 7, 224), _recipe(width=224, height=224))
    large.save(tmp_path / "told.png")
    large.save(tmp_path / "untold.png", recipe=False, mark=False)
    untold, told = newest(9)
    marked = read_work(tmp_path / "told.png").recipe
    assert (told.recipe, told.mark, told.model) == (marked.to_json(), marked.mark, "ab" * 32)
    assert (untold.recipe, untold.recipe_digest, untold.mark, untold.model) == (None, None, None, "ab" * 32)
    assert told.unchanged() == (tmp_path / "told.png").read_bytes()
    with pytest.raises(SfumatoError, match="exists already"):
        large.save(tmp_path / "told.png")
    assert len(newest(9)) == 2


def test_a_work_that_cannot_be_entered_is_not_written(
    work: Work, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "state").write_text("my notes")
    monkeypatch.setenv("SFUMATO_STATE", str(tmp_path / "state"))
    with pytest.raises(SfumatoError, match=r"the index of saved works cannot be used .* SFUMATO_STATE"):
        work.save(tmp_path / "works" / "a.png")
    assert [path.name for path in tmp_path.iterdir()] == ["state"]


def test_a_work_is_kept_as_png_only(work: Work, tmp_path: Path) -> None:
    with pytest.raises(SfumatoError, match=r"ends in \.png"):
        work.save(tmp_path / "a.jpg")
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("image", [Image.new("L", (32, 32)), Image.new("RGB", (32, 31))])
def test_a_work_is_rgb_and_of_its_recipes_size(image: Image.Image) -> None:
    with pytest.raises(ValueError, match=r"RGB|recipe says"):
        Work(image, _recipe())


def test_a_lossless_repacking_keeps_the_work(work: Work, tmp_path: Path) -> None:
    few = Image.fromarray(np.zeros((32, 32, 3), np.uint8))
    with Image.open(Work(few, work.recipe).save(tmp_path / "a.png")) as file:
        info = PngImagePlugin.PngInfo()
        info.add_itxt("sfumato", file.text["sfumato"])
        file.quantize(2).save(tmp_path / "b.png", pnginfo=info)
    assert read_work(tmp_path / "b.png").image.tobytes() == few.tobytes()


def test_a_file_without_a_readable_recipe_is_a_clear_error(work: Work, tmp_path: Path) -> None:
    path = work.save(tmp_path / "a.png")
    whole = path.read_bytes()

    def spoiled(name: str, content: bytes) -> Path:
        (tmp_path / name).write_bytes(content)
        return tmp_path / name

    work.image.save(tmp_path / "again.png")
    work.image.save(tmp_path / "again.jpg")
    info = PngImagePlugin.PngInfo()
    info.add_itxt("sfumato", "{")
    work.image.save(tmp_path / "bad.png", pnginfo=info)
    info = PngImagePlugin.PngInfo()
    info.add_itxt("sfumato", work.recipe.to_json())
    work.image.resize((64, 64)).save(tmp_path / "large.png", pnginfo=info)
    expected = {
        tmp_path / "missing.png": "does not exist",
        tmp_path: "cannot be read",
        spoiled("empty.png", b""): "not a PNG",
        spoiled("text.png", b"hello"): "not a PNG",
        tmp_path / "again.jpg": "not a PNG",
        spoiled("cut.png", whole[: len(whole) // 2]): r"cut\.png",
        spoiled("checksum.png", whole[:-20] + bytes((whole[-20] ^ 1,)) + whole[-19:]): "damaged: the checksum",
        spoiled("flipped.png", whole.replace(b"IDAT", b"IDAU")): r"flipped\.png",
        tmp_path / "again.png": "carries no recipe",
        tmp_path / "bad.png": r"bad\.png: the recipe cannot be read",
        tmp_path / "large.png": "64x64 pixels and its recipe makes 32x32",
    }
    for file, said in expected.items():
        with pytest.raises(SfumatoError, match=said):
            read_work(file)


@pytest.mark.parametrize("seed", range(3))
def test_no_damage_to_a_file_gives_a_traceback(work: Work, tmp_path: Path, seed: int) -> None:
    whole = np.frombuffer(work.save(tmp_path / "a.png").read_bytes(), np.uint8)
    rng = np.random.default_rng(seed)
    for _ in range(150):
        damaged = whole.copy()
        damaged[rng.integers(0, len(whole), 3)] ^= rng.integers(1, 256, 3, dtype=np.uint8)
        (tmp_path / "b.png").write_bytes(damaged[: rng.integers(1, len(whole) + 1)].tobytes())
        try:
            read_work(tmp_path / "b.png")
        except SfumatoError as error:
            assert "b.png" in str(error)


@pytest.mark.skipif(not hasattr(os, "mkfifo"), reason="there are no pipes here")
def test_a_pipe_and_a_circular_link_are_refused_and_waited_for_by_nobody(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "pipe.png")
    (tmp_path / "circle.png").symlink_to("circle.png")
    for name, said in (("pipe.png", "a pipe, not a file"), ("circle.png", "a circular link")):
        with pytest.raises(SfumatoError, match=said):
            read_work(tmp_path / name)


def test_a_notebook_shows_it_enlarged_and_marked(work: Work, tmp_path: Path) -> None:
    (tmp_path / "shown.png").write_bytes(work._repr_png_())
    with Image.open(tmp_path / "shown.png") as shown:
        assert shown.size == (256, 256)
        assert shown.resize((32, 32), Image.Resampling.NEAREST).tobytes() == work.image.tobytes()
    assert is_marked_file(tmp_path / "shown.png")


def test_in_words_it_is_one_line(work: Work) -> None:
    assert repr(work) == "Work(32 x 32 px, 'glass', seed 7, number 0, by 'drawn')"


def test_a_sheet_of_works_is_a_picture(work: Work) -> None:
    plain, named = sheet_of([work, work]), sheet_of([work, work.image], labels=True, columns=1)
    assert plain.width > plain.height
    assert named.height > named.width
    with pytest.raises(ValueError, match="at least one"):
        sheet_of([])
