"""What the documentation's site shows beside docs/: what its root and benchmarks/ hold, with links that lead there.

MkDocs calls these functions by their names (its hooks).
"""

from __future__ import annotations

import ast
import re
from pathlib import Path, PurePosixPath
from posixpath import normpath, relpath
from typing import Any

from mkdocs.structure.files import File

ROOT = Path(__file__).parents[1]
SOURCE = ROOT / "src" / "sfumato"
# Where each stands in the repository, and in the site; all else of docs/ stands a folder higher there.
PAGES = {
    name: {"README.md": "index.md"}.get(name, name)
    for name in (
        "README.md",
        "CHANGELOG.md",
        "CONTRIBUTING.md",
        "CODE_OF_CONDUCT.md",
        "CITATION.cff",
        "Dockerfile",
        "benchmarks/README.md",
        "benchmarks/log.md",
    )
}
_LINK = re.compile(r"(\]\(|<img src=\")([^)#\s:\"]+)((?:#[^)\s]*)?[)\"])")


def on_files(files: Any, config: Any) -> Any:
    for source, place in PAGES.items():
        files.append(File.generated(config, place, content=(ROOT / source).read_text("utf-8")))
    for room in sorted(SOURCE.iterdir()):
        if (room / "__init__.py").is_file():
            files.append(File.generated(config, f"reference/{room.name}.md", content=reference(room)))
    return files


def reference(room: Path) -> str:
    """The page of a room: what its package says of it, then each of its modules from the docstrings."""
    said = ast.get_docstring(ast.parse((room / "__init__.py").read_text("utf-8"))) or ""
    modules = sorted(path.stem for path in room.glob("*.py") if path.stem != "__init__")
    modules += sorted(f"{path.parent.name}.{path.stem}" for path in room.glob("*/*.py") if path.stem != "__init__")
    return f"# sfumato.{room.name}\n\n{said}\n\n" + "\n\n".join(
        f"::: sfumato.{room.name}.{module}" for module in modules
    )


def on_page_markdown(markdown: str, page: Any, **_: Any) -> str:
    place = page.file.src_uri
    source = next((source for source, there in PAGES.items() if there == place), f"docs/{place}")
    return _LINK.sub(lambda found: found[1] + in_the_site(found[2], source, place) + found[3], markdown)


def in_the_site(link: str, source: str, place: str) -> str:
    """A link of a page of the repository, as it has to be in the site.

    source: of that page in the repository; place: in the site.
    """
    target = normpath(PurePosixPath(source).parent / link)
    there = PAGES.get(target, target.removeprefix("docs/"))
    return relpath(there, PurePosixPath(place).parent)
