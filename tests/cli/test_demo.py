"""The demonstration makes its page from nothing, and writes over nothing that is not its own."""

import re
from pathlib import Path

import pytest

from sfumato.pipeline import demonstration as module
from sfumato.works import read_work

CLASSES = ("circles", "flow", "glass", "planes", "waves")


@pytest.fixture(scope="module")
def shown(sfumato, small_demonstrations, tmp_path_factory):
    """A demonstration of a few seconds, in a working directory of its own."""
    with pytest.MonkeyPatch.context() as patch, small_demonstrations():
        patch.chdir(tmp_path_factory.mktemp("demo"))
        answer = sfumato("demo", "--minutes", 0.02)
        assert answer.code == 0, answer.err
        return Path.cwd() / "sfumato-demo", answer


@pytest.mark.slow
def test_the_page_holds_everything_and_asks_for_nothing(shown):
    folder, answer = shown
    page = (folder / "index.html").read_text("utf-8")
    assert "Open sfumato-demo/index.html in a browser." in answer.out
    assert not re.findall(r"""(?:src|href|srcset)\s*=\s*["'](?!data:|#)""", page)
    assert "<script" not in page
    # Collection, real pictures beside the new ones, new works, the five at the top, and the strip.
    assert page.count("data:image/png;base64,") >= 5 * 2 + 5 * 2 + 5 * 2 + 5 + 1
    assert page.count("data:image/webp;base64,") == 1
    assert all(name in page for name in (*CLASSES, "40 pictures", "million parameters", "CC0"))


@pytest.mark.slow
def test_the_works_are_kept_with_their_recipes(shown):
    folder, _ = shown
    for name in CLASSES:
        works = sorted((folder / "works" / name).glob("*.png"))
        assert [read_work(path).recipe.request.label for path in works] == [name, name]


@pytest.mark.slow
def test_a_second_one_is_refused_without_force_and_changes_nothing(shown, sfumato, monkeypatch, tree):
    folder, _ = shown
    monkeypatch.chdir(folder.parent)
    before = tree(folder)
    answer = sfumato("demo", "--minutes", 0.02)
    assert answer.code == 2
    assert answer.err == (
        "error: sfumato-demo: holds a demonstration already; open sfumato-demo/index.html in a browser, "
        "say --force to make it anew, or choose another -o\n"
    )
    assert tree(folder) == before


def test_one_that_was_interrupted_goes_on_with_the_same_command(here, monkeypatch, sfumato):
    began = []

    def interrupted(*arguments, **options):
        began.append(arguments)
        raise KeyboardInterrupt

    monkeypatch.setattr(module, "DRAWN_PER_CLASS", 1)
    monkeypatch.setattr(module, "_trained", interrupted)
    assert sfumato("demo").code == 130
    assert sfumato("demo").code == 130
    assert len(began) == 2


def test_what_is_no_demonstration_is_never_drawn_over(here, sfumato, tree):
    Path("sfumato-demo/art").mkdir(parents=True)
    Path("sfumato-demo/art/LICENCE.txt").write_text("my own")
    Path("sfumato-demo/run/model").mkdir(parents=True)
    before = tree(here)
    for force in ([], ["--force"]):
        answer = sfumato("demo", *force)
        assert answer.code == 2
        assert "sfumato-demo/art was not made by sfumato, so it is left as it is" in answer.err
    assert tree(here) == before
