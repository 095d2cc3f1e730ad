"""One picture large: what the run says of it, where it looked, and whether it is right."""

import base64
import html

import streamlit as st

from core.errors import PawlabError
from core.images import decode_image, load_image
from core.inference.batch import LARGE, Row, as_view, view_of
from core.inference.classifier import Answer, Classifier
from core.inference.explanation import overlay
from core.training.runs import Run
from pages.ui.classifier import bars, confidence_in_words, model_key
from pages.ui.classify_corrections import judgement
from pages.ui.evaluation import explainer_of
from pages.ui.words import confident, plain, show_error


def detail(run: Run, classifier: Classifier, row: Row, threshold: float) -> None:
    if row.answer is None:
        st.error(f"**{plain(row.picture.path)}** is not classified: {plain(row.reason)}.")
        return
    left, right = st.columns([3, 2], gap="medium")
    with right:
        st.subheader(headline(row.answer, threshold))
        if row.answer.confidence < threshold:
            st.caption(
                f"Its confidence is below the threshold of {threshold:.0%}. That says how sure it is, not whether the "
                "picture shows something that it does not know."
            )
        probabilities(row.answer)
        st.caption(f"{plain(row.picture.path)} · {row.milliseconds:.0f} ms from the file to the answer")
        label = _evidence_for(classifier, row.answer)
        judgement(row, classifier.classes)
    with left:
        try:
            evidence = label is not None
            shown = view_of(row, LARGE) if label is None else _looked(row.picture.id, model_key(run), label, run, row)
        except PawlabError as error:
            show_error(error)
            return
        words = ", with where the model looked laid over it" if evidence else ""
        framed(shown, f"{row.picture.path}, classified as {row.answer.label}{words}")


def headline(answer: Answer, threshold: float) -> str:
    """The answer as Markdown."""
    said = f"**{plain(answer.label)}** ({confident(answer.confidence)})"
    return f"{confidence_in_words(answer)} {said}" if answer.confidence >= threshold else f"Unsure: at most {said}"


def probabilities(answer: Answer) -> None:
    for name, probability in bars(answer):
        st.progress(min(1.0, max(0.0, probability)), f"{plain(name)} {confident(probability)}")
    if len(answer.probabilities) > len(bars(answer)):
        st.caption(f"The {len(bars(answer))} most probable of {len(answer.probabilities)} classes.")


def framed(content: bytes, alt: str, height: int = 0) -> None:
    """A JPEG as wide as its place, whole, whatever its shape. With a `height` in pixels its place has that height, so
    that cards beside each other are alike; without, at most `LARGE`."""
    source = f"data:image/jpeg;base64,{base64.b64encode(content).decode()}"
    tall = f"height: {height}px" if height else f"max-height: {LARGE}px"
    style = f"width: 100%; {tall}; object-fit: contain; object-position: left; display: block"
    st.html(f'<img src="{source}" alt="{html.escape(" ".join(alt.split()))}" style="{style}">')


def _evidence_for(classifier: Classifier, answer: Answer) -> int | None:
    """The class whose evidence is to be shown; None where none is."""
    wanted = st.toggle(
        "Show where it looked",
        key="classify_looked",
        help="Grad-CAM: red where the last feature map speaks for the class below, blue where it does not. It shows "
        "where the evidence lies, not why, and no finer than a few places a side.",
    )
    if not wanted:
        return None
    return st.selectbox(
        "Evidence for",
        range(len(classifier.classes)),
        index=classifier.classes.index(answer.label),
        format_func=lambda at: classifier.classes[at],
        help="The class whose evidence is shown: the answer, or what it should have been.",
    )


@st.cache_data(max_entries=50, show_spinner=False)
def _looked(picture: str, model: str, label: int, _run: Run, _row: Row) -> bytes:
    content = _row.picture.read()
    evidence = explainer_of(_run).explain(load_image(content, _run.config.image_size), label)
    return as_view(overlay(decode_image(content, LARGE), evidence))
