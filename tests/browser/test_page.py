"""The one HTML file in Chromium: the app's predictions, no network, and names that stay text."""

import re
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from PIL import Image
from playwright.sync_api import Browser, Page, expect

from core.export.page import runtime
from core.export.page.build import write_page
from core.inference.classifier import Classifier
from core.runs.choices import THRESHOLD
from core.runs.limits import limits_of
from core.runs.run import Run
from tests.browser.axe import violations
from tests.drawing import encode
from tests.export.making import HOSTILE, hostile_run
from tests.serving import sender, serving
from tests.trained import at_home, with_cutoff

pytestmark = pytest.mark.timeout(400)  # with the training and the fine-tuning, where it is the first to ask for them
SIZES = {"phone": (390, 844), "wide": (1280, 800)}
UNSURE_BELOW = 0.8
CUTOFF = 0.1  # of the sets


def write(run: Run, ort_web: Path, folder: Path) -> Path:
    with at_home(folder), pytest.MonkeyPatch.context() as patch:
        patch.setenv(runtime.VARIABLE, str(ort_web))
        write_page(run, folder / "page.html")
    return folder / "page.html"


@contextmanager
def opened(browser: Browser, address: str, *, offline: bool = True) -> Iterator[tuple[Page, list[str]]]:
    """The page when its model is ready, and what its console complains of: nothing. It asks for no other address."""
    context = browser.new_context(offline=offline, viewport={"width": 1280, "height": 800}, permissions=["camera"])
    page, asked, complaints = context.new_page(), list[str](), list[str]()
    page.on("request", lambda request: asked.append(request.url))
    page.on("requestfailed", lambda request: asked.remove(request.url) if request.failure == "csp" else None)
    page.on("console", lambda message: complaints.append(message.text) if message.type == "error" else None)
    page.on("pageerror", lambda error: complaints.append(str(error)))
    page.goto(address)
    page.locator("html[data-state=ready]").wait_for(state="attached", timeout=60_000)
    yield page, complaints
    assert complaints == []
    assert [url for url in asked if not url.startswith(("blob:", "data:"))] == [address]
    context.close()


def photos(drawn: Path) -> dict[str, bytes]:
    """Files of the formats that every browser reads, by name: such that decoders agree on every pixel, or nearly."""
    files = [*sorted((drawn / "validation" / "cats").iterdir())[:3], *sorted((drawn / "train" / "dogs").iterdir())[:3]]
    photos = {}
    for number, file in enumerate(files):
        image = Image.open(file).convert("RGB")
        photos[f"{number}.png"] = encode(image, "PNG")
    exif = Image.Exif()
    exif[0x0112] = 6
    small = image.resize((150, 120))
    photos["turned.jpg"] = encode(small, "JPEG", exif=exif, quality=92)
    clear = image.convert("RGBA")
    clear.putalpha(Image.linear_gradient("L").resize(clear.size))
    photos["clear.png"] = encode(clear, "PNG")
    photos["grey.bmp"] = encode(image.convert("L"), "BMP")
    photos["palette.gif"] = encode(image.quantize(64), "GIF")
    photos["lossless.webp"] = encode(image, "WEBP", lossless=True)
    photos["16 bit.png"] = encode(Image.fromarray(np.asarray(image.convert("L")).astype(np.uint16) * 257), "PNG")
    photos["pixel.png"] = encode(Image.new("RGB", (1, 1), (200, 120, 40)), "PNG")
    photos["wide.png"] = encode(image.resize((1500, 40)), "PNG")
    return photos


def probabilities(page: Page) -> list[float]:
    """As the page shows them: of two classes, in the order of the classes."""
    bars = page.locator("#bars li")
    expect(bars).to_have_count(2)
    return [float(bars.nth(place).get_attribute("data-probability") or "nan") for place in range(2)]


