"""The server's start and size, in a real Chromium.

    python -m benchmarks.server [--rounds 5]

`first_page_seconds` is the time from starting the server to the heading of the first page, with the drawn sample at
hand; Chromium runs already. The peer is a one-line Streamlit app started the same way in the same run: `ratio_floor` is
how many times longer ours takes. `memory_mb` is the server's resident size after every page was visited.
"""

import argparse
import os
import socket
import subprocess
import sys
import tempfile
import time
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import psutil
from playwright.sync_api import Page, sync_playwright

from benchmarks.common import median, own_home, print_result
from core.datasets import open_dataset
from core.jobs.process import PROJECT
from tests.browser.chromium import launch

FIRST = "Teach a computer to see"  # the heading of the first page
PAGES = {
    FIRST: "",
    "Dataset": "dataset",
    "Augmentation": "augment",
    "Training": "train",
    "Evaluate": "evaluate",
    "Classify": "classify",
}


@contextmanager
def serving(script: str) -> Iterator[tuple[str, int]]:
    """A Streamlit server of `script` on a free port: its address and its process's id."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    command = [sys.executable, "-m", "streamlit", "run", script, "--server.port", str(port)]
    server = subprocess.Popen(command, cwd=PROJECT, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    try:
        yield f"http://127.0.0.1:{port}", server.pid
    finally:
        server.terminate()
        server.wait(20)


def until_it_listens(url: str, seconds: float = 60) -> None:
    """Raises `OSError`: nothing answers at that address in time."""
    deadline = time.monotonic() + seconds
    while True:
        try:
            urllib.request.urlopen(f"{url}/_stcore/health", timeout=seconds).close()
            return
        except OSError:
            if time.monotonic() > deadline:
                raise
            time.sleep(0.05)


def visit(page: Page, url: str) -> None:
    """Opens the address as soon as something answers there."""
    deadline = time.monotonic() + 60
    while True:
        try:
            page.goto(url)
            return
        except Exception:  # Playwright's error while nothing listens yet
            if time.monotonic() > deadline:
                raise
            time.sleep(0.02)


def start(script: str, page: Page, heading: str, every_page: bool) -> tuple[float, float]:
    """Seconds to the first heading, and the server's megabytes at the end."""
    began = time.perf_counter()
    with serving(script) as (url, pid):
        visit(page, url)
        page.get_by_role("heading", name=heading, level=1).wait_for()
        first = time.perf_counter() - began
        for title, path in PAGES.items() if every_page else ():
            page.goto(f"{url}/{path}")
            page.get_by_role("heading", name=title, level=1).wait_for()
            page.wait_for_selector('[data-testid="stApp"][data-test-script-state="notRunning"]')
        return first, psutil.Process(pid).memory_info().rss / 1e6


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else "")
    parser.add_argument("--rounds", type=int, default=5)
    options = parser.parse_args()
    ours: list[tuple[float, float]] = []
    bare: list[tuple[float, float]] = []
    with own_home(), tempfile.TemporaryDirectory() as folder, sync_playwright() as playwright:
        open_dataset("sample")
        script = Path(folder) / "bare.py"
        script.write_text("import streamlit as st\nst.title('Bare')\n")
        browser = launch(playwright.chromium)
        for _ in range(options.rounds):
            ours.append(start("app.py", browser.new_context().new_page(), FIRST, every_page=True))
            bare.append(start(os.fspath(script), browser.new_context().new_page(), "Bare", every_page=False))
        browser.close()
    first, floor = median([visit[0] for visit in ours]), median([visit[0] for visit in bare])
    print_result(
        {
            "benchmark": "server",
            "rounds": options.rounds,
            "first_page_seconds": first,
            "bare_streamlit_seconds": floor,
            "memory_mb": round(median([visit[1] for visit in ours])),
            "ratio_floor": round(first / floor, 2),
        }
    )


if __name__ == "__main__":
    main()
