"""Who signed a file and whether it was changed is said in words, in JSON and by the exit code."""

import json
import re
import shutil
from pathlib import Path

import pytest
from PIL import Image

from sfumato.collection.drawn import draw
from sfumato.provenance.certificates import make_signing_key
from sfumato.provenance.credentials import Claim, Input, SoftBinding, signed
from sfumato.watermark import Marked, embed
from sfumato.works import read_work


@pytest.fixture(scope="session")
def made(sfumato, run, tmp_path_factory):
    """Two works, one of them edited. Do not change them."""
    folder = tmp_path_factory.mktemp("verified")
    asked = (("generate", run, "-n", 1, "--steps", 1, "--keep-empty", "-o", folder / "works"),)
    asked += (
        ("inpaint", run, folder / "works" / "0000.png", folder / "mask.png", "--steps", 1, "-o", folder / "e.png"),
    )
    mask = Image.new("L", (32, 32))
    mask.paste(255, (8, 8, 24, 24))
    mask.save(folder / "mask.png")
    for words in asked:
        answer = sfumato(*words)
        assert answer.code == 0, answer.err
    return folder


@pytest.fixture
def work(made, here):
    return shutil.copy(made / "works" / "0000.png", here / "work.png")


@pytest.fixture
def stranger(here, work):
    """A work that a stranger signed, whose certificate is in stranger.pem."""
    key = make_signing_key()
    (here / "stranger.pem").write_bytes(key.chain_pem)
    Image.open(work).save(here / "plain.png")
    (here / "stranger.png").write_bytes(signed((here / "plain.png").read_bytes(), Claim("a"), key))
    return key


def spoil(path):
    data = bytearray(path.read_bytes())
    data[-40] ^= 1
    path.write_bytes(data)


def test_ones_own_work_is_trusted_and_says_what_it_comes_from(sfumato, run, work):
    answer = sfumato("verify", "work.png")
    assert answer.code == 0, answer.err
    config = json.loads((run / "model" / "config.json").read_text("utf-8"))
    (learned,) = config["learned_from"]
    assert re.search(
        r"^work.png: signed with your key \('sfumato [0-9a-f]{8}'\), and unchanged since$", answer.out, re.M
    )
    assert "created with sfumato 0.1.0, as trainedAlgorithmicMedia" in answer.out
    assert f"model: weights {read_work(work).recipe.model.digest}" in answer.out
    assert f"learned from: collection {learned['collection']}; licences: CC0-1.0 (20)" in answer.out
    assert re.search(r"recipe: class \w+, seed 0, number 0, by 'run'", answer.out)


def test_an_edit_names_what_it_was_made_from(sfumato, made):
    answer = sfumato("verify", made / "e.png")
    assert answer.code == 0, answer.err
    assert "edited with sfumato 0.1.0, as compositeWithTrainedAlgorithmicMedia" in answer.out
    assert "made from: '0000.png'; its credentials hold" in answer.out


def test_a_changed_file_is_said_and_leaves_with_one(sfumato, work):
    spoil(work)
    answer = sfumato("verify", "work.png")
    assert answer.code == 1
    assert "work.png: changed since it was signed with your key" in answer.out


def test_a_stranger_has_a_code_of_their_own_until_trusted(sfumato, here, stranger):
    answer = sfumato("verify", "stranger.png")
    assert answer.code == 3
    assert f"unchanged since it was signed by {stranger.name!r}, who is unknown here: anybody" in answer.out
    answer = sfumato("verify", "stranger.png", "--trust", "stranger.pem")
    assert answer.code == 0
    assert f"signed by {stranger.name!r}, whom you trust, and unchanged since" in answer.out


def test_an_edit_of_a_changed_picture_is_not_trusted(sfumato, here, work):
    plain = work.read_bytes()
    spoil(work)
    (here / "edit.png").write_bytes(signed(plain, Claim("edit.png", inputs=(Input(work.read_bytes(), "work.png"),))))
    answer = sfumato("verify", "edit.png")
    assert answer.code == 1
    assert "made from a picture whose own credentials fail" in answer.out
    assert "made from: 'work.png'; its credentials fail (assertion.dataHash.mismatch)" in answer.out


