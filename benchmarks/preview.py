"""From a slider's release to the new preview, in a real Chromium.

    python -m benchmarks.preview [--moves 30] [--size 224] [--data SOURCE]

Opens the Augmentation page with 4 originals x 4 copies and moves the rotation slider by one step. `release_ms` is the
median time from the key's release, when Streamlit sends a slider's value, until the new sheet is on the screen;
`rest_ms` until the words around it are new too and the page is at rest.
`drawing_ms` is what the server must do for it besides Streamlit: 16 copies, the sheet, the JPEG. `page_ms` is the floor
of the rest: the same move in a one-slider Streamlit app whose fragment writes a line of text.
"""

import argparse
import base64
import os
import tempfile
from pathlib import Path

from playwright.sync_api import Page, sync_playwright

from benchmarks.common import median, own_home, print_result, seconds
from benchmarks.server import serving, visit
from core.augmentation import AugmentationConfig, augment
from core.datasets import open_dataset
from core.datasets.current import remember_source
from core.images.contact_sheet import as_jpeg, compose
from core.images.decode import load_image
from tests.browser.chromium import launch

IDLE = '[data-testid="stApp"][data-test-script-state="notRunning"]'
ROWS, COPIES = 4, 4
BARE = """
import streamlit as st
@st.fragment
def part():
    value = st.slider("Rotation", 0, 180, 40)
    st.html(f"<p id='value'>{value}</p>")
part()
"""
# What changes when the new preview is on the screen.
SHEET = "[...document.querySelectorAll('*')].map(n => n.shadowRoot?.querySelector('.augmented')).find(Boolean)"
SIGNS = {
    "app": f"(grid => () => grid.dataset.shown)({SHEET})",
    "bare": "() => document.querySelector('#value').textContent",
}
WATCH = """
() => { const sign = %s; window.moved = new Promise((done) => addEventListener('keyup', () => {
  const began = performance.now(), before = sign(), passed = () => performance.now() - began;
  const until = (met, then) => met() || passed() > 5000
    ? requestAnimationFrame(() => then(passed())) : requestAnimationFrame(() => until(met, then));
  until(() => sign() !== before, (shown) => until(() => document.querySelector('%s'), (rest) => done([shown, rest])));
}, {capture: true, once: true})); }
"""


def open_at_rest(page: Page, url: str) -> None:
    visit(page, url)
    page.get_by_role("slider", name="Rotation").wait_for()
    page.wait_for_selector(IDLE)
    page.wait_for_timeout(1500)


def moves(page: Page, sign: str, number: int) -> list[tuple[float, float]]:
    timings: list[tuple[float, float]] = []
    page.get_by_role("slider", name="Rotation").focus()
    for _ in range(number + 3):
        page.evaluate(WATCH % (sign, IDLE))
        page.keyboard.press("ArrowRight")  # always on: what was shown before, Streamlit's browser side remembers
        timings.append(tuple(page.evaluate("window.moved")))
        page.wait_for_selector(IDLE)
        page.wait_for_timeout(150)
    return timings[3:]  # the first ones meet cold caches


def drawing_ms(source: str, size: int) -> float:
    dataset = open_dataset(source)
    records = dataset.usable("train")[:ROWS]
    originals = [(load_image(dataset.file(record), size), record.digest) for record in records]

    config = AugmentationConfig()

    def draw() -> None:
        rows = [
            [image, *(augment(image, config, 0, digest, copy)[0] for copy in range(1, 1 + COPIES))]
            for image, digest in originals
        ]
        base64.b64encode(as_jpeg(compose(rows)))

    return round(1000 * median([seconds(draw) for _ in range(30)]), 1)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else "")
    parser.add_argument("--moves", type=int, default=30)
    parser.add_argument("--size", type=int, default=224)
    parser.add_argument("--data", default="sample")
    options = parser.parse_args()
    with own_home(), tempfile.TemporaryDirectory() as folder, sync_playwright() as playwright:
        drawing = drawing_ms(options.data, options.size)
        remember_source(options.data)
        bare = Path(folder) / "bare.py"
        bare.write_text(BARE)
        browser = launch(playwright.chromium)
        times: dict[str, list[tuple[float, float]]] = {"app": [], "bare": []}
        with serving("app.py") as (app, _), serving(os.fspath(bare)) as (other, _):
            query = f"augment?rotation_range=40&seed=0&size={options.size}&originals={ROWS}&copies={COPIES}"
            pages = {}
            for name, url in (("app", f"{app}/{query}"), ("bare", other)):
                pages[name] = browser.new_context(viewport={"width": 1280, "height": 800}).new_page()
                open_at_rest(pages[name], url)
            for _ in range(3):
                for name, page in pages.items():
                    page.bring_to_front()
                    times[name] += moves(page, SIGNS[name], options.moves // 3)
        browser.close()
    release = [shown for shown, _ in times["app"]]
    floor = median([shown for shown, _ in times["bare"]])
    print_result(
        {
            "benchmark": "preview",
            "grid": f"{ROWS}x{COPIES}",
            "size": options.size,
            "moves": len(release),
            "release_ms": round(median(release)),
            "release_worst_ms": round(max(release)),
            "rest_ms": round(median([rest for _, rest in times["app"]])),
            "page_ms": round(floor),
            "drawing_ms": drawing,
            "ratio_floor": round(median(release) / floor, 2),
        }
    )


if __name__ == "__main__":
    main()
