"""What is said of how near works are to what was learned from."""

from sfumato.cli.nearness import said_of_nearness
from sfumato.likeness import Finding, Neighbour


def finding(score: float) -> Finding:
    return Finding((Neighbour("waves/3.png", "Ida Berg", "ab" * 32, score, 3),), score, 0.5, 0.01)


def test_where_nothing_is_known_nothing_is_said() -> None:
    assert said_of_nearness({}) == ""
    assert said_of_nearness({"0000.png": None}) == ""


def test_of_one_work_all_is_said() -> None:
    assert said_of_nearness({"0000.png": finding(0.9)}) == (
        "0000.png: near copy of waves/3.png by Ida Berg: similarity 0.90, at most 1 % false alarms"
    )


def test_of_several_the_nearest_is_named() -> None:
    assert said_of_nearness({"0000.png": finding(0.1), "0001.png": finding(0.3), "0002.png": None}) == (
        "none of 2 works is a near copy (at most 1 % false alarms); "
        "0001.png is nearest, to waves/3.png by Ida Berg (0.30)"
    )


def test_near_copies_are_counted_and_the_first_are_named() -> None:
    said = said_of_nearness({f"{number:04d}.png": finding(0.9 if number else 0.1) for number in range(8)})
    assert said.startswith("7 of 8 works are near copies (0001.png: near copy of waves/3.png by Ida Berg")
    assert said.endswith("; and 2 more)")
    assert said_of_nearness({"a.png": finding(0.9), "b.png": finding(0.1)}).startswith("1 of 2 works is a near copy (a")