def test_a_file_without_credentials_leaves_with_one(sfumato, here):
    Image.new("RGB", (8, 8)).save("plain.png")
    answer = sfumato("verify", "plain.png")
    assert (answer.code, answer.out) == (1, "plain.png: carries no credentials\n")


def test_a_mark_tells_of_credentials_that_were_removed(sfumato, here):
    marked = embed(draw("glass", 7, 224), 0x5F0A70AA)
    assert isinstance(marked, Marked)
    binding = SoftBinding("org.sfumato.watermark.1", "5f0a70aa")
    marked.image.save("stripped.png")
    Path("whole.png").write_bytes(signed(Path("stripped.png").read_bytes(), Claim("whole.png", soft_binding=binding)))
    assert "mark in its pixels: 5f0a70aa, as was signed" in sfumato("verify", "whole.png").out
    answer = sfumato("verify", "stripped.png")
    assert answer.code == 1
    assert "made with sfumato, id 5f0a70aa, its credentials were removed: so says the mark" in answer.out
    assert "alone it proves nothing\n  no work with this mark was saved on this computer\n" in answer.out
    (said,) = json.loads(sfumato("verify", "whole.png", "--json").out)
    assert said["mark"] == {"identity": "5f0a70aa", "signed": "5f0a70aa"}
    draw("glass", 7, 32).save("small.png")
    small = signed(Path("small.png").read_bytes(), Claim("small.png", soft_binding=binding))
    Path("small.png").write_bytes(small)
    assert "no mark is found in its pixels, where 5f0a70aa was" in sfumato("verify", "small.png").out


@pytest.fixture
def large(run, here, sfumato, monkeypatch):
    """A work that is large enough for a mark, in an index of its own, and the same without its metadata."""
    monkeypatch.setenv("SFUMATO_STATE", str(here / "state"))
    answer = sfumato(
        *("generate", run, "-n", 1, "--steps", 1, "--keep-empty", "--width", 224, "--height", 224, "-o", "large")
    )
    assert answer.code == 0, answer.err
    with Image.open("large/0000.png") as picture:
        picture.convert("RGB").save("posted.jpg", quality=90)
    return read_work(here / "large" / "0000.png")


def test_credentials_that_were_removed_are_found_again_by_the_mark(sfumato, here, large):
    mark, place = large.recipe.mark.identity, here.resolve() / "large" / "0000.png"
    answer = sfumato("verify", "posted.jpg")
    assert answer.code == 1
    assert f"made with sfumato, id {mark}, its credentials were removed" in answer.out
    said = rf"  saved on this computer on \d{{4}}-\d\d-\d\d at \d\d:\d\d with this mark: {place}, unchanged since; look"
    assert re.search(said, answer.out)
    assert "    credentials of that file: signed with your key ('sfumato" in answer.out
    assert f"    model: weights {large.recipe.model.digest}\n" in answer.out
    assert re.search(r"^    recipe: class \w+, seed 0, number 0, by 'run'", answer.out, re.M)
    (facts,) = json.loads(sfumato("verify", "posted.jpg", "--json").out)
    (saved,) = facts["saved"]
    assert (saved["file"], saved["unchanged"], saved["model"]) == (str(place), True, large.recipe.model.digest)
    assert saved["credentials"]["status"] == "trusted"
    assert saved["recipe"]["mark"]["identity"] == mark


def test_of_a_work_that_was_moved_the_index_says_what_it_knows(sfumato, here, large):
    place = Path("large/0000.png").replace("moved.png").resolve().parent / "large" / "0000.png"
    answer = sfumato("verify", "posted.jpg")
    assert f"with this mark: {place}, where it no longer lies as it was saved\n" in answer.out
    assert f"    model: weights {large.recipe.model.digest}\n    recipe: class " in answer.out
    assert "credentials of that file" not in answer.out
    (facts,) = json.loads(sfumato("verify", "posted.jpg", "--json").out)
    assert [(each["unchanged"], each["credentials"]) for each in facts["saved"]] == [(False, None)]
    assert facts["saved"][0]["recipe"] == large.recipe.model_dump(mode="json")


def test_an_index_that_cannot_be_read_hinders_no_verdict(sfumato, here, large):
    (here / "state" / "works.sqlite3").write_text("my notes")
    answer = sfumato("verify", "posted.jpg", "large/0000.png")
    assert answer.code == 1
    assert "whether it was saved on this computer is not known: " in answer.out
    assert "the index of saved works is damaged" in answer.out
    assert "0000.png: signed with your key" in answer.out
    (facts,) = json.loads(sfumato("verify", "posted.jpg", "--json").out)
    assert facts["saved"] is None
    assert "works.sqlite3" in facts["saved_error"]


