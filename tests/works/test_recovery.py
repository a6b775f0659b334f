"""By its mark a picture leads to the work that was saved, and to what that says of itself."""

from pathlib import Path

import pytest

from sfumato.collection.drawn import draw
from sfumato.works import Request, Work
from sfumato.works.recipe import Environment, ModelReference, Recipe
from sfumato.works.recovery import MOST, recovered
from sfumato.works.saved import add
from sfumato.works.state import index_file, transaction

IDENTITY = "5f0a70aa"


@pytest.fixture
def work(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Work:
    """One that bears a mark, and an index of its own."""
    monkeypatch.setenv("SFUMATO_STATE", str(tmp_path / "state"))
    recipe = Recipe(
        model=ModelReference(name="drawn", digest="ab" * 32),
        request=Request.of(seed=7, label="glass", sampler="heun", steps=18, width=192, height=192),
        environment=Environment(sfumato_version="0.1.0", torch_version="2.13.0"),
    )
    return Work(draw("glass", 7, 192), recipe).marked(IDENTITY)


def test_a_saved_work_leads_to_its_credentials_and_its_recipe(work: Work, tmp_path: Path) -> None:
    path = work.save(tmp_path / "a.png")
    (found,) = recovered(IDENTITY)
    assert found.saved.path == path.resolve()
    assert found.credentials is not None
    assert (found.credentials.status, found.credentials.mark) == ("trusted", IDENTITY)
    assert found.recipe == work.recipe
    assert recovered("00000000") == []


def test_what_lies_there_unchanged_comes_first_and_then_the_newest(work: Work, tmp_path: Path) -> None:
    paths = [work.save(tmp_path / f"{number}.png") for number in range(4)]
    paths[3].unlink()
    paths[1].write_bytes(b"another")
    found = recovered(IDENTITY)
    assert [each.saved.path.stem for each in found] == ["2", "0", "3", "1"]
    assert [each.credentials is None for each in found] == [False, False, True, True]


def test_a_work_that_was_saved_without_its_recipe_has_none(work: Work, tmp_path: Path) -> None:
    work.save(tmp_path / "a.png", recipe=False)
    (found,) = recovered(IDENTITY)
    assert found.recipe is None
    assert found.saved.recipe_digest is None
    assert found.saved.model == "ab" * 32
    assert found.credentials is not None


def test_a_recipe_of_another_version_is_left_out(work: Work, tmp_path: Path) -> None:
    work.save(tmp_path / "a.png")
    with transaction(index_file(), writes=True) as connection:
        connection.execute("""UPDATE works SET recipe = '{"format": 99}'""")
    (found,) = recovered(IDENTITY)
    assert found.recipe is None


def test_a_recipe_that_is_saved_over_and_over_is_not_read_without_end(work: Work, tmp_path: Path) -> None:
    for _ in range(MOST + 3):
        add(tmp_path / "a.png", b"file", mark=work.recipe.mark)
    assert len(recovered(IDENTITY)) == MOST
