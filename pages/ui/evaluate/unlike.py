"""The cut beyond which an image is unlike the training images: its trade-off, on validation images and on images of
other things that the user drops here."""

from collections.abc import Sequence

import numpy as np
import streamlit as st
from numpy.typing import NDArray

from core.errors import Cancelled, PawlabError, RunError
from core.evaluation.charts import distances_chart
from core.evaluation.unlike import (
    LIMITS,
    REJECTIONS,
    Cut,
    basis_in_words,
    cut_at,
    cut_in_words,
    separation,
)
from core.evaluation.words import DECIMAL, as_percent, confidence_interval, percent
from core.inference.batch import classify_images
from core.inference.given import MAX_IMAGES, Upload, from_uploads
from core.jobs.background import SingleFlight, Task
from core.jobs.progress import Progress
from core.runs.choices import REJECTION
from core.runs.limits import has_neighbours, neighbours_of
from core.runs.run import Run
from pages.ui.evaluate.score import show_score
from pages.ui.shared.classifier import classifier_of, model_key
from pages.ui.shared.progress import AT_ONCE, follow
from pages.ui.shared.text import show_error
from pages.ui.shared.unlike import added
from pages.ui.shared.use_row import USED_BY, use_row

CONFIG = {"displayModeBar": False}
Distances = NDArray[np.float32]


@st.cache_resource(scope="session", show_spinner=False)
def _tasks() -> SingleFlight[Distances]:
    """The other images whose distances this session measures."""
    return SingleFlight()


def unlike_view(run: Run) -> None:
    st.markdown("**Unlike the training images**", help=LIMITS)
    if not has_neighbours(run):
        added(run)
        return
    try:
        neighbours, chosen = neighbours_of(run), REJECTION.of(run)
        others = _others(run)
    except PawlabError as error:
        show_error(error)
        return
    shares = sorted({*REJECTIONS, chosen})
    share = st.select_slider(
        "Images like the training images that may be called unlike",
        shares,
        value=chosen,
        format_func=lambda value: as_percent(value) if value else "none: turned off",
        key=f"evaluate_unlike_{run.id}_{chosen}",
        help="A larger share finds more images that are unlike, and calls more good images so. " + LIMITS,
    )
    cut = cut_at(neighbours, share, others)
    _figures(cut, separation(neighbours, others))
    st.markdown(cut_in_words(cut))
    use_row(run, REJECTION, share, noun="cut", in_use=as_percent(chosen) if chosen else "none", help=USED_BY)
    st.plotly_chart(
        distances_chart(neighbours.validation, others, cut.distance), config=CONFIG, key="evaluate_distances"
    )
    st.caption(f"{basis_in_words(neighbours)} {LIMITS}")


def _figures(cut: Cut, area: float) -> None:
    with st.container(horizontal=True, gap="small", key="scores_unlike"):  # as small as those above
        show_score(
            "Validation images",
            percent(cut.validation),
            confidence_interval(cut.validation),
            "The share of the validation images that this cut calls unlike the training images: too many of them.",
        )
        if cut.others.known:
            show_score(
                "Your images",
                percent(cut.others),
                confidence_interval(cut.others),
                "The share of the images that you dropped here which this cut calls unlike.",
            )
            words = (
                "The probability that an image of yours is further from the training images than a validation image."
            )
            show_score("ROC area", f"{area:{DECIMAL}}", None, f"{words} 0.5 is guessing.")


def _others(run: Run) -> Distances:
    """The distances of the images of other things; none where none were dropped."""
    uploads = st.file_uploader(
        "Images of other things, or zips of them",
        accept_multiple_files=True,
        max_upload_size=200,
        key="evaluate_unlike_files",
        help="Such as cars, plants and people for a model of cats and dogs: see how many this cut finds. They stay on "
        f"this machine and are not kept. Up to {MAX_IMAGES:,} images.",
    )
    nothing = np.empty(0, np.float32)
    if not uploads:
        return nothing
    task = _measure(run, [Upload(file.file_id, file.name, file.getvalue()) for file in uploads])
    if not task.done:
        follow(task, "Measuring the distances of your images.", "Their distances are not shown.")
    elif isinstance(task.error, Cancelled):
        st.info("Stopped: your images are not counted.")
    elif task.error is not None:
        show_error(task.error)
    elif task.result is not None:
        return task.result
    return nothing


def _measure(run: Run, uploads: Sequence[Upload]) -> Task[Distances]:
    images, classifier = from_uploads(uploads), classifier_of(run)
    if classifier.neighbours is None:
        raise RunError(classifier.without_distance)

    def work(progress: Progress) -> Distances:
        rows = classify_images(images.open(progress), classifier, progress).rows
        distances = [row.prediction.distance for row in rows if row.prediction]
        return np.array(distances, np.float32)

    task = _tasks().submit(f"{model_key(run)} {images.key}", work)
    task.wait(AT_ONCE)
    return task
