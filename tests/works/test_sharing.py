"""A work that is given away keeps its pixels, its mark and who made it, and tells no setting."""

import io
from pathlib import Path

import pytest
from PIL import Image, PngImagePlugin

from sfumato.errors import SfumatoError
from sfumato.likeness.finding import Finding, Neighbour
from sfumato.provenance.mark import RECIPE_KEY
from sfumato.provenance.sources import LearnedFrom
from sfumato.provenance.verification import credentials_of
from sfumato.watermark import read
from sfumato.works import Recipe, Work
from sfumato.works.edits import Refine
from sfumato.works.recipe import Environment, ModelReference
from sfumato.works.request import Request
from sfumato.works.saved import with_mark
from sfumato.works.sharing import copy_without_recipe

SIDE = 256


def work(label: str = "secret shore", **asked: object) -> Work:
    near = (Neighbour("secret/1.png", "Ida Berg", "cd" * 32, 0.83, 0),)
    recipe = Recipe(
        model=ModelReference(name="coast", digest="ab" * 32),
        request=Request.of(seed=123454321, label=label, width=SIDE, height=SIDE, **asked),
        environment=Environment(sfumato_version="1.0", torch_version="2.10"),
    )
    image = Image.effect_noise((SIDE, SIDE), 60).convert("RGB")
    learned = LearnedFrom(collection="ef" * 32, licences={"CC-BY-4.0": 3})
    return Work(image, recipe, learned_from=(learned,), finding=Finding(near, 0.5, 0.9, 0.004))


def test_it_tells_what_it_is_and_who_made_it_and_no_setting(tmp_path: Path) -> None:
    made = work().save(tmp_path / "1.png")
    data = copy_without_recipe(made, "shared.png")
    for setting in (b"secret", b"123454321", b"Steps: "):
        assert setting in made.read_bytes()
        assert setting not in data
    with Image.open(io.BytesIO(data)) as opened:
        assert RECIPE_KEY not in opened.info
    credentials = credentials_of(data)
    assert (credentials.status, credentials.is_own, credentials.title) == ("trusted", True, "shared.png")
    assert credentials.facts["collections"][0]["licences"] == {"CC-BY-4.0": 3}
    assert credentials.facts["model"]["digest"] == "ab" * 32
    assert credentials.facts["comparison"]["nearest"][0]["creator"] == "Ida Berg"
    assert "recipe" not in credentials.facts
    assert not credentials.inputs


def test_its_pixels_and_its_mark_are_the_works_own(tmp_path: Path) -> None:
    made = work().save(tmp_path / "1.png")
    before = len(with_mark(credentials_of(made.read_bytes()).mark))
    data = copy_without_recipe(made, "shared.png")
    with Image.open(made) as original, Image.open(io.BytesIO(data)) as shared:
        assert original.convert("RGB").tobytes() == shared.convert("RGB").tobytes()
        found = read(shared.convert("RGB"))
    assert found is not None
    identity = f"{found.identity:08x}"
    assert credentials_of(data).mark == identity
    assert len(with_mark(identity)) == before, "it is the same work, which the index has already"


def test_of_an_edited_picture_it_says_that_there_was_one(tmp_path: Path) -> None:
    plain = work()
    request = plain.recipe.request.model_copy(update={"edit": Refine(picture="12" * 32, strength=0.5)})
    edited = Work(plain.image, plain.recipe.model_copy(update={"request": request}))
    data = copy_without_recipe(edited.save(tmp_path / "1.png"), "shared.png")
    assert [each.title for each in credentials_of(data).inputs] == ["a picture"]


def test_what_is_not_ones_own_is_named_as_what_the_copy_was_made_from(tmp_path: Path) -> None:
    made = work().save(tmp_path / "1.png")
    with Image.open(made) as opened:  # by another program, which keeps the texts and no credentials
        texts = dict(opened.info)
        image = opened.convert("RGB")
    info = PngImagePlugin.PngInfo()
    info.add_itxt(RECIPE_KEY, texts[RECIPE_KEY])
    image.save(tmp_path / "theirs.png", pnginfo=info)
    credentials = credentials_of(copy_without_recipe(tmp_path / "theirs.png", "shared.png"))
    assert [(each.title, each.has_credentials) for each in credentials.inputs] == [("theirs.png", False)]


def test_a_file_without_a_recipe_has_none_to_leave_out(tmp_path: Path) -> None:
    Image.new("RGB", (64, 64)).save(tmp_path / "1.png")
    with pytest.raises(SfumatoError, match="carries no recipe"):
        copy_without_recipe(tmp_path / "1.png", "shared.png")
