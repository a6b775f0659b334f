"""What was refused is counted and explained."""

from sfumato.works.refusal import Refusal, said_of_refusals


def test_nothing_is_said_of_nothing() -> None:
    assert said_of_refusals([]) == []


def test_those_that_were_made_again_are_told_apart() -> None:
    said = said_of_refusals([Refusal(7, 3, "too near", again=True), Refusal(8, 3, "too near"), Refusal(7, 5, "flat")])
    assert said == [
        "2 works refused, and not saved: number 3 of seed 8 (too near); number 5 of seed 7 (flat)",
        "1 work refused, and made again with the next seed: number 3 of seed 7 (too near)",
    ]


def test_of_many_the_first_are_named() -> None:
    (said,) = said_of_refusals([Refusal(0, number, "flat") for number in range(1205)])
    assert said.startswith("1,205 works refused")
    assert said.endswith("; number 4 of seed 0 (flat); and 1,200 more")
