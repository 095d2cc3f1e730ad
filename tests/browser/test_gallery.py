"""The gallery in a real browser: opening, ticking, turning pages, by mouse and by keyboard, with hostile names."""

import os
import re
import subprocess
import sys
from collections.abc import Iterator

import pytest
from playwright.sync_api import Locator, Page, expect

from core.jobs.process import PROJECT
from core.storage.files import write_json
from tests.browser.conftest import Server, Watched, free_port, wait_until_healthy
from tests.drawing import image_bytes, write_images

SCRIPT = """
import streamlit as st
from pages.ui.shared.data import dataset
from pages.ui.components.lightbox import Actions
from pages.ui.dataset.images import images

done = lambda name: lambda *what: st.session_state.update(done=f"{name} {[one.path for one in what[0]]}")
st.set_page_config(layout="wide")
st.write("Done:", st.session_state.get("done", "nothing"))
images(dataset(), {}, {}, Actions(done("exclude"), done("include"), done("relabel")))
"""
# The first message after a click does not arrive.
LOSE_ONE = """
() => {
  const send = WebSocket.prototype.send;
  window.lost = window.sent = 0;
  WebSocket.prototype.send = function (message) {
    if (!new TextDecoder('latin1').decode(message).includes('"turn":')) return send.call(this, message);
    window.sent += 1;
    if (window.lost) return send.call(this, message);
    window.lost = 1;
  };
}
"""
HOSTILE = [
    "<script>document.title='owned'</script>.jpg".replace("/", ":"),
    "<img src=x onerror=document.title='owned'>.jpg",
    "\"onload=\"document.title='owned'.jpg",
    "'; document.title='owned'; '.jpg",
    "two\nlines.jpg",
    "\u202egpj.exe.jpg",
    "😀 ![](http:pawlab.invalid) $x$ :red[a].jpg",
    "a|b`c`_d_.jpg",
    "x" * 240 + ".jpg",
]


@pytest.fixture(scope="module")
def small_server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    """A page with nothing but the images and actions that are written down."""
    folder = tmp_path_factory.mktemp("gallery")
    home = folder / "home"
    home.mkdir()
    data = write_images(
        folder / "pets", {"train/cats": 80, "train/dogs": 20, "validation/cats": 2, "validation/dogs": 2}
    )
    for number, name in enumerate(HOSTILE):
        (data / "train" / "dogs" / name).write_bytes(image_bytes(1000 + number))
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
    try:
        wait_until_healthy(f"http://127.0.0.1:{port}", process)
        yield Server(f"http://127.0.0.1:{port}", process.pid, home)
    finally:
        process.terminate()
        process.wait(20)


@pytest.fixture
def gallery(watched: Watched, small_server: Server) -> Watched:
    watched.server = small_server
    watched.open("dataset")
    expect(cells(watched.page)).to_have_count(48)
    return watched


def cells(page: Page) -> Locator:
    return page.locator(".cell:not(.blank)")


def images(page: Page) -> Locator:
    return page.locator(".cell:not(.blank) .open")


def ticks(page: Page) -> Locator:
    return page.locator(".cell:not(.blank) input")


def turn(page: Page, words: str) -> None:
    """Presses a button of the pager and waits for the new page."""
    before = page.locator(".cell img").first.get_attribute("src")
    page.get_by_role("button", name=words, exact=True).click()
    expect(page.locator(".cell img").first).not_to_have_attribute("src", str(before))


def ticked(page: Page) -> list[bool]:
    return [bool(one.is_checked()) for one in ticks(page).all()]


def test_a_click_opens_the_image_and_back_returns_to_it(gallery: Watched) -> None:
    page = gallery.page
    name = images(page).nth(5).get_attribute("title")
    images(page).nth(5).click()
    expect(page.get_by_text("6 of 113")).to_be_visible()
    expect(page.get_by_role("img", name=str(name))).to_have_count(1)  # the gallery is gone
    page.keyboard.press("ArrowRight")
    expect(page.get_by_text("7 of 113")).to_be_visible()
    page.keyboard.press("Escape")
    expect(images(page).nth(6)).to_be_focused()
    assert not gallery.complaints


def test_a_selection_survives_turning_pages_and_reaches_the_action(gallery: Watched) -> None:
    page = gallery.page
    ticks(page).nth(1).click()
    ticks(page).nth(3).click()
    turn(page, "Next")
    assert not any(ticked(page))
    ticks(page).nth(0).click()
    expect(page.get_by_text("3 selected")).to_be_visible()
    turn(page, "First")
    assert [place for place, on in enumerate(ticked(page)) if on] == [1, 3]
    page.get_by_role("button", name="Exclude 3").click()
    expect(page.get_by_text(re.compile("Done:.*exclude.*cats/1.jpg.*cats/11.jpg.*cats/52.jpg"))).to_be_visible()
    expect(page.get_by_text("3 selected")).to_have_count(0)
    assert not any(ticked(page))


