"""What each control does to the works of a model that has learned something, in figures.

The model learns the program's own pictures for half a minute; the distances are those of the descriptor, which needs no
network.
"""

from collections.abc import Sequence

import pytest
import torch
from PIL import Image
from torch import Tensor

from sfumato.collection import Collection, collect
from sfumato.collection.drawn_collection import draw_collection
from sfumato.dataset import Dataset, prepare
from sfumato.diffusion.steering import low_pass
from sfumato.evaluation import kernel_distance
from sfumato.features.appearance import Descriptor
from sfumato.images.tensors import as_canvas
from sfumato.models import Generation, Model, interpolated, variations
from sfumato.models.canvas import extended_canvas, masked_canvas
from sfumato.models.steering import colours_of, composition_from, palette_of_picture, target_of
from sfumato.networks import UNetConfig
from sfumato.random import spread
from sfumato.training import prepare_run, train
from sfumato.works import Work
from sfumato.works.edits import Margins
from sfumato.works.values import SKETCH_SIDE

pytestmark = pytest.mark.slow

SIZE = 32
STEPS = 8  # of sampling, where as many as usual would show no more
SETTINGS = {
    "size": SIZE,
    "network": UNetConfig(patch=1, channels=(32, 64), blocks=2, width=192, depth=2, heads=3),
    "batch": 24,
    "steps": 260,
    "precision": "bfloat16",
    "evaluations": 2,
    "snapshots": 0,
}


@pytest.fixture(scope="module")
def dataset(tmp_path_factory: pytest.TempPathFactory) -> Dataset:
    folder = tmp_path_factory.mktemp("control")
    list(draw_collection(folder / "art", per_class=60, size=48))
    list(collect(folder / "art", folder / "collection", workers=1))
    list(prepare(Collection.open(folder / "collection"), folder / "dataset", size=SIZE, workers=1))
    return Dataset.open(folder / "dataset")


@pytest.fixture(scope="module")
def painter(dataset: Dataset, tmp_path_factory: pytest.TempPathFactory) -> Model:
    run, _ = prepare_run(tmp_path_factory.mktemp("painter") / "run", dataset, SETTINGS)
    for _ in train(run):
        pass
    return Model.from_pretrained(run.path)


@pytest.fixture(scope="module")
def plain(painter: Model) -> list[Work]:
    return list(Generation.of(painter, seed=1).works(96))


@pytest.fixture(scope="module")
def quick(painter: Model) -> list[Work]:
    """The same in fewer steps."""
    return list(Generation.of(painter, seed=1, steps=STEPS).works(96))


def images(works: Sequence[Work]) -> Tensor:
    return torch.stack([as_canvas(work.image) for work in works])


def distance(works: Sequence[Work], dataset: Dataset) -> float:
    """KID in the descriptor's features, from the training pictures."""
    return kernel_distance(
        Descriptor()(images(works)).double(), Descriptor()(dataset.images(dataset.train)).double()
    ).mean


def energy(pictures: Tensor) -> Tensor:
    """[N, 3, H, W] -> [N]: the mean squared difference of neighbouring pixels."""
    return pictures.diff(dim=2).square().mean((1, 2, 3)) + pictures.diff(dim=3).square().mean((1, 2, 3))


def across(pictures: Tensor, columns: Sequence[int]) -> float:
    """The energy of the differences between these columns and the next ones, by that between all columns."""
    differences = pictures.diff(dim=3).square().mean((0, 1, 2))
    return float(differences[list(columns)].mean() / differences.mean())


def test_the_model_has_learned_something(plain: list[Work], dataset: Dataset) -> None:
    noise = torch.rand((96, 3, SIZE, SIZE), generator=torch.Generator().manual_seed(0)) * 2 - 1
    real = Descriptor()(dataset.images(dataset.train)).double()
    assert distance(plain, dataset) < 0.2 * kernel_distance(Descriptor()(noise).double(), real).mean


def test_guidance_raises_the_share_in_their_class_and_mixtures_lie_between(painter: Model, dataset: Dataset) -> None:
    rows, labels = Descriptor()(dataset.images(dataset.train)), dataset.labels[dataset.train]
    means = torch.stack([rows[labels == index].mean(0) for index in range(len(dataset.classes))])

    def said(**asked: object) -> Tensor:
        """The share of each class, by the nearest of the classes' means."""
        works = list(Generation.of(painter, seed=1, steps=STEPS, **asked).works(32))  # type: ignore[arg-type]
        nearest = torch.cdist(Descriptor()(images(works)), means).argmin(1)
        return torch.bincount(nearest, minlength=len(means)) / len(works)

    names = painter.config.classes
    right = {
        guidance: sum(said(label=name, guidance=guidance)[index] for index, name in enumerate(names)) / len(names)
        for guidance in (1.0, 2.0)
    }
    assert right[1.0] > 0.5
    assert right[2.0] >= right[1.0]
    first, second = names[0], names[-1]
    one, mixture, other = (said(label=label)[0] for label in (first, f"{first}:0.5,{second}:0.5", second))
    assert one > mixture > other or one > mixture == other == 0
    assert said(label=first, negative=second)[len(names) - 1] <= said(label=first, guidance=1.0)[len(names) - 1]


