"""Images that pass: the newest one comes in at the front, the oldest leaves, and what is there moves on.

Meanwhile the browser loads what the curves need, which take this place.
"""

from collections.abc import Sequence

import streamlit as st

from core.runs.passing_images import Passed
from pages.ui.components.live_chart import LIBRARY, SCRIPT
from pages.ui.components.samples import jpeg

HTML = "<ul class='passing' aria-label='Images that have just passed the base model'></ul>"
CSS = """
.passing { display: grid; grid-template-columns: repeat(auto-fill, minmax(112px, 1fr)); gap: 10px; margin: 0;
  padding: 0; list-style: none; color: var(--st-text-color); font: 0.8rem/1.35 var(--st-font); }
li { min-width: 0; overflow: hidden; text-overflow: ellipsis; white-space: nowrap; animation: arrive 0.3s ease-out; }
img { display: block; width: 100%; aspect-ratio: 1; object-fit: cover; border-radius: var(--st-base-radius); }
@keyframes arrive { from { opacity: 0; transform: translateX(-24px); } }
@media (prefers-reduced-motion: reduce) { li { animation: none; } }
"""
JS = """
export default function({data, parentElement}) {
  const root = parentElement.querySelector('.passing');
  const wanted = new Set(data.items.map((item) => String(item.number)));
  const there = new Map([...root.children].map((tile) => [tile.dataset.number, tile]));
  there.forEach((tile, number) => { if (!wanted.has(number)) tile.remove(); });
  [...data.items].reverse().forEach((item) => {
    if (there.has(String(item.number))) return;
    const [tile, image, label] = ['li', 'img', 'bdi'].map((tag) => document.createElement(tag));
    tile.dataset.number = item.number;
    image.src = `data:image/jpeg;base64,${item.image}`;
    image.alt = item.alt;
    image.title = item.name;
    label.textContent = item.words;
    tile.append(image, label);
    root.prepend(tile);
  });
  (globalThis.requestIdleCallback ?? setTimeout)(() => library(data.script).catch(() => {}));
}
"""


def passing_images(images: Sequence[Passed], key: str) -> None:
    """Draws them, newest first; the same `key` with later images moves those that are there."""
    items = []
    for image in images:
        words = f"{image.label}, copy {image.copy}" if image.copy else image.label
        if content := jpeg(image.file):
            name = {"number": image.number, "image": content, "name": image.path, "words": words}
            items.append(name | {"alt": f"{image.path}: {words}"})
    # Registered on each call: the registry belongs to the runtime, which tests replace.
    draw = st.components.v2.component("passing", html=HTML, css=CSS, js=LIBRARY + JS)
    draw(data={"items": items, "script": SCRIPT}, key=key)
