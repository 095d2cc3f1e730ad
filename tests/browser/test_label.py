"""The Label page in a browser: five by keys, a batch at once, all there after a reload, then training."""

import re
import shutil
from pathlib import Path

from playwright.sync_api import Page, expect

from core.datasets.edits.actions import from_json
from tests.browser.axe import assert_nothing_serious, in_light_and_dark
from tests.browser.conftest import Watched
from tests.browser.test_accessibility import SIZES, resized
from tests.pages.test_label import unnamed

QUESTION = ".st-key-label_question"
KEYS = {"cat": "1", "dog": "2"}


def photos_in(folder: Path, drawn: Path) -> Path:
    """40 drawn cats and dogs that no folder tells apart."""
    folder.mkdir()
    for file in sorted((drawn / "train").rglob("*.jpg")):
        shutil.copy(file, folder / unnamed(file))
    return folder


def asked(page: Page) -> str:
    """The path of the image that is asked for."""
    return str(page.locator(f"{QUESTION} img").get_attribute("alt")).removeprefix("Image to label: ")


def open_folder(watched: Watched, folder: Path) -> None:
    page = watched.page
    watched.open("dataset")
    page.get_by_text("Open another dataset").click()
    page.get_by_text("Folder or zip on this machine").click()
    page.get_by_role("textbox", name="Folder or zip").fill(str(folder))
    page.get_by_test_id("stFormSubmitButton").get_by_role("button", name="Open", exact=True).click()


def answer(watched: Watched, number: int) -> None:
    for _ in range(number):
        before = asked(watched.page)
        watched.page.keyboard.press(KEYS[before[5:8]])
        expect(watched.page.locator(f"{QUESTION} img")).not_to_have_attribute("alt", f"Image to label: {before}")


def looked_at(watched: Watched, where: str) -> None:
    for size in SIZES:
        resized(watched, size)
        for scheme in in_light_and_dark(watched):
            assert_nothing_serious(watched, (where, size, scheme))
            assert watched.page.evaluate("document.documentElement.scrollWidth") <= SIZES[size][0]
    watched.page.emulate_media(color_scheme="light")


def test_from_a_folder_without_labels_to_training(watched: Watched, drawn: Path, tmp_path: Path) -> None:
    folder, page = photos_in(tmp_path / "holiday", drawn), watched.page
    open_folder(watched, folder)
    page.get_by_role("button", name="Label these images").click()
    expect(page.get_by_role("heading", name="Label", level=1)).to_be_visible()
    page.get_by_role("textbox", name="First class").fill("cat")
    page.get_by_role("textbox", name="Second class").fill("dog")
    page.get_by_role("button", name="Start labelling").click()
    expect(page.locator(f"{QUESTION} img")).to_be_visible()

    answer(watched, 10)
    expect(page.get_by_text("10 of 40 labelled")).to_be_visible()
    last = asked(page)
    page.keyboard.press("Backspace")
    expect(page.get_by_text("9 of 40 labelled")).to_be_visible()
    assert asked(page) != last
    answer(watched, 1)
    looked_at(watched, "one at a time")

    page.get_by_text("In batches").click()
    confirm = page.get_by_role("button", name=re.compile("^Confirm all"))
    expect(confirm).to_be_visible()
    number = int(re.findall(r"\d+", confirm.inner_text())[0])
    wrong = page.get_by_role("list", name="Suggestions").locator(".open").last
    wrong.click()
    expect(page.get_by_role("button", name=re.compile(f"^Confirm the other {number - 1} as"))).to_be_visible()
    looked_at(watched, "in batches")
    page.keyboard.press("2")
    expect(page.get_by_text("11 of 40 labelled")).to_be_visible()
    page.keyboard.press("y")
    expect(page.get_by_text("11 of 40 labelled")).to_have_count(0)
    watched.settle()
    given = page.get_by_text(re.compile(r"\d+ of 40 labelled")).inner_text()

    page.reload()
    expect(page.get_by_text(given)).to_be_visible()
    stored = max((watched.server.home / "edits").glob("*.json"), key=lambda file: file.stat().st_mtime_ns)
    actions, _ = from_json(stored.read_bytes())
    assert len({change.digest for action in actions for change in action.changes}) == int(given.split()[0])
    assert sorted(path.name for path in folder.iterdir()) == sorted(
        unnamed(path) for path in (drawn / "train").rglob("*.jpg")
    )

    page.get_by_role("button", name="Train on what is labelled").click()
    expect(page.get_by_role("heading", name="Training", level=1)).to_be_visible()
    expect(page.get_by_text(f"Dataset holiday: {given.split()[0]} images")).to_be_visible()
    assert not watched.complaints
