"""Three ways side by side, as a person asks for them."""

import shutil

import pytest

from sfumato.collection import collect
from sfumato.collection.drawn import draw
from sfumato.directory import OwnDirectory
from sfumato.errors import SfumatoError
from sfumato.pipeline import comparison as module
from sfumato.provenance.verification import read_credentials
from sfumato.training import Run


@pytest.fixture(scope="module", autouse=True)
def _short(brief_plans):
    """Nothing here asks which networks are compared, or with how many works: one batch of each is enough."""
    with pytest.MonkeyPatch.context() as patch, brief_plans():
        patch.setattr(module, "WORKS", 16)
        yield


@pytest.fixture(scope="module")
def compared(sfumato, art, tmp_path_factory):
    output = tmp_path_factory.mktemp("compared") / "comparison"
    answer = sfumato("compare", art, "-o", output, "--minutes", 0.05)
    assert answer.code == 0, answer.err
    return output, answer


def test_three_runs_and_one_page_come_of_it(compared):
    output, answer = compared
    for kind in ("autoencoder", "gan", "diffusion"):
        assert f"{kind}, 0.05 minutes" in answer.out
        run = Run.open(output / kind)
        assert run.record.settings.minutes == 0.05
        assert (run.model / "config.json").is_file()
    assert Run.open(output / "autoencoder").record.settings.network.output == "picture"
    assert f"Open {output / 'index.html'} in a browser." in answer.out
    page = (output / "index.html").read_text()
    for said in ("autoencoder", "GAN", "diffusion", "data:image/png;base64", "<svg"):
        assert said in page
    assert "http://" not in page.replace("http://www.w3.org/2000/svg", "")


def test_each_picture_that_they_leave_is_signed(compared):
    pictures = [path for path in compared[0].rglob("*") if path.suffix in (".png", ".webp")]
    assert len(pictures) > 6
    assert {read_credentials(path).status for path in pictures} == {"trusted"}


def test_all_three_learn_from_the_same_pictures(compared):
    digests = {Run.open(compared[0] / kind).record.dataset_digest for kind in ("autoencoder", "gan", "diffusion")}
    assert len(digests) == 1


def test_none_of_them_knows_anything_before(compared):
    runs = [Run.open(compared[0] / kind) for kind in ("autoencoder", "gan", "diffusion")]
    assert {run.record.initial_weights for run in runs} == {("",)}
    assert "random, of all three" in (compared[0] / "index.html").read_text()


def test_an_interrupted_comparison_goes_on(sfumato, compared, art, tmp_path):
    output = tmp_path / "comparison"
    shutil.copytree(compared[0], output)
    for left in ("gan", "diffusion"):
        shutil.rmtree(output / left)
    (output / "index.html").unlink()
    weights = (output / "autoencoder" / "model" / "model.safetensors").read_bytes()
    answer = sfumato("compare", art, "-o", output, "--minutes", 0.05, "--resume")
    assert answer.code == 0, answer.err
    assert (output / "index.html").is_file()
    assert (output / "diffusion" / "model" / "config.json").is_file()
    assert (output / "autoencoder" / "model" / "model.safetensors").read_bytes() == weights


def test_mistakes_are_one_sentence_and_nothing_is_lost(sfumato, compared, art, tmp_path):
    output = compared[0]
    page = (output / "index.html").read_bytes()
    (tmp_path / "mine").mkdir()
    (tmp_path / "mine" / "note.txt").write_text("mine")
    (tmp_path / "few").mkdir()
    for number, path in enumerate(sorted(art.rglob("*.png"))[:9]):
        shutil.copy(path, tmp_path / "few" / f"{number}.png")
    for arguments, said in (
        ((art, "-o", output), "holds a comparison already; go on with --resume"),
        ((art, "-o", tmp_path / "mine"), "is not empty and is not a comparison of sfumato (it holds note.txt)"),
        ((art, "-o", tmp_path / "new", "--resume"), "holds no comparison to go on with"),
        ((art, "-o", art), "is where the pictures are"),
        ((tmp_path / "nowhere", "-o", tmp_path / "new"), "nowhere: no such folder"),
        ((art, "-o", tmp_path / "new", "--size", 36), "size 36: a multiple of 8 is needed"),
        ((art, "-o", tmp_path / "new", "--minutes", "nan"), "--minutes"),
        ((art, "-o", tmp_path / "new", "--perceptual", "vgg17"), "vgg17"),
        ((tmp_path / "few", "-o", tmp_path / "another"), "a comparison needs 4"),
    ):
        answer = sfumato("compare", *arguments)
        assert answer.code == 2, arguments
        assert said in answer.err, answer.err
    assert (output / "index.html").read_bytes() == page
    assert (tmp_path / "mine" / "note.txt").read_text() == "mine"


@pytest.mark.parametrize("asked", [True, False])
def test_a_comparison_goes_on_with_the_works_that_it_began_with(sfumato, here, monkeypatch, asked):
    art, output = here / "art", here / "out"
    art.mkdir()
    draw("waves", 1, 40).save(art / "0.png")
    with OwnDirectory(output, "comparison").at_work() as comparison:
        comparison.claim("index.html")
    list(collect(art, output / "collection", workers=1, include_works=asked))
    with OwnDirectory(output, "comparison").at_work(), OwnDirectory(output / "gan", "run").at_work() as gan:
        gan.claim("run.json").touch()

    def note(*_, include_works, **__):
        raise SfumatoError(f"with works: {include_works}")

    monkeypatch.setattr("sfumato.pipeline.comparison.collection_of", note)
    assert f"with works: {asked}" in sfumato("compare", art, "-o", output, "--resume").err
