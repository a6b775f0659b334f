import json
import os

import numpy as np
import pytest
import torch
from PIL import Image

from sfumato.collection import Collection, LeftOut, collect
from sfumato.dataset import Batches, Dataset, Prepared, Ready, prepare
from sfumato.errors import SfumatoError
from sfumato.marker import MARKER


def refusal(collection, destination, **options) -> str:
    with pytest.raises(SfumatoError) as caught:
        list(prepare(collection, destination, **{"size": 32, "workers": 1, **options}))
    return str(caught.value)


def test_events_and_contents(collection, tmp_path):
    events = list(prepare(collection, tmp_path / "d", size=32, workers=2))
    assert [event.done for event in events[:-1] if isinstance(event, Prepared)] == list(range(1, 25))
    dataset = Dataset.open(events[-1].path)
    assert events[-1].changed
    assert len(dataset) == 24
    assert dataset.classes == ["drawing", "painting", "sculpture"]
    assert dataset.counts == {"drawing": 12, "painting": 8, "sculpture": 4}
    assert dataset.labels.tolist() == [0] * 12 + [1] * 8 + [2] * 4
    assert dataset.pixels.shape == (24 * 32 * 32, 3)
    assert dataset.pixels.dtype == torch.uint8
    assert dataset.files == [picture.file for picture in collection.pictures]
    assert sorted(torch.cat((dataset.train, dataset.held_out)).tolist()) == list(range(24))
    assert [int((dataset.labels[dataset.held_out] == label).sum()) for label in range(3)] == [1, 1, 1]
    assert sorted(path.name for path in (tmp_path / "d").iterdir()) == [
        ".sfumato.jsonl",
        "dataset.json",
        "index.npz",
        "pixels.bin",
    ]


def test_pictures_of_the_training_size_are_untouched(tmp_path, paint):
    folder = tmp_path / "tiles"
    folder.mkdir()
    pictures = {f"{seed:02}.png": paint(seed, (32, 32)) for seed in range(10)}
    for name, picture in pictures.items():
        picture.save(folder / name)
    list(collect(folder, tmp_path / "c", workers=1))
    list(prepare(Collection.open(tmp_path / "c"), tmp_path / "d", size=32, workers=2))
    dataset = Dataset.open(tmp_path / "d")
    for index, name in enumerate(dataset.files):
        assert (np.asarray(dataset.picture(index)) == np.asarray(pictures[name])).all()
    assert dataset.classes == []
    assert dataset.counts == {}
    assert dataset.labels.tolist() == [0] * 10


def test_random_crops_keep_more_of_the_long_side(make, collection):
    dataset = make(crop="random")
    assert set(zip(dataset.heights.tolist(), dataset.widths.tolist(), strict=True)) == {(51, 32), (32, 51)}
    whole = collection.read(collection.pictures[1]).resize((51, 32), Image.Resampling.LANCZOS)
    start = int(dataset.offsets[1])
    stored = dataset.pixels[start : start + 32 * 51].view(32, 51, 3).numpy()
    assert np.abs(stored.astype(int) - np.asarray(whole)).max() <= 1
    assert dataset.picture(1).size == (32, 32)
    assert (np.asarray(dataset.picture(1)) == stored[:, 9:41]).all()


def test_smaller_pictures_are_named_and_left_out(collection, tmp_path, art, paint):
    paint(500, (30, 90)).save(art / "drawing" / "thin.png")
    list(collect(art, collection.path, workers=1))
    events = list(prepare(Collection.open(collection.path), tmp_path / "d", size=32, workers=1))
    (left_out,) = (event for event in events if isinstance(event, LeftOut))
    assert left_out.file == "drawing/thin.png"
    assert left_out.reason == "30 x 90 pixels, smaller than the training size of 32"
    stored = json.loads((tmp_path / "d" / "dataset.json").read_text())["left_out"]
    assert [entry["file"] for entry in stored] == ["drawing/thin.png"]
    assert Dataset.open(events[-1].path).left_out[0].reason == left_out.reason


