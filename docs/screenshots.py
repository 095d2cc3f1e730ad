"""The pictures of README: `make screenshots` takes them of the real app, on the drawn sample, with a real run.

Light theme, 1280 pixels wide at twice the resolution, as WebP of less than 200 kB. `tests/browser/test_screenshots.py`
goes the same ways and fails when a page no longer shows what the caption names.
"""

import io
import os
import re
import signal
import subprocess
import sys
import tempfile
import time
import urllib.request
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from PIL import Image
from playwright.sync_api import Page, expect, sync_playwright

from core.datasets.sample.sample import write_sample
from core.jobs.process import module_command, module_environment
from tests.browser.chromium import launch
from tests.browser.switched_camera import CAMERA, hold, show

FOLDER = Path(__file__).parent / "images"
PORT = 8599
MAX_BYTES = 200_000
WIDTH = 1280
CLASSES = ("cats", "dogs")


@dataclass(frozen=True)
class Shot:
    """One picture. `prepare` brings the page to what it shows, with drawings to classify in a folder; `shows` are the
    selectors of what the caption names; `height` is in pixels of the page."""

    name: str
    path: str
    caption: str
    shows: tuple[str, ...]
    prepare: Callable[[Page, Path], None]
    height: int = 860


def choose(page: Page, name: str) -> None:
    """Chooses one part of a segmented control."""
    page.get_by_role("radio", name=name, exact=True).or_(
        page.get_by_role("button", name=name, exact=True)
    ).first.click()


def show_examples(page: Page, drawings: Path) -> None:
    expect(page.locator(".gallery .cell img")).to_have_count(8)


def show_collecting(page: Page, drawings: Path) -> None:
    page.evaluate(CAMERA)
    page.get_by_role("textbox", name="First class").fill("cats")
    page.get_by_role("textbox", name="Second class").fill("dogs")
    page.get_by_role("button", name="Start collecting").click()
    expect(page.locator(".collect[data-state=live]")).to_be_visible()
    images = {name: [path.read_bytes() for path in sorted((drawings / "train" / name).iterdir())] for name in CLASSES}
    for number, name in enumerate(CLASSES, 1):
        show(page, images[name])
        hold(page, number, 8)
    show(page, images["dogs"][:1])
    expect(page.locator(".collect .label")).to_have_text("dogs")


def show_map(page: Page, drawings: Path) -> None:
    choose(page, "Map")
    settle(page)
    page.get_by_role("button", name=re.compile(r".+ map\b")).click()
    expect(page.locator(".js-plotly-plot .main-svg").first).to_be_visible()
    page.locator(".js-plotly-plot").first.scroll_into_view_if_needed()


def show_copies(page: Page, drawings: Path) -> None:
    expect(page.locator(".augmented .grid canvas").first).to_be_visible()


def show_curves(page: Page, drawings: Path) -> None:
    expect(page.locator(".live-chart .main-svg").first).to_be_visible()
    page.locator(".live-chart").scroll_into_view_if_needed()
    page.mouse.move(640, 500)
    page.mouse.wheel(0, -50)  # so that the score's label is below the header


def show_matrix(page: Page, drawings: Path) -> None:
    expect(page.locator(".matrix button").first).to_be_visible()
    expect(page.locator(".gallery .cell img").first).to_be_visible()
    page.locator(".matrix").scroll_into_view_if_needed()


def show_advice(page: Page, drawings: Path) -> None:
    ask, first = page.get_by_role("button", name="Look for what would help"), page.locator(".st-key-improve_action_0")
    expect(ask.or_(first)).to_be_visible()
    if ask.is_visible():
        ask.click()
    expect(first).to_be_visible(timeout=300_000)


def show_predictions(page: Page, drawings: Path) -> None:
    page.locator('input[type="file"]').first.set_input_files(sorted(drawings.glob("train/*/*")))
    images = page.get_by_alt_text(re.compile("classified as"))
    expect(images).to_have_count(8)
    images.nth(3).scroll_into_view_if_needed()


