"""axe-core on every page, wide and narrow, light and dark: nothing serious or critical, ours or Streamlit's."""

import re
from typing import Any

import pytest
from axe_playwright_python.sync_playwright import Axe

from tests.browser.conftest import Watched

pytestmark = pytest.mark.browser
SIZES = {"wide": (1280, 800), "phone": (390, 844)}
# What the page draws last.
LAST = {
    "": "of 12",
    "augment": "Look closer",
    "train": "^Start",
    "evaluate": "^Go to Train",
    "classify": "^Go to Train",
}
VIEWS = {"Problems": "Download", "Map": "Draw the map", "Export": "A zip in the"}
WORST = {"serious", "critical"}


def violations(watched: Watched) -> list[tuple[str, str, str]]:
    """(rule, the element's HTML, what axe says) of each serious or critical violation."""
    response: dict[str, Any] = Axe().run(watched.page).response
    assert len(response["passes"]) > 10, "axe has looked at nothing"
    worst = (found for found in response["violations"] if found["impact"] in WORST)
    return [(one["id"], node["html"][:200], str(node.get("failureSummary"))) for one in worst for node in one["nodes"]]


def shown(watched: Watched, path: str, size: str, scheme: str) -> None:
    watched.page.emulate_media(color_scheme="dark" if scheme == "dark" else "light", reduced_motion="reduce")
    resized(watched, size)
    watched.open(path)
    watched.page.get_by_text(re.compile(LAST[path])).locator("visible=true").first.wait_for()
    settled(watched)


def resized(watched: Watched, size: str) -> None:
    watched.page.set_viewport_size({"width": SIZES[size][0], "height": SIZES[size][1]})


def settled(watched: Watched) -> None:
    """Waits until every part has been loaded and drawn and nothing moves: what fades in has other colours meanwhile."""
    watched.settle()
    watched.page.wait_for_load_state("networkidle")
    watched.page.wait_for_function("!document.querySelector('[data-stale=true]')")
    watched.page.wait_for_function("document.getAnimations().every(one => one.playState !== 'running')")


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("path", LAST)
def test_no_page_is_wider_than_a_phone_and_axe_finds_nothing_serious(watched: Watched, path: str, scheme: str) -> None:
    shown(watched, path, "phone", scheme)
    assert watched.page.evaluate("document.documentElement.scrollWidth") <= SIZES["phone"][0]
    assert violations(watched) == []
    resized(watched, "wide")
    settled(watched)
    assert violations(watched) == []


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_axe_finds_nothing_serious_in_any_view_of_the_dataset(watched: Watched, scheme: str) -> None:
    shown(watched, "", "wide", scheme)
    for view, last in VIEWS.items():
        watched.page.get_by_role("radio", name=view).or_(watched.page.get_by_role("button", name=view)).first.click()
        watched.page.get_by_text(last).first.wait_for()
        settled(watched)
        assert violations(watched) == [], view
