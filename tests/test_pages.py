"""The pages are true: their links lead somewhere, and every command in them is one that the program takes."""

import re
import shlex
from pathlib import Path

import pytest
import typer

from sfumato.cli.app import application

ROOT = Path(__file__).parents[1]
PAGES = [ROOT / "README.md", ROOT / "CONTRIBUTING.md", *sorted((ROOT / "docs").rglob("*.md"))]


def name_of(page: Path) -> str:
    return page.relative_to(ROOT).as_posix()


def anchors_of(page: Path) -> set[str]:
    """As GitHub and the site make them of headings."""
    headings = re.findall(r"^#+ (.+)$", page.read_text("utf-8"), re.MULTILINE)
    return {re.sub(r"[^\w\- ]", "", heading.lower()).strip().replace(" ", "-") for heading in headings}


@pytest.mark.parametrize("page", PAGES, ids=name_of)
def test_a_pages_links_lead_to_what_is_there(page: Path) -> None:
    text = page.read_text("utf-8")
    pictures = [(place, "") for place in re.findall(r'<img src="([^"]+)"', text)]
    for place, anchor in re.findall(r"\]\(([^)#\s]*)(?:#([^)\s]+))?\)", text) + pictures:
        if place.startswith(("http:", "https:")):
            continue
        target = (page.parent / place).resolve() if place else page
        assert target.exists(), place
        if anchor:
            assert anchor in anchors_of(target), f"{place}#{anchor}"


def commands() -> list[str]:
    """Every line of a block in a page that begins with the program's name, as a shell would read it."""
    fenced = re.compile(r"^```\w*\n(.*?)^```", re.DOTALL | re.MULTILINE)
    blocks = (block for page in PAGES for block in fenced.findall(page.read_text("utf-8")))
    lines = (part.strip() for block in blocks for line in block.splitlines() for part in line.split("&&"))
    return sorted({line for line in lines if line.startswith("sfumato ")})


@pytest.mark.parametrize("line", commands())
def test_a_command_in_a_page_is_one(line: str) -> None:
    name, *arguments = shlex.split(line, comments=True)[1:]
    if name.startswith("-"):
        return
    command = typer.main.get_command(application()).commands[name]  # type: ignore[attr-defined]
    while hasattr(command, "commands"):  # a group
        name, *arguments = arguments
        command = command.commands[name]
    with command.make_context(name, arguments) as context:  # raises where it is not what the command takes
        assert not context.args


def test_the_table_of_print_sizes_is_what_the_formula_beside_it_gives() -> None:
    page = (ROOT / "docs" / "printing.md").read_text("utf-8")
    rows = re.findall(r"^\| ([\d,]+) \| ([\d.]+) \| ([\d.]+) \|", page, re.MULTILINE)
    assert len(rows) == 8
    for pixels, fine, coarse in ((int(row[0].replace(",", "")), *row[1:]) for row in rows):
        assert (fine, coarse) == (f"{pixels * 2.54 / 300:.1f}", f"{pixels * 2.54 / 150:.1f}")
