"""A model knows what it learned from and what the models knew that it comes from."""

from dataclasses import replace

import pytest
import torch

from sfumato.likeness import Likeness
from sfumato.likeness.index import described_views


@pytest.fixture(scope="module")
def parent(index_of, patches):
    return Likeness((index_of(patches(40, seed=2)),))


def test_it_finds_the_parents_pictures_too(likeness, parent, learned, patches):
    child = likeness.joined([parent])
    assert len(child) == len(likeness) + len(parent)
    own, theirs, none = child.judge(torch.cat((learned[3:4], patches(40, seed=2)[7:8], patches(1, seed=9))))
    assert own.nearest[0].place == 3
    assert theirs.nearest[0].place == 7
    assert own.is_near_copy
    assert theirs.is_near_copy
    assert not none.is_near_copy
    rates = [part.calibration.rate for part in child.parts]
    assert own.rate == pytest.approx(sum(rates))


def test_a_parent_that_learned_from_the_same_adds_nothing(likeness, index_of, learned):
    assert likeness.joined([Likeness((index_of(learned[:20]),))]).parts == likeness.parts


def test_a_base_of_which_nothing_is_known_is_said(likeness, learned, tmp_path):
    child = likeness.joined([None])
    assert child.judge(learned[:1])[0].sentence.endswith("what its base model learned from is not known")
    child.write(tmp_path / "index")
    read = Likeness.read(tmp_path / "index")
    assert read.foreign
    assert likeness.joined([read]).foreign
    assert "not known" in read.sentence


def test_works_of_any_size_and_number_are_judged(likeness, learned, patches):
    assert likeness.judge(torch.zeros(0, 3, 32, 32)) == []
    assert len(likeness.judge(torch.zeros(40, 3, 16, 16))) == 40
    large = torch.nn.functional.interpolate(learned[:2], (160, 160), mode="bicubic").clamp(-1, 1)
    assert all(finding.is_near_copy for finding in likeness.judge(large))
    (finding,) = likeness.judge(torch.full((1, 3, 32, 32), torch.nan))
    assert not finding.is_near_copy


def test_without_parts_nothing_was_looked_for():
    (finding,) = Likeness((), foreign=True).judge(torch.zeros(1, 3, 32, 32))
    assert "looked for" in finding.sentence


def test_with_another_threshold_the_part_of_the_highest_score_is_named(likeness, parent, patches):
    joined, images = likeness.joined([parent]), patches(6, seed=5)
    of_parts = [part.findings(described_views(images)) for part in joined.parts]
    # Whatever the calibrated thresholds, with one for all parts nothing counts but the score.
    parts = [
        replace(part, calibration=replace(part.calibration, threshold=float(place)))
        for place, part in enumerate(joined.parts)
    ]
    found = Likeness(tuple(parts)).judge(images, 0.4)
    scores = [max(one.score for one in each) for each in zip(*of_parts, strict=True)]
    assert [one.score for one in found] == pytest.approx(scores)
    assert {(one.threshold, one.rate) for one in found} == {(0.4, 1.0)}
