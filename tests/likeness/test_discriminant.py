"""In the directions that are fitted a picture is nearer to its own alterations than in the descriptor."""

import torch
import torch.nn.functional as F

from sfumato.likeness.alterations import altered
from sfumato.likeness.descriptors import NUMBERS, described
from sfumato.likeness.discriminant import DIRECTIONS, FEWEST, Discriminant
from sfumato.likeness.views import framed


def fitted(pictures, count):
    return Discriminant.fit(lambda some: pictures[some], torch.arange(count))


def spread_apart(own, other):
    """How many standard deviations the cosines of pairs that belong together lie above those of all others."""
    cosines = F.normalize(own.float(), dim=1) @ F.normalize(other.float(), dim=1).T
    others = cosines[~torch.eye(len(own), dtype=torch.bool)]
    return ((cosines.diagonal().mean() - others.mean()) / others.std()).item()


def test_it_tells_copies_from_others_better_than_the_descriptor(patches):
    discriminant = fitted(patches(300), 300)
    others = patches(40, seed=5)
    numbers = [described(framed(some)) for some in (others, altered(others, torch.Generator().manual_seed(9), 0))]
    rows = [discriminant.rows(some) for some in numbers]
    assert rows[0].dtype == torch.int8
    assert rows[0].shape == (40, DIRECTIONS)
    assert spread_apart(*rows) > spread_apart(*numbers)


def test_rows_of_bytes_keep_the_cosines(learned):
    discriminant = fitted(learned, len(learned))
    numbers = described(framed(learned))
    exact = F.normalize((numbers - discriminant.mean) @ discriminant.directions, dim=1)
    kept = F.normalize(discriminant.rows(numbers).float(), dim=1)
    assert (exact @ exact.T - kept @ kept.T).abs().max() < 0.02


def test_too_few_pictures_have_directions_that_keep_the_descriptors_cosines(patches):
    pictures = patches(FEWEST - 1)
    numbers = F.normalize(described(framed(pictures)), dim=1)
    rows = F.normalize(fitted(pictures, len(pictures)).rows(numbers).float(), dim=1)
    assert (numbers @ numbers.T - rows @ rows.T).abs().max() < 0.35
    assert (numbers @ numbers.T - rows @ rows.T).abs().mean() < 0.1


def test_it_ends_when_its_time_is_over(learned):
    asked = []

    def pictures(some):
        asked.append(len(some))
        return learned[some % len(learned)]

    Discriminant.fit(pictures, torch.arange(500), lambda: False)
    assert sum(asked) < 100


def test_pictures_of_one_colour_break_nothing():
    flat = torch.zeros(FEWEST, 3, 32, 32)
    rows = fitted(flat, FEWEST).rows(torch.zeros(1, NUMBERS))
    assert rows.shape == (1, DIRECTIONS)
