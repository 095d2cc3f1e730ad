"""Collect in a browser, with a camera whose picture the test switches: hold a button, and the model has learned."""

import json
import os
import re
import resource
import shutil
import signal
import time
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
import pytest
from PIL import Image
from playwright.sync_api import FilePayload, Locator, Page, WebSocket, expect

from core.datasets.collect.bursts import image_name, new_burst
from core.datasets.collect.store import create_collection
from core.images.decode import inspect_image
from tests.browser.axe import assert_nothing_serious, assert_nothing_serious_in_light_and_dark
from tests.browser.conftest import Watched
from tests.browser.switched_camera import CAMERA, INTERACTIONS, RECORDING, hold, show, transfer, wait_for_images
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


def test_from_the_empty_page_to_a_right_answer_in_six_steps_and_a_third_class(watched: Watched, drawn: Path) -> None:
    shutil.rmtree(watched.server.home / "collections", ignore_errors=True)
    watched.page.add_init_script(INTERACTIONS)
    camera = with_camera(watched)
    page, began = camera.page, time.monotonic()
    begin(camera, "dogs", "cats")  # two names and a click
    page.locator(".collect .speed").fill("10")
    for number, name in enumerate(("dogs", "cats"), 1):
        camera.show(pictures(drawn, name, "train", 20))
        camera.hold(number, 20)
    for name in ("dogs", "cats"):
        camera.show(pictures(drawn, name, "validation", 3))  # in turn: ten photos of each were seen, so one may fool it
        camera.says(name)
    number = page.evaluate("interactions")
    print(f"\nright answers {time.monotonic() - began:.0f} s after the empty page, {number} steps")  # noqa: T201
    assert 1 <= number <= 6
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


NAMES = ("Tim's “best” 🐱", *(f"class {number}" for number in range(2, 41)))


def test_40_classes_of_2_000_images_take_more_in_every_way_until_the_disk_is_full(
    watched: Watched, drawn: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    page, server = watched.page, watched.server
    monkeypatch.setenv("PAWLAB_HOME", str(server.home))
    collection = create_collection("It's “all” 🎒 & more")
    one, two, three, four, *_ = pictures(drawn, "dogs", "train", 5)
    for number, name in enumerate(NAMES):
        collection.add_class(name)
        burst, image = new_burst(), image_bytes(number)
        for frame in range(1 if number == 1 else 51):  # a class with one image
            (collection.root / name / image_name(burst, frame + 1, ".jpg")).write_bytes(image)
    camera = with_camera(watched)
    expect(page.locator(".collect .card")).to_have_count(40)
    expect(camera.card(1).locator(".name")).to_have_value(NAMES[0])
    expect(camera.card(1).locator(".number")).to_have_text("51 images")
    expect(camera.card(2).locator(".number")).to_have_text("1 image")
    expect(camera.card(2).locator(".needs")).to_have_text(re.compile("Record 19 more images"))
    expect(page.get_by_role("button", name="Select all 1,990")).to_be_visible()
    assert page.locator("img").count() <= 40 * 6 + 48

    card = camera.card(2)
    card.locator(".head").dispatch_event("drop", {"dataTransfer": transfer(page, [("a.jpg", one)])})
    expect(card.locator(".number")).to_have_text("2 images")
    card.locator(".needs").hover()
    page.evaluate(
        "clipboardData => document.dispatchEvent(new ClipboardEvent('paste', {clipboardData, bubbles: true}))",
        transfer(page, [("b.jpg", two)]),
    )
    expect(card.locator(".number")).to_have_text("3 images")
    (tmp_path / "deep" / "er").mkdir(parents=True)
    (tmp_path / "deep" / "er" / "c.jpg").write_bytes(three)
    (tmp_path / "deep" / "notes.txt").write_text("no image")
    card.locator("input[webkitdirectory]").set_input_files(tmp_path / "deep")
    expect(page.get_by_text("1 image was added. Not added: notes.txt")).to_be_visible()
    expect(card.locator(".number")).to_have_text("4 images")

    page.get_by_role("button", name="Start the camera").click()
    page.get_by_label("Camera", exact=True).select_option(label="The back one")
    expect(page.locator(".collect[data-state=live]")).to_be_visible()
    assert page.evaluate("chosen") == ["", "back"]
    camera.show([four])
    camera.hold(2, 5)
    before = {path: path.stat().st_size for path in collection.root.rglob("*") if path.is_file()}
    unlimited = resource.prlimit(server.pid, resource.RLIMIT_FSIZE)
    resource.prlimit(
        server.pid, resource.RLIMIT_FSIZE, (100, unlimited[1])
    )  # stands for a disk with room for 100 bytes
    try:
        page.keyboard.down("2")
        expect(page.locator(".collect .message")).to_contain_text("cannot be changed")
        expect(page.locator(RECORDING)).to_have_count(0)
        page.keyboard.up("2")
        assert {path: path.stat().st_size for path in collection.root.rglob("*") if path.is_file()} == before
    finally:
        resource.prlimit(server.pid, resource.RLIMIT_FSIZE, unlimited)
    camera.hold(2, 1 + sum(path.parent.name == NAMES[1] for path in before))
    assert page.evaluate("document.documentElement.scrollWidth") <= 1280


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
