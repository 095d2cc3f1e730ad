"""The live camera in a browser: the prediction over the video, what the network is given, and when the camera is
off."""

import json
import re
import shutil
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import numpy as np
import pytest
from PIL import Image
from playwright.sync_api import Browser, Locator, Page, WebSocket, expect

from core.images.decode import load_image
from core.runs.run import Run, load_run
from tests.browser.axe import COLOURS, in_light_and_dark, violations
from tests.browser.chromium import launch
from tests.browser.conftest import Server, Watched, new_context, watch
from tests.trained import with_cutoff

OTHER = "another-run"
FAKE_PERMISSION, FAKE_CAMERA = "--use-fake-ui-for-media-stream", "--use-fake-device-for-media-stream"
# Keeps what the page gets from the camera, so that a test can see whether it is still on, and the frames that it sends.
STREAMS = """
window.streams = [];
const devices = navigator.mediaDevices, ask = devices.getUserMedia.bind(devices);
devices.getUserMedia = async (wanted) => { const got = await ask(wanted); streams.push(got); return got; };
window.frames_sent = [];
const send = WebSocket.prototype.send;
WebSocket.prototype.send = function(what) { if (what instanceof Blob) frames_sent.push(what); send.call(this, what); };
"""
LAST_FRAME = "frames_sent.at(-1).arrayBuffer().then(buffer => [...new Uint8Array(buffer)])"
STATES = "streams.flatMap(stream => stream.getTracks().map(track => track.readyState))"
BUSY = "navigator.mediaDevices.getUserMedia = async () => { throw new DOMException('', 'NotReadableError'); };"
INSECURE = "Object.defineProperty(navigator, 'mediaDevices', {value: undefined});"


@pytest.fixture
def run(trained: Run, server: Server) -> Run:
    for name in (trained.id, OTHER):
        shutil.copytree(trained.directory, server.home / "runs" / name, dirs_exist_ok=True)
    file = server.home / "runs" / OTHER / "config.json"
    config = json.loads(file.read_text())
    settings = {**config["settings"], "crop": "center"}
    older = config["created"] - 60  # so that the page begins with the other
    file.write_text(json.dumps({**config, "name": OTHER, "created": older, "settings": settings}))
    return trained


@pytest.fixture
def live(watched: Watched, run: Run) -> Iterator[Watched]:
    """The page with the camera still off."""
    watched.page.add_init_script(STREAMS)
    yield open_live(watched)
    shutil.rmtree(watched.server.home / "runs" / OTHER)


def open_live(watched: Watched) -> Watched:
    watched.open("classify")
    watched.page.get_by_text("Live video", exact=True).click()
    start(watched.page).wait_for()
    watched.settle()
    return watched


def start(page: Page) -> Locator:
    return page.get_by_role("button", name="Start the camera")


def wait_for_predictions(page: Page, times: int = 3) -> None:
    """Waits for so many predictions from now on."""
    root = page.locator(".live")
    root.evaluate("root => { root.live.recent = []; }")
    expect(page.locator(".live .label")).to_be_visible()
    root.evaluate(
        "(root, times) => new Promise(done => { const look = () => root.live.recent.length >= times ? done()"
        " : setTimeout(look, 20); look(); })",
        times,
    )


