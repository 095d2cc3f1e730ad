"""Collect in a browser, with a camera whose picture the test switches: hold a button, and the model has learned."""

import json
import os
import re
import signal
import time
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
import pytest
from PIL import Image
from playwright.sync_api import FilePayload, Locator, Page, WebSocket, expect

from core.images.decode import inspect_image
from tests.browser.axe import assert_nothing_serious, assert_nothing_serious_in_light_and_dark
from tests.browser.conftest import Watched
from tests.browser.switched_camera import CAMERA, RECORDING, hold, show, wait_for_images
from tests.drawing import encode, image_bytes

PHOTOS = Path("/tmp/photos/cats_and_dogs_filtered")
REFUSED = "navigator.mediaDevices.getUserMedia = async () => { throw new DOMException('', 'NotAllowedError'); };"


@dataclass
class Camera:
    """The page with a camera, and the paths of the images that its route has acknowledged."""

    watched: Watched
    acknowledged: list[str] = field(default_factory=list)

    @property
    def page(self) -> Page:
        return self.watched.page

    def show(self, images: Sequence[bytes]) -> None:
        show(self.page, images)

    def card(self, number: int) -> Locator:
        return self.page.locator(".collect .card").nth(number - 1)

    def hold(self, number: int, images: int) -> None:
        hold(self.page, number, images)

    def wait_for(self, number: int, images: int) -> None:
        wait_for_images(self.page, number, images)

    def says(self, words: str) -> None:
        expect(self.page.locator(".collect .label")).to_have_text(words, timeout=60_000)


def with_camera(watched: Watched, script: str = CAMERA) -> Camera:
    camera = Camera(watched)

    def note(message: str | bytes) -> None:
        if isinstance(message, str) and (path := json.loads(message).get("stored")):
            camera.acknowledged.append(path)

    def listen(socket: WebSocket) -> None:
        if "/api/collect" in socket.url:
            socket.on("framereceived", note)

    watched.page.on("websocket", listen)
    watched.page.add_init_script(script)
    watched.open("collect")
    return camera


@pytest.fixture
def camera(watched: Watched) -> Camera:
    return with_camera(watched)


def begin(camera: Camera, *classes: str, keyboard: bool = False) -> str:
    """A new collection of its own, with the mouse or with Enter alone; returns its name."""
    page = camera.page

    def press(name: str) -> None:
        button = page.get_by_role("button", name=name, exact=True)
        if keyboard:
            button.press("Enter")
        else:
            button.click()

    page.get_by_role("button", name=re.compile("^(Start collecting|New)$")).first.wait_for()
    if page.get_by_role("button", name="New", exact=True).is_visible():
        press("New")
    field_ = page.get_by_role("textbox", name="Name of the collection")
    expect(field_).not_to_have_value("")
    name = field_.input_value()
    for label, words in zip(classes, ("First class", "Second class"), strict=False):
        page.get_by_role("textbox", name=words).fill(label)
    press("Start collecting")
    expect(page.locator(".collect[data-state=live]")).to_be_visible(timeout=60_000)
    expect(page.locator(".collect .card .name").first).to_have_value(classes[0] if classes else "Class 1")
    return name


def pictures(drawn: Path, name: str, part: str, number: int) -> list[bytes]:
    """Real photos where they are, else drawings."""
    folder = (PHOTOS if PHOTOS.is_dir() else drawn) / part / name
    return [path.read_bytes() for path in sorted(folder.iterdir())[:number]]


def test_from_the_empty_page_to_a_right_answer_in_five_steps_and_a_third_class(camera: Camera, drawn: Path) -> None:
    page, began = camera.page, time.monotonic()
    begin(camera, "dogs", "cats")  # two names and a click
    camera.page.locator(".collect .speed").evaluate("slider => { slider.value = 10; }")
    for number, name in enumerate(("dogs", "cats"), 1):
        camera.show(pictures(drawn, name, "train", 20))
        camera.hold(number, 20)
    for name in ("dogs", "cats"):
        camera.show(pictures(drawn, name, "validation", 1))
        camera.says(name)
    print(  # noqa: T201
        f"\nright answers {time.monotonic() - began:.0f} s after the empty page, with 5 interactions"
    )
    expect(page.locator(".collect .card.best .name")).to_have_value("cats")
    page.get_by_label("Name of another class").fill("lights")
    page.get_by_role("button", name="Add a class").click()
    camera.show([image_bytes(seed, (640, 480)) for seed in range(3)])
    camera.hold(3, 10)
    camera.says("lights")
    noise = np.random.default_rng(0).integers(0, 256, (48, 64, 3), dtype=np.uint8).repeat(10, 0).repeat(10, 1)
    camera.show([encode(Image.fromarray(noise))])
    camera.says("None of these")
    assert not camera.watched.complaints


