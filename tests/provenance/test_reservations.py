import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sfumato.provenance.reservations import NAMES, parse_reservation


def reserved(text: str, name: str, *files: str) -> list[str]:
    found = parse_reservation(text.encode(), name)
    assert found is not None
    return [file for file in files if found.of(file)]


def test_a_robots_file_counts_where_it_keeps_out_who_gathers_for_training() -> None:
    files = ("a.png", "sea/b.png", "open/c.png")
    named = "User-agent: GPTBot\nDisallow: /\nAllow: /open/\n\nUser-agent: *\nDisallow:\n"
    assert reserved(named, "robots.txt", *files) == ["a.png", "sea/b.png"]
    assert reserved("User-agent: *\nDisallow: /sea\n", "robots.txt", *files) == ["sea/b.png"]
    others = "User-agent: Googlebot\nDisallow: /\nUser-agent: *\nAllow: /\n"
    assert reserved(others, "robots.txt", *files) == []
    assert reserved("User-agent: Googlebot\nUser-agent: CCBot\nDisallow: /*.png$\n", "robots.txt", *files) == [*files]
    assert reserved("# none\nSitemap: https://example.org/x\n", "robots.txt", *files) == []


def test_lines_on_training_itself_count_for_whomever_they_are() -> None:
    signal = "User-agent: *\nContent-Signal: search=yes, ai-train=no\nAllow: /\n"
    assert reserved(signal, "robots.txt", "a.png") == ["a.png"]
    assert reserved(signal.replace("ai-train=no", "ai-train=yes"), "robots.txt", "a.png") == []
    assert reserved("User-agent: *\nContent-Usage: /sea train-ai=n\n", "robots.txt", "a.png", "sea/b.png") == [
        "sea/b.png"
    ]
    assert reserved("User-agent: Googlebot\nDisallowAITraining: /\n", "robots.txt", "a.png") == ["a.png"]


def test_an_ai_file_counts_for_all() -> None:
    text = "User-Agent: *\nDisallow: *.jpg\nDisallow: *.png\nAllow: *.webp\n"
    assert reserved(text, "ai.txt", "a.png", "b/c.jpg", "d.webp") == ["a.png", "b/c.jpg"]
    assert reserved("User-Agent: Somebody\nDisallow: /\n", "ai.txt", "a.png") == ["a.png"]


def test_tdmrep_reserves_what_its_locations_fit() -> None:
    rules = [
        {"location": "/", "tdm-reservation": 1, "tdm-policy": "https://example.org/policy.json"},
        {"location": "/open/*", "tdm-reservation": 0},
        {"location": "https://example.org/open/not%20this", "tdm-reservation": 1},
    ]
    files = ("a.png", "open/b.png", "open/not this.png")
    assert reserved(json.dumps(rules), "tdmrep.json", *files) == ["a.png", "open/not this.png"]
    assert reserved(json.dumps({"tdm-reservation": "1"}), "tdmrep.json", *files) == [*files]


@pytest.mark.parametrize("text", ["", "{", "[1]", '[{"location": "/"}]', "[" * 100_000])
def test_a_tdmrep_that_is_none_is_none(text: str) -> None:
    assert parse_reservation(text.encode(), "tdmrep.json") is None


@given(
    st.lists(
        st.sampled_from(
            [
                "User-agent: *",
                "User-agent: GPTBot",
                "Disallow: /",
                "Allow: *",
                "Disallow: *a*b*c$",
                "x",
                ":",
                "Disallow:",
            ]
        )
    ),
    st.text(max_size=100),
    st.sampled_from(NAMES),
    st.text(max_size=60),
)
def test_any_text_is_read(lines: list[str], more: str, name: str, file: str) -> None:
    found = parse_reservation("\n".join([*lines, more]).encode("utf-8", "surrogatepass"), name)
    assert found is None or isinstance(found.of(file), str)


def test_many_stars_take_no_time() -> None:
    text = f"User-agent: *\nDisallow: {'*a' * 300}b\n"
    assert reserved(text, "robots.txt", "a" * 200) == []


@pytest.mark.parametrize(
    ("pattern", "fits"),
    [
        ("/", True), ("/sea/a.png", True),
        ("/sea/a.png$", True), ("/sea$", False), ("/s*.png$", True), ("*.png$", True),
        ("*.pn$", False), ("/*a*a.png", True), ("/sea/a.p*png$", False), ("/hill", False), ("sea", True),
        ("/%73ea", True),
    ],
)  # fmt: skip
def test_patterns_are_those_of_robots_files(pattern: str, fits: bool) -> None:
    assert bool(reserved(f"User-agent: *\nDisallow: {pattern}\n", "robots.txt", "sea/a.png")) is fits
