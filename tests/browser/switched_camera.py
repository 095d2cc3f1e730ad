"""A camera whose picture a script switches, and a hand that holds the buttons of the page Collect."""

import base64
from collections.abc import Sequence

from playwright.sync_api import JSHandle, Page, expect

# Each image stands in the camera for a moment, never twice at the same place.
CAMERA = """
const canvas = Object.assign(document.createElement('canvas'), {width: 640, height: 480});
const context = canvas.getContext('2d');
let images = [], ticks = 0;
window.streams = [];
window.show = async (sources) => {
  images = await Promise.all(sources.map((source) => new Promise((done) => {
    const image = new Image();
    image.onload = () => done(image);
    image.src = source;
  })));
  ticks = 0;
};
setInterval(() => {
  context.fillStyle = '#777';
  context.fillRect(0, 0, 640, 480);
  const image = images[Math.floor(ticks / 6) % images.length];
  if (image) context.drawImage(image, ticks % 5, ticks % 3, 640, 480);
  ticks += 1;
}, 33);
window.chosen = [];  // which camera, at each start
navigator.mediaDevices.getUserMedia = async ({video}) => {
  chosen.push(video.deviceId?.exact ?? '');
  streams.push(canvas.captureStream(30));
  return streams.at(-1);
};
navigator.mediaDevices.enumerateDevices = async () =>
  ['front', 'back'].map((name) => ({kind: 'videoinput', deviceId: name, label: `The ${name} one`}));
"""
# What somebody does: each press, each field that is written in, each slider that is moved.
INTERACTIONS = """
window.interactions = 0;
const fields = new Set();
const target = (event) => event.composedPath()[0];
addEventListener('pointerdown', (event) => { if (!target(event).matches('input')) interactions += 1; }, true);
addEventListener('input', (event) => {
  if (!fields.has(target(event))) interactions += 1;
  fields.add(target(event));
}, true);
"""
RECORDING = ".collect .card.recording"


def show(page: Page, images: Sequence[bytes]) -> None:
    """Holds these image files in front of the camera, one after the other, again and again."""
    sources = [f"data:image/jpeg;base64,{base64.b64encode(image).decode()}" for image in images]
    page.evaluate("sources => show(sources)", sources)


def hold(page: Page, number: int, images: int) -> None:
    """Holds the button of class `number`, 1 and up, with the mouse until it has so many images."""
    box = page.locator(".collect .card").nth(number - 1).locator(".record").bounding_box()
    assert box
    page.mouse.move(box["x"] + 20, box["y"] + 20)
    page.mouse.down()
    wait_for_images(page, number, images)
    page.mouse.up()
    expect(page.locator(RECORDING)).to_have_count(0)


def wait_for_images(page: Page, number: int, images: int) -> None:
    """Waits until class `number`, 1 and up, has so many images."""
    card = page.locator(".collect .card").nth(number - 1).locator(".number").element_handle()
    page.wait_for_function("([card, least]) => parseInt(card.textContent) >= least", arg=[card, images])


def transfer(page: Page, files: Sequence[tuple[str, bytes]]) -> JSHandle:
    """What a drop or a paste of these files carries: a DataTransfer."""
    parts = [(name, base64.b64encode(content).decode()) for name, content in files]
    return page.evaluate_handle(
        """files => {
          const transfer = new DataTransfer();
          for (const [name, content] of files) {
            const bytes = Uint8Array.from(atob(content), (letter) => letter.charCodeAt(0));
            transfer.items.add(new File([bytes], name, {type: 'image/jpeg'}));
          }
          return transfer;
        }""",
        parts,
    )
