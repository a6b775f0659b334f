"""The studio's page as people use it, in Chromium: the whole way with a mouse, and again by keyboard alone.

    python .ci/studio_page [--screenshots DIRECTORY]

starts the real server on a temporary directory: pictures are dropped, a model is trained while the page is closed,
works are made with a painted mask, found again, verified, deleted and brought back. Every view is looked at in both
languages, light and dark: by axe-core (its file in the variable AXE; left out without), for letters that are boxes, and
at 320 pixels. Exit code 1 where something is wrong, with a line for each.
"""

from __future__ import annotations

import argparse
import os
import shutil
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Final, Literal

from checks import NARROW, VIEWS, check_view, check_width, settle
from keyboard import Keyboard
from playwright.sync_api import Browser, BrowserContext, Locator, Page, StorageState, expect, sync_playwright
from server import Studio, studio
from sorting import sort_by_keyboard

from sfumato.collection.drawn import CLASSES, draw

CHROMIUM: Final = os.environ.get("CHROMIUM") or shutil.which("chromium")
PATIENCE: Final = 90.0  # seconds that something may take while a training has the cores
PICTURES: Final = 60
TABS: Final = 10
Scheme = Literal["light", "dark"]
SCHEMES: Final[tuple[Scheme, ...]] = ("light", "dark")
WORKS: Final = 4


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--screenshots", type=Path)
    screenshots: Path | None = parser.parse_args().screenshots
    if CHROMIUM is None:
        print("Chromium is not installed; the page is not looked at: apt-get install chromium")
        return 0
    if screenshots is not None:
        screenshots.mkdir(parents=True, exist_ok=True)
    expect.set_options(timeout=1000 * PATIENCE)
    with studio() as opened, sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=CHROMIUM, args=["--no-sandbox"])
        wrong = Way(opened, browser, screenshots).walk()
        browser.close()
    for sentence in wrong:
        print(f"  wrong: {sentence}")
    return 1 if wrong else 0


