"""From one work to another, as a video that every browser shows."""

import pytest
from PIL import Image, ImageChops, ImageStat

from sfumato.works import Work, read_work


@pytest.mark.parametrize("name", ["video.webp", "video.gif", "video.mp4"])
def test_two_works_are_joined_by_a_video(sfumato, run, works, here, name):
    answer = sfumato("interpolate", works / "0000.png", works / "0001.png", "--model", run, "--frames", 9, "-o", name)
    assert answer.code == 0, answer.err
    assert "9 pictures from" in answer.out
    if name.endswith("mp4"):
        assert (here / name).read_bytes()[4:8] == b"ftyp"
        return
    with Image.open(here / name) as video, Image.open(works / "0000.png") as first:
        assert video.n_frames == 9
        shown = video.convert("RGB").resize(first.size, Image.Resampling.NEAREST)
        assert max(ImageStat.Stat(ImageChops.difference(shown, first)).mean) < 12  # a GIF has 256 colours


@pytest.mark.parametrize(
    ("typed", "said"),
    [
        ("works/0000.png nothing.png", "nothing.png does not exist"),
        ("lost.png works/0001.png", "no model with these weights"),
        ("works/0000.png works/0001.png --model MODEL -o video.jpg", "a video's name ends in"),
        ("works/0000.png works/0001.png --model MODEL -o works/0000.png", "is one of the two works"),
        ("works/0000.png works/0001.png --model MODEL --frames 1", "--frames"),
        (
            "works/0000.png works/0001.png --model MODEL --frames 100 --seconds 1",
            "--frames 100: in 1 second .webp shows 50 at most; give --seconds 2, fewer --frames",
        ),
        ("works/0000.png works/0001.png --model MODEL --sampler magic", "sampler 'magic'"),
    ],
)
def test_a_mistake_is_one_sentence_and_changes_nothing(sfumato, run, works, here, tree, typed, said):
    first = read_work(works / "0000.png")
    lost = first.recipe.model.model_copy(update={"digest": "f" * 64})
    Work(first.image, first.recipe.model_copy(update={"model": lost})).save(here / "lost.png")
    before = tree(here)
    answer = sfumato("interpolate", *typed.replace("MODEL", str(run)).split())
    assert answer.code == 2, answer
    assert said in answer.err
    assert answer.err.count("\n") == 1
    assert tree(here) == before


def test_where_no_number_is_given_as_many_are_made_as_the_time_has_room_for(sfumato, run, works, here):
    asked = (
        "interpolate",
        works / "0000.png",
        works / "0001.png",
        "--model",
        run,
        "--seconds",
        0.1,
        "-o",
        "short.webp",
    )
    answer = sfumato(*asked)
    assert answer.code == 0, answer.err
    assert "5 pictures from" in answer.out  # on a slow machine it says beforehand how long it takes
    with Image.open(here / "short.webp") as video:
        assert video.n_frames == 5
