"""What a user sees of the Dataset page in a browser: what was clicked is in view, and what comes by itself takes no
click away."""

import os
import re
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Page, expect

from core.datasets.sample.sample import write_sample
from core.jobs.process import PROJECT
from core.storage.files import write_json
from tests.browser.conftest import Server, Watched, free_port, wait_until_healthy
from tests.browser.test_dataset import BACK, metric, view
from tests.drawing import write_images

NUMBER = re.compile("^[0-9]+$")
# The page itself, with a report that waits for a file, and a button that has it made anew.
SCRIPT = """
import os, runpy, time
from pathlib import Path
import streamlit as st
from core.datasets.quality.report import make_report
from pages.ui.dataset import quality
from pages.ui.shared.data import dataset
from pages.ui.shared.session import begin_session

def slow(found, tell):
    release = Path(os.environ["PAWLAB_HOME"]) / "release"
    while not release.exists():
        time.sleep(0.01)
    release.unlink()
    report = make_report(found, tell)
    release.with_name("made").touch()
    return report

quality.make_report = slow
st.set_page_config(layout="wide")
begin_session()
st.button("Compare anew", on_click=lambda: quality._compare(dataset(), again=True))
runpy.run_path("pages/dataset.py")
"""
# Holds back what the browser sends to ask for the number, until `go` sends it, with a click just before it or so
# many milliseconds after it.
HOLD_THE_CLOCK = """
() => {
  const send = WebSocket.prototype.send;
  WebSocket.prototype.send = function (message) {
    if (!new TextDecoder('latin1').decode(message).includes('flagged_clock')) return send.call(this, message);
    window.go = (delay) => {
      WebSocket.prototype.send = send;
      const inside = (node) => node.shadowRoot?.querySelector('.gallery.selectable .open');
      const click = () => [...document.querySelectorAll('*')].map(inside).find(Boolean).click();
      if (delay < 0) click();
      send.call(this, message);
      if (delay >= 0) setTimeout(click, delay);
    };
  };
}
"""


@pytest.fixture(scope="module")
def slow_server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    """Drawn images, four of them twice, and the page as in `SCRIPT`."""
    folder = tmp_path_factory.mktemp("look")
    home = folder / "home"
    home.mkdir()
    data = folder / "pets"
    write_sample(data, train=30, validation=5)
    for split in ("train", "validation"):
        for number in range(2):
            copied = sorted((data / "train" / "cats").iterdir())[number].read_bytes()
            (data / split / "cats" / f"zz copy {number}.jpg").write_bytes(copied)
    write_json(home / "dataset.json", {"source": str(data)})
    script = folder / "script.py"
    script.write_text(SCRIPT)
    port = free_port()
    process = subprocess.Popen(
        [sys.executable, "-m", "streamlit", "run", str(script), "--server.port", str(port)],
        cwd=PROJECT,
        env={**os.environ, "PAWLAB_HOME": str(home), "PYTHONPATH": str(PROJECT)},
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )
    url = f"http://127.0.0.1:{port}"
    try:
        wait_until_healthy(url, process)
        yield Server(url, process.pid, home)
    finally:
        process.terminate()
        process.wait(20)


@pytest.fixture
def slow(watched: Watched, slow_server: Server) -> Watched:
    """The page while its report is being made."""
    watched.server = slow_server
    watched.open()
    if metric(watched.page, "Flagged").inner_text() != "…":
        watched.page.get_by_role("button", name="Compare anew").click()
    expect(metric(watched.page, "Flagged")).to_have_text("…")
    watched.page.locator(".gallery.selectable .open").first.wait_for()
    watched.settle()
    return watched


def release(watched: Watched) -> None:
    (watched.server.home / "release").touch()


SCROLLED = "document.querySelector('[data-testid=stMain]').scrollTop"


def scrolled(page: Page) -> float:
    return float(page.evaluate(SCROLLED))


@pytest.mark.parametrize("delay", [-1, 100])
def test_a_click_on_a_image_while_the_report_arrives_opens_it(slow: Watched, delay: int) -> None:
    page = slow.page
    page.evaluate(HOLD_THE_CLOCK)
    page.wait_for_function("typeof window.go === 'function'")
    made = slow.server.home / "made"
    made.unlink(missing_ok=True)
    release(slow)
    deadline = time.monotonic() + 30
    while not made.exists() and time.monotonic() < deadline:
        time.sleep(0.05)
    time.sleep(0.1)  # from the report's end to the end of its job
    page.evaluate("delay => window.go(delay)", delay)
    expect(page.get_by_role("button", name=BACK)).to_be_visible()
    expect(metric(page, "Flagged")).to_have_text(NUMBER)
    expect(page.get_by_role("button", name=BACK)).to_be_visible()