def test_the_keyboard_alone_is_enough_and_the_page_is_usable_by_all(camera: Camera, drawn: Path) -> None:
    """Enter begins, the keys 1 and 2 hold, Space holds the button in focus; then axe, and a phone's width."""
    page, watched = camera.page, camera.watched
    begin(camera, keyboard=True)
    for key, name in (("1", "dogs"), ("2", "cats")):
        camera.show(pictures(drawn, name, "train", 5))
        page.keyboard.down(key)
        camera.wait_for(int(key), 3)
        page.keyboard.up(key)
        expect(page.locator(RECORDING)).to_have_count(0)
    field_ = page.get_by_label("Name of class 2")
    field_.focus()
    page.keyboard.press("End")
    page.keyboard.type(" 1")  # a digit in a name records nothing
    expect(page.locator(RECORDING)).to_have_count(0)
    page.keyboard.press("Enter")
    expect(page.get_by_role("button", name="Hold to record Class 2 1")).to_be_visible()
    before = len(camera.acknowledged)
    page.get_by_role("button", name="Hold to record Class 1").press(" ")
    camera.wait_for(1, 1 + sum(path.startswith("Class 1/") for path in camera.acknowledged))
    page.wait_for_timeout(700)
    assert len(camera.acknowledged) == before + 1  # a tap takes one
    camera.says("Class 2 1")
    watched.settle()
    assert_nothing_serious_in_light_and_dark(watched)
    page.set_viewport_size({"width": 390, "height": 844})
    assert_nothing_serious(watched, "a phone")
    assert page.evaluate("document.documentElement.scrollWidth") <= 390
    camera.card(1).locator(".record").scroll_into_view_if_needed()
    height = (camera.card(1).locator(".record").bounding_box() or {"height": 0})["height"]
    assert height >= 48
    assert not watched.complaints


def test_a_camera_that_goes_while_it_records_is_said_and_files_go_in_without_one(camera: Camera, drawn: Path) -> None:
    page = camera.page
    name = begin(camera, "dogs", "cats")
    camera.show(pictures(drawn, "dogs", "train", 3))
    box = camera.card(1).locator(".record").bounding_box()
    assert box
    page.mouse.move(box["x"] + 20, box["y"] + 20)
    page.mouse.down()
    camera.wait_for(1, 1)
    page.evaluate("streams.at(-1).getTracks()[0].dispatchEvent(new Event('ended'))")
    expect(page.get_by_text("The camera was disconnected")).to_be_visible()
    expect(page.locator(RECORDING)).to_have_count(0)
    page.mouse.up()
    files = [
        FilePayload(name=f"{number}.jpg", mimeType="image/jpeg", buffer=image)
        for number, image in enumerate([*pictures(drawn, "cats", "train", 3), b"no image"])
    ]
    camera.card(2).locator("input[type=file]").first.set_input_files(files)
    expect(page.get_by_text("3 images were added. Not added: 3.jpg")).to_be_visible()
    expect(camera.card(2).locator(".number")).to_have_text("3 images")
    camera.card(2).get_by_role("button", name="Remove cats").click()
    page.get_by_role("button", name="Remove it").click()
    expect(page.locator(".collect .card")).to_have_count(1)
    page.locator(".collect .undo").click()
    expect(camera.card(2).locator(".number")).to_have_text("3 images")

    second = page.context.new_page()  # another window on the same collection
    try:
        second.add_init_script(REFUSED)
        second.goto(f"{camera.watched.server.url}/collect")
        second.get_by_role("button", name="Start the camera").click(timeout=60_000)
        expect(second.get_by_text("The camera is blocked")).to_be_visible()
        second.get_by_label("Name of another class").fill("fish")
        second.get_by_role("button", name="Add a class").click()
        expect(second.locator(".collect .card")).to_have_count(3)
        expect(camera.card(3).locator(".name")).to_have_value("fish")
    finally:
        second.close()
    assert (camera.watched.server.home / "collections" / name / "fish").is_dir()


def test_every_acknowledged_image_survives_a_killed_server(watched_afresh: Watched, drawn: Path) -> None:
    camera = with_camera(watched_afresh)
    name = begin(camera, "dogs", "cats")
    camera.show(pictures(drawn, "dogs", "train", 20))
    camera.page.keyboard.down("1")
    camera.wait_for(1, 6)
    os.kill(watched_afresh.server.pid, signal.SIGKILL)
    expect(camera.page.get_by_text(re.compile("connection to Pawlab is lost"))).to_be_visible()
    root = watched_afresh.server.home / "collections" / name
    assert len(camera.acknowledged) >= 6
    there = [path.relative_to(root).as_posix() for path in root.rglob("*.jpg") if ".collection" not in path.parts]
    assert set(camera.acknowledged) <= set(there)
    for path in there:
        facts, _ = inspect_image(root / path)
        assert max(facts.width, facts.height) >= 480
