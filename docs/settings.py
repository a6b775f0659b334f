"""The table of settings in docs/generating.md, from the schema of what can be asked (sfumato.works).

python docs/settings.py writes it anew between its two marks.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any, Final

from sfumato.works.request import CanvasShape, Plain, Request
from sfumato.works.sampler_settings import SamplerSettings

PAGE: Final = Path(__file__).parent / "generating.md"
BEGIN: Final = "<!-- The table of settings: python docs/settings.py makes it. -->"
END: Final = "<!-- The end of the table of settings. -->"
OWN: Final = ("seed", "prompt", "label", "negative", "stage")
ASKED: Final = (Request, OWN), (CanvasShape, ()), (SamplerSettings, ())  # () for all


def table() -> str:
    """Markdown, a line for each setting: its name, how it is typed, its range, what is usual, what it does."""
    lines = ["| setting | option | range | usually | |", "|---|---|---|---|---|"]
    for part, names in ASKED:
        lines += [_line(part, name) for name in names or part.model_fields]
    return "\n".join(lines)


def page() -> str:
    """The whole page, with the table as the schema has it."""
    before, rest = PAGE.read_text("utf-8").split(BEGIN)
    _, after = rest.split(END)
    return f"{before}{BEGIN}\n\n{table()}\n\n{END}{after}"


def _line(part: type[Plain], name: str) -> str:
    field = part.model_fields[name]
    extra = field.json_schema_extra if isinstance(field.json_schema_extra, dict) else {}
    option = f"--set {name}=" if extra.get("rare") else f"--{str(extra.get('option', name)).replace('_', '-')}"
    usual = (
        "" if field.default is None else f"`{field.default:g}`" if _is_number(field.default) else f"`{field.default}`"
    )
    cells = (f"`{name}`", f"`{option}`", _range(part, name), usual, field.description or "")
    return f"| {' | '.join(cells)} |"


def _range(part: type[Plain], name: str) -> str:
    schema: dict[str, Any] = part.model_json_schema()["properties"][name]
    for kind in schema.get("anyOf", [schema]):
        if "enum" in kind:
            return ", ".join(f"`{value}`" for value in kind["enum"])
        if kind.get("type") in ("integer", "number"):
            least, most = kind.get("minimum"), kind.get("maximum", kind.get("exclusiveMaximum"))
            return "0 to 2^63 - 1" if most == 2**63 else f"{_plain(least)} to {_plain(most)}"
    return ""


def _plain(number: float) -> str:
    return f"{number:,.0f}" if number == int(number) else f"{number:g}"


def _is_number(value: object) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool)


if __name__ == "__main__":
    PAGE.write_text(page(), "utf-8")