@pytest.fixture
def sprites(tmp_path):
    """A collection of ten sprites, 16 x 16 each, and their pixels by name."""
    folder = tmp_path / "sprites"
    folder.mkdir()
    drawn = {}
    for seed in range(10):
        pixels = np.random.default_rng(seed).integers(0, 256, (16, 16, 3), dtype=np.uint8)
        drawn[f"{seed}.png"] = pixels
        Image.fromarray(pixels).save(folder / f"{seed}.png")
    list(collect(folder, tmp_path / "c", workers=1))
    return Collection.open(tmp_path / "c"), drawn


def test_pixel_art_is_enlarged_without_smoothing(sprites, tmp_path):
    collection, drawn = sprites
    dataset = Dataset.open(list(prepare(collection, tmp_path / "d", size=32, pixel_art=True, workers=1))[-1].path)
    assert len(dataset) == 10
    assert dataset.pixel_art
    for index, name in enumerate(dataset.files):
        assert (np.asarray(dataset.picture(index)) == drawn[name].repeat(2, axis=0).repeat(2, axis=1)).all()
    wide = Dataset.open(
        list(prepare(collection, tmp_path / "w", size=40, crop="random", pixel_art=True, workers=1))[-1].path
    )
    assert wide.picture(0).size == (40, 40)  # three times as large, and then smaller as any other picture
    assert "other pictures or settings" in refusal(collection, tmp_path / "d", pixel_art=False)


def test_who_does_not_ask_for_pixel_art_has_the_settings_of_before(collection, tmp_path):
    dataset = Dataset.open(list(prepare(collection, tmp_path / "d", size=32, workers=1))[-1].path)
    assert not dataset.pixel_art
    assert "pixel_art" not in dataset.settings  # or every dataset that is there would be another


def test_the_advice_where_no_picture_is_large_enough_can_be_followed(sprites, collection, tmp_path):
    small, _ = sprites
    assert "--pixel-art" in refusal(small, tmp_path / "d", size=32)
    assert "a size of 40 or less" in refusal(collection, tmp_path / "d", size=256)
    assert Dataset.open(list(prepare(collection, tmp_path / "d", size=40, workers=1))[-1].path).size == 40


def test_what_changed_since_it_was_collected_is_left_out_and_leaves_no_gap(collection, tmp_path, art, paint):
    whole = Dataset.open(list(prepare(collection, tmp_path / "whole", size=32, workers=1))[-1].path)
    paint(600, (64, 64)).save(art / "drawing" / "03.png")
    (art / "painting" / "05.png").unlink()
    events = list(prepare(collection, tmp_path / "d", size=32, workers=1))
    reasons = {event.file: event.reason for event in events if isinstance(event, LeftOut)}
    assert sorted(reasons) == ["drawing/03.png", "painting/05.png"]
    assert "collect again" in reasons["drawing/03.png"]
    dataset = Dataset.open(events[-1].path)
    assert len(dataset) == 22
    assert dataset.pixels.shape == (22 * 32 * 32, 3)
    kept = torch.tensor([whole.files.index(file) for file in dataset.files])
    assert torch.equal(dataset.images(torch.arange(22)), whole.images(kept))


def test_no_group_is_on_both_sides(collection, tmp_path, art):
    for file in sorted((art / "painting").glob("*.png")):
        Image.open(file).resize((50, 40)).save(file.with_suffix(".bmp"))
        Image.open(file).transpose(0).save(file.with_name(f"mirrored {file.stem}.webp"), quality=80)
    list(collect(art, collection.path, workers=1))
    opened = Collection.open(collection.path)
    groups = {picture.file: picture.group for picture in opened.pictures}
    assert len(set(groups.values())) == 24
    dataset = Dataset.open(list(prepare(opened, tmp_path / "d", size=32, held_out=0.3, workers=1))[-1].path)
    sides = [{groups[dataset.files[index]] for index in side.tolist()} for side in (dataset.train, dataset.held_out)]
    assert not sides[0] & sides[1]
    assert len(dataset.held_out) >= 6
    assert not set(dataset.groups[dataset.train].tolist()) & set(dataset.groups[dataset.held_out].tolist())


def test_two_preparations_are_equal_and_other_settings_are_not(make):
    one, other = make("one"), make("other", workers=2)
    assert one.digest == other.digest
    assert torch.equal(one.pixels, other.pixels)
    others = [make("a", seed=1), make("b", crop="random"), make("c", held_out=0.3), make("d", size=40)]
    assert len({dataset.digest for dataset in (one, *others)}) == 5


