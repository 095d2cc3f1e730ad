"""axe-core on every page, wide and narrow, light and dark: no serious violation in what is ours."""

from typing import Any

import pytest
from axe_playwright_python.sync_playwright import Axe

from tests.browser.conftest import Watched

pytestmark = pytest.mark.browser
PAGES = {"": "Dataset", "augment": "Augmentation", "train": "Training", "classify": "Classify"}
SERIOUS = ("serious", "critical")

# What Streamlit draws and we cannot change: (rule, part of the element's markup), with the reason.
STREAMLITS_OWN: dict[tuple[str, str], str] = {}


def serious(watched: Watched) -> list[str]:
    """The serious violations on the page as it stands, each with its element."""
    found: list[dict[str, Any]] = Axe().run(watched.page).response["violations"]
    return [
        f"{violation['id']}: {node['html'][:160]}"
        for violation in found
        if violation["impact"] in SERIOUS
        for node in violation["nodes"]
        if not any(rule == violation["id"] and part in node["html"] for rule, part in STREAMLITS_OWN)
    ]


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("width", [1280, 390])
@pytest.mark.parametrize("path", PAGES)
def test_no_serious_violation(watched: Watched, path: str, width: int, scheme: str) -> None:
    watched.page.emulate_media(color_scheme="dark" if scheme == "dark" else "light")
    watched.page.set_viewport_size({"width": width, "height": 844})
    watched.open(path)
    watched.page.wait_for_timeout(500)  # charts draw after the script has ended
    assert not serious(watched)


@pytest.mark.parametrize("view", ["Problems", "Map", "Export"])
def test_no_serious_violation_in_the_other_views_of_the_dataset(watched: Watched, view: str) -> None:
    watched.open()
    watched.page.get_by_test_id("stButtonGroup").get_by_text(view, exact=True).click()
    watched.settle()
    assert not serious(watched)


def test_no_serious_violation_beside_a_large_picture(watched: Watched) -> None:
    watched.open()
    watched.page.locator(".gallery .cell:not(.blank) .open").first.click()
    watched.page.get_by_role("button", name="Back to the pictures").wait_for()
    watched.settle()
    assert not serious(watched)
