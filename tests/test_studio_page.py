"""The studio's page is whole, small, its libraries are the ones that were reviewed, and it speaks both languages."""

import base64
import hashlib
import json
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from sfumato.studio.server.pages import page_files

PAGE = Path(__file__).parents[1] / "src" / "sfumato" / "studio" / "page"
LANGUAGES = ("en", "th")
OWN = sorted(path for path in PAGE.rglob("*.js") if "vendor" not in path.parts)
INDEX = (PAGE / "index.html").read_text(encoding="utf-8")
IMPORTS: dict[str, str] = json.loads(re.findall(r'<script type="importmap">(.*?)</script>', INDEX, re.DOTALL)[0])[
    "imports"
]
FIRST_VIEW = 300_000  # bytes, fonts excepted
# Attributes and properties of our parts that people read or hear.
SPOKEN = {
    "title",
    "alt",
    "placeholder",
    "aria-label",
    "aria-valuetext",
    "aria-description",
    "label",
    "hint",
    "text",
    "unit",
}
# Not words of any language.
NAMES = {"sfumato", "px", "The Met", "Art Institute of Chicago", "Cleveland Museum of Art"}


def name_of(path: Path) -> str:
    return path.relative_to(PAGE).as_posix()


def catalogue(language: str, name: str) -> dict[str, Any]:
    found: dict[str, Any] = json.loads((PAGE / "locales" / language / f"{name}.json").read_text(encoding="utf-8"))
    return found


CATALOGUES = sorted(path.stem for path in (PAGE / "locales" / "en").glob("*.json"))


def test_the_libraries_are_the_bytes_that_were_fetched_each_with_its_licence() -> None:
    listed = json.loads((PAGE / "vendor.json").read_text(encoding="utf-8"))
    files = {name: file["sha256"] for library in listed for name, file in library["files"].items()}
    there = {name_of(path) for folder in ("vendor", "fonts") for path in (PAGE / folder).rglob("*") if path.is_file()}
    assert files.keys() == there
    assert files == {name: hashlib.sha256((PAGE / name).read_bytes()).hexdigest() for name in files}
    folders = {Path(name).parent for name in files}
    assert {folder for folder in folders if (PAGE / folder / "LICENSE").exists()} == folders


def imported(path: Path) -> Iterator[Path]:
    """What a module imports when it is loaded, as files; later imports, `import(…)`, are not among them."""
    for name in re.findall(r'(?:\bfrom|^import)\s*"([\w@./-]+)"', path.read_text(encoding="utf-8"), re.MULTILINE):
        yield PAGE / IMPORTS[name].lstrip("/") if name in IMPORTS else (path.parent / name).resolve()


def test_every_import_of_the_page_leads_to_a_file_of_the_package() -> None:
    assert all((PAGE / target.lstrip("/")).is_file() for target in IMPORTS.values())
    modules = [*OWN, *(PAGE / target.lstrip("/") for target in IMPORTS.values())]
    missing = [f"{name_of(path)}: {target}" for path in modules for target in imported(path) if not target.is_file()]
    assert not missing


def test_the_page_names_no_address_but_its_own() -> None:
    outside = re.compile(r"""["'`(](?:https?:)?//(?!www\.w3\.org/)""")
    files = [*OWN, *PAGE.glob("*.css"), *PAGE.glob("*.html"), *PAGE.glob("*.svg")]
    assert not [name_of(path) for path in files if outside.search(path.read_text(encoding="utf-8"))]
    assert INDEX.count("<script") == len(
        re.findall(r'<script (?:type="module" )?src="/|<script type="importmap">', INDEX)
    )


def test_the_policy_lets_the_import_map_in_and_no_other_inline_script() -> None:
    served = page_files()["/"]
    import_map = re.findall(r'<script type="importmap">(.*?)</script>', served.data.decode(), re.DOTALL)[0]
    digest = base64.b64encode(hashlib.sha256(import_map.encode()).digest()).decode()
    assert re.findall(r"'sha256-([^']+)'", served.policy) == [digest]
    assert "unsafe" not in served.policy
    assert "require-trusted-types-for 'script'" in served.policy


def test_the_server_serves_every_file_that_the_page_asks_for() -> None:
    served = page_files().keys()
    asked = {f"/{name_of(path)}" for path in (*OWN, *PAGE.glob("*.css"), *PAGE.rglob("*.woff2"), *PAGE.rglob("*.svg"))}
    asked |= {f"/locales/{language}/{name}.json" for language in LANGUAGES for name in CATALOGUES}
    assert asked | set(IMPORTS.values()) <= served


def needed(module: Path, found: set[Path]) -> set[Path]:
    if module not in found:
        found.add(module)
        for target in imported(module):
            needed(target, found)
    return found


def views() -> dict[str, Path]:
    text = (PAGE / "views.js").read_text(encoding="utf-8")
    return {name: PAGE / target for name, target in re.findall(r'(\w+): \(\) => import\("\./([^"]+)"\)', text)}


@pytest.mark.parametrize("view", sorted(views()))
def test_a_view_with_all_that_is_around_it_is_small(view: str) -> None:
    if not views()[view].is_file():
        pytest.skip(f"{view} is not there yet")
    files = {PAGE / "index.html", PAGE / "theme.js", PAGE / "icon.svg", PAGE / "style.css", PAGE / f"{view}.css"}
    files |= needed(PAGE / "app.js", set()) | needed(views()[view], set())
    files |= {PAGE / "locales" / "th" / f"{name}.json" for name in ("shared", view)}  # Thai takes more bytes
    assert sum(path.stat().st_size for path in files) < FIRST_VIEW


