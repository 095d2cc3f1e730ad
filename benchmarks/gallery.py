"""Turning pages of a large gallery, in a real Chromium.

    python -m benchmarks.gallery [--images 100000] [--turns 20] [--data FOLDER]

Makes a folder of small JPEGs, no two alike, or takes the one given (which it fills if it is missing, and keeps). Starts
the real server on it, opens the Dataset page and turns. `cold_ms` is the median time from a click on Next to the new
page's images on the screen, with thumbnails made on the way; `warm_ms` the same for Previous, with thumbnails in the
cache; `filter_ms` from the choice of a class to its first page. `rss_mb` and `unique_mb` are the server's memory
afterwards. `choose_ms` is the filter, sort and page without a browser.
"""

import argparse
import os
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import numpy as np
import psutil
from PIL import Image
from playwright.sync_api import Page, sync_playwright

from benchmarks.common import median, own_home, print_result, seconds
from core.datasets import Dataset, open_dataset
from core.datasets.current import remember_source
from core.datasets.selection import Catalog, Filter
from core.jobs.process import PROJECT
from tests.browser.chromium import launch

CLICK = """
async ([words]) => {
  const find = (root) => root.querySelector('.gallery.selectable') || [...root.querySelectorAll('*')]
    .map((node) => node.shadowRoot && find(node.shadowRoot)).find(Boolean);
  const gallery = find(document);
  const shown = () => gallery.querySelector('.cell img').src;
  const before = shown(), began = performance.now();
  [...gallery.querySelectorAll('button')].find((button) => button.textContent === words).click();
  while (shown() === before && performance.now() - began < 10000) await new Promise(requestAnimationFrame);
  await new Promise(requestAnimationFrame);
  return performance.now() - began;
}
"""
IDLE = '[data-testid="stApp"][data-test-script-state="notRunning"]'


def write_many(folder: Path, number: int) -> None:
    """train/ and validation/ with cats and dogs, 64x48 JPEGs, smooth with a little noise, each its own."""
    random = np.random.default_rng(0)
    for index in range(number):
        place = folder / ("validation" if index % 5 == 0 else "train") / ("cats" if index % 2 else "dogs")
        if index < 10:
            place.mkdir(parents=True, exist_ok=True)
        corners = Image.fromarray(random.integers(0, 256, (3, 4, 3), dtype=np.uint8))
        corners.resize((64, 48), Image.Resampling.BILINEAR).save(place / f"{index:06d}.jpg", quality=75)


@contextmanager
def folder_of(options: argparse.Namespace) -> Iterator[Path]:
    with tempfile.TemporaryDirectory(prefix="pawlab-bench-") as temporary:
        folder = Path(options.data or temporary) / "many"
        if not folder.is_dir():
            write_many(folder, options.images)
        yield folder


@contextmanager
def server() -> Iterator[tuple[str, psutil.Process]]:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    command = [sys.executable, "-m", "streamlit", "run", "app.py", "--server.port", str(port)]
    process = subprocess.Popen(command, cwd=PROJECT, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    try:
        yield f"http://127.0.0.1:{port}", psutil.Process(process.pid)
    finally:
        process.terminate()
        process.wait(20)


def open_page(page: Page, url: str) -> float:
    """Seconds from the visit to the first images."""
    deadline = time.monotonic() + 60
    while True:
        began = time.perf_counter()
        try:
            page.goto(url)
            break
        except Exception:  # Playwright's error while nothing listens yet
            if time.monotonic() > deadline:
                raise
            time.sleep(0.1)
    page.locator(".cell img").first.wait_for(timeout=300_000)
    took = time.perf_counter() - began
    page.wait_for_selector(IDLE, timeout=60_000)
    page.wait_for_timeout(1000)
    return took


def turn(page: Page, words: str, times: int) -> list[float]:
    durations = []
    for _ in range(times):
        durations.append(float(page.evaluate(CLICK, [words])))
        page.wait_for_selector(IDLE)
    return durations


def choose_class(page: Page) -> float:
    control = page.get_by_label("Class", exact=True).first
    control.scroll_into_view_if_needed()
    page.wait_for_timeout(500)  # a list that opens while the page scrolls closes again
    control.click()
    before = page.locator(".cell img").first.get_attribute("src")
    option = page.get_by_role("option", name="dogs")
    began = time.perf_counter()
    option.click()
    while page.locator(".cell img").first.get_attribute("src") == before:
        time.sleep(0.005)
    return 1000 * (time.perf_counter() - began)


def choose_ms(dataset: Dataset) -> float:
    catalog = Catalog(dataset)
    wanted = Filter("train", "cats", "usable", text="1", format="JPEG", width=(1, 999))
    times = [seconds(lambda: catalog.page(catalog.choose(wanted, "bytes", descending=True), 300, 48)) for _ in range(9)]
    return 1000 * median(times)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else "")
    parser.add_argument("--images", type=int, default=100_000)
    parser.add_argument("--turns", type=int, default=20)
    parser.add_argument("--data", help="a folder to keep the images in")
    options = parser.parse_args()
    with folder_of(options) as folder, own_home(), sync_playwright() as playwright:
        dataset = open_dataset(folder)
        remember_source(os.fspath(folder))
        chosen = choose_ms(dataset)
        browser = launch(playwright.chromium)
        page = browser.new_context(viewport={"width": 1280, "height": 800}).new_page()
        with server() as (url, process):
            first = open_page(page, f"{url}/dataset")
            cold = turn(page, "Next", options.turns)
            warm = turn(page, "Previous", options.turns)
            filtered = choose_class(page)
            memory = process.memory_full_info()
        browser.close()
        print_result(
            {
                "benchmark": "gallery",
                "images": len(dataset.records),
                "first_pictures_seconds": round(first, 2),
                "cold_ms": round(median(cold)),
                "cold_worst_ms": round(max(cold)),
                "warm_ms": round(median(warm)),
                "warm_worst_ms": round(max(warm)),
                "filter_ms": round(filtered),
                "choose_ms": round(chosen, 1),
                "rss_mb": round(memory.rss / 1e6),
                "unique_mb": round(memory.uss / 1e6),
            }
        )


if __name__ == "__main__":
    main()
