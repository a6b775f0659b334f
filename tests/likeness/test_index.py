"""Copies are found and named, and what is no copy is not called one."""

import pytest
import torch

from sfumato.errors import SfumatoError
from sfumato.likeness.alterations import altered
from sfumato.likeness.index import Index, described_views


def findings(index, images):
    return index.findings(described_views(images))


def test_altered_pictures_are_found_and_named(index, learned):
    copies = altered(learned[:20], torch.Generator().manual_seed(4), 0).flip(-1)
    found = findings(index, copies)
    assert sum(one.is_near_copy for one in found) >= 19
    assert [one.nearest[0].place for one in found] == list(range(20))
    assert found[0].nearest[0].file == "0.png"
    assert found[0].nearest[0].creator == "Ida Berg"
    assert found[0].nearest[1].file != "0.png"


def test_others_are_not_called_copies_more_often_than_is_claimed(index, patches):
    found = findings(index, patches(100, seed=8))
    assert sum(one.is_near_copy for one in found) <= 2 * 100 * index.calibration.rate
    assert index.calibration.families == len(index)


def test_it_is_the_same_each_time_and_holds_no_pictures(index, index_of, learned):
    again = index_of(learned)
    assert torch.equal(again.rows, index.rows)
    assert again.calibration == index.calibration
    assert index.rows[0].numel() + index.digests[0].numel() <= 160


@pytest.mark.parametrize("count", [1, 2, 5])
def test_few_pictures_have_an_index_too(index_of, patches, count):
    index = index_of(patches(count))
    (found,) = findings(index, patches(count)[-1:])
    assert found.nearest[0].place == count - 1
    assert found.nearest[0].similarity > 0.95
    assert index.calibration.families == (0 if count == 1 else count)


def test_no_pictures_have_none():
    with pytest.raises(SfumatoError, match="there are none"):
        Index.of(lambda some: torch.zeros(0), torch.zeros(0), [], [])


def test_a_time_is_kept_and_all_pictures_are_in_it(learned, monkeypatch):
    monkeypatch.setattr("sfumato.likeness.index.AT_A_TIME", 8)
    left = iter([10.0, *(10.0 - passed for passed in range(1, 1000))])
    index = Index.of(lambda some: learned[some], torch.arange(60), ["a"] * 60, [""] * 60, lambda: next(left))
    assert len(index) == 60
    assert 0 < index.calibration.families < 60
