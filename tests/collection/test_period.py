"""What people write of when a picture was made is read as they mean it, and nothing that is no date passes for one."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sfumato.collection.period import LATEST, Period, century_name, period_of

YEARS = st.integers(100, LATEST)


@pytest.mark.parametrize(
    ("text", "first", "last"),
    [
        ("1888", 1888, 1888),
        ("ca. 1890", 1890, 1890),
        ("c.1503–06", 1503, 1506),
        ("1890/91", 1890, 1891),
        ("1890-5", 1890, 1895),
        ("between 1885 and 1890", 1885, 1890),
        ("1890 bis 1895", 1890, 1895),
        ("Edo period (1615–1868)", 1615, 1868),
        ("1888-05-01", 1888, 1888),
        ("1888-05", 1888, 1888),
        ("1903-06", 1903, 1906),  # June, or three years more: both lie in it
        ("2004:05:01 12:00:00", 2004, 2004),
        ("1789-07-14T00:00:00Z", 1789, 1789),
        ("05.12.1888", 1888, 1888),
        ("12/05/1888", 1888, 1888),
        ("5 May 1888", 1888, 1888),
        ("modelled 1880, cast 1912", 1880, 1880),
        ("1880s", 1880, 1889),
        ("in the mid 1860s", 1863, 1866),
        ("1800s", 1800, 1899),
        ("19th century", 1801, 1900),
        ("late 19th century", 1861, 1900),
        ("first half of the 18th century", 1701, 1750),
        ("2nd quarter 16th century", 1526, 1550),
        ("16th/17th century", 1501, 1700),
        ("XIXe siècle", 1801, 1900),
        ("sec. XVI", 1501, 1600),
        ("siglo XVII", 1601, 1700),
        ("19. Jh.", 1801, 1900),
        ("20th c.", 1901, 2000),
        ("500 b.c.", -500, -500),
        ("500-450 BC", -500, -450),
        ("5th century BC", -500, -401),
        ("1200 BCE", -1200, -1200),
        ("AD 79", 79, 79),
        ("79 A.D.", 79, 79),
    ],
)
def test_a_date_in_words_is_read_as_it_is_meant(text: str, first: int, last: int) -> None:
    assert period_of(text) == Period(first, last)


@pytest.mark.parametrize(
    "text",
    ["", "n.d.", "unknown", "before 1900", "not after 1650", "0000", "9999", "12345", "1,200 copies", "1850-1500"],
)
def test_what_is_no_date_or_an_open_one_is_not_read(text: str) -> None:
    assert period_of(text) is None


@pytest.mark.parametrize(
    ("first", "last", "century"),
    [
        (1, 1, 1),
        (100, 100, 1),
        (101, 101, 2),
        (1801, 1900, 19),
        (1900, 1900, 19),
        (1890, 1910, 19),
        (-1, -1, -1),
        (-100, -100, -1),
        (-101, -101, -2),
        (-500, -401, -5),
        (1501, 1700, None),
        (-300, 300, None),
    ],
)
def test_a_period_lies_in_the_century_of_its_middle_unless_it_is_wider(
    first: int, last: int, century: int | None
) -> None:
    assert Period(first, last).century == century


def test_centuries_have_their_names() -> None:
    assert [century_name(number) for number in (1, 2, 3, 4, 11, 12, 13, 19, 21, -5)] == [
        *("1st century", "2nd century", "3rd century", "4th century", "11th century", "12th century", "13th century"),
        *("19th century", "21st century", "5th century BC"),
    ]


@given(
    YEARS, st.sampled_from(["{}", "ca. {}", "c. {}", "{}?", "um {}", "vers {}", "signed {}", "{}-03-15", "15.3.{:04}"])
)
def test_a_year_of_four_digits_is_found_however_it_is_dressed(year: int, dress: str) -> None:
    year = max(year, 1000)
    assert period_of(dress.format(year)) == Period(year, year)


@given(YEARS, st.integers(0, 400), st.sampled_from(["{}-{}", "{} – {}", "{} to {}", "{}/{}", "from {} until {}"]))
def test_a_span_is_read_from_its_first_year_to_its_last(first: int, years: int, dress: str) -> None:
    last = min(first + years, LATEST)
    if len(str(first)) == len(str(last)) == 4:
        assert period_of(dress.format(first, last)) == Period(first, last)


@given(st.integers(4, 20))
def test_a_century_is_the_same_in_all_ways_to_write_it(century: int) -> None:
    roman = [
        "iv",
        "v",
        "vi",
        "vii",
        "viii",
        "ix",
        "x",
        "xi",
        "xii",
        "xiii",
        "xiv",
        "xv",
        "xvi",
        "xvii",
        "xviii",
        "xix",
        "xx",
    ]
    written = roman[century - 4]
    ways = [f"{century}th century", f"{century}. Jahrhundert", f"{written.upper()}e siècle", f"sec. {written.upper()}"]
    assert {period_of(way) for way in ways} == {Period(100 * century - 99, 100 * century)}


@given(st.text(max_size=20) | st.text("0123456789 -/.bcadsthivxr", max_size=24))
def test_any_text_has_a_period_in_order_or_none(text: str) -> None:
    period = period_of(text)
    if period is not None:
        assert period.first and period.last and period.first <= period.last <= LATEST
        century = period.century
        assert century is None or century_name(century)