def test_shift_click_ticks_a_range_and_the_box_above_all_of_the_page(gallery: Watched) -> None:
    page = gallery.page
    ticks(page).nth(2).click()
    ticks(page).nth(9).click(modifiers=["Shift"])
    expect(page.get_by_text("8 selected")).to_be_visible()
    images(page).nth(4).click(modifiers=["ControlOrMeta"])
    expect(page.get_by_role("button", name="Exclude 7")).to_be_enabled()
    page.get_by_label("Select this page").check()
    expect(page.get_by_role("button", name="Exclude 48")).to_be_enabled()
    page.get_by_label("Select this page").uncheck()
    expect(page.get_by_role("button", name="Exclude", exact=True)).to_be_disabled()


def test_quick_clicks_are_all_counted(gallery: Watched) -> None:
    page = gallery.page
    page.locator(".grid").evaluate(
        """grid => [0, 2, 4, 6, 8, 10].forEach((place, step) =>
             setTimeout(() => grid.querySelectorAll('input')[place].click(), 15 * step))"""
    )
    expect(page.get_by_role("button", name="Exclude 6")).to_be_enabled()
    gallery.settle()
    assert [place for place, on in enumerate(ticked(page)) if on] == [0, 2, 4, 6, 8, 10]


def test_what_was_done_and_not_heard_is_said_again(gallery: Watched) -> None:
    page = gallery.page
    for what in ("tick", "open"):
        page.evaluate(LOSE_ONE)
        if what == "tick":
            ticks(page).nth(2).click()
            expect(page.get_by_role("button", name="Exclude 1")).to_be_enabled()
        else:
            images(page).nth(5).click()
            expect(page.get_by_text("6 of 113")).to_be_visible()
        assert page.evaluate("window.lost") == 1
        gallery.settle()
        sent = page.evaluate("window.sent")
        page.wait_for_timeout(2500)
        assert page.evaluate("window.sent") == sent, "it was heard, and said again all the same"


def test_the_keyboard_moves_selects_opens_and_turns(gallery: Watched) -> None:
    page = gallery.page
    images(page).first.focus()
    page.keyboard.press("ArrowRight")
    page.keyboard.press(" ")
    page.keyboard.press("ArrowRight")
    page.keyboard.press("ArrowRight")
    page.keyboard.press("Shift+ ")
    expect(page.get_by_text("3 selected")).to_be_visible()
    tracks = page.locator(".grid").evaluate("grid => getComputedStyle(grid).gridTemplateColumns")
    columns = len(str(tracks).split(" "))
    page.keyboard.press("ArrowDown")
    expect(images(page).nth(3 + columns)).to_be_focused()
    page.keyboard.press("PageDown")
    expect(page.get_by_role("spinbutton")).to_have_value("2")
    expect(images(page).first).to_have_attribute("title", "cats, train/cats/52.jpg")
    expect(images(page).nth(3 + columns)).to_be_focused()
    page.keyboard.press("End")
    page.keyboard.press("Enter")
    expect(page.get_by_text("96 of 113")).to_be_visible()


def test_the_last_page_keeps_the_height_and_its_end_is_the_end(gallery: Watched) -> None:
    page = gallery.page
    before = page.locator(".grid").bounding_box()
    turn(page, "Last")
    expect(cells(page)).to_have_count(17)
    after = page.locator(".grid").bounding_box()
    assert before and after
    assert before["height"] == after["height"]
    expect(page.get_by_role("button", name="Next", exact=True)).to_have_attribute("aria-disabled", "true")
    page.get_by_role("spinbutton").fill("2")
    page.keyboard.press("Enter")
    expect(cells(page)).to_have_count(48)


def test_hostile_names_are_only_shown(gallery: Watched) -> None:
    page = gallery.page
    page.get_by_label("Class", exact=True).first.click()
    page.get_by_role("option", name="dogs").click()
    expect(cells(page)).to_have_count(31)
    titles = {str(one.get_attribute("title")).removeprefix("dogs, train/dogs/") for one in images(page).all()}
    assert set(HOSTILE) <= titles
    for name in HOSTILE[::2]:
        place = next(i for i, one in enumerate(images(page).all()) if str(one.get_attribute("title")).endswith(name))
        images(page).nth(place).click()
        shown = " ".join(name.split())
        expect(page.get_by_role("cell", name=f"train/dogs/{shown}").or_(page.get_by_text(shown)).first).to_be_visible()
        page.get_by_role("button", name=re.compile("^Back")).click()
        expect(cells(page)).to_have_count(31)
    assert page.title() != "owned"
    assert not [url for url in gallery.requests if "pawlab.invalid" in url]
    assert not gallery.complaints


def test_a_phone_shows_three_beside_each_other_and_needs_no_sideways_scroll(gallery: Watched) -> None:
    page = gallery.page
    page.set_viewport_size({"width": 390, "height": 844})
    # All at once: the controls above them still find their new rows.
    tops = cells(page).evaluate_all("cells => cells.slice(0, 4).map((cell) => cell.getBoundingClientRect().top)")
    assert tops[0] == tops[1] == tops[2] < tops[3]
    assert page.evaluate("document.documentElement.scrollWidth") <= 390
    images(page).first.click()
    expect(page.get_by_role("button", name=re.compile("^Back"))).to_be_visible()
    assert page.evaluate("document.documentElement.scrollWidth") <= 390
