"""From an empty home to one's own photo, by nothing but each page's one primary button: on a phone, then at a desk."""

import shutil
from pathlib import Path

import pytest
from playwright.sync_api import Page, expect

from core.datasets.sample.sample import sample_folder
from tests.browser.conftest import Watched
from tests.trained import at_home

TOP = "element => element.getBoundingClientRect().top + document.querySelector('[data-testid=stMain]').scrollTop"


def press_next(page: Page) -> str:
    """Presses the primary button of the page and returns what it says; there is one."""
    button = page.get_by_test_id("stMain").get_by_test_id("stBaseButton-primary").locator("visible=true")
    expect(button).to_have_count(1, timeout=120_000)
    words = button.inner_text()
    button.click()
    return words


@pytest.mark.timeout(400)
def test_each_page_leads_to_the_next(watched_afresh: Watched, drawn: Path) -> None:
    watched, page = watched_afresh, watched_afresh.page
    with at_home(watched.server.home):  # a tenth of the sample: with the default settings, training takes as long
        shutil.rmtree(sample := sample_folder())
        shutil.copytree(drawn, sample)
    photo = next((drawn / "validation" / "dogs").iterdir())
    for width, height, trains in ((390, 844, True), (1280, 800, False)):
        page.set_viewport_size({"width": width, "height": height})
        watched.open("" if trains else "dataset")  # with a run, Start leads on from there
        if trains:
            page.get_by_role("button", name="Open the drawn sample").click()
        pressed: list[str] = []
        tops: set[int] = set()
        for title in ("Dataset", "Augmentation", *(["Training"] if trains else []), "Training", "Evaluate"):
            expect(page.get_by_role("heading", name=title, level=1)).to_be_visible()
            if pressed[-1:] == ["Start training"]:  # its next step comes with the run's end
                expect(page.get_by_role("button", name="See its mistakes")).to_be_visible(timeout=240_000)
            watched.settle()
            tops.add(round(page.get_by_role("heading", level=1).evaluate(TOP)))
            links = page.locator(".st-key-path a").locator("visible=true")
            expect(links).to_have_count(5)
            assert len({round(link.evaluate(TOP)) for link in links.all()}) == 1, "the path takes more than one row"
            pressed.append(press_next(page))
        assert trains or len(tops) == 1, "titles stand at different heights"  # while a run works it has a row above
        start = ["Start training"] if trains else []
        way = ["Tune augmentation", "Train with these settings", *start, "See its mistakes", "Try your own photo"]
        assert pressed == way
        expect(page.get_by_role("heading", name="Classify", level=1)).to_be_visible()
        watched.settle()
        page.locator("input[type=file]").first.set_input_files(photo)
        expect(page.get_by_text("Trained on drawings").first).to_be_visible()
        expect(page.get_by_text("dogs", exact=False).first).to_be_visible()
        assert page.evaluate("document.documentElement.scrollWidth <= window.innerWidth")
    assert not watched.complaints
