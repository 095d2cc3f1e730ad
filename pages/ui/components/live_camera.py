"""The live camera: the video with a run's prediction drawn over it, frame by frame.

The browser sends frames to `pages.ui.routes.live` and draws the predictions that come back, without Streamlit, so the
page is not rerun. Only a button turns the camera on; leaving the page turns it off.
"""

from functools import cache
from pathlib import Path

import streamlit as st

from core.evaluation.unlike import LIMITS
from core.evaluation.words import as_percent
from core.images.crop import Crop
from core.runs.choices import THRESHOLD
from core.runs.run import Run

HTML = """
<div class="live" data-state="off">
  <div class="stage">
    <video playsinline muted aria-label="Camera video"></video>
    <div class="prediction" hidden>
      <p class="headline"><span class="label"></span><span class="confidence"></span></p>
      <p class="unlike" hidden>Unlike the training images</p>
      <p class="likely" hidden></p>
      <ul class="bars" aria-label="Probabilities"></ul>
    </div>
    <div class="note"><strong></strong><span></span><button type="button"></button></div>
    <p class="lost" role="alert"></p>
  </div>
  <div class="controls">
    <button type="button" class="pause" disabled>Pause</button>
    <button type="button" class="stop" disabled>Turn off</button>
    <button type="button" class="full" disabled>Full screen</button>
    <label><input type="checkbox" class="mirror" role="switch" checked disabled>Mirror</label>
    <label hidden>Camera<select class="cameras" aria-label="Camera"></select></label>
  </div>
  <p class="figures"></p>
  <p class="spoken" role="status" aria-live="polite"></p>
</div>
"""


def live_camera(run: Run, key: str = "live_camera") -> None:
    """Draws it. Another run with the same key keeps the camera on and predicts from then on."""
    # Registered on each call: the registry belongs to the runtime, which tests replace.
    draw = st.components.v2.component("live_camera", html=HTML, css=_part("live_camera.css"), js=_script())
    draw(data={"run": run.id}, key=key)
    st.caption(explained(THRESHOLD.of(run), run.config.crop), help=LIMITS)


def explained(threshold: float, crop: Crop) -> str:
    """What the viewer should know about the figures."""
    square = "The centred square is cut out" if crop == "center" else "The whole frame is squeezed to a square"
    words = (
        f"{square}, as from an uploaded image; the model gets it unmirrored. "
        "Probabilities are averaged over about half a second so that the bars do not flicker. So is the distance of "
        "the frame to the training images: where it says “unlike” them, the probabilities mean little. Where one class "
        "is not enough to be right as often as the level on the Evaluate page, it names several."
    )
    return (
        f"{words} Below a confidence of {as_percent(threshold)}, set on the Evaluate page, the model is unsure."
        if threshold
        else words
    )


def _script() -> str:
    return "".join(map(_part, ("camera.js", "live_link.js", "live_overlay.js", "live_camera.js")))


@cache
def _part(name: str) -> str:
    return (Path(__file__).parent / name).read_text(encoding="utf-8")
