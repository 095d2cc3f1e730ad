"""One image large: its prediction, where the model looked, the nearest training images, and whether the prediction is
right."""

import base64

import streamlit as st

from core.errors import PawlabError
from core.evaluation.conformal import LIMITS as ABOUT_SETS
from core.evaluation.conformal import set_in_words
from core.evaluation.unlike import LIMITS as ABOUT_UNLIKE
from core.evaluation.unlike import UNLIKE
from core.evaluation.words import as_percent
from core.images.isolated import decode_image, load_image
from core.inference.batch import LARGE, Row, as_view, view_of
from core.inference.classifier import Classifier, Prediction
from core.inference.grad_cam import overlay
from core.runs.limits import Limits
from core.runs.run import Run
from core.text.markup import escape_html
from pages.ui.classify.corrections import check
from pages.ui.classify.nearest import nearest
from pages.ui.shared.classifier import bars, confidence_in_words, explainer_of, model_key
from pages.ui.shared.grad_cam import beside
from pages.ui.shared.text import plain, show_error


def detail(run: Run, classifier: Classifier, row: Row, limits: Limits) -> None:
    if row.prediction is None:
        st.error(f"**{plain(row.image.path)}** could not be classified: {plain(row.reason)}.")
        return
    left, right = st.columns([3, 2], gap="medium")
    with right:
        st.subheader(headline(row.prediction, limits))
        unlike(row.prediction, limits)
        likely(row.prediction, limits)
        if row.prediction.is_unsure(limits):
            st.caption(
                f"Its confidence is below the threshold of {as_percent(limits.threshold)}. That does not mean that the "
                "image shows something unknown: it cannot spot unknown objects."
            )
        probabilities(row.prediction)
        st.caption(f"{plain(row.image.path)} · {row.milliseconds:.0f} ms per image")
        label = _grad_cam_class(classifier, row.prediction)
        check(row, classifier.classes)
    with left:
        try:
            image = view_of(row, LARGE)
            evidence = None if label is None else _grad_cam(row.image.id, model_key(run), label, run, row)
        except PawlabError as error:
            show_error(error)
            return
        name = "" if label is None else classifier.classes[label]
        beside(image, f"{row.image.path}, classified as {row.prediction.label}", evidence, name, LARGE)
        nearest(run, classifier, row)


def headline(prediction: Prediction, limits: Limits) -> str:
    """The prediction as Markdown."""
    label = f"**{plain(prediction.label)}** ({as_percent(prediction.confidence)})"
    if prediction.is_unlike(limits):
        return f"{UNLIKE}, most likely {label}"
    if prediction.is_unsure(limits):
        return f"Unsure, most likely {label}"
    return f"{confidence_in_words(prediction)} {label}"


def unlike(prediction: Prediction, limits: Limits) -> None:
    """What it means that the image is unlike the training images, where it is."""
    if prediction.distance is not None and prediction.is_unlike(limits):
        st.markdown(
            f"Its probabilities mean little: distance {prediction.distance:.3f}, cut {limits.cut:.3f}.",
            help=ABOUT_UNLIKE,
        )


def likely(prediction: Prediction, limits: Limits) -> None:
    """Names the classes that the image may show, where one is not enough."""
    if words := set_in_words(prediction, limits):
        st.markdown(f"Set: {plain(words)}", help=ABOUT_SETS)


def probabilities(prediction: Prediction) -> None:
    for name, probability in bars(prediction):
        st.progress(min(1.0, max(0.0, probability)), f"{plain(name)} {as_percent(probability)}")
    if len(prediction.probabilities) > len(bars(prediction)):
        st.caption(f"The {len(bars(prediction))} most probable of {len(prediction.probabilities)} classes.")


def framed(content: bytes, alt: str, height: int) -> None:
    """A JPEG as wide as its place and of a height in pixels, so that cards in a row are alike; never cropped."""
    source = f"data:image/jpeg;base64,{base64.b64encode(content).decode()}"
    style = f"width: 100%; height: {height}px; object-fit: contain; object-position: left; display: block"
    st.html(f'<img src="{source}" alt="{escape_html(" ".join(alt.split()))}" style="{style}">')


def _grad_cam_class(classifier: Classifier, prediction: Prediction) -> int | None:
    """The class whose Grad-CAM is to be shown; None for the plain image."""
    is_on = st.toggle(
        "Grad-CAM",
        key="classify_looked",
        help="Shows beside the image where the last feature map supports the class below: where the model looked, "
        "not why, and only coarsely.",
    )
    if not is_on:
        return None
    return st.selectbox(
        "Evidence for class",
        range(len(classifier.classes)),
        index=classifier.classes.index(prediction.label),
        format_func=lambda at: classifier.classes[at],
        help="Which class to show the evidence for: the predicted class, or the true one.",
    )


@st.cache_data(max_entries=50, show_spinner=False)
def _grad_cam(image: str, model: str, label: int, _run: Run, _row: Row) -> bytes:
    content = _row.image.read()
    size, crop = _run.config.image_size, _run.config.crop
    evidence = explainer_of(_run).explain(load_image(content, size, crop=crop), label)
    return as_view(overlay(decode_image(content, LARGE), evidence, crop=crop))
