from sfumato.collection import Picture, Rejected, Summary, unusable


def picture(number: int, **fields: object) -> Picture:
    return Picture(f"{number}.png", f"{number:064x}", 100, 0, 40 + number, 50, False, 0, **fields)


def test_everything_is_counted():
    pictures = [
        picture(0, group="a", category="sea", creator="Ana", licence="CC0-1.0"),
        picture(1, group="a", category="sea", creator="Ana", caption="x"),
        picture(20, group="b", category="hill", split="test"),
    ]
    rejected = [
        Rejected("x", unusable.EMPTY, ""),
        Rejected("y", unusable.DUPLICATE, ""),
        Rejected("z", unusable.EMPTY, ""),
    ]
    summary = Summary.of(pictures, rejected)
    assert summary.pictures == 3
    assert summary.classes == {"hill": 1, "sea": 2}
    assert summary.left_out == {"empty": 2}
    assert (summary.exact_duplicates, summary.near_duplicates, summary.groups) == (1, 1, 2)
    assert (summary.smallest_side, summary.median_side, summary.largest_side) == (40, 41, 50)
    assert summary.licences == {"unknown": 2, "CC0-1.0": 1}
    assert (summary.captions, summary.creators, summary.bytes) == (1, 1, 300)
    assert summary.splits == {"test": 1}
    assert summary.to_json()["pictures"] == 3
