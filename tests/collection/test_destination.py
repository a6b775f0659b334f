import pytest

from sfumato.collection import collect
from sfumato.errors import SfumatoError


def refusal(source, destination, **options) -> str:
    with pytest.raises(SfumatoError) as caught:
        list(collect(source, destination, workers=1, **options))
    return str(caught.value)


def test_sources_that_are_none(art, tmp_path, gather):
    assert "There is no" in refusal(tmp_path / "nothing", tmp_path / "c")
    (tmp_path / "text.md").write_text("hello")
    assert "neither a folder nor a zip" in refusal(tmp_path / "text.md", tmp_path / "c")
    (tmp_path / "empty").mkdir()
    assert "holds no pictures" in refusal(tmp_path / "empty", tmp_path / "c")
    gather(art)
    assert "a collection already" in refusal(tmp_path / "collection", tmp_path / "c")
    assert not (tmp_path / "c").exists()


def test_a_folder_of_nothing_usable_says_why(tmp_path):
    (tmp_path / "art").mkdir()
    (tmp_path / "art" / "a.png").touch()
    (tmp_path / "art" / "b.png").write_bytes(b"hello")
    assert "2 files left out: 1 empty, 1 not a picture" in refusal(tmp_path / "art", tmp_path / "c")


def test_nothing_of_others_is_overwritten_without_force(art, tmp_path, gather, paint):
    precious = tmp_path / "precious"
    precious.mkdir()
    (precious / "thesis.txt").write_text("all my work")
    assert "--force" in refusal(art, precious)
    gather(art, precious, force=True)
    assert (precious / "thesis.txt").read_text() == "all my work"

    other = tmp_path / "other"
    other.mkdir()
    paint(50).save(other / "a.png")
    assert f"a collection of {art}" in refusal(other, precious)
    assert gather(other, precious, force=True).files == ["a.png"]

    (tmp_path / "file").touch()
    assert "is a file" in refusal(art, tmp_path / "file")
    assert "the folder of pictures itself" in refusal(art, art, force=True)
    assert "cannot be written" in refusal(art, tmp_path / "file" / "below")


def test_a_source_within_the_destination_is_no_reason_to_refuse(art, tmp_path, gather):
    place = tmp_path / "place"
    place.mkdir()
    art.rename(place / "pictures")
    (place / f".{'0' * 32}.tmp").mkdir()  # as an interrupted fetching leaves it
    assert len(gather(place / "pictures", place).files) == 6
    (tmp_path / "mixed" / "pictures").mkdir(parents=True)
    (tmp_path / "mixed" / "thesis.txt").touch()
    assert "not empty" in refusal(tmp_path / "mixed" / "pictures", tmp_path / "mixed")


def test_a_part_of_the_source_is_no_place_for_the_collection(art, gather):
    inside = next(path for path in art.iterdir() if path.is_dir())
    assert "what lies in it would not be collected" in refusal(art, inside, force=True)
    assert len(gather(art, art / "collected").files) == 6
    assert len(gather(art, art / "collected").files) == 6


@pytest.mark.parametrize("background", [(256, 0, 0), (-1, 0, 0), (1, 2)])
def test_a_background_is_a_colour(art, tmp_path, background):
    assert "background" in refusal(art, tmp_path / "c", background=background)


def test_the_number_of_workers_is_positive(art, tmp_path):
    with pytest.raises(SfumatoError, match="workers"):
        list(collect(art, tmp_path / "c", workers=0))
