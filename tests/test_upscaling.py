"""An upscaler that has learned for seconds draws detail that brings pictures nearer to real ones than Lanczos does."""

import pytest
import torch
from PIL import Image
from torch import Tensor

from sfumato.collection import Collection, collect
from sfumato.collection.drawn_collection import draw_collection
from sfumato.dataset import Dataset, prepare
from sfumato.diffusion.enlarging import reduced
from sfumato.evaluation import kernel_distance
from sfumato.features.appearance import Descriptor
from sfumato.images.tensors import as_canvas
from sfumato.models import Model, upscale
from sfumato.networks import UNetConfig
from sfumato.training import prepare_run, train
from sfumato.training import upscaler as upscaler_choices

pytestmark = pytest.mark.slow

SMALL, FACTOR = 32, 2
SETTINGS = {
    **upscaler_choices(FACTOR),
    "size": SMALL,
    "network": UNetConfig(patch=1, channels=(24, 48), width=64, depth=1, heads=1),
    "batch": 16,
    "steps": 100,
    "precision": "bfloat16",
    "evaluations": 1,
    "snapshots": 0,
}


@pytest.fixture(scope="module")
def dataset(tmp_path_factory: pytest.TempPathFactory) -> Dataset:
    folder = tmp_path_factory.mktemp("upscaling")
    list(draw_collection(folder / "art", per_class=40, size=SMALL * FACTOR))
    list(collect(folder / "art", folder / "collection", workers=1))
    collection = Collection.open(folder / "collection")
    list(prepare(collection, folder / "dataset", size=SMALL * FACTOR, held_out=0.3, workers=1))
    return Dataset.open(folder / "dataset")


@pytest.fixture(scope="module")
def upscaler(dataset: Dataset, tmp_path_factory: pytest.TempPathFactory) -> Model:
    run, _ = prepare_run(tmp_path_factory.mktemp("upscaler") / "run", dataset, SETTINGS)
    for _ in train(run):
        pass
    return Model.from_pretrained(run.path)


def canvases(pictures: list[Image.Image]) -> Tensor:
    return torch.stack([as_canvas(picture) for picture in pictures])


def test_held_out_pictures_enlarged_are_nearer_than_lanczos_by_half_and_show_what_they_did(
    upscaler: Model, dataset: Dataset
) -> None:
    real = Descriptor()(dataset.images(dataset.train)).double()
    pictures = [dataset.picture(index) for index in dataset.held_out.tolist()]
    small = [picture.resize((SMALL, SMALL), Image.Resampling.LANCZOS) for picture in pictures]
    smooth = canvases([picture.resize(pictures[0].size, Image.Resampling.LANCZOS) for picture in small])
    fine = canvases([upscale(upscaler, picture, seed=seed).image for seed, picture in enumerate(small)])
    by_lanczos, by_us = (kernel_distance(Descriptor()(images).double(), real).mean for images in (smooth, fine))
    assert by_us < 0.5 * by_lanczos
    moved = (reduced(fine, FACTOR) - canvases(small)).abs().mean() * 127.5
    assert moved < 4