@pytest.mark.parametrize("path", OWN, ids=name_of)
def test_a_module_is_one_concept_in_at_most_300_lines(path: Path) -> None:
    lines = path.read_text(encoding="utf-8").splitlines()
    assert len(lines) <= 300
    assert path.name == "icon.js" or max(map(len, lines)) <= 200


def slots(words: str | dict[str, str]) -> set[str]:
    """The names between braces; of words for several numbers those of all of them."""
    texts = [words] if isinstance(words, str) else list(words.values())
    return {name for text in texts for name in re.findall(r"\{(\w+)\}", text)}


@pytest.mark.parametrize("name", CATALOGUES)
def test_both_languages_say_the_same_things_with_the_same_slots(name: str) -> None:
    english, thai = (catalogue(language, name) for language in LANGUAGES)
    assert english.keys() == thai.keys()
    assert {key: slots(words) for key, words in english.items()} == {key: slots(words) for key, words in thai.items()}
    for words, forms in ((english, {"one", "other"}), (thai, {"other"})):
        assert {frozenset(one) for one in words.values() if not isinstance(one, str)} <= {frozenset(forms)}
    assert name == "shared" or all(key.startswith(f"{name}.") for key in english)


@pytest.mark.parametrize("name", CATALOGUES)
def test_no_english_is_left_in_the_thai_words(name: str) -> None:
    def texts(words: str | dict[str, str]) -> list[str]:
        return [words] if isinstance(words, str) else list(words.values())

    left = {
        key: text
        for key, words in catalogue("th", name).items()
        for text in texts(words)
        if not re.search(r"[\u0e00-\u0e7f]", text) and re.search(r"[a-z]{3}", re.sub(r"\{\w+\}", "", text))
    }
    assert not left


def test_every_word_that_the_page_asks_for_is_there() -> None:
    keys = {key for name in CATALOGUES for key in catalogue("en", name)}
    missing = []
    for path in OWN:
        text = path.read_text(encoding="utf-8")
        missing += [
            f"{name_of(path)}: {key}" for key in re.findall(r'\b(?:t|rich)\(\s*"([^"]+)"', text) if key not in keys
        ]
        for prefix in re.findall(r"\b(?:t|rich)\(\s*`([\w.-]+)\$\{", text):
            if not any(key.startswith(prefix) for key in keys):
                missing.append(f"{name_of(path)}: {prefix}…")
    assert not missing


def test_no_word_is_kept_that_the_page_never_asks_for() -> None:
    text = "\n".join(path.read_text(encoding="utf-8") for path in OWN)
    prefixes = tuple(re.findall(r"`([\w-]+\.[\w.-]*)\$\{", text))
    literal = set(re.findall(r"""["'`]([\w.-]+)["'`]""", text))
    unused = [
        key
        for name in CATALOGUES
        for key in catalogue("en", name)
        if key not in literal and not key.startswith(prefixes)
    ]
    assert not unused


def templates(source: str) -> Iterator[str]:
    """Each html`…` of a module, with \\0 in place of every ${…}; those within others come by themselves."""
    for match in re.finditer(r"html`", source):
        yield _template(source, match.end())[0]


def _template(source: str, at: int) -> tuple[str, int]:
    """The template literal that begins at `at`, and where it ends."""
    text = ""
    while source[at] != "`":
        if source.startswith("${", at):
            at = _expression(source, at + 2)
            text += "\0"
        else:
            at += 2 if source[at] == "\\" else 1
            text += source[at - 1]
    return text, at + 1


def _expression(source: str, at: int) -> int:
    """Where the ${…} ends whose content begins at `at`."""
    while source[at] != "}":
        if source[at] == "{":
            at = _expression(source, at + 1)
        elif source[at] == "`":
            at = _template(source, at + 1)[1]
        elif source[at] in "\"'":
            at = re.compile(r"""(["'])(?:\\.|(?!\1).)*\1""").match(source, at).end()  # type: ignore[union-attr]
        else:
            at += 1
    return at + 1


def literal_words(template: str) -> list[str]:
    """What people would read of a template whatever the language: text between tags, and what attributes say."""
    tags = re.compile(r"""<[/\w\0.-]*(?:"[^"]*"|'[^']*'|[^<>"'])*>""")
    between = [text.replace("\0", " ").strip() for text in tags.split(template)]
    spoken = [
        value.replace("\0", "").strip()
        for tag in tags.findall(template)
        for name, value in re.findall(r"""([\w-]+)=(?:"([^"]*)")""", tag)
        if name in SPOKEN
    ]
    return [text for text in (*between, *spoken) if re.search(r"[^\W\d_]", text) and text not in NAMES]


@pytest.mark.parametrize("path", OWN, ids=name_of)
def test_no_template_holds_words_of_one_language(path: Path) -> None:
    source = path.read_text(encoding="utf-8")
    code = re.sub(r"^\s*//.*$", "", source, flags=re.MULTILINE)
    words = [text for template in templates(code) for text in literal_words(template)]
    # What is put into a template from the code around it, as with a condition: 'Saved now' where t('…') belongs.
    words += re.findall(r'"([A-Z][a-z]+ [^"]*)"', code)
    assert not set(words) - NAMES


@pytest.mark.parametrize(
    ("template", "words"),
    [
        ("<p>\0</p>", []),
        ("<p>Hello \0</p>", ["Hello"]),
        ('<\0 label="Name" value=\0 />', ["Name"]),
        ('<a class="button quiet" href="#/">sfumato</a>', []),
        ("<b>ลบ</b>", ["ลบ"]),
    ],
)
def test_literal_words_are_found(template: str, words: list[str]) -> None:
    assert literal_words(template) == words
