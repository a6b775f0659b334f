"""Works that follow others in their folder: names go on, no picture is made twice, and what was begun is finished."""

from pathlib import Path

import pytest
from PIL import Image

from sfumato.directory import OwnDirectory
from sfumato.errors import SfumatoError
from sfumato.works import Recipe, Request, Work
from sfumato.works.recipe import Environment, ModelReference, Reduction
from sfumato.works.request import Slerp
from sfumato.works.series import UNFINISHED, Series, begin, finish, following, unfinished

SIZE = (4, 4)


def recipe(
    seed: int,
    number: int,
    steps: int = 3,
    device: str = "cpu",
    torch_version: str = "2",
    slerps: tuple[Slerp, ...] = (),
) -> Recipe:
    width, height = SIZE
    return Recipe(
        model=ModelReference(name="m", digest="a" * 64),
        request=Request.of(
            seed=seed, number=number, slerps=slerps, sampler="euler", steps=steps, width=width, height=height
        ),
        environment=Environment(device=device, sfumato_version="0", torch_version=torch_version),
    )


@pytest.fixture
def works(tmp_path: Path) -> OwnDirectory:
    return OwnDirectory(tmp_path / "works", "works")


def put(works: OwnDirectory, name: str, made: Recipe, *, with_recipe: bool = True) -> None:
    with works.at_work():
        Work(Image.new("RGB", SIZE), made).save(works.claim(name), recipe=with_recipe)


def test_without_a_seed_numbers_go_on_with_the_files(works):
    assert following(works, 4, recipe, seed=None) == Series(count=4)
    for number in range(3):
        put(works, f"{number:04d}.png", recipe(0, number))
    series = following(works, 2, recipe, seed=None)
    assert (series.names, list(series.numbers)) == (["0003.png", "0004.png"], [3, 4])
    put(works, "0003.png", recipe(0, 40))  # a number that was made here is not made once more
    assert following(works, 2, recipe, seed=None) == Series(count=2, first=41, named=4)


def test_a_file_without_a_recipe_has_its_name_for_a_number(works):
    put(works, "0006.png", recipe(0, 6), with_recipe=False)
    assert following(works, 1, recipe, seed=None) == Series(count=1, first=7, named=7)
    with pytest.raises(SfumatoError, match=r"0006.png: does not say of which seed it is.*leave out the seed"):
        following(works, 1, recipe, seed=7)


def test_after_the_last_seed_comes_the_first(works):
    put(works, "0000.png", recipe(1, 0).model_copy(update={"attempt": 3}))
    last = 2**63 - 2
    assert following(works, 1, recipe, seed=last) == Series(count=1, seed=last, first=1, named=1)


def test_with_a_seed_the_same_request_goes_on_and_another_begins(works):
    put(works, "0000.png", recipe(7, 0))
    put(works, "0001.png", recipe(7, 1, device="cuda", torch_version="1"))
    assert following(works, 2, recipe, seed=7) == Series(count=2, seed=7, first=2, named=2)
    assert following(works, 2, recipe, seed=8) == Series(count=2, seed=8, first=0, named=2)
    other = following(works, 2, lambda seed, number: recipe(seed, number, steps=9), seed=7)
    assert other == Series(count=2, seed=7, first=0, named=2)
    assert following(works, 2, recipe, seed=7, upscaler="b" * 64).first == 0
    assert following(works, 2, recipe, seed=7, reduction=Reduction(width=8, height=8, dpi=200)).first == 0


def test_variations_are_told_apart_by_their_slerp(works):
    def variation(seed: int, number: int) -> Recipe:
        return recipe(3, 5, slerps=(Slerp(seed=seed, number=number, fraction=0.3),))

    put(works, "0000.png", variation(0, 9))
    assert following(works, 1, variation, seed=None).first == 10
    assert following(works, 1, variation, seed=0).first == 10


def test_what_was_begun_is_known_by_its_request_until_it_is_finished(works):
    series = Series(count=5, seed=7, first=2, named=4)
    with works.at_work():
        begin(works, series, recipe(7, 2), seed=7)
        assert unfinished(works, 5, recipe, seed=7) == series
        assert unfinished(works, 6, recipe, seed=7) is None
        assert unfinished(works, 5, recipe, seed=None) is None
        assert unfinished(works, 5, recipe, seed=7, upscaler="b" * 64) is None
        assert unfinished(works, 5, recipe, seed=7, reduction=Reduction(width=8, height=8, dpi=200)) is None
        assert unfinished(works, 5, lambda seed, number: recipe(seed, number, steps=9), seed=7) is None
        assert unfinished(works, 5, recipe, seed=7, best_of=4) is None
        finish(works)
        assert unfinished(works, 5, recipe, seed=7) is None
        assert not (works.path / UNFINISHED).exists()


def test_a_note_that_is_none_is_no_series(works):
    works.path.mkdir()
    (works.path / UNFINISHED).write_text('{"series": 3')
    assert unfinished(works, 1, recipe, seed=None) is None


def test_files_of_others_do_not_count_and_works_that_were_removed_do(works):
    put(works, "0002.png", recipe(0, 2))
    (works.path / "0002.png").unlink()
    (works.path / "20261128.png").write_bytes(b"a photograph")
    assert following(works, 1, recipe, seed=None) == Series(count=1, first=3, named=3)
    assert following(works, 1, recipe, seed=7) == Series(count=1, seed=7, first=0, named=3)
