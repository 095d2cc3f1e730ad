"""axe-core on a page as it stands, and the page in light and in dark."""

from collections.abc import Iterator
from typing import Any

from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Page

from tests.browser.conftest import Watched

WORST = {"serious", "critical"}
COLOURS = ("color-contrast", "link-in-text-block")
"""The rules that ask for colours."""


def in_light_and_dark(watched: Watched) -> Iterator[str]:
    """The page stays open and changes its colours, as it does when the machine changes its own."""
    for scheme in ("light", "dark"):
        watched.page.emulate_media(color_scheme="dark" if scheme == "dark" else "light", reduced_motion="reduce")
        watched.page.wait_for_function(f"getComputedStyle(document.querySelector('.stApp')).colorScheme === '{scheme}'")
        yield scheme


def assert_nothing_serious(watched: Watched, where: object = "") -> None:
    """`where` names this state of the page in the message."""
    settled(watched)
    assert violations(watched.page) == [], where


def assert_nothing_serious_in_light_and_dark(watched: Watched, where: object = "") -> None:
    """The dark page differs in colours alone, so that only the rules about them look at it again."""
    for scheme in in_light_and_dark(watched):
        settled(watched)
        assert violations(watched.page, COLOURS if scheme == "dark" else ()) == [], (where, scheme)


def violations(page: Page, rules: tuple[str, ...] = ()) -> list[tuple[str, str, str]]:
    """(rule, the element's HTML, what axe says) of each serious or critical violation, ours or Streamlit's.

    Args:
        rules: Only these; without any, all.
    """
    options: dict[str, Any] = {"resultTypes": ["violations"]}  # the others without their elements: a third of the time
    if rules:
        options["runOnly"] = {"type": "rule", "values": list(rules)}
    response: dict[str, Any] = Axe().run(page, options=options).response
    assert len(response["passes"]) > (0 if rules else 10), "axe has looked at nothing"
    worst = (found for found in response["violations"] if found["impact"] in WORST)
    return [(one["id"], node["html"][:200], str(node.get("failureSummary"))) for one in worst for node in one["nodes"]]


def settled(watched: Watched) -> None:
    """Waits until every part has been loaded and drawn and nothing moves: what fades in has other colours meanwhile."""
    watched.settle()
    watched.page.wait_for_load_state("networkidle")
    watched.page.wait_for_function("!document.querySelector('[data-stale=true]')")
    watched.page.wait_for_function("document.getAnimations().every(one => one.playState !== 'running')")