def test_offline_it_predicts_as_the_app(
    browser: Browser, trained: Run, ort_web: Path, drawn: Path, tmp_path: Path
) -> None:
    run = hostile_run(trained, tmp_path)
    run = replace(run, config=run.config.changed(crop="center"))  # the other test's run squeezes
    THRESHOLD.keep(run, UNSURE_BELOW)
    with_cutoff(run, CUTOFF)
    file = write(run, ort_web, tmp_path)
    classifier = Classifier.open(run)
    limits = limits_of(run, classifier.neighbours)
    with opened(browser, file.as_uri()) as (page, _):
        assert float(page.locator("html").get_attribute("data-difference") or "nan") <= 1e-4
        outcomes, sizes = set(), set()
        for name, content in photos(drawn).items():
            photo = tmp_path / name
            photo.write_bytes(content)
            page.locator("#file").set_input_files(photo)
            page.locator("#spoken", has_text=f"{name}:").wait_for(state="attached")
            expected = classifier.classify(photo)
            exact = name not in ("turned.jpg", "clear.png", "16 bit.png")  # a level more or less, as they round
            assert expected.distance is not None
            ours = [*expected.probabilities.values(), expected.distance]
            difference = np.abs(np.subtract([*probabilities(page), distance(page)], ours)).max()
            assert difference <= (1e-4 if exact else 5e-3), (name, difference)
            unsure, unlike = expected.is_unsure(limits), expected.is_unlike(limits)
            outcomes |= {("unsure", unsure), ("unlike", unlike)}
            expect(page.locator("#headline .label")).to_have_text("unsure" if unsure else expected.label)
            expect(page.get_by_text("its probabilities mean little")).to_be_visible(visible=unlike)
            likely = list(expected.likely(limits) or ())
            sizes.add(len(likely))
            words = f"Set: {' or '.join(likely)} (90%)" if len(likely) > 1 and not unlike else ""
            expect(page.locator("#hint")).to_have_text(re.compile(f"{re.escape(words)}$"))
            if not words:
                expect(page.locator("#hint")).not_to_contain_text("(90%)")
        assert sizes == {1, 2}, "sets of both sizes"
        assert len(outcomes) == 4, "each with and without"
        page.locator("#file").set_input_files(
            {"name": "<b>no image</b>.jpg", "mimeType": "image/jpeg", "buffer": b"text"}
        )
        expect(page.locator("#headline")).to_have_text("<b>no image</b>.jpg")
        expect(page.locator("#hint")).to_contain_text("cannot read it as an image")
        # What was shown before is there again at a press, and is reached by the keyboard.
        page.get_by_role("button", name=re.compile("^0.png")).press("Enter")
        expect(page.get_by_role("img", name="0.png", exact=True).first).to_be_visible()
        with page.expect_file_chooser():
            page.get_by_role("button", name="Choose photos").press("Enter")
        # Names are text, wherever they stand.
        assert page.title() == run.name
        assert page.get_by_role("heading", level=1).inner_text() == run.name
        assert page.locator("#bars .name").all_text_contents() == list(HOSTILE)
        assert page.evaluate("[globalThis.pwned, document.scripts.length]") == [None, 2]  # the data, and our own
        for size in SIZES:
            page.set_viewport_size({"width": SIZES[size][0], "height": SIZES[size][1]})
            for scheme in ("light", "dark"):
                page.emulate_media(color_scheme="dark" if scheme == "dark" else "light")
                assert violations(page) == [], (size, scheme)
                assert page.evaluate("document.documentElement.scrollWidth") <= SIZES[size][0]


PASTE = """
async ([kind, name, bytes]) => {
  const data = new DataTransfer();
  data.items.add(new File([new Uint8Array(bytes)], name, {type: 'image/png'}));
  const event = kind === 'paste' ? new ClipboardEvent(kind, {clipboardData: data, bubbles: true})
    : new DragEvent(kind, {dataTransfer: data, bubbles: true, cancelable: true});
  document.getElementById('stage').dispatchEvent(event);
  return event.defaultPrevented;
}
"""
LEAK = """
async (url) => {
  const failed = [];
  await fetch(url, {mode: 'no-cors'}).catch(() => failed.push('fetch'));
  await new Promise((done) => {
    const image = new Image();
    image.onload = done;
    image.onerror = () => { failed.push('image'); done(); };
    image.src = url;
  });
  await new Promise((done) => {
    const socket = new WebSocket(url.replace('http', 'ws'));
    socket.onopen = done;
    socket.onerror = () => { failed.push('socket'); done(); };
  });
  return failed;
}
"""


def distance(page: Page) -> float:
    return float(page.locator("#unlike").get_attribute("data-distance") or "nan")


def test_served_it_takes_dropped_and_pasted_photos_and_the_camera_and_asks_nothing(
    browser: Browser, tuned: Run, ort_web: Path, drawn: Path, tmp_path: Path
) -> None:
    """With a fine-tuned model, beside which the page has the frozen base."""
    file = write(tuned, ort_web, tmp_path)
    image = Image.open(sorted((drawn / "train" / "dogs").iterdir())[1])
    content = encode(image.convert("RGB"), "PNG")
    prediction = Classifier.open(tuned).classify(content)
    expected = [*prediction.probabilities.values(), prediction.distance]
    with serving() as server:
        server.behaviour = sender(file.read_bytes(), Content_Type="text/html")
        with opened(browser, server.url("/page.html"), offline=False) as (page, complaints):
            page.set_viewport_size({"width": 390, "height": 844})
            for kind in ("paste", "drop"):
                handled = page.evaluate(PASTE, [kind, f"{kind}.png", list(content)])
                assert handled or kind == "paste", "the browser would leave the page for the photo"
                page.locator("#spoken", has_text=f"{kind}.png:").wait_for(state="attached")
                assert [*probabilities(page), distance(page)] == pytest.approx(expected, abs=1e-4)
            page.get_by_role("button", name="Use camera").click()
            expect(page.locator("#figures")).to_contain_text("ms per frame")
            expect(page.locator("#video")).to_be_visible()
            assert sum(probabilities(page)) == pytest.approx(1, abs=1e-3)
            page.get_by_role("button", name="Turn off camera").click()
            expect(page.get_by_text("Drop a photo here")).to_be_visible()
            assert page.evaluate("document.querySelector('video').srcObject") is None
            assert complaints == []
            # Even a script that got in could ask nobody.
            assert page.evaluate(LEAK, server.url("/leak")) == ["fetch", "image", "socket"]
            complaints.clear()
        assert set(server.paths) == {"/page.html"}
        # Where the browser gives other numbers, the page refuses to work.
        other = re.sub(rb'("probabilities": \[)0', rb"\g<1>1", file.read_bytes())
        server.behaviour = sender(other, Content_Type="text/html")
        page = browser.new_page()
        page.goto(server.url("/page.html"))
        expect(page.locator("#hint")).to_contain_text("other numbers than in Pawlab", timeout=60_000)
        expect(page.get_by_role("button", name="Choose photos")).to_be_disabled()
        page.close()
