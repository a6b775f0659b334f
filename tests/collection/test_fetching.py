"""What is refused before anything is fetched; what is fetched is tested with each client."""

import json

import pytest

from sfumato.collection import Collection, Origin, collect, fetch
from sfumato.errors import SfumatoError


def refusal(reference, destination, **options) -> str:
    with pytest.raises(SfumatoError) as caught:
        list(fetch(reference, destination, **options))
    return str(caught.value)


def test_a_name_that_does_not_say_which_is_refused(tmp_path):
    assert "kaggle:OWNER/NAME" in refusal("kaggle:name", tmp_path / "c")


def test_what_is_there_already_is_not_written_over(art, tmp_path, gather):
    collected = gather(art).collection.path
    assert f"is a collection of {art}, not of kaggle:owner/art" in refusal("kaggle:owner/art", collected)
    list(collect(art, tmp_path / "named", workers=1, origin=Origin("kaggle:owner/art", "3")))
    assert "is a collection of kaggle:owner/art, not of hf:owner/art" in refusal("hf:owner/art", tmp_path / "named")
    (tmp_path / "notes").mkdir()
    (tmp_path / "notes" / "x.txt").write_text("mine")
    for reference in ("kaggle:owner/art", "hf:owner/art"):
        assert "is not empty and is not a collection of sfumato" in refusal(reference, tmp_path / "notes")
        assert "is a file" in refusal(reference, tmp_path / "notes" / "x.txt")


def test_a_collection_says_where_it_comes_from_until_told_otherwise(art, tmp_path):
    origin = Origin("kaggle:owner/art", "3", "CC0")
    list(collect(art, tmp_path / "c", workers=1, origin=origin))
    assert Collection.open(tmp_path / "c").origin == origin
    *_, again = collect(art, tmp_path / "c", workers=1)
    assert (again.changed, again.collection.origin) == (False, origin)
    *_, newer = collect(art, tmp_path / "c", workers=1, origin=Origin("kaggle:owner/art", "4"))
    assert newer.changed
    assert Collection.open(tmp_path / "c").origin == Origin("kaggle:owner/art", "4")


def test_a_folder_of_ones_own_has_no_origin(art, gather):
    assert gather(art).collection.origin is None


def test_an_origin_that_is_none_is_found_out(art, tmp_path, gather):
    path = gather(art).collection.path / "collection.json"
    path.write_text(json.dumps(json.loads(path.read_text()) | {"origin": {"owner": "x"}}))
    with pytest.raises(SfumatoError, match="not whole"):
        Collection.open(path.parent)