class Way:
    """One person's way through a studio. What is wrong but stops nobody is collected; what stops them is raised."""

    def __init__(self, opened: Studio, browser: Browser, screenshots: Path | None) -> None:
        self.studio, self.browser, self.screenshots = opened, browser, screenshots
        self.wrong: list[str] = []
        self.things: list[str] = []  # addresses of one collection, one training, one work and one verdict
        self.context = self._context(1280, 860)
        self.page = self.context.new_page()

    def walk(self) -> list[str]:
        steps: list[Callable[[], None]] = [
            self.enter,
            self.collect,
            self.train_while_the_page_is_closed,
            self.see_the_training_end,
            self.fill_a_painted_mask,
            self.find_and_verify,
            self.delete_and_undo,
            self.look_at_all_views,
            self.see_it_in_ten_tabs,
            self.go_by_keyboard,
        ]
        for step in steps:
            began = time.monotonic()
            try:
                step()
            except Exception:
                if self.screenshots is not None:
                    self.page.screenshot(path=self.screenshots / f"{step.__name__}.png", full_page=True)
                raise
            print(f"  {step.__name__.replace('_', ' ')}: {time.monotonic() - began:.1f} s", flush=True)
        return self.wrong

    def enter(self) -> None:
        self.page.goto(self.studio.entry)
        expect(self.page.get_by_role("link", name="Collection", exact=True).first).to_be_visible()
        self.state = self.context.storage_state()

    def collect(self) -> None:
        pictures = self.studio.directory / "art"
        for number in range(PICTURES):
            kind = CLASSES[number % len(CLASSES)]
            (pictures / kind).mkdir(parents=True, exist_ok=True)
            draw(kind, number, 64).save(pictures / kind / f"{number:02d}.png")
        self._view("collection")
        self.page.locator("input[webkitdirectory]").set_input_files(pictures)
        self.page.get_by_role("textbox", name="Name", exact=True).fill("Drawings")
        self.page.get_by_role("button", name="Collect", exact=True).click()
        expect(self.page.get_by_role("link", name="Train on it")).to_be_visible()
        self._keep_address()
        sort_by_keyboard(self.page)
        self.page.get_by_role("link", name="Train on it").click()
        expect(self.page.get_by_role("combobox", name="Pictures to learn from")).to_be_visible()

    def train_while_the_page_is_closed(self) -> None:
        self.page.get_by_role("spinbutton", name="How long").fill("1")
        self.page.get_by_role("button", name="Start", exact=True).click()
        expect(self.page.get_by_role("progressbar").first).to_be_visible()
        self.page.close()
        time.sleep(5)
        self.page = self._new_page(self.context)
        self._view("train")
        expect(self.page.get_by_role("link", name="Drawings").first).to_be_visible()

    def see_the_training_end(self) -> None:
        self.page.get_by_role("link", name="Drawings").first.click()
        expect(self.page.get_by_role("button", name="Make works")).to_be_visible()
        self._keep_address()
        self.page.get_by_role("button", name="Make works").click()
        self.page.get_by_role("button", name="Make", exact=True).click()
        expect(self._works()).to_have_count(WORKS)

    def fill_a_painted_mask(self) -> None:
        self._works().first.click()
        self.page.get_by_role("button", name="Begin with it").click()
        self.page.get_by_role("radio", name="Fill a part").check()
        box = self.page.get_by_role("application").bounding_box()
        assert box is not None
        x, y = box["x"] + box["width"] / 2, box["y"] + box["height"] / 2
        self.page.mouse.move(x - 60, y)
        self.page.mouse.down()
        self.page.mouse.move(x + 60, y + 40, steps=12)
        self.page.mouse.up()
        expect(self.page.get_by_text("will be new, the rest is kept")).to_be_visible()
        self.page.keyboard.press("Control+z")
        expect(self.page.get_by_role("button", name="Fill", exact=True)).to_be_disabled()
        self.page.keyboard.press("Control+y")
        self.page.get_by_role("radio", name="1", exact=True).check()
        self.page.get_by_role("button", name="Fill", exact=True).click()
        expect(self.page.get_by_role("button", name="Begin with it")).to_be_visible()

    def find_and_verify(self) -> None:
        self._view("gallery")
        self.page.get_by_role("searchbox", name="Search the works").fill("kind:inpaint")
        works = self.page.get_by_role("option")
        expect(works).to_have_count(1)
        works.first.click()
        self._keep_address()
        self.page.get_by_role("article").get_by_role("link", name="Verify", exact=True).click()
        expect(self.page.get_by_text("unchanged since").first).to_be_visible()
        self._keep_address()

    def delete_and_undo(self) -> None:
        self._view("gallery")
        self.page.get_by_role("searchbox", name="Search the works").fill("")
        works = self.page.get_by_role("option")
        expect(works).to_have_count(WORKS + 1)
        self.page.get_by_role("listbox").focus()
        self.page.keyboard.press("Delete")
        expect(works).to_have_count(WORKS)
        self.page.get_by_role("button", name="Undo").click()
        expect(works).to_have_count(WORKS + 1)

    def look_at_all_views(self) -> None:
        """Each view, and what it shows of one thing."""
        for language in ("en", "th"):
            for scheme in SCHEMES:
                context = self._context(1280, 860, language=language, scheme=scheme, state=self.state)
                page = self._new_page(context)
                for view in (*VIEWS, *self.things):
                    self.wrong += check_view(page, self.studio.url, view, self.screenshots)
                if scheme == "light":
                    page.set_viewport_size({"width": NARROW, "height": 720})
                    for view in (*VIEWS, *self.things):
                        self.wrong += check_width(page, self.studio.url, view, self.screenshots)
                context.close()

    def see_it_in_ten_tabs(self) -> None:
        tabs = [self._new_page(self.context) for _ in range(TABS - 1)]
        for tab in tabs:
            tab.goto(f"{self.studio.url}/#/create")
        for tab in tabs:
            expect(tab.get_by_role("button", name="Make", exact=True)).to_be_visible()
        shown = tabs[-1].get_by_label("Latest works").get_by_role("button")
        expect(shown.first).to_be_visible()
        before = shown.count()
        self._view("create")
        self.page.reload()  # without the picture that was filled
        self.page.get_by_role("radio", name="1", exact=True).check()
        self.page.get_by_role("button", name="Make", exact=True).click()
        for tab in tabs:
            expect(tab.get_by_label("Latest works").get_by_role("button")).to_have_count(before + 1)
            tab.close()

    def go_by_keyboard(self) -> None:
        """From the first page to a part made anew, its verdict, and what was deleted brought back."""
        context = self._context(1280, 860, state=self.state)
        page = self._new_page(context)
        keys = Keyboard(page)
        page.goto(f"{self.studio.url}/#/")
        keys.on("Create")
        keys.on("Choose a picture")
        expect(page.get_by_role("menuitem").first).to_be_focused()
        keys.press("ArrowDown", "Enter")
        dialog = page.get_by_role("dialog")
        expect(dialog).to_be_visible()
        keys.to("Close")
        keys.press("Tab", "Enter")
        keys.to("Remake")
        keys.press("ArrowRight")
        keys.on("Rectangle by numbers", back=True)
        keys.on("Make new")
        expect(page.get_by_text("will be new, the rest is kept")).to_be_visible()
        keys.press("Control+Enter")
        expect(self._works(page)).to_have_count(WORKS)
        keys.on("Look at")
        keys.on("In the gallery")
        expect(page.get_by_role("article").get_by_role("link", name="Verify", exact=True)).to_be_visible()
        keys.on("Verify")
        expect(page.get_by_text("unchanged since").first).to_be_visible()
        keys.on("Gallery", back=True)
        works = page.get_by_role("option")
        expect(works.first).to_be_visible()
        before = works.count()
        keys.on("Works", "Delete")
        expect(works).to_have_count(before - 1)
        keys.on("Undo")
        expect(works).to_have_count(before)
        context.close()

    def _works(self, page: Page | None = None) -> Locator:
        return (page or self.page).locator(".create-cell")

    def _keep_address(self) -> None:
        self.things.append(self.page.url.partition("#/")[2])

    def _view(self, name: str) -> None:
        self.page.goto(f"{self.studio.url}/#/{name}")
        expect(self.page.locator("h1")).to_be_visible()

    def _new_page(self, context: BrowserContext) -> Page:
        page = context.new_page()
        page.on("pageerror", lambda error: self.wrong.append(f"{page.url}: {error}"))
        page.on("request", lambda request: self._is_ours(request.url))
        return page

    def _is_ours(self, url: str) -> None:
        if not url.startswith((self.studio.url, "data:", "blob:")):
            self.wrong.append(f"a request beyond the studio: {url}")

    def _context(
        self,
        width: int,
        height: int,
        *,
        language: str = "en",
        scheme: Scheme = "light",
        state: StorageState | None = None,
    ) -> BrowserContext:
        context = self.browser.new_context(
            viewport={"width": width, "height": height}, color_scheme=scheme, storage_state=state
        )
        context.set_default_timeout(1000 * PATIENCE)
        settle(context, language)
        if axe := os.environ.get("AXE"):
            context.add_init_script(path=axe)
        return context


if __name__ == "__main__":
    sys.exit(main())