def test_the_number_arrives_by_itself_moves_nothing_and_what_was_clicked_far_away_comes_into_view(
    slow: Watched,
) -> None:
    page = slow.page
    before = page.locator(".gallery.selectable .grid").bounding_box()
    release(slow)
    expect(metric(page, "Flagged")).to_have_text(NUMBER)
    assert page.locator(".gallery.selectable .grid").bounding_box() == before
    page.evaluate(HOLD_THE_CLOCK)
    page.wait_for_timeout(1500)
    assert page.evaluate("typeof window.go") == "undefined", "something asks for the number still"

    view(slow, "Problems")
    page.get_by_label("Exact duplicates").locator(".open").first.click()
    back = page.get_by_role("button", name=BACK)
    expect(back).to_be_in_viewport()
    away = scrolled(page)
    back.click()
    expect(back).to_have_count(0)
    expect(page.get_by_label("Exact duplicates").locator(".open").first).to_be_in_viewport()
    page.wait_for_function(f"{SCROLLED} < {away}")  # a busy machine scrolls later than it draws
    page.get_by_role("button", name="Show all", exact=True).first.click()
    expect(page.get_by_text("Showing only: leaks: 6 images")).to_be_in_viewport()
    assert not slow.complaints


def test_images_open_at_their_top_exclusions_move_nothing_and_filters_stay_away(slow: Watched) -> None:
    page = slow.page
    cells = page.locator(".gallery.selectable .cell:not(.blank)")
    cells.locator("input[type=checkbox]").nth(20).click()
    slow.settle()
    before = cells.nth(20).bounding_box()
    page.get_by_role("button", name="Exclude 1").evaluate("button => button.click()")  # the tool itself scrolls nothing
    expect(page.get_by_text("Your edits:")).to_be_attached()
    slow.settle()
    after = cells.nth(20).bounding_box()
    page.get_by_role("button", name="Undo", exact=True).click()
    assert before and after and abs(after["y"] - before["y"]) < 3, "what was ticked jumped away"
    slow.settle()

    # Filters that were taken away do not come back with the next click.
    name = page.get_by_label("Name", exact=True)
    name.fill("no such image")
    name.press("Enter")
    page.get_by_role("button", name="Show all images").click()
    expect(cells).to_have_count(48)
    slow.settle()
    cells.nth(1).locator("input[type=checkbox]").click()
    expect(page.get_by_role("button", name="Exclude 1")).to_be_visible()
    expect(cells).to_have_count(48)
    expect(name).to_have_value("")
    slow.settle()

    cells.locator(".open").nth(46).click()  # of the last row
    expect(page.get_by_role("button", name=BACK)).to_be_in_viewport()


def opens_the_problems(watched: Watched, address: str) -> None:
    watched.open(address)
    expect(watched.page).to_have_url(re.compile(rf"^{watched.server.url}/dataset\?([^/]*&)?view=problems\b"))
    expect(watched.page.get_by_role("radio", name="Problems")).to_be_checked()
    expect(watched.page.get_by_role("heading", name="Dataset", level=1)).to_be_visible()
    expect(watched.page.get_by_text("Page not found")).to_have_count(0)


@pytest.mark.parametrize("address", ["?view=problems", "home?view=problems"])
def test_a_link_to_a_view_from_when_this_was_the_first_page_opens_it(watched: Watched, address: str) -> None:
    opens_the_problems(watched, address)


def test_a_link_opens_a_view_and_back_returns_to_the_view_before(watched: Watched) -> None:
    opens_the_problems(watched, "dataset?view=problems")
    page = watched.page
    view(watched, "Export")
    expect(page).to_have_url(re.compile("view=export"))
    view(watched, "Map")
    expect(page).to_have_url(re.compile("view=map"))
    for name in ("Export", "Problems"):
        page.go_back()
        expect(page.get_by_role("radio", name=name)).to_be_checked()


def test_the_first_screen_has_images_and_the_next_step_and_the_chooser_keeps_what_was_chosen(
    watched: Watched, tmp_path: Path
) -> None:
    page = watched.page
    watched.open("dataset")
    for width, height in ((390, 844), (1280, 800)):
        page.set_viewport_size({"width": width, "height": height})
        expect(page.get_by_label("Examples of the images").locator(".open").first).to_be_in_viewport(ratio=1)
        expect(page.get_by_role("link", name="→ 2 Augmentation")).to_be_in_viewport(ratio=1)

    # The chosen source cannot be taken away.
    expect(page).to_have_url(re.compile(rf"^{watched.server.url}/dataset(\?session=\w+)?$"))
    expect(metric(page, "Images")).to_have_text(NUMBER)  # the sample may be drawn only now, for this first visit
    watched.settle()
    page.get_by_text("Open another dataset").click()
    sample = page.get_by_role("radio", name="Drawn sample").or_(page.get_by_role("button", name="Drawn sample"))
    sample.first.click()
    watched.settle()
    expect(page.get_by_role("button", name="Open the drawn sample")).to_be_visible()

    # It closes when another dataset is open.
    data = write_images(tmp_path / "pets", {"cats": 3, "dogs": 3})
    page.get_by_text("Folder or zip on this machine").click()
    page.get_by_label("Folder or zip", exact=True).fill(str(data))
    page.get_by_test_id("stFormSubmitButton").get_by_role("button").click()
    expect(metric(page, "Images")).to_have_text("6")
    expect(page.get_by_label("Folder or zip", exact=True)).to_be_hidden()
    expect(page.get_by_role("heading", name="pets")).to_be_in_viewport()
