"""What is said of a work claims no more than was found."""

from sfumato.likeness import Finding, Neighbour

NEAR = Neighbour("waves/3.png", "Ida Berg", "ab" * 32, 0.91, 3)
FAR = Neighbour("waves/\x1b[1m4.png", "", "cd" * 32, 0.5, 4)


def test_a_near_copy_is_named_with_its_creator():
    finding = Finding((NEAR, FAR), 0.8, 0.6, 0.009)
    assert finding.is_near_copy
    assert finding.sentence == ("near copy of waves/3.png by Ida Berg: similarity 0.91, at most 0.9 % false alarms")


def test_any_other_is_never_called_original():
    finding = Finding((NEAR, FAR), 0.5, 0.6, 0.009, "what its base model learned from is not known")
    assert not finding.is_near_copy
    assert finding.sentence == (
        "no near copy found (at most 0.9 % false alarms); nearest: waves/3.png by Ida Berg (0.91) and "
        "waves/\\x1b[1m4.png (creator unknown) (0.50); what its base model learned from is not known"
    )


def test_without_pictures_nothing_was_looked_for():
    finding = Finding((), -1, 1, 1)
    assert not finding.is_near_copy
    assert "no near copy looked for" in finding.sentence


def test_without_a_calibration_none_is_claimed():
    assert "false alarms not known" in Finding((NEAR,), 0.5, 0.6, 1.0).sentence
