"""What holds of every view: nothing that keeps somebody out, no letter that is a box, nothing wider than the screen."""

from __future__ import annotations

import json
import os
from pathlib import Path
from typing import Any, Final

from playwright.sync_api import BrowserContext, CDPSession, Page, expect

VIEWS: Final = ("collection", "train", "create", "gallery", "verify")
NARROW: Final = 320  # CSS pixels
_AXE: Final = """axe.run(document, {resultTypes: ["violations"]}).then(({violations}) => JSON.stringify(violations
    .filter(({impact}) => impact === "serious" || impact === "critical").map(({id, impact, nodes}) =>
        [id, impact, nodes.map(({target, failureSummary}) => target + ": " + failureSummary).join("; ")])))"""
# Elements that have nothing but Thai letters in them.
_THAI: Final = r"""[...document.querySelectorAll("body *")].filter((element) => element.checkVisibility() &&
    element.children.length === 0 && /^[\u0E00-\u0E7F\s]+$/.test(element.textContent) && element.textContent.trim())"""


def said(session: CDPSession, expression: str) -> Any:
    """The value of an expression. The page's policy forbids what Playwright's own ``evaluate`` does with text."""
    found = session.send("Runtime.evaluate", {"expression": expression, "awaitPromise": True, "returnByValue": True})
    if "exceptionDetails" in found:
        raise AssertionError(f"{expression[:80]}: {found['exceptionDetails']}")
    return found["result"].get("value")


def open_view(page: Page, url: str, view: str) -> CDPSession:
    """The view, as far as it is drawn at once. url: of the studio."""
    page.goto(f"{url}/#/{view}")
    expect(page.locator("h1")).to_be_visible()
    return page.context.new_cdp_session(page)


def check_view(page: Page, url: str, view: str, screenshots: Path | None) -> list[str]:
    """What is wrong with a view as it is drawn, in sentences."""
    session = open_view(page, url, view)
    page.wait_for_timeout(300)  # pictures and fonts come in, and what fades is there
    language, theme = said(session, "document.documentElement.lang"), said(session, _SCHEME)
    where = f"{view} ({language}, {theme})"
    _picture(page, view, f"{language}-{theme}", screenshots)
    found = json.loads(said(session, _AXE)) if "AXE" in os.environ else []
    wrong = [f"{where}: {rule} ({impact}): {nodes}" for rule, impact, nodes in found]
    if language == "th":
        wrong += [f"{where}: letters in {font}" for font in thai_fonts(session) if font != "Noto Sans Thai"]
    session.detach()
    return wrong


def _picture(page: Page, view: str, shown: str, screenshots: Path | None) -> None:
    if screenshots is not None:
        page.screenshot(path=screenshots / f"{view.replace('/', '-').partition('?')[0]}-{shown}.png")


_SCHEME: Final = 'matchMedia("(prefers-color-scheme: dark)").matches ? "dark" : "light"'


def thai_fonts(session: CDPSession) -> set[str]:
    """The fonts that Thai letters of the page are drawn with. Spaces between them may be of any."""
    session.send("DOM.enable")
    session.send("CSS.enable")
    session.send("DOM.getDocument")
    fonts = set()
    for place in range(said(session, f"(globalThis.thai = {_THAI}).length")):
        spaces = said(session, rf"(thai[{place}].textContent.match(/\s/g) ?? []).length")
        found = session.send("Runtime.evaluate", {"expression": f"thai[{place}]"})
        node = session.send("DOM.requestNode", {"objectId": found["result"]["objectId"]})["nodeId"]
        used = session.send("CSS.getPlatformFontsForNode", {"nodeId": node})["fonts"]
        fonts |= {font["familyName"] for font in used if font["glyphCount"] > spaces}
    return fonts


def check_width(page: Page, url: str, view: str, screenshots: Path | None) -> list[str]:
    session = open_view(page, url, view)
    page.wait_for_timeout(200)
    _picture(page, view, f"{said(session, 'document.documentElement.lang')}-{NARROW}", screenshots)
    wide = said(session, "document.scrollingElement.scrollWidth - document.scrollingElement.clientWidth")
    session.detach()
    return [f"{view}: {wide} px wider than a screen of {NARROW}"] if wide > 0 else []


def settle(context: BrowserContext, language: str) -> None:
    """The language that its pages will have."""
    context.add_init_script(f"localStorage.setItem('sfumato.language', {json.dumps(json.dumps(language))})")
