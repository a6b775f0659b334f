"""Pictures of a collection put into another class by keyboard alone, and back."""

from __future__ import annotations

import re

from playwright.sync_api import Page, expect


def sort_by_keyboard(page: Page) -> None:
    """In a collection that is open: choose two pictures, name a new class for them, and undo it."""
    page.get_by_role("listbox", name="Pictures of the collection").focus()
    for key in ("Home", "Space", "Shift+ArrowRight"):
        page.keyboard.press(key)
    expect(page.get_by_text("2 pictures chosen")).to_be_visible()
    page.get_by_role("button", name="Put into a class").press("Enter")
    page.get_by_role("menuitem", name="New class").press("Enter")
    page.get_by_role("textbox", name="Name of the class").fill("night")
    page.keyboard.press("Enter")
    night = page.get_by_role("button", name=re.compile(r"^night 2$"))
    expect(night).to_be_visible()
    page.get_by_role("button", name="Undo").press("Enter")
    expect(night).to_have_count(0)
