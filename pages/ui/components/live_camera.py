"""The live camera: the video with a run's answer drawn over it, frame by frame.

The browser sends frames to `pages.ui.live_route` and draws what comes back; Streamlit hears nothing of it, so nothing
on the page is run anew. The camera is turned on by a button only, and off when the page is left.
"""

from functools import cache
from pathlib import Path

import streamlit as st

from core.evaluation.chosen import chosen_threshold
from core.training.runs import Run

HTML = """
<div class="live" data-state="off">
  <div class="stage">
    <video playsinline muted aria-label="What the camera sees"></video>
    <div class="answer" hidden>
      <p class="headline"><span class="label"></span><span class="sure"></span></p>
      <ul class="bars" aria-label="Probabilities"></ul>
    </div>
    <div class="note"><strong></strong><span></span><button type="button"></button></div>
    <p class="lost" role="alert"></p>
  </div>
  <div class="controls">
    <button type="button" class="pause" disabled>Pause</button>
    <button type="button" class="stop" disabled>Turn off</button>
    <label><input type="checkbox" class="mirror" role="switch" checked disabled>Mirror</label>
    <label hidden>Camera<select class="cameras" aria-label="Camera"></select></label>
  </div>
  <p class="figures"></p>
  <p class="said" role="status" aria-live="polite"></p>
</div>
"""


def live_camera(run: Run, key: str = "live_camera") -> None:
    """Draws it. Another run with the same key keeps the camera on and asks that run from then on."""
    # Registered on each call: the registry belongs to the runtime, which tests replace.
    draw = st.components.v2.component("live_camera", html=HTML, css=_part("live_camera.css"), js=_script())
    draw(data={"run": run.id}, key=key)
    st.caption(explained(chosen_threshold(run)))


def explained(threshold: float) -> str:
    """What the viewer should know of the figures."""
    words = (
        "The whole picture is squeezed to a square, as uploaded pictures are, and it is not mirrored for the model. "
        "Shown is an average over about half a second, so that the bars do not flicker."
    )
    return f"{words} Below {threshold:.0%}, chosen on the Evaluate page, the answer is unsure." if threshold else words


def _script() -> str:
    return _part("live_link.js") + _part("live_overlay.js") + _part("live_camera.js")


@cache
def _part(name: str) -> str:
    return (Path(__file__).parent / name).read_text(encoding="utf-8")