def test_the_prediction_stands_over_the_video_and_the_network_gets_the_whole_image(
    live: Watched, run: Run, drawn: Path
) -> None:
    """Squeezed to a square and not mirrored, as an uploaded image is; with nothing sent while it is paused."""
    page = live.page
    its_run = load_run(live.server.home / "runs" / run.id)
    with_cutoff(its_run, 1.0)  # no two classes reach it, however sure this machine's model is
    start(page).click()
    wait_for_predictions(page)
    expect(page.locator(".live .label")).to_have_text("dogs")
    expect(page.locator(".live .confidence")).to_have_text(re.compile(r"^>?\d+%$"))
    expect(page.locator(".live .figures")).to_have_text(re.compile(r"\d+ frames per second, \d+ ms"))
    expect(page.locator(".live .spoken")).to_have_text("dogs")
    expect(page.locator(".live .unlike")).to_be_hidden()

    size = run.config.image_size
    image = load_image(sorted((drawn / "train" / "dogs").iterdir())[0], size).astype(float)
    sent = load_image(bytes(page.evaluate(LAST_FRAME)), size).astype(float)
    off = np.abs(sent - image).mean()
    assert off < 8
    assert off < np.abs(sent[:, ::-1] - image).mean() / 2
    quarter = size // 8
    cropped = np.abs(sent - np.repeat(image[:, quarter:-quarter], 2, axis=1)[:, :size]).mean()
    assert off < cropped / 2

    expect(page.locator(".live .likely")).to_be_hidden()
    with_cutoff(its_run, 0.0)
    expect(page.locator(".live .likely")).to_have_text("dogs or cats (90%)")
    page.get_by_role("button", name="Pause").click()
    page.wait_for_timeout(300)
    before = page.evaluate("frames_sent.length")
    page.wait_for_timeout(500)
    assert page.evaluate("frames_sent.length") == before
    assert page.evaluate(STATES) == ["live"]
    page.get_by_role("button", name="Resume").click()
    wait_for_predictions(page)
    assert not live.complaints


def test_the_camera_stays_on_while_the_page_is_drawn_anew_and_another_run_predictions(
    live: Watched, run: Run, drawn: Path
) -> None:
    """The other run takes the centred square, which then is all that the video shows."""
    page = live.page
    start(page).click()
    wait_for_predictions(page)
    opened: list[WebSocket] = []
    page.on("websocket", lambda socket: opened.append(socket))
    page.emulate_media(color_scheme="dark")
    page.get_by_role("combobox", name=re.compile("Model")).click()
    with page.expect_websocket(lambda socket: "/api/live?run=" in socket.url):
        page.get_by_role("option", selected=False).first.click()
    live.settle()
    wait_for_predictions(page)
    assert page.evaluate(STATES) == ["live"]
    assert len([socket for socket in opened if "/api/live?run=" in socket.url]) == 1
    size = run.config.image_size
    with Image.open(sorted((drawn / "train" / "dogs").iterdir())[0]) as dog:
        frame = dog.convert("RGB").resize((320, 240))
    square, whole = (np.asarray(part.resize((size, size)), float) for part in (frame.crop((40, 0, 280, 240)), frame))
    sent = load_image(bytes(page.evaluate(LAST_FRAME)), size).astype(float)
    off = np.abs(sent - square).mean()
    assert off < 8
    assert off < np.abs(sent - whole).mean() / 2
    video = page.locator(".live video").bounding_box()
    assert video
    assert video["width"] == pytest.approx(video["height"])


@pytest.mark.parametrize(
    "ways",
    [
        [
            lambda watched: watched.page.get_by_role("button", name="Turn off").click(),
            lambda watched: watched.go("Dataset"),
        ],
        # Whatever takes it off the page, though Streamlit had not told it.
        [lambda watched: watched.page.locator(".live").evaluate("root => root.getRootNode().host.remove()")],
        [lambda watched: watched.page.evaluate("dispatchEvent(new PageTransitionEvent('pagehide'))")],
    ],
    ids=["button and page", "removed", "hidden"],
)
def test_the_camera_and_the_connection_end_when_it_is_left(
    live: Watched, ways: list[Callable[[Watched], None]]
) -> None:
    page = live.page
    for leave in ways:
        with page.expect_websocket(lambda socket: "/api/live" in socket.url) as opened:
            start(page).click()
        wait_for_predictions(page, 1)
        assert page.evaluate("streams.at(-1).active")
        leave(live)
        page.wait_for_function(f"{STATES}.every(state => state === 'ended')")
        if not opened.value.is_closed():
            opened.value.wait_for_event("close")


