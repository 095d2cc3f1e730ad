"""Collect's camera and classes: the video with the instant model's answer over it, and a card for each class.

The browser talks to `pages.ui.routes.collect` without Streamlit, so recording goes on while the page is drawn anew. It
tells Python when it is quiet again after a change, for what stands below. Only a button turns the camera on; leaving
the page turns it off.
"""

from collections.abc import Mapping
from functools import cache
from pathlib import Path
from typing import Any

import streamlit as st

HTML = """
<div class="collect live" data-state="off">
  <div class="seen">
    <div class="stage">
      <video playsinline muted aria-label="Camera video"></video>
      <div class="prediction" hidden>
        <p class="headline"><span class="label"></span><span class="confidence"></span></p>
        <p class="unlike" hidden>Unlike everything it was shown</p>
        <p class="likely" hidden></p>
        <ul class="bars" aria-label="Probabilities"></ul>
      </div>
      <p class="missing"></p>
      <div class="note"><strong></strong><span></span><button type="button"></button></div>
      <p class="lost" role="alert"></p>
    </div>
    <div class="controls">
      <button type="button" class="stop" disabled>Turn off</button>
      <label><input type="checkbox" class="mirror" role="switch" checked disabled>Mirror</label>
      <label hidden>Camera<select class="cameras" aria-label="Camera"></select></label>
      <label class="pace">Record<input type="range" class="speed" min="2" max="10" value="5"
        aria-label="Images a second while a button is held"><output>5 a second</output></label>
    </div>
    <p class="figures"></p>
    <p class="spoken" role="status" aria-live="polite"></p>
  </div>
  <div class="classes">
    <div class="message" role="status"><span></span><button type="button" hidden></button></div>
    <ul class="cards" aria-label="Classes"></ul>
    <form class="new-class">
      <input type="text" maxlength="100" autocomplete="off" placeholder="Another class"
        aria-label="Name of another class">
      <button type="submit">Add a class</button>
      <button type="button" class="undo" hidden></button>
    </form>
    <p class="hint">Hold a button, or a key from 1 to 9. A click takes one image. Drop or paste images onto a class.</p>
  </div>
</div>
"""
SCRIPTS = (
    "camera.js",
    "live_link.js",
    "live_overlay.js",
    "collect_hold.js",
    "collect_files.js",
    "collect_cards.js",
    "collect.js",
)
STYLES = ("live_camera.css", "collect.css")


def collect(collection: str, state: Mapping[str, Any], begin: str, key: str = "collect") -> None:
    """Draws it.

    Args:
        collection: Its name.
        state: What `pages.ui.collect.cards.state_of` gives.
        begin: A request to turn the camera on, each followed once; "" for none.
        key: Of the element on the page.
    """
    # Registered on each call: the registry belongs to the runtime, which tests replace.
    draw = st.components.v2.component("collect", html=HTML, css=_parts(STYLES), js=_parts(SCRIPTS))
    draw(data={"collection": collection, "state": state, "begin": begin}, key=key, on_changed_change=lambda: None)


@cache
def _parts(names: tuple[str, ...]) -> str:
    return "\n".join((Path(__file__).parent / name).read_text(encoding="utf-8") for name in names)
