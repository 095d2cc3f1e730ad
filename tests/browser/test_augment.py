"""The Augmentation page as a user has it: by keyboard and mouse, over reloads, and on to the Training page."""

import re

import pytest
from playwright.sync_api import Locator, Page, expect

from core.augmentation import PARAMETERS, Group
from tests.browser.conftest import LOOK_AGAIN, Watched

SLIDERS = {
    group: [parameter for parameter in PARAMETERS.values() if parameter.group == group and parameter.has_switch]
    for group in Group
}


@pytest.fixture
def page(watched: Watched) -> Page:
    """With settings of its own: the server keeps those of the test before. Grey shows where nothing else would."""
    watched.open("augment?rotation_range=40&seed=0&size=96&originals=2&copies=4")
    expect(grid(watched.page).locator(".grid canvas")).to_have_count(10)
    return watched.page


def grid(page: Page) -> Locator:
    return page.locator(".augmented").first


def pixels(page: Page) -> str:
    """The images as they are on the screen."""
    canvases = grid(page).locator(".grid canvas")
    return str(canvases.evaluate_all("all => all.map(canvas => canvas.toDataURL()).join()"))


def wait_for_change(page: Page, before: str) -> str:
    page.wait_for_function(
        """before => [...document.querySelectorAll('*')].some(host => {
            const grid = host.shadowRoot?.querySelector('.augmented .grid');
            return grid && [...grid.querySelectorAll('canvas')].map(canvas => canvas.toDataURL()).join() !== before;
        })""",
        arg=before,
        polling=LOOK_AGAIN,
    )
    return pixels(page)


def test_each_slider_moved_by_keyboard_changes_the_grid(watched: Watched, page: Page) -> None:
    for group in Group:
        page.get_by_role("radio", name=group).click()
        panel = page.locator(f".st-key-augment_group_{group.lower()}")
        for parameter in SLIDERS[group]:
            before = pixels(page)
            if parameter.step:
                slider = panel.get_by_role("slider", name=parameter.label).first
                slider.focus()
                # To an end: a step of one of them may leave these few copies as they are.
                page.keyboard.press("Home" if parameter.name in ("crop_scale", "jpeg_quality_range") else "End")
            else:
                panel.get_by_text(parameter.label, exact=True).click()
            wait_for_change(page, before)
        before = pixels(page)
        page.get_by_role("button", name="Reset", exact=True).click()
        wait_for_change(page, before)
        watched.settle()
    assert not watched.complaints


def test_the_address_keeps_each_change_back_takes_it_back_and_a_reload_shows_the_same(
    watched: Watched, page: Page
) -> None:
    first = pixels(page)
    page.get_by_role("slider", name="Rotation").focus()
    page.keyboard.press("ArrowRight")
    wait_for_change(page, first)
    expect(page).to_have_url(re.compile("rotation_range=41"))
    page.go_back()
    expect(page.get_by_role("slider", name="Rotation")).to_have_value("40")
    watched.settle()
    assert pixels(page) == first

    page.get_by_role("slider", name="Rotation").focus()
    for _ in range(12):  # moves that follow each other fast all count
        page.keyboard.press("ArrowRight")
        page.wait_for_timeout(40)
    expect(page).to_have_url(re.compile("rotation_range=52"))
    watched.settle()
    expect(page.get_by_role("slider", name="Rotation")).to_have_value("52")

    changed = pixels(page)
    page.get_by_role("button", name="Draw again").click()
    changed = wait_for_change(page, changed)
    expect(page).to_have_url(re.compile("seed=1"))
    page.reload()
    expect(grid(page).locator(".grid canvas")).to_have_count(10)
    watched.settle()
    assert pixels(page) == changed


def test_the_preview_under_pointer_and_keyboard_and_in_sight_while_controls_are_scrolled(
    watched: Watched, page: Page
) -> None:
    """What was drawn is said, originals can stand in its place, and a copy opens large."""
    expect(grid(page).locator(".drawn")).to_contain_text("Point at a copy")
    grid(page).get_by_role("button").nth(2).hover()
    expect(grid(page).locator(".drawn")).to_contain_text(re.compile("Copy 3: .*rotated"))
    before = pixels(page)
    page.get_by_role("switch", name="Show originals").check()
    row = pixels(page).split(",data:")[:5]
    assert len({part.removeprefix("data:") for part in row}) == 1
    page.get_by_role("switch", name="Show originals").uncheck()
    assert pixels(page) == before

    grid(page).get_by_role("button", name=re.compile("^Copy 2 of")).first.click()
    dialog = page.get_by_role("dialog")
    expect(dialog.get_by_text("Copy 2 of 4")).to_be_visible()
    page.keyboard.press("ArrowRight")
    expect(dialog.get_by_text("Copy 3 of 4")).to_be_visible()
    first = dialog.get_by_role("heading").inner_text()
    page.keyboard.press("ArrowDown")
    expect(dialog.get_by_role("heading")).not_to_have_text(first)
    page.keyboard.press("Escape")
    expect(dialog).not_to_be_visible()
    expect(grid(page).get_by_role("button", name=re.compile("^Copy 3 of")).last).to_be_focused()
    page.keyboard.press("ArrowLeft")
    page.keyboard.press("Enter")
    expect(dialog.get_by_text("Copy 2 of 4")).to_be_visible()
    dialog.get_by_role("button", name="Close").click()
    expect(dialog).not_to_be_visible()

    page.get_by_role("radio", name="Geometry").click()
    last = page.locator(".st-key-augment_row_cval")
    for width, height in ((1280, 800), (390, 844)):
        page.set_viewport_size({"width": width, "height": height})
        grid(page).scroll_into_view_if_needed()
        last.scroll_into_view_if_needed()
        expect(grid(page).locator(".grid")).to_be_in_viewport(ratio=0.99)
        expect(last).to_be_in_viewport()
    assert not watched.complaints


def test_the_training_page_has_the_settings_in_the_same_words_also_without_a_link_and_back_leads_there(
    watched: Watched, page: Page
) -> None:
    """The page fills its own address in: were that an entry of the history, Back would lead to it again, for ever."""
    before = pixels(page)
    page.get_by_role("button", name="Gentle", exact=True).click()
    wait_for_change(page, before)
    watched.settle()  # words come after the image
    text = page.get_by_text(re.compile(r"Gentle augmentation: ")).first.inner_text()
    text = text[text.index("Gentle augmentation") :]
    page.get_by_role("button", name="Train with these settings").click()
    page.get_by_role("heading", name="Training", level=1).wait_for()
    watched.settle()
    expect(page.get_by_text(text)).to_be_visible()
    watched.go("Augmentation")
    expect(page).to_have_url(re.compile("augment.*copies=4"))
    page.go_back()
    expect(page.get_by_role("heading", name="Training", level=1)).to_be_visible()
    expect(page).to_have_url(re.compile(r"/train(\?session=\w+)?$"))
    watched.open("train")
    expect(page.get_by_text(text)).to_be_visible()
