"""What it costs to watch a run in a real Chromium, and how soon its points are seen.

    python -m benchmarks.watching [--data SOURCE] [--preset notebook] [--epochs 25]

A first run of one epoch fills the cache of features. Then the Training page starts two runs with the same data.
Of the first are the times, of the second, filmed, the frames: to film takes Chromium as much time as to draw.
`first_point_seconds` is the time from the press of Start training to the first point on the chart.
`server_share` is the server's processor time while the head trains, as a share of one core (the worker's not counted).
`delay_seconds` are, over the epochs, the median and the longest time from an epoch's event to its point on the chart.
`blank_frames` counts the frames of a screencast of the first 20 epochs whose chart has no line; `frames` are all.
"""

import argparse
import base64
import io
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import numpy as np
import psutil
from PIL import Image
from playwright.sync_api import CDPSession, FloatRect, Page, sync_playwright

from benchmarks.common import own_home, print_result
from benchmarks.server import serving, visit
from core.datasets.current import remember_source
from core.jobs.process import PROJECT
from core.runs.run import Run
from core.runs.store import drop_run, list_runs
from tests.browser.chromium import launch

UPDATES = 20
COLOURED = 60  # difference between a pixel's channels: text and grid are grey
# Notes when the chart has how many epochs; the clock is the machine's, as in the run's events.
NOTE = """
() => { window.arrivals = []; window.first = 0; setInterval(() => {
  const lines = document.querySelector('.live-chart')?.data ?? [];
  if (!window.first && lines.some((line) => line.x.length)) window.first = Date.now() / 1000;
  const epochs = lines.find((line) => line.name === 'validation')?.x.length ?? 0;
  while (window.arrivals.length < epochs) window.arrivals.push(Date.now() / 1000);
}, 20); }
"""


def fill_cache(source: str, preset: str) -> None:
    command = [sys.executable, "-m", "core", "train", "--data", source, "--preset", preset, "--epochs", "1"]
    subprocess.run(command, cwd=PROJECT, check=True, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    drop_run(newest())  # its curves would be taken for the first point


def start(page: Page, url: str, preset: str, epochs: int) -> float:
    """Presses Start training; gives the moment."""
    visit(page, f"{url}/train")
    page.get_by_role("heading", name="Training", level=1).wait_for()
    page.wait_for_selector('[data-testid="stApp"][data-test-script-state="notRunning"]')
    page.get_by_text(preset.capitalize(), exact=True).first.click()
    page.get_by_label("Epochs", exact=True).fill(str(epochs))
    page.get_by_label("Epochs", exact=True).press("Enter")
    page.wait_for_timeout(1500)
    page.evaluate(NOTE)
    page.get_by_role("button", name="Start training").click()
    return time.time()


def newest() -> Run:
    return list_runs().runs[0]


class Screencast:
    """The frames of a page, with the share of the chart's pixels that have a colour."""

    def __init__(self, page: Page) -> None:
        self.frames: list[bytes] = []
        self.stopped = False
        self.session: CDPSession = page.context.new_cdp_session(page)
        self.session.on("Page.screencastFrame", self._take)

    def _take(self, frame: dict[str, Any]) -> None:
        if self.stopped:
            return
        self.frames.append(base64.b64decode(frame["data"]))
        self.session.send("Page.screencastFrameAck", {"sessionId": frame["sessionId"]})

    def start(self) -> None:
        self.session.send("Page.startScreencast", {"format": "jpeg", "quality": 80})

    def stop(self) -> None:
        self.stopped = True  # frames that are still under way want no prediction: the page may be closed by then
        self.session.send("Page.stopScreencast")

    def blank(self, box: FloatRect, width: int) -> int:
        """How many of them have no coloured pixel in `box`."""
        return sum(not _coloured(frame, box, width) for frame in self.frames)


def _coloured(frame: bytes, box: FloatRect, width: int) -> bool:
    with Image.open(io.BytesIO(frame)) as image:
        pixels = np.asarray(image.convert("RGB")).astype(int)
    scale = pixels.shape[1] / width
    top, bottom = (int(scale * place) for place in (box["y"], box["y"] + box["height"]))
    left, right = (int(scale * place) for place in (box["x"], box["x"] + box["width"]))
    chart = pixels[max(0, top) : bottom, left:right]
    return bool((np.ptp(chart, axis=2) > COLOURED).sum() > 20)


def watch(page: Page, url: str, server: int, preset: str, epochs: int) -> dict[str, Any]:
    """The times of a run started on the page."""
    pressed = start(page, url, preset, epochs)
    page.wait_for_function("window.first", timeout=120_000)
    process = psutil.Process(server)
    began, used = time.monotonic(), sum(process.cpu_times()[:2])
    page.wait_for_function(f"window.arrivals.length >= {epochs - 1}", timeout=600_000)
    share = (sum(process.cpu_times()[:2]) - used) / (time.monotonic() - began)
    page.wait_for_timeout(3000)
    events = [epoch["time"] for epoch in newest().history().epochs]
    delays = [moment - event for moment, event in zip(page.evaluate("window.arrivals"), events, strict=False)]
    return {
        "first_point_seconds": round(page.evaluate("window.first") - pressed, 2),
        "server_share": round(share, 3),
        "seconds_watched": round(time.monotonic() - began, 1),
        "delay_seconds": [round(float(np.median(delays)), 2), round(max(delays), 2)],
    }


def film(page: Page, url: str, preset: str, epochs: int) -> dict[str, Any]:
    """How many frames of a run started on the page have no line in the chart."""
    start(page, url, preset, epochs)
    page.wait_for_function("window.arrivals.length > 0", timeout=120_000)
    page.locator(".live-chart").scroll_into_view_if_needed()
    page.wait_for_timeout(500)
    box = page.locator(".live-chart").bounding_box()
    assert box is not None
    cast = Screencast(page)
    cast.start()
    page.wait_for_function(f"window.arrivals.length > {min(UPDATES, epochs - 2)}", timeout=600_000)
    cast.stop()
    return {"frames": len(cast.frames), "blank_frames": cast.blank(box, 1280)}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else "")
    parser.add_argument("--data", default="sample")
    parser.add_argument("--preset", choices=("notebook", "fast"), default="notebook")
    parser.add_argument("--epochs", type=int, default=25)
    options = parser.parse_args()
    source = options.data if options.data == "sample" else str(Path(options.data).absolute())
    with own_home(), sync_playwright() as playwright:
        fill_cache(source, options.preset)
        remember_source(source)
        browser = launch(playwright.chromium)
        with serving("app.py") as (url, pid):
            page = browser.new_page(viewport={"width": 1280, "height": 1000})
            result = watch(page, url, pid, options.preset, options.epochs)
            while newest().alive():
                time.sleep(0.2)
            drop_run(newest())
            result |= film(page, url, options.preset, options.epochs)
        browser.close()
    print_result({"benchmark": "watching", "preset": options.preset, "epochs": options.epochs, **result})


if __name__ == "__main__":
    main()