def test_of_several_files_the_worst_is_the_code(sfumato, here, work, stranger):
    assert sfumato("verify", "work.png", "stranger.png").code == 3
    assert sfumato("verify", "stranger.png", "plain.png", "work.png").code == 1
    answer = sfumato("verify", "plain.png", "nowhere.png", "work.png")
    assert answer.code == 2
    assert answer.err == "error: nowhere.png does not exist\n"
    assert "work.png: signed with your key" in answer.out


def test_json_says_the_same(sfumato, here, work, stranger):
    answer = sfumato("verify", "work.png", "stranger.png", "plain.png", "nowhere.png", "--json")
    assert answer.code == 2
    one, other, plain, nowhere = json.loads(answer.out)
    assert (one["file"], one["code"], one["credentials"]["status"]) == ("work.png", 0, "trusted")
    assert one["credentials"]["is_own"]
    assert one["credentials"]["facts"]["model"]["digest"] == one["recipe"]["model"]["digest"]
    assert (other["code"], other["credentials"]["status"]) == (3, "untrusted")
    assert (plain["code"], plain["credentials"]["status"], plain["recipe"]) == (1, "none", None)
    assert (nowhere["code"], nowhere["error"]) == (2, "nowhere.png does not exist")


def test_a_work_is_made_again_and_compared(sfumato, run, here, work):
    answer = sfumato("verify", "work.png", "--again", "--model", run)
    assert answer.code == 0, answer.err
    assert "made again: the pixels are the same" in answer.out
    read = read_work(work)
    pixels = read.image.copy()
    pixels.putpixel((3, 3), (1, 2, 3))
    type(read)(pixels, read.recipe).save("other.png")
    answer = sfumato("verify", "other.png", "--again", "--model", run, "--json")
    assert answer.code == 1
    (said,) = json.loads(answer.out)
    assert (said["credentials"]["status"], said["again"]["same"]) == ("trusted", False)
    assert "of the pixels differ" in said["again"]["said"]


def test_what_cannot_be_made_again_says_why(sfumato, run, made, here, stranger):
    answer = sfumato("verify", "plain.png", "--again")
    assert "made again: it cannot be, as it carries no recipe" in answer.out
    answer = sfumato("verify", made / "e.png", "--again", "--model", run)
    assert answer.code == 1
    said = (
        "made again: it cannot be: the work began with a picture, which is not in its file; give that picture as well"
    )
    assert f"{said} (--picture)" in answer.out


def test_an_edit_is_made_again_from_its_picture_and_mask(sfumato, run, made):
    asked = ("verify", made / "e.png", "--again", "--model", run, "--picture", made / "works" / "0000.png")
    answer = sfumato(*asked, "--mask", made / "mask.png")
    assert answer.code == 0, answer.out
    assert "made again: the pixels are the same" in answer.out
    answer = sfumato(*asked)
    assert answer.code == 1
    assert "give that mask as well (--mask)" in answer.out
    answer = sfumato(*asked[:-1], made / "mask.png", "--mask", made / "mask.png")
    assert "the picture is not the one that the work began with" in answer.out


MISTAKES = [
    ("verify", "missing argument 'FILE...'"),
    ("verify work.png --trust nowhere.pem", "nowhere.pem: the certificates to trust cannot be read"),
    ("verify work.png --trust work.png", "work.png: holds no certificate"),
    ("verify work.png --model run", "say --again as well"),
    ("verify work.png --picture work.png", "say --again as well"),
    ("verify work.png work.png --again --picture work.png", "verify one file at a time"),
    ("verify work.png --again --picture nowhere.png", "nowhere.png: no such file"),
    ("verify work.png --again --mask nowhere.png", "nowhere.png: no such file"),
]


@pytest.mark.parametrize(("typed", "said"), MISTAKES)
def test_a_mistake_is_one_sentence(sfumato, here, work, typed, said):
    answer = sfumato(*typed.split())
    assert answer.code == 2
    assert said in answer.err
    assert len(answer.err.strip().splitlines()) == 1