def test_the_video_fills_the_screen_and_a_broken_connection_is_said_and_comes_back(live: Watched) -> None:
    page = live.page
    expect(page.get_by_role("button", name="Full screen")).to_be_disabled()
    start(page).click()
    wait_for_predictions(page, 1)
    expect(page.locator(".live .stage")).to_be_in_viewport(ratio=1)
    expect(page.get_by_role("button", name="Full screen")).to_be_in_viewport(ratio=1)
    page.get_by_role("button", name="Full screen").click()
    leave = page.get_by_role("button", name="Leave full screen")
    expect(leave).to_be_visible()
    video = page.locator(".live .stage").bounding_box()
    assert video
    assert video["width"] >= 1279
    wait_for_predictions(page)
    leave.click()
    expect(page.get_by_role("button", name="Full screen", exact=True)).to_be_visible()
    assert page.evaluate(STATES) == ["live"]

    page.locator(".live").evaluate("root => root.live.link.socket.close()")
    expect(page.get_by_text(re.compile("connection to Pawlab is lost.*Trying again"))).to_be_visible()
    wait_for_predictions(page)
    expect(page.locator(".live .lost")).to_be_hidden()
    assert page.evaluate(STATES) == ["live"]


@pytest.mark.parametrize(
    ("script", "words"), [(BUSY, "The camera is in use"), (INSECURE, "blocks the camera at this address")]
)
def test_a_camera_that_cannot_be_had_is_explained(watched: Watched, run: Run, script: str, words: str) -> None:
    watched.page.add_init_script(script)
    open_live(watched)
    start(watched.page).click()
    expect(watched.page.get_by_text(words)).to_be_visible()
    assert not watched.complaints


@contextmanager
def other_chromium(browser: Browser, server: Server, *arguments: str) -> Iterator[Watched]:
    """A page with the camera still off, in a browser started with other cameras."""
    other = launch(browser.browser_type, arguments)
    try:
        watched = watch(new_context(other).new_page(), server)
        watched.page.add_init_script(STREAMS)
        yield open_live(watched)
    finally:
        other.close()


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        ((FAKE_PERMISSION + "=deny", FAKE_CAMERA), "The camera is blocked"),
        ((FAKE_PERMISSION, FAKE_CAMERA + "=device-count=0"), "No camera was found"),
    ],
)
def test_a_camera_that_is_refused_or_missing_is_explained(
    browser: Browser, server: Server, run: Run, arguments: tuple[str, ...], words: str
) -> None:
    with other_chromium(browser, server, *arguments) as watched:
        watched.page.context.clear_permissions()
        start(watched.page).click()
        expect(watched.page.get_by_text(words)).to_be_visible()
        expect(watched.page.get_by_role("button", name="Try again")).to_be_visible()
        assert not watched.complaints


def test_of_two_cameras_one_is_chosen(browser: Browser, server: Server, run: Run) -> None:
    with other_chromium(browser, server, FAKE_PERMISSION, FAKE_CAMERA + "=device-count=2") as watched:
        page = watched.page
        start(page).click()
        wait_for_predictions(page, 1)
        page.get_by_label("Camera", exact=True).select_option(index=1)
        page.wait_for_function(f"{STATES}.join() === 'ended,live'")
        wait_for_predictions(page, 1)
        one, two = page.evaluate("streams.map(stream => stream.getTracks()[0].getSettings().deviceId)")
        assert one != two


def test_axe_finds_nothing_serious_and_a_phone_is_wide_enough(live: Watched) -> None:
    page = live.page
    page.set_viewport_size({"width": 390, "height": 844})
    for step in ("off", "live"):
        if step == "live":
            start(page).click()
            wait_for_predictions(page)
        for scheme in in_light_and_dark(live):
            page.wait_for_function("document.getAnimations().every(one => one.playState !== 'running')")
            assert violations(page, COLOURS if scheme == "dark" else ()) == [], (step, scheme)
            assert page.evaluate("document.documentElement.scrollWidth") <= 390
