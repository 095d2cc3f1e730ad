"""Every page by its address: axe-core, wide and narrow, light and dark, finds nothing serious or critical."""

import re
from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import expect

from tests.browser.axe import assert_nothing_serious, assert_nothing_serious_in_light_and_dark
from tests.browser.conftest import Server, Watched, serve
from tests.browser.test_app import PAGES
from tests.trained import with_sample

SIZES = {"phone": (390, 844), "wide": (1280, 800)}
# What the page draws last.
LAST = {
    "": "Open the drawn sample",
    "dataset": r"of \d+ images",
    "augment": "Take a closer look",
    "train": "^Start",
    "evaluate": "^Go to Train",
    "improve": "^Look for what would help",
    "classify": "^Go to Train",
}
VIEWS = {"Problems": "Download", "Map": "Draw the map", "Export": "A zip with"}


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory, weights_cache: Path, drawn_sample: Path) -> Iterator[Server]:
    """In which nobody has trained: the pages as a newcomer sees them."""
    yield from serve(with_sample(tmp_path_factory.mktemp("server-home"), drawn_sample), weights_cache)


def resized(watched: Watched, size: str) -> None:
    watched.page.set_viewport_size({"width": SIZES[size][0], "height": SIZES[size][1]})


@pytest.mark.parametrize("path", PAGES)
def test_a_link_opens_its_page_which_asks_no_other_host_fits_a_phone_and_is_accessible(
    watched: Watched, path: str
) -> None:
    resized(watched, "phone")
    watched.open(path)
    expect(watched.page.get_by_role("heading", name=PAGES[path], level=1)).to_be_visible()
    watched.page.get_by_text(re.compile(LAST[path])).locator("visible=true").first.wait_for()
    for size, look in (("phone", assert_nothing_serious), ("wide", assert_nothing_serious_in_light_and_dark)):
        resized(watched, size)
        look(watched, size)  # dark, the colours are the same at any width
        assert watched.page.evaluate("document.documentElement.scrollWidth") <= SIZES[size][0]
    assert not watched.complaints
    assert watched.hosts() == {"127.0.0.1"}


def test_axe_finds_nothing_serious_in_any_view_of_the_dataset(watched: Watched) -> None:
    watched.open("dataset")
    for view, last in VIEWS.items():
        watched.page.get_by_role("radio", name=view).or_(watched.page.get_by_role("button", name=view)).first.click()
        watched.page.get_by_text(last).first.wait_for()
        assert_nothing_serious_in_light_and_dark(watched, view)
