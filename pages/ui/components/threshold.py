"""The confidence threshold as a slider that shows what it costs while it moves; Streamlit's own tells on release."""

from collections.abc import Sequence
from functools import cache
from pathlib import Path

import streamlit as st

from core.errors import PawlabError
from core.evaluation.answers import Answers
from core.evaluation.chosen import ALWAYS, choose_threshold, chosen_threshold
from core.evaluation.confusion import Score
from core.evaluation.threshold import outcomes, steps
from core.evaluation.words import interval, percent
from core.training.runs import Run
from pages.ui.words import show_error

KEY, VALUE, FAILED = "evaluate_slider", "evaluate_threshold", "evaluate_threshold_failed"
HTML = """
<div class="threshold">
  <div class="left">
    <div class="name">Confidence threshold <output></output></div>
    <input type="range" min="0" step="1" aria-label="Confidence threshold">
    <div class="bar" role="img"><i class="right"></i><i class="wrong"></i><i class="unsure"></i></div>
    <dl>
      <div><dt><i class="right"></i>answered right</dt><dd data-of="right"></dd></div>
      <div><dt><i class="wrong"></i>answered wrong</dt><dd data-of="wrong"></dd></div>
      <div><dt><i class="unsure"></i>unsure</dt><dd data-of="unsure"></dd></div>
      <div><dt>get an answer</dt><dd data-of="coverage"></dd></div>
      <div class="wide"><dt>right, of the answered</dt><dd data-of="accuracy"></dd></div>
    </dl>
  </div>
  <figure><svg viewBox="0 0 220 150" role="img"></svg><figcaption>right, of the answered, against answered</figcaption>
  </figure>
</div>
"""


def threshold_now(run: Run) -> float:
    """The threshold that this session looks at: the one that was chosen for the run, until it is moved. Call it before
    `threshold_panel`."""
    of, value = st.session_state.get(VALUE, ("", ALWAYS))
    if of != run.id:
        value = chosen_threshold(run)
    match getattr(st.session_state.get(KEY), "moved", None):
        case {"run": str(named), "threshold": int() | float() as moved} if named == run.id and 0 <= moved <= 1:
            value = float(moved)
    st.session_state[VALUE] = (run.id, value)
    return float(value)


def threshold_panel(run: Run, answers: Answers, threshold: float) -> None:
    """The slider, what it does, and the button that keeps it with the run."""
    chosen = chosen_threshold(run)
    known = steps(len(answers.classes), threshold, chosen)
    with st.container(border=True):
        _slider(run, answers, known, threshold)
        with st.container(horizontal=True, vertical_alignment="center"):
            st.button(
                "Use this threshold",
                on_click=_keep,
                args=(run, threshold),
                disabled=threshold == chosen,
                key="evaluate_use",
                help="Kept with the run. The Classify page then says “unsure” where the model is less sure.",
            )
            kept = f"In use for this run: {chosen:g}." if chosen else "In use for this run: none, it always answers."
            st.markdown(kept, width="content")
        if error := st.session_state.pop(FAILED, None):
            show_error(error)
        st.caption(
            "Below the threshold the answer is “unsure”. It trades how many pictures get an answer against how many "
            "answers are right. It is no detector of unknown things: the model can be very sure of a car."
        )


def _keep(run: Run, threshold: float) -> None:
    try:
        choose_threshold(run, threshold)
    except PawlabError as error:
        st.session_state[FAILED] = error


def _slider(run: Run, answers: Answers, known: Sequence[float], threshold: float) -> None:
    counts = outcomes(answers.labels, answers.probabilities, list(known))
    rows = []
    for value, (right, wrong, unsure) in zip(known, counts.tolist(), strict=True):
        score = Score.of(right, right + wrong)
        words = f"{percent(score)} ({interval(score)})" if score.known else "no answers"
        share = (right + wrong) / len(answers)
        rows.append(
            [value, right, wrong, unsure, round(share, 4), words, round(score.value, 4) if score.known else None]
        )
    # Registered on each call: the registry belongs to the runtime, which tests replace.
    draw = st.components.v2.component("threshold", html=HTML, css=_part("threshold.css"), js=_part("threshold.js"))
    data = {"run": run.id, "rows": rows, "at": list(known).index(threshold), "total": len(answers)}
    draw(data=data, key=KEY, on_moved_change=_nothing)


@cache
def _part(name: str) -> str:
    return (Path(__file__).parent / name).read_text(encoding="utf-8")


def _nothing() -> None:
    """Streamlit wants a callback for each event that a component may send."""
