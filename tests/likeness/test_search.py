"""Among many rows the search by the first numbers finds what a comparison of all finds."""

import pytest
import torch
import torch.nn.functional as F

from sfumato.likeness import search
from sfumato.likeness.search import Rows

WIDTH = 64


def rows(count, seed=0):
    generator = torch.Generator().manual_seed(seed)
    # The first numbers tell the most, as a discriminant's do.
    numbers = torch.randn(count, WIDTH, generator=generator) * torch.linspace(40, 10, WIDTH)
    return numbers.round().clamp(-127, 127).to(torch.int8)


def views_of(row, seed=1):
    """Two views, of which the second is nearly the row."""
    noise = torch.randn(2, WIDTH, generator=torch.Generator().manual_seed(seed))
    return torch.stack((127 * noise[0] / 3, row.float() + 6 * noise[1])).clamp(-127, 127).to(torch.int8)


@pytest.mark.parametrize("few", [0, 10**6])
def test_the_nearest_and_the_nearest_of_another_family(monkeypatch, few):
    monkeypatch.setattr(search, "FEW", few)
    known = rows(20_000)
    known[77] = known[5]  # a variant of the nearest one
    groups = torch.arange(len(known))
    groups[77] = 5
    places, cosines = Rows(known, groups).nearest(views_of(known[5])[None])
    every = (F.normalize(views_of(known[5]).float(), dim=1) @ F.normalize(known.float(), dim=1).T).amax(0)
    assert places[0, 0] == 5
    assert cosines[0, 0] == pytest.approx(every[5].item(), abs=1e-5)
    assert places[0, 1] not in (5, 77)
    others = every.clone()
    others[[5, 77]] = -1
    assert cosines[0, 1] >= others.max() - 0.1  # the second may be missed by the first numbers, but not by much
    if few:
        assert places[0, 1] == others.argmax()


@pytest.mark.parametrize("few", [0, 10**6])
def test_a_family_can_be_left_out(monkeypatch, few):
    monkeypatch.setattr(search, "FEW", few)
    known = rows(1000)
    groups = torch.arange(1000) // 2
    found, _ = Rows(known, groups).nearest(views_of(known[5])[None], torch.tensor([2]))
    assert not {4, 5} & set(found[0].tolist())


def test_where_there_is_no_other_family_there_is_no_second():
    known = rows(3)
    places, cosines = Rows(known, torch.zeros(3)).nearest(views_of(known[1])[None])
    assert places.tolist() == [[1, -1]]
    assert cosines[0, 1] == -1
    places, _ = Rows(known, torch.zeros(3)).nearest(views_of(known[1])[None], torch.tensor([0]))
    assert places.tolist() == [[-1, -1]]
