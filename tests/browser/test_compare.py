"""The list of runs in a browser: what is ticked there is what is compared, named and deleted."""

import re
from pathlib import Path

from playwright.sync_api import expect

from core.storage.files import write_json
from tests.browser.conftest import Watched

ROW, HEAD, TICK = 35, 35, 18  # pixels: height of a row, of the head, and where the box for the tick stands


def tick(watched: Watched, row: int) -> None:
    """Of the list, which is drawn on a canvas: a click that comes before the rows have moved hits another."""
    watched.settle()
    table = watched.page.get_by_test_id("stDataFrame").first
    table.scroll_into_view_if_needed()
    table.click(position={"x": TICK, "y": HEAD + ROW * row + ROW / 2})


def test_the_classic_experiment_from_one_click_to_its_comparison_and_its_end(
    watched_afresh: Watched, drawn: Path
) -> None:
    watched = watched_afresh
    page = watched.page
    write_json(watched.server.home / "dataset.json", {"source": str(drawn), "recent": []})
    watched.open("train")
    page.get_by_text("Fast", exact=True).first.click()
    watched.settle()
    for label, value in (("Image size", "32"), ("Epochs", "2")):
        page.get_by_label(label, exact=True).fill(value)
        page.keyboard.press("Enter")
        watched.settle()
    page.get_by_role("button", name="Train with and without").click()
    expect(page.get_by_text("appears here when both runs have ended")).to_be_visible()
    page.reload()
    page.get_by_role("button", name="Compare curves and settings").click(timeout=120_000)  # both have been trained
    expect(page.get_by_role("heading", name="Comparison")).to_be_in_viewport()
    expect(page.get_by_text("The same 16 validation images, compared one by one").last).to_be_visible()
    expect(page.locator(".live-chart[aria-label*='of 2 runs'] .main-svg").first).to_be_visible()

    tick(watched, 0)  # takes the newer run's tick away: one is left
    name = page.get_by_role("textbox", name="Name", exact=True)
    expect(name).to_have_value("Experiment, not augmented")
    name.fill("Plain *one*")
    page.get_by_role("button", name="Save", exact=True).click()
    expect(page.get_by_text("“Experiment, augmented” is").first).to_be_visible()
    expect(page.get_by_text("“Plain *one*”").first).to_be_visible()

    tick(watched, 0)
    tick(watched, 1)
    expect(name).to_have_value("Experiment, augmented")
    page.get_by_role("button", name="Delete", exact=True).click()
    page.get_by_role("button", name="Delete for good").click()
    expect(name).to_have_count(0)
    tick(watched, 0)  # the rows have moved: the first one is the other run now
    expect(name).to_have_value("Plain *one*")
    left = [folder.name for folder in (watched.server.home / "runs").iterdir()]
    assert len(left) == 1
    assert re.search("not-augmented", left[0])
    assert not watched.complaints
