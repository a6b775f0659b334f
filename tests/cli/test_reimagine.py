"""The article's last step as a person takes it: a picture that was held out, made again."""

import pytest
from PIL import Image

from sfumato.works import read_work


@pytest.fixture(scope="module")
def article(sfumato, tmp_path_factory, art):
    """A run of the article's preset, two epochs at a reduced size."""
    run = tmp_path_factory.mktemp("article") / "run"
    answer = sfumato(
        "train", art, "-o", run, "--preset", "article", "--epochs", 2, "--size", 32, "--perceptual", "none"
    )
    assert answer.code == 0, answer.err
    return run, answer


@pytest.fixture
def held_out(article, tmp_path):
    from sfumato.dataset import Dataset

    dataset = Dataset.open(article[0] / "dataset")
    path = tmp_path / "held-out.png"
    dataset.picture(int(dataset.held_out[0])).resize((50, 40)).save(path)
    return path


def test_the_article_is_trained_and_says_what_it_cannot_reach(article):
    run, answer = article
    assert "cannot fall below" in answer.out
    assert f"Make works with: sfumato reimagine {run} PICTURE" in answer.out
    log = (run / "log.jsonl").read_text()
    assert '"event": "noted"' in log
    assert "cannot fall below" in log
    assert (run / "evolution.png").is_file()


def test_a_held_out_picture_is_made_again(sfumato, article, held_out, tmp_path):
    answer = sfumato("reimagine", article[0], held_out, "-o", tmp_path / "again.png")
    assert answer.code == 0, answer.err
    assert "made again at 32 x 32 px" in answer.out
    work = read_work(tmp_path / "again.png")
    assert work.recipe.request.edit.picture
    # The listing's range is kept: no red below 0.485 of the way, none above 0.714.
    low, high = work.image.getchannel("R").getextrema()
    assert round(0.485 * 255) <= low <= high <= round(0.714 * 255) + 1


def test_a_diffusion_model_refines_it(sfumato, run, held_out, tmp_path):
    for strength in (0.2, 0.9):
        answer = sfumato(
            "reimagine", run, held_out, "-o", tmp_path / f"{strength}.png", "--strength", strength, "--steps", 5
        )
        assert answer.code == 0, answer.err
        assert read_work(tmp_path / f"{strength}.png").recipe.request.edit.strength == strength


def test_it_is_opened_where_that_is_asked_for(sfumato, article, held_out, tmp_path, monkeypatch):
    import typer

    opened = []
    monkeypatch.setattr(typer, "launch", lambda path: opened.append(path) or 0)
    assert sfumato("reimagine", article[0], held_out, "-o", tmp_path / "a.png", "--show").code == 0
    assert opened == [str(tmp_path / "a.png")]
    monkeypatch.setattr(typer, "launch", lambda path: 1)
    answer = sfumato("reimagine", article[0], held_out, "-o", tmp_path / "b.png", "--show")
    assert "no program here opens pictures" in answer.out


def test_mistakes_are_one_sentence_and_nothing_is_lost(sfumato, article, held_out, tmp_path):
    run = article[0]
    there = tmp_path / "there.png"
    Image.new("RGB", (9, 9)).save(there)
    before = there.read_bytes()
    (tmp_path / "text.png").write_text("no picture")
    for arguments, said in (
        ((run, "nowhere.png"), "nowhere.png: no such file"),
        ((run, tmp_path), "is a directory; give one picture"),
        ((run, tmp_path / "text.png"), "text.png: not a picture"),
        ((run, there), "9 x 9 pixels; a side has at least 16"),
        (("nowhere", held_out), "nowhere"),
        ((run, held_out, "-o", there), "there already"),
        ((run, held_out, "-o", tmp_path / "a.jpg"), "ends in .png"),
        ((run, held_out, "-o", held_out), "is the picture to begin with"),
    ):
        answer = sfumato("reimagine", *arguments, *(() if "-o" in arguments else ("-o", tmp_path / "new.png")))
        assert answer.code == 2, arguments
        assert said in answer.err
        assert answer.err.count("\n") == 1
    assert there.read_bytes() == before
    assert not (tmp_path / "new.png").exists()


def test_to_generate_with_an_autoencoder_is_answered_with_the_way(sfumato, article, tmp_path):
    answer = sfumato("generate", article[0], "-o", tmp_path / "works")
    assert answer.code == 2
    assert "sfumato reimagine" in answer.err


def test_a_picture_is_edited_under_another_class(sfumato, run, held_out, tmp_path):
    asked = ("--edit", "--from", "waves", "--class", "circles", "--steps", 5)
    answer = sfumato("reimagine", run, held_out, "-o", tmp_path / "edited.png", *asked)
    assert answer.code == 0, answer.err
    recipe = read_work(tmp_path / "edited.png").recipe
    assert (recipe.request.edit.kind, recipe.request.edit.source, recipe.request.label) == (
        "invert",
        "waves",
        "circles",
    )
    answer = sfumato("reimagine", run, held_out, "-o", tmp_path / "other.png", "--from", "waves")
    assert answer.code == 2
    assert "say --edit as well" in answer.err
