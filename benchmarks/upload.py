"""From a phone photo given to its prediction on the screen, in a real Chromium.

    python -m benchmarks.upload [--run FOLDER] [--uploads 15]

The photo is a 12-megapixel JPEG with EXIF rotation, made by code. Without `--run` one is trained on the drawn sample
first. `prediction_ms` is the median time from the moment when the browser has the file until its image and its
prediction are on the screen, the model being warm; `prediction_p90_ms` nine in ten are faster. `floor_ms` is the same
in a bare Streamlit app that takes the file and says its size, interleaved with ours. `server_cpu_ms` is what one upload
costs our server's processor, `floor_cpu_ms` the bare one's; `decode_ms` is bare Pillow's decode of this photo at the
scale that is needed. `model_load_ms` is how long the classifier takes to open in a fresh process,
`model_load_with_imports_ms` with everything that must be imported first.
"""

import argparse
import io
import json
import os
import subprocess
import sys
import tempfile
from pathlib import Path

import numpy as np
import psutil
from PIL import Image
from playwright.sync_api import FilePayload, Page, sync_playwright

from benchmarks.common import median, own_home, print_result, seconds
from benchmarks.live import IDLE, trained_run
from benchmarks.server import serving, visit
from core.datasets.sample.sample import draw_image
from core.images.decode import DRAFT_SIDES
from core.jobs.process import PROJECT
from core.runs.run import Run
from tests.browser.chromium import launch

WARM_UP = 3
BARE = """
import streamlit as st
number = st.session_state.setdefault("number", 0)
def clear():
    st.session_state["number"] += 1
for file in st.file_uploader("Files", accept_multiple_files=True, key=f"files_{number}"):
    st.caption(f"{file.name} {file.size}")
st.button("Clear", on_click=clear)
"""
# Resolves with the milliseconds between the file's arrival in the page and the frame that shows what came of it.
WATCH = """
name => { window.answered = new Promise(done => document.addEventListener('change', () => {
  const began = performance.now();
  const shown = () => [...document.querySelectorAll('[data-testid=stCaptionContainer]')]
    .some(node => node.textContent.includes(name)) && %s;
  const look = () => shown() || performance.now() - began > 20000
    ? requestAnimationFrame(() => done(performance.now() - began)) : requestAnimationFrame(look);
  look();
}, {capture: true, once: true})); }
"""
IMAGE = "[...document.images].some(image => image.alt.includes(name) && image.complete && image.naturalWidth)"
LOAD = """
import json, sys, time
from pathlib import Path
began = time.perf_counter()
from core.inference.classifier import Classifier
from core.runs.run import load_run
run = load_run(Path(sys.argv[1]))
imported = time.perf_counter()
Classifier.open(run)
print(json.dumps([time.perf_counter() - imported, time.perf_counter() - began]))
"""


def phone_photo() -> bytes:
    """4000x3000 pixels with a camera's noise, on its side."""
    random = np.random.default_rng(0)
    drawing = draw_image("cat", random).resize((4000, 3000), Image.Resampling.BICUBIC)
    pixels = np.asarray(drawing).astype(np.int16) + random.normal(0, 6, (3000, 4000, 1)).astype(np.int16)
    exif, file = Image.Exif(), io.BytesIO()
    exif[0x0112] = 6
    Image.fromarray(np.clip(pixels, 0, 255).astype(np.uint8)).save(file, "JPEG", quality=92, exif=exif)
    return file.getvalue()


def upload(page: Page, pid: int, photo: bytes, name: str, sign: str) -> tuple[float, float]:
    """Milliseconds to the prediction, and of the server's processor."""
    server = psutil.Process(pid)
    page.evaluate(WATCH % sign, name)
    before = sum(server.cpu_times()[:2])
    page.locator("input[type=file]").first.set_input_files(FilePayload(name=name, mimeType="image/jpeg", buffer=photo))
    milliseconds = float(page.evaluate("window.answered"))
    page.wait_for_selector(IDLE)
    spent = 1000 * (sum(server.cpu_times()[:2]) - before)
    page.get_by_role("button", name="Clear", exact=True).click()
    page.get_by_role("button", name=f"Remove {name}").wait_for(state="detached")
    page.wait_for_selector(IDLE)
    page.wait_for_timeout(300)
    return milliseconds, spent


def load_seconds(run: Run) -> tuple[float, float]:
    """Opening the model alone, and with the imports, in a fresh process."""
    done = subprocess.run(
        [sys.executable, "-c", LOAD, str(run.directory)], cwd=PROJECT, check=True, capture_output=True, text=True
    )
    opening, all_of_it = json.loads(done.stdout)
    return opening, all_of_it


def decode(photo: bytes, size: int) -> None:
    with Image.open(io.BytesIO(photo)) as image:
        image.draft("RGB", (DRAFT_SIDES * size, DRAFT_SIDES * size))
        image.load()


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else "")
    parser.add_argument("--run", help="a finished run's folder")
    parser.add_argument("--uploads", type=int, default=15)
    options = parser.parse_args()
    photo = phone_photo()
    timings: dict[str, list[tuple[float, float]]] = {"app": [], "bare": []}
    with own_home(), tempfile.TemporaryDirectory() as folder, sync_playwright() as playwright:
        run = trained_run(options.run)
        bare = Path(folder) / "bare.py"
        bare.write_text(BARE)
        loads = [load_seconds(run) for _ in range(5)]
        decodes = [seconds(lambda: decode(photo, run.config.image_size)) for _ in range(15)]
        browser = launch(playwright.chromium)
        with serving("app.py") as (app, ours), serving(os.fspath(bare)) as (other, theirs):
            pages = {}
            for name, url in (("app", f"{app}/classify"), ("bare", other)):
                pages[name] = browser.new_context(viewport={"width": 1280, "height": 800}).new_page()
                visit(pages[name], url)
                pages[name].locator("input[type=file]").first.wait_for(state="attached", timeout=60_000)
                pages[name].wait_for_selector(IDLE)
            for number in range(WARM_UP + options.uploads):
                for name, pid, sign in (("app", ours, IMAGE), ("bare", theirs, "true")):
                    pages[name].bring_to_front()
                    timing = upload(pages[name], pid, photo, f"photo-{number}.jpg", sign)
                    timings[name] += [timing] if number >= WARM_UP else []
        browser.close()
    times = {name: [timing[0] for timing in values] for name, values in timings.items()}
    print_result(
        {
            "benchmark": "upload",
            "photo_mb": round(len(photo) / 1e6, 1),
            "uploads": options.uploads,
            "answer_ms": round(median(times["app"])),
            "answer_p90_ms": round(float(np.percentile(times["app"], 90))),
            "floor_ms": round(median(times["bare"])),
            "ratio_floor": round(median(times["app"]) / median(times["bare"]), 2),
            "server_cpu_ms": round(median([timing[1] for timing in timings["app"]])),
            "floor_cpu_ms": round(median([timing[1] for timing in timings["bare"]])),
            "decode_ms": round(1000 * median(decodes)),
            "model_load_ms": round(1000 * median([timing[0] for timing in loads])),
            "model_load_with_imports_ms": round(1000 * median([timing[1] for timing in loads])),
        }
    )


if __name__ == "__main__":
    main()
