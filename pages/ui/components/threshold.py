"""The confidence threshold as a slider that shows coverage and accuracy while it moves, not only on release."""

from collections.abc import Sequence
from functools import cache
from pathlib import Path

import streamlit as st

from core.evaluation.confusion import Score
from core.evaluation.predictions import Predictions
from core.evaluation.threshold import outcomes, steps
from core.evaluation.words import with_interval
from core.runs.choices import THRESHOLD
from core.runs.run import Run
from pages.ui.shared.text import plain
from pages.ui.shared.use_row import use_row

KEY, VALUE, FAILED = "evaluate_slider", "evaluate_threshold", "evaluate_threshold_failed"
HTML = """
<div class="threshold">
  <div class="left">
    <div class="name">Confidence threshold <output></output></div>
    <input type="range" min="0" step="1" aria-label="Confidence threshold">
    <div class="bar" role="img"><i class="right"></i><i class="wrong"></i><i class="unsure"></i></div>
    <dl>
      <div><dt><i class="right"></i>right</dt><dd data-of="right"></dd></div>
      <div><dt><i class="wrong"></i>wrong</dt><dd data-of="wrong"></dd></div>
      <div><dt><i class="unsure"></i>unsure</dt><dd data-of="unsure"></dd></div>
      <div><dt>coverage</dt><dd data-of="coverage"></dd></div>
      <div class="wide"><dt>accuracy of the images it decides</dt><dd data-of="accuracy"></dd></div>
    </dl>
  </div>
  <figure><svg viewBox="0 0 220 150" role="img"></svg>
    <figcaption>Accuracy of the images it decides, against the share it decides</figcaption>
  </figure>
</div>
"""


def threshold_now(run: Run) -> float:
    """The threshold that this session shows: the one that is in use for the run, until the slider is moved. Call it
    before `threshold_panel`."""
    run_id, value = st.session_state.get(VALUE, ("", THRESHOLD.default))
    if run_id != run.id:
        value = THRESHOLD.of(run)
    match getattr(st.session_state.get(KEY), "moved", None):
        case {"run": str(named), "threshold": int() | float() as moved} if named == run.id and 0 <= moved <= 1:
            value = float(moved)
    st.session_state[VALUE] = (run.id, value)
    return float(value)


def threshold_panel(run: Run, predictions: Predictions, threshold: float) -> None:
    """The slider, its effect, and the button that stores the threshold with the run."""
    chosen = THRESHOLD.of(run)
    known = steps(len(predictions.classes), threshold, chosen)
    with st.container(border=True):
        _slider(run, predictions, known, threshold)
        use_row(
            run,
            THRESHOLD,
            threshold,
            noun="threshold",
            in_use=f"{chosen:g}" if chosen else "none, it is never unsure",
            help="Below it, the Classify page says “unsure” instead of a class.",
        )
        st.caption(
            "Below the threshold the model says “unsure”. A higher threshold decides fewer images (coverage) and is "
            "right more often on them. It cannot spot unknown objects: a car may get a confident "
            f"“{plain(predictions.classes[0])}”."
        )


def _slider(run: Run, predictions: Predictions, known: Sequence[float], threshold: float) -> None:
    counts = outcomes(predictions.labels, predictions.probabilities, list(known))
    rows = []
    for value, (right, wrong, unsure) in zip(known, counts.tolist(), strict=True):
        score = Score.of(right, right + wrong)
        words = with_interval(score) if score.known else "decides no image"
        share = (right + wrong) / len(predictions)
        rows.append(
            [value, right, wrong, unsure, round(share, 4), words, round(score.value, 4) if score.known else None]
        )
    # Registered on each call: the registry belongs to the runtime, which tests replace.
    draw = st.components.v2.component("threshold", html=HTML, css=_part("threshold.css"), js=_part("threshold.js"))
    data = {"run": run.id, "rows": rows, "at": list(known).index(threshold), "total": len(predictions)}
    draw(data=data, key=KEY, on_moved_change=_nothing)


@cache
def _part(name: str) -> str:
    return (Path(__file__).parent / name).read_text(encoding="utf-8")


def _nothing() -> None:
    """Streamlit wants a callback for each event that a component may send."""
