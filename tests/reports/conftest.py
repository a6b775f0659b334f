"""A page, read strictly."""

from collections.abc import Callable
from html.parser import HTMLParser

import pytest

VOID = {"meta", "link", "img", "source", "br"}


class Page(HTMLParser):
    """Reads a page strictly: every element is closed in order; the text of each room is kept apart."""

    def __init__(self, html: str) -> None:
        super().__init__()
        self.open: list[str] = []
        self.tags: list[tuple[str, dict[str, str | None]]] = []
        self.rooms = [""]
        self.feed(html)
        self.close()
        assert self.open == []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append((tag, dict(attrs)))
        if tag == "section":
            self.rooms.append("")
        if tag not in VOID:
            self.open.append(tag)

    def handle_startendtag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append((tag, dict(attrs)))

    def handle_endtag(self, tag: str) -> None:
        assert self.open.pop() == tag

    def handle_data(self, data: str) -> None:
        if self.open and self.open[-1] != "style":
            self.rooms[-1] += data

    @property
    def text(self) -> str:
        return " ".join(" ".join(self.rooms).split())

    def room(self, number: int) -> str:
        return " ".join(self.rooms[number].split())

    def all(self, tag: str) -> list[dict[str, str | None]]:
        return [attributes for name, attributes in self.tags if name == tag]

    def alts(self) -> list[str]:
        return [image["alt"] or "" for image in self.all("img")]


@pytest.fixture(scope="session")
def read_page() -> Callable[[str], Page]:
    """(html) -> the page; AssertionError where it is not well formed."""
    return Page
