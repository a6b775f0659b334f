"""What was refused is counted and explained."""

from sfumato.works.refusal import Refusal, said_of_refusals


def test_nothing_is_said_of_nothing() -> None:
    assert said_of_refusals([]) == []


def test_those_that_were_made_again_are_told_apart() -> None:
    said = said_of_refusals([Refusal(7, 3, "too near", again=1), Refusal(8, 3, "too near"), Refusal(7, 5, "flat")])
    assert said == [
        "2 works refused, and not saved: number 3 of seed 8 (too near); number 5 of seed 7 (flat)",
        "1 work refused, and made again with the next seed: number 3 of seed 7 (too near)",
    ]


def test_those_that_were_all_but_empty_are_counted_alone() -> None:
    empty = [Refusal(7, place, "", again=1_000_000, is_empty=True) for place in range(3)]
    assert said_of_refusals(empty) == ["3 works all but empty, and drawn again with later seeds"]
    assert said_of_refusals([*empty, Refusal(7, 5, "flat")])[0].startswith("1 work refused, and not saved")


def test_of_many_the_first_are_named() -> None:
    (said,) = said_of_refusals([Refusal(0, number, "flat") for number in range(1205)])
    assert said.startswith("1,205 works refused")
    assert said.endswith("; number 4 of seed 0 (flat); and 1,200 more")