def test_a_dataset_that_is_there_is_used_and_another_is_not_overwritten(make, collection, tmp_path):
    first = make()
    before = (tmp_path / "dataset" / "pixels.bin").stat().st_mtime_ns
    (again,) = list(prepare(collection, tmp_path / "dataset", size=32))
    assert isinstance(again, Ready)
    assert not again.changed
    assert Dataset.open(again.path).digest == first.digest
    assert (tmp_path / "dataset" / "pixels.bin").stat().st_mtime_ns == before
    assert "--force" in refusal(collection, tmp_path / "dataset", size=40)
    assert make(size=40, force=True).size == 40
    assert not list(tmp_path.glob(".*"))
    assert [path.name for path in (tmp_path / "dataset").glob(".*")] == [MARKER]
    (tmp_path / "thesis").mkdir()
    (tmp_path / "thesis" / "text").touch()
    assert "is not a dataset of sfumato (it holds text)" in refusal(collection, tmp_path / "thesis", force=True)


def test_closing_in_between_leaves_nothing(collection, tmp_path):
    before = sorted(tmp_path.iterdir())
    events = prepare(collection, tmp_path / "d", size=32, workers=1)
    next(event for event in events if isinstance(event, Prepared))
    events.close()
    assert sorted(tmp_path.iterdir()) == before


def test_leftovers_of_a_killed_run_are_removed(make, tmp_path):
    place = make().path
    stage = place / f".{'ab' * 16}.tmp"
    stage.mkdir()
    (stage / "pixels.bin").write_bytes(b"x")
    (place / ".mine.tmp").write_text("of somebody else")
    assert make(size=40, force=True).size == 40
    assert sorted(path.name for path in place.glob(".*")) == [".mine.tmp", MARKER]


@pytest.mark.parametrize("size", [0, 24, 33, 1032, 2048])
def test_sizes_out_of_range_are_refused(collection, tmp_path, size):
    assert "a multiple of 8 from 32 to 1024" in refusal(collection, tmp_path / "d", size=size)


def test_other_mistakes(collection, tmp_path, art):
    assert "crop" in refusal(collection, tmp_path / "d", crop="left")
    assert "held out" in refusal(collection, tmp_path / "d", held_out=0.9)
    assert "0 pictures of 256 pixels or more; training needs at least 8" in refusal(
        collection, tmp_path / "d", size=256
    )
    art.rename(tmp_path / "moved")
    assert "not there any more" in refusal(collection, tmp_path / "d")
    assert not (tmp_path / "d").exists()


def test_a_broken_dataset_is_said(make, tmp_path):
    path = make().path
    with (path / "pixels.bin").open("r+b") as file:
        os.truncate(file.fileno(), 300)
    with pytest.raises(SfumatoError, match=r"not whole.*prepare it again"):
        Dataset.open(path)
    (path / "index.npz").unlink()
    with pytest.raises(SfumatoError, match="not whole"):
        Dataset.open(path)
    with pytest.raises(SfumatoError, match="is not a dataset"):
        Dataset.open(tmp_path / "art")


def test_pictures_of_no_class_have_no_label_and_classes_the_order_of_numbers(tmp_path, paint):
    for number, file in enumerate([f"train/{name}/{n}.png" for name in ("10", "9") for n in range(4)]):
        path = tmp_path / "art" / file
        path.parent.mkdir(parents=True, exist_ok=True)
        paint(number, (40, 40)).save(path)
    (tmp_path / "art" / "test").mkdir()
    for number in range(3):
        paint(100 + number, (40, 40)).save(tmp_path / "art" / "test" / f"{number}.png")
    list(collect(tmp_path / "art", tmp_path / "c", workers=1))
    *_, ready = prepare(Collection.open(tmp_path / "c"), tmp_path / "d", size=32, workers=1)
    dataset = Dataset.open(ready.path)
    assert dataset.classes == ["9", "10"]
    assert dataset.labels.tolist() == [-1] * 3 + [1] * 4 + [0] * 4  # in the order of the files
    assert dataset.counts == {"9": 4, "10": 4}
    assert dataset.label_counts(dataset.labels.argsort()[:4]).tolist() == [1, 0]
    batches = Batches(dataset, dataset.train, 30, seed=0, balance="class")
    assert set(dataset.labels[batches.batch(0)[1]].tolist()) == {-1, 0, 1}
