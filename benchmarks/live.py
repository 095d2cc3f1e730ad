"""The live camera: a real server, a trained run and Chromium with a fake camera of 30 moving frames a second.

    python -m benchmarks.live [--run FOLDER] [--seconds 10] [--viewers 5]

Without `--run` one is trained on the drawn sample first, at 160 pixels. Measured at one viewer and at several, each a
page of its own in one Chromium. `fps` counts predictions; `capture_to_prediction` runs from the moment when the browser
shows the camera's image to the moment when its prediction is there, encoding, both ways and decoding included.
`longest_gap_ms` is the longest time without a prediction, `unsent` are images that a newer one displaced in the
browser, `dropped` frames that a newer one displaced in the server, and `stalled` viewers without a prediction for a
second. `floor_ms` is bare ONNX Runtime on one image with the same model, one thread, before and after.
"""

import argparse
import shutil
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

import numpy as np
from PIL import Image
from playwright.sync_api import Page, sync_playwright

from benchmarks.common import median, own_home, print_result, seconds
from benchmarks.server import serving, visit
from core.backbone.architecture import IMAGE
from core.backbone.session import open_session
from core.datasets.sample.sample import write_sample
from core.runs.run import Run, load_run
from core.runs.store import list_runs
from core.storage.home import subfolder
from tests.browser.chromium import launch

IDLE = '[data-testid="stApp"][data-test-script-state="notRunning"]'
# Every prediction since the last call: the component itself keeps those of the last four seconds.
TAKE = "root => { const live = root.live, got = live.recent; return {got, unsent: live.skipped}; }"


def film(path: Path, images: list[Path]) -> None:
    """The images in turn, three frames each, 640x480 at 30 frames a second, as uncompressed video."""
    with path.open("wb") as file:
        file.write(b"YUV4MPEG2 W640 H480 F30:1 Ip A1:1 C420jpeg\n")
        for still in images:
            with Image.open(still) as image:
                planes = image.convert("RGB").resize((640, 480)).convert("YCbCr").split()
            small = [plane.resize((320, 240)) for plane in planes[1:]]
            frame = b"FRAME\n" + b"".join(plane.tobytes() for plane in (planes[0], *small))
            file.write(frame * 3)


def trained_run(folder: str | None) -> Run:
    if folder:
        target = subfolder("runs") / Path(folder).name
        shutil.copytree(folder, target)
        return load_run(target)
    train = ["train", "--data", "sample", "--preset", "fast", "--epochs", "2"]
    subprocess.run([sys.executable, "-m", "core", *train], check=True, stdout=sys.stderr)
    return list_runs().runs[0]


def floor_ms(run: Run, rounds: int = 100) -> list[float]:
    session = open_session(run.directory / "model.onnx", threads=1)
    size = run.config.image_size
    image = np.random.default_rng(0).uniform(0, 255, (1, size, size, 3)).astype(np.float32)
    return [1000 * seconds(lambda: session.run(["probabilities"], {IMAGE: image})) for _ in range(rounds)][10:]


def begin(page: Page, url: str) -> None:
    visit(page, f"{url}/classify")
    page.wait_for_selector(IDLE)
    page.get_by_text("Live video", exact=True).first.click()
    page.get_by_role("button", name="Start the camera").click()
    page.locator(".live .label").wait_for()


def watch(pages: list[Page], length: float) -> list[dict[str, Any]]:
    """What each viewer saw within `length` seconds, after two of warming up."""
    time.sleep(2)
    roots = [page.locator(".live") for page in pages]
    before = [root.evaluate(TAKE) for root in roots]
    predictions: list[dict[int, dict[str, float]]] = [{} for _ in pages]
    ends = time.monotonic() + length
    while time.monotonic() < ends:
        time.sleep(1)
        for root, received in zip(roots, predictions, strict=True):
            received.update({int(image["sequence"]): image for image in root.evaluate(TAKE)["got"]})
    after = [root.evaluate(TAKE)["unsent"] for root in roots]
    return [
        summary(received, start, unsent - start["unsent"])
        for received, start, unsent in zip(predictions, before, after, strict=True)
    ]


def summary(received: dict[int, dict[str, float]], start: dict[str, Any], unsent: int) -> dict[str, Any]:
    latest = max((int(image["sequence"]) for image in start["got"]), default=0)
    new = [received[number] for number in sorted(received) if number > latest]
    moments = np.array([image["at"] for image in new])
    delays = np.array([image["milliseconds"] for image in new])
    numbers = [int(image["sequence"]) for image in new]
    return {
        "fps": round(1000 * (len(new) - 1) / float(moments[-1] - moments[0]), 1),
        "capture_to_prediction_median_ms": round(float(np.median(delays)), 1),
        "capture_to_prediction_p95_ms": round(float(np.percentile(delays, 95)), 1),
        "server_median_ms": round(float(np.median([image["server"] for image in new])), 1),
        "longest_gap_ms": round(float(np.diff(moments).max())),
        "unsent": unsent,
        "dropped": numbers[-1] - numbers[0] + 1 - len(numbers),
    }


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else "")
    parser.add_argument("--run", help="a finished run's folder")
    parser.add_argument("--seconds", type=float, default=10)
    parser.add_argument("--viewers", type=int, default=5)
    options = parser.parse_args()
    with own_home(), tempfile.TemporaryDirectory() as folder, sync_playwright() as playwright:
        run = trained_run(options.run)
        write_sample(Path(folder) / "pets", train=10, validation=1)
        film(Path(folder) / "film.y4m", sorted((Path(folder) / "pets" / "train").glob("*/*")))
        camera = [
            "--use-fake-ui-for-media-stream",
            "--use-fake-device-for-media-stream=fps=30",
            f"--use-file-for-fake-video-capture={folder}/film.y4m",
        ]
        browser = launch(playwright.chromium, camera)
        floor = floor_ms(run)
        with serving("app.py") as (url, _):
            pages: list[Page] = []
            watched: list[list[dict[str, Any]]] = []
            for viewers in (1, options.viewers):
                while len(pages) < viewers:
                    pages.append(browser.new_context(permissions=["camera"]).new_page())
                    begin(pages[-1], url)
                watched.append(watch(pages, options.seconds))
        browser.close()
        floor += floor_ms(run)
    alone, together = watched[0][0], watched[1]
    print_result(
        {
            "benchmark": "live",
            "size": run.config.image_size,
            "seconds": options.seconds,
            "one_viewer": alone,
            "viewers": together,
            "stalled": sum(viewer["longest_gap_ms"] >= 1000 for viewer in together),
            "floor_ms": round(median(floor), 2),
            "ratio_floor": round(alone["capture_to_prediction_median_ms"] / median(floor), 2),
        }
    )


if __name__ == "__main__":
    main()
