"""Sessions of one's own in a browser: windows side by side, a reload, a typed address, a restart of the server."""

import os
import subprocess
import sys
from pathlib import Path
from urllib.parse import parse_qs, urlsplit

from playwright.sync_api import Page, expect

from core.jobs.process import PROJECT
from tests.browser.conftest import Watched, wait_until_healthy
from tests.browser.test_dataset import open_path
from tests.drawing import write_images

SHOWS_SAMPLE, SHOWS_PETS = "Dataset Drawn sample: 560 images", "Dataset pets: 12 images"


def session_of(page: Page) -> str:
    page.wait_for_function("new URL(location.href).searchParams.get('session')")
    return parse_qs(urlsplit(page.url).query)["session"][0]


def shows(page: Page, words: str) -> None:
    expect(page.locator(".st-key-header")).to_contain_text(words)


def test_windows_reloads_and_restarts(watched_afresh: Watched, tmp_path: Path) -> None:
    watched, page, server = watched_afresh, watched_afresh.page, watched_afresh.server
    pets = write_images(tmp_path / "pets", {"train/a": 4, "train/b": 4, "validation/a": 2, "validation/b": 2})
    watched.open("dataset")
    shows(page, SHOWS_SAMPLE)
    mine = session_of(page)
    entries = page.evaluate("history.length")

    # The same address in a second window is another session, which begins with the same.
    other = page.context.new_page()
    other.goto(page.url)
    shows(other, SHOWS_SAMPLE)
    other.wait_for_function(f"new URL(location.href).searchParams.get('session') !== '{mine}'")
    theirs = session_of(other)
    open_path(Watched(other, server), pets, 12)
    shows(other, SHOWS_PETS)

    # What the other window opened changes nothing here: on no page, not after a reload.
    watched.go("Training")
    shows(page, SHOWS_SAMPLE)
    assert session_of(page) == mine
    page.get_by_role("spinbutton", name="Epochs").fill("3")
    page.get_by_role("spinbutton", name="Epochs").press("Enter")
    page.get_by_text("Changed from the preset: epochs").wait_for()
    watched.settle()
    page.reload()
    shows(page, SHOWS_SAMPLE)
    expect(page.get_by_role("spinbutton", name="Epochs")).to_have_value("3")
    assert session_of(page) == mine

    # Typed without a session, the address of a window brings its own back.
    page.goto(f"{server.url}/augment")
    page.wait_for_function(f"new URL(location.href).searchParams.get('session') === '{mine}'")
    shows(page, SHOWS_SAMPLE)
    page.go_back()
    page.get_by_role("heading", name="Training", level=1).wait_for()
    expect(page.get_by_role("spinbutton", name="Epochs")).to_have_value("3")
    assert page.evaluate("history.length") <= entries + 3, "the session's id made entries of its own"

    # A restart of the server, with both windows open.
    os.kill(server.pid, 9)
    again = subprocess.Popen(
        [sys.executable, "-m", "streamlit", "run", "app.py", "--server.port", str(urlsplit(server.url).port)],
        cwd=PROJECT,
        env={**os.environ, "PAWLAB_HOME": str(server.home)},
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )
    try:
        wait_until_healthy(server.url, again)
        page.reload()
        other.reload()
        shows(page, SHOWS_SAMPLE)
        shows(other, SHOWS_PETS)
        expect(page.get_by_role("spinbutton", name="Epochs")).to_have_value("3")
        assert (session_of(page), session_of(other)) == (mine, theirs)
    finally:
        again.terminate()
        again.wait(20)
