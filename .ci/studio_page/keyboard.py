"""A person with a keyboard alone."""

from __future__ import annotations

import json
from typing import Final

from checks import said
from playwright.sync_api import Page

MOST: Final = 150  # presses of Tab, before it is lost
_FOCUSED: Final = """(() => {
    const element = document.activeElement;
    const named = element.getAttribute("aria-label") ?? element.labels?.[0]?.innerText ?? element.innerText ?? "";
    return JSON.stringify([element.matches(":focus-visible"), named.trim()]);
})()"""


class Keyboard:
    """Goes through a page by Tab and presses keys, and never touches it otherwise."""

    def __init__(self, page: Page) -> None:
        self.page = page
        self._session = page.context.new_cdp_session(page)

    def to(self, name: str, *, back: bool = False) -> None:
        """To what has this name, or begins with it. Raises AssertionError where Tab does not come to it, and where
        nobody sees that it has."""
        passed = []
        for _ in range(MOST):
            is_seen, focused = json.loads(said(self._session, _FOCUSED))
            if focused == name or focused.startswith(name):
                assert is_seen, f"{name} has the focus, and nobody sees it"
                return
            passed.append(focused[:40])
            self.press("Shift+Tab" if back else "Tab")
        raise AssertionError(f"Tab does not come to {name!r}; it passed {passed}")

    def press(self, *keys: str) -> None:
        for key in keys:
            self.page.keyboard.press(key)

    def on(self, name: str, key: str = "Enter", *, back: bool = False) -> None:
        """Press a key on what has this name."""
        self.to(name, back=back)
        self.press(key)