SHOTS = (
    Shot(
        "start",
        "",
        "Start: the ways in, and where you left off",
        ("h1:has-text('Teach a computer to see')", ".gallery .cell img", "text=Open the drawn sample"),
        show_examples,
        height=720,
    ),
    Shot(
        "collect",
        "collect",
        "Collect: hold a button, and the model learns while you show things to the camera",
        ("h1:has-text('Collect')", ".collect .card .record", ".collect .label"),
        show_collecting,
        height=720,
    ),
    Shot(
        "dataset",
        "dataset",
        "Dataset: a map of what the frozen base sees in each image, before anything is trained",
        ("h1:has-text('Dataset')", ".js-plotly-plot .main-svg"),
        show_map,
    ),
    Shot(
        "augment",
        "augment?rotation_range=40&zoom_range=0.2&horizontal_flip=1&brightness_range=0.7,1.3&originals=4&copies=4",
        "Augmentation: originals beside their copies, drawn again as each slider moves",
        ("h1:has-text('Augmentation')", ".augmented .grid canvas", "[data-testid='stSlider']"),
        show_copies,
    ),
    Shot(
        "train",
        "train",
        "Training: accuracy and loss, point by point while it runs, and the score with its 95% confidence interval",
        ("h1:has-text('Training')", ".live-chart .main-svg", "text=/95 ?%/"),
        show_curves,
        height=960,
    ),
    Shot(
        "evaluate",
        "evaluate?view=matrix",
        "Evaluate: a confusion matrix whose cells open their images, most confident errors first",
        ("h1:has-text('Evaluate')", ".matrix button", ".gallery .cell img"),
        show_matrix,
    ),
    Shot(
        "improve",
        "improve",
        "Improve: what to do next, with the change that was measured for each proposal",
        ("h1:has-text('Improve')", ".st-key-improve_action_0", "text=/looked at/"),
        show_advice,
        height=960,
    ),
    Shot(
        "classify",
        "classify",
        "Classify: new images with their predicted class and confidence, on this machine alone",
        ("h1:has-text('Classify')", "img[alt*='classified as']", "text=/\\d%/"),
        show_predictions,
    ),
)


def take(page: Page, url: str, shot: Shot, drawings: Path) -> bytes:
    """The picture as a PNG, after everything that its caption names is there."""
    page.set_viewport_size({"width": WIDTH, "height": shot.height})
    page.goto(f"{url}/{shot.path}")
    settle(page)
    shot.prepare(page, drawings)
    settle(page)
    for selector in shot.shows:
        expect(page.locator(selector).first).to_be_visible()
    page.wait_for_timeout(1000)  # what fades in has faded in
    return page.screenshot()


def settle(page: Page) -> None:
    """Waits until the page's script has run."""
    page.wait_for_selector('[data-testid="stApp"][data-test-script-state="notRunning"]', timeout=120_000)


def as_webp(png: bytes) -> bytes:
    """The picture in the best quality that stays below `MAX_BYTES`."""
    with Image.open(io.BytesIO(png)) as image:
        for quality in range(90, 30, -5):
            webp = io.BytesIO()
            image.convert("RGB").save(webp, "WEBP", quality=quality, method=6)
            if webp.tell() < MAX_BYTES:
                return webp.getvalue()
    raise SystemExit(f"A picture of {len(png):,} bytes does not become smaller than {MAX_BYTES:,}")


@contextmanager
def serving(home: Path) -> Iterator[str]:
    """The address of the app with `home`."""
    command = module_command("core", "run", "--port", str(PORT))
    server = subprocess.Popen(command, env=module_environment(PAWLAB_HOME=str(home)), stdout=subprocess.DEVNULL)
    url = f"http://127.0.0.1:{PORT}"
    try:
        for _ in range(600):
            try:
                urllib.request.urlopen(f"{url}/_stcore/health", timeout=1).close()
                break
            except OSError:
                time.sleep(0.1)
        yield url
    finally:
        server.send_signal(signal.SIGTERM)
        server.wait(20)


def main() -> None:
    with tempfile.TemporaryDirectory(prefix="pawlab-") as folder:
        home = Path(
            os.environ.get("PAWLAB_SCREENSHOTS_HOME", Path(folder) / "home")
        )  # one that has a run is not trained
        drawings = Path(folder) / "drawings"
        write_sample(drawings, train=4, validation=1, seed=9)
        if not (home / "runs").is_dir():
            train = module_command("core", "train", "--data", "sample", "--preset", "fast")
            subprocess.run(train, env=module_environment(PAWLAB_HOME=str(home)), check=True)
        FOLDER.mkdir(exist_ok=True)
        expect.set_options(timeout=120_000)  # a machine may be busy
        with serving(home) as url, sync_playwright() as playwright:
            browser = launch(playwright.chromium)
            for shot in SHOTS:
                page = browser.new_page(device_scale_factor=2, color_scheme="light")
                page.set_default_timeout(60_000)
                content = as_webp(take(page, url, shot, drawings))
                (FOLDER / f"{shot.name}.webp").write_bytes(content)
                sys.stdout.write(f"{shot.name}.webp, {len(content) / 1000:.0f} kB: {shot.caption}\n")
                page.close()


if __name__ == "__main__":
    main()
