"""The studio's page as docs/studio.md shows it: a first visit, its training, a part made anew, the gallery, a verdict.

    python docs/run_studio.py [DIRECTORY]

starts the studio on a temporary directory, and needs Chromium and Playwright. Run it on a machine that does nothing
else: the pictures show what two minutes of training come to.
"""

from __future__ import annotations

import shutil
import sys
import time
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parents[1] / ".ci" / "studio_page"))

from playwright.sync_api import Browser, Page, StorageState, expect, sync_playwright
from server import studio

PICTURES = Path(__file__).parent / "pictures" / "studio"
SIZE = {"width": 1120, "height": 760}
PATIENCE = 400_000  # milliseconds


def main() -> None:
    folder = Path(sys.argv[1]) if len(sys.argv) > 1 else PICTURES
    folder.mkdir(parents=True, exist_ok=True)
    with studio() as opened, sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=shutil.which("chromium"), args=["--no-sandbox"])
        page = browser.new_context(viewport=SIZE).new_page()
        page.set_default_timeout(PATIENCE)
        expect.set_options(timeout=PATIENCE)
        page.goto(opened.entry)
        page.get_by_role("button", name="Begin").click()
        page.get_by_role("button", name="Make four works").click()
        expect(page.get_by_text("Your first works.")).to_be_visible()
        time.sleep(3)
        shot(page, folder / "first.png")
        page.goto(f"{opened.url}/#/train")
        page.get_by_role("main").get_by_role("link").first.click()
        time.sleep(3)
        shot(page, folder / "train.png")
        page.get_by_role("button", name="Make works").click()
        page.get_by_role("radio", name="9", exact=True).check()
        page.get_by_role("button", name="Make", exact=True).click()
        expect(page.locator(".create-cell")).to_have_count(9)
        page.locator(".create-cell").nth(1).click()
        page.get_by_role("button", name="Begin with it").click()
        page.get_by_role("radio", name="Fill a part").check()
        paint(page)
        shot(page, folder / "create.png")
        page.get_by_role("radio", name="4", exact=True).check()
        page.get_by_role("button", name="Fill", exact=True).click()
        expect(page.locator(".create-cell")).to_have_count(4)
        page.goto(f"{opened.url}/#/gallery")
        expect(page.get_by_role("option").first).to_be_visible()
        time.sleep(2)
        shot(page, folder / "gallery.png")
        page.get_by_role("option").first.click()
        page.get_by_role("article").get_by_role("link", name="Verify", exact=True).click()
        expect(page.get_by_text("unchanged since").first).to_be_visible()
        time.sleep(2)
        shot(page, folder / "verify.png")
        on_a_telephone(browser, page.context.storage_state(), opened.url, folder / "telephone.png")
        browser.close()


def paint(page: Page) -> None:
    box = page.get_by_role("application").bounding_box()
    assert box is not None
    x, y = box["x"] + box["width"] / 2, box["y"] + box["height"] / 2
    page.mouse.move(x - 90, y - 30)
    page.mouse.down()
    page.mouse.move(x + 20, y + 50, steps=10)
    page.mouse.move(x + 100, y - 20, steps=10)
    page.mouse.up()
    expect(page.get_by_text("will be new, the rest is kept")).to_be_visible()


def on_a_telephone(browser: Browser, state: StorageState, url: str, path: Path) -> None:
    """In Thai, in the dark."""
    context = browser.new_context(
        viewport={"width": 360, "height": 760}, color_scheme="dark", locale="th-TH", storage_state=state
    )
    page = context.new_page()
    page.goto(f"{url}/#/create")
    time.sleep(3)
    shot(page, path)


def shot(page: Page, path: Path) -> None:
    page.mouse.move(0, 0)
    page.screenshot(path=path)


if __name__ == "__main__":
    main()