def test_a_palette_about_halves_the_distance_to_it_and_works_stay_near_the_collection(
    painter: Model, plain: list[Work], dataset: Dataset, palette_distance
) -> None:
    palette = palette_of_picture(dataset.picture(int(dataset.held_out[0])))
    works = list(Generation.of(painter, seed=1, palette=palette).works(96))
    before, after = (float(palette_distance(images(some), colours_of(palette)).mean()) for some in (plain, works))
    assert after < 0.55 * before


def test_a_composition_is_followed_in_its_masses_and_works_stay_near_the_collection(
    painter: Model, quick: list[Work], dataset: Dataset
) -> None:
    works, before, after = [], [], []
    for number, place in enumerate(spread(dataset.held_out, 24).tolist()):
        sketch = composition_from(dataset.picture(place), SIZE, SIZE)
        # Each from noise and classes of their own, or the works would be less varied than those that they are beside.
        some = list(Generation.of(painter, seed=1, steps=STEPS, composition=sketch).works(4, 4 * number))
        target = low_pass(target_of(sketch, SIZE, SIZE), SIZE / SKETCH_SIDE)
        for kept, made in ((before, quick[4 * number : 4 * number + 4]), (after, some)):
            masses = low_pass(images(made), SIZE / SKETCH_SIDE)
            kept.append(float((masses - target).square().mean((1, 2, 3)).sqrt().mean()))
        works += some
    assert sum(after) < 0.5 * sum(before)
    assert distance(works, dataset) < 1.3 * distance(quick, dataset)


def test_inpainting_leaves_no_seam_and_keeps_the_rest(painter: Model, dataset: Dataset) -> None:
    mask = Image.new("L", (SIZE, SIZE), 0)
    mask.paste(255, (SIZE // 2, 0, SIZE, SIZE))
    before, after = [], []
    for place in spread(dataset.held_out, 24).tolist():
        picture = dataset.picture(place)
        label = painter.config.classes[int(dataset.labels[place])]
        canvas = masked_canvas(painter.config, picture, mask)
        work = next(Generation.of(painter, seed=place, steps=STEPS, label=label, canvas=canvas).works(1))
        before.append(as_canvas(picture))
        after.append(as_canvas(work.image))
        assert torch.equal(before[-1][:, :, : SIZE // 2], after[-1][:, :, : SIZE // 2])
    seam = [SIZE // 2 - 1]
    assert 0.8 < across(torch.stack(after), seam) / across(torch.stack(before), seam) < 1.25


def test_windows_and_tiles_leave_no_seams(painter: Model) -> None:
    wide = images(list(Generation.of(painter, seed=1, steps=STEPS, width=3 * SIZE).works(12)))
    assert 0.8 < across(wide, range(SIZE // 2 - 1, 3 * SIZE - 1, SIZE // 2)) < 1.25
    tiles = images(list(Generation.of(painter, seed=1, steps=STEPS, tile=True).works(32)))
    rolled = torch.cat((tiles, tiles.mT)).roll(SIZE // 2, 3)
    assert 0.8 < across(rolled, [SIZE // 2 - 1]) < 1.25


def test_outpainting_leaves_no_seam(painter: Model, dataset: Dataset) -> None:
    pictures = []
    for place in spread(dataset.held_out, 15).tolist():
        label = painter.config.classes[int(dataset.labels[place])]
        canvas = extended_canvas(painter.config, dataset.picture(place), Margins(right=SIZE))
        work = next(Generation.of(painter, seed=place, steps=STEPS, label=label, canvas=canvas).works(1))
        pictures.append(as_canvas(work.image))
    assert 0.8 < across(torch.stack(pictures), [SIZE - 1]) < 1.25


def test_the_way_between_two_works_is_even_and_no_cross_fade(painter: Model, quick: list[Work]) -> None:
    kept = []
    for one, other in ((0, 1), (2, 3), (4, 5)):
        frames = torch.stack(list(interpolated(painter, quick[one].recipe, quick[other].recipe, 8)))
        steps = (frames[1:] - frames[:-1]).flatten(1).norm(dim=1)
        assert steps.max() < 2 * steps.min()
        powers = energy(frames)
        kept.append(powers[2:6].min() / min(powers[0], powers[-1]))
    assert torch.stack(kept).log().mean().exp() > 0.8


def test_variations_are_nearer_than_strangers(painter: Model, plain: list[Work]) -> None:
    def apart(fraction: float) -> float:
        made = images(list(variations(painter, plain[0].recipe, fraction, seed=3).works(8)))
        return float((made - as_canvas(plain[0].image)).square().mean((1, 2, 3)).sqrt().mean())

    distances = [apart(fraction) for fraction in (0.1, 0.3, 1.0)]
    assert distances == sorted(distances)
    assert distances[0] < 0.6 * distances[-1]
