"""Classify: give new pictures to a trained run and see what it says of each."""

import math
from dataclasses import dataclass

import streamlit as st

from core.errors import PawlabError
from core.images import FORMATS, MAX_BYTES
from core.inference.classifier import Answer, Classifier
from core.training.runs import Run
from pages.ui.classifier import Look, bars, classifier_of, confidence_in_words, look_at, model_key, usable_runs
from pages.ui.export_bundle import export_section
from pages.ui.live_camera import live_camera
from pages.ui.words import plain, show_error

A_PAGE = 24  # cards shown at once
A_ROW = 3
MEGABYTES = MAX_BYTES // 2**20
UPLOAD, PHOTO, LIVE = "Upload pictures", "Take a photo", "Live camera"


@dataclass(frozen=True)
class Picture:
    """A picture to classify: an id that no other one has, the name to show, and the file's content."""

    id: str
    name: str
    content: bytes


def main() -> None:
    st.title("Classify")
    st.write("Give a trained model pictures that it has never seen, and look at how sure it is of each.")
    usable, broken = usable_runs()
    if usable:
        classify(usable)
    else:
        st.info("No run has been trained yet, so there is no model to ask. Train one first; this page then lists it.")
        st.page_link("train.py", label="Go to Training", help="Start a run there.")
        export_section(None)
    if broken:
        with st.expander(f"{len(broken)} run{'s' if len(broken) > 1 else ''} that cannot be used, and why"):
            st.dataframe(
                [{"folder": folder, "reason": reason} for folder, reason in broken.items()],
                width="stretch",
                hide_index=True,
            )


def classify(usable: dict[str, tuple[Run, str]]) -> None:
    chosen = st.selectbox(
        "Model",
        list(usable),
        format_func=lambda run_id: usable[run_id][1],
        help="Runs that left a model, newest first: name, share of validation pictures it got right, date, classes.",
    )
    run = usable[chosen][0]
    try:
        classifier = classifier_of(run)
    except PawlabError as error:
        show_error(error)
        st.write("Choose another model above, or train again.")
        st.page_link("train.py", label="Go to Training", help="Start a run there.")
        return
    st.caption(
        "The model must choose one of its classes: "
        f"{plain(', '.join(classifier.classes))}. A picture of something else gets one of them too."
    )
    # The camera is asked for only when its tab is open; the uploader is always there, so that it keeps its files.
    upload, photo, live = st.tabs([UPLOAD, PHOTO, LIVE], on_change="rerun", key="classify_input")
    with upload:
        files = st.file_uploader(
            "Pictures",
            accept_multiple_files=True,
            max_upload_size=MEGABYTES,
            help=f"{FORMATS}, up to {MEGABYTES} MB each. They stay on this machine. Any name will do.",
        )
        if upload.open:
            cards([Picture(file.file_id, file.name, file.getvalue()) for file in files], run, classifier)
    with photo:
        if photo.open:
            shot = st.camera_input(
                "Photo", help="Uses this device's camera. The photo stays on this machine.", width=480
            )
            cards([Picture(shot.file_id, "Your photo", shot.getvalue())] if shot else [], run, classifier)
    with live:
        if live.open:
            live_camera(run)
    export_section(run)


def cards(pictures: list[Picture], run: Run, classifier: Classifier) -> None:
    if len(pictures) > A_PAGE:
        pages = math.ceil(len(pictures) / A_PAGE)
        page = st.number_input(f"Page of {pages}", 1, pages, help=f"{A_PAGE} pictures a page.", width=160)
        pictures = pictures[(page - 1) * A_PAGE : page * A_PAGE]
    for start in range(0, len(pictures), A_ROW):
        for column, picture in zip(st.columns(A_ROW), pictures[start : start + A_ROW], strict=False):
            with column.container(border=True, height="stretch"):
                card(picture, look_at(picture.id, model_key(run), classifier, picture.content))


def card(picture: Picture, look: Look) -> None:
    if look.answer is None or look.thumbnail is None:
        st.error(f"**{plain(picture.name)}** is not classified: {plain(look.reason)}.")
        return
    label = look.answer.label
    st.image(look.thumbnail, output_format="PNG", alt=f"{picture.name}, classified as {label}")
    st.markdown(f"{confidence_in_words(look.answer)} **{plain(label)}** ({look.answer.confidence:.1%})")
    probabilities(look.answer)
    st.caption(f"{plain(picture.name)} · {look.milliseconds:.0f} ms")


def probabilities(answer: Answer) -> None:
    for name, probability in bars(answer):
        st.progress(min(1.0, max(0.0, probability)), f"{plain(name)} {probability:.1%}")
    if len(answer.probabilities) > len(bars(answer)):
        st.caption(f"The {len(bars(answer))} most probable of {len(answer.probabilities)} classes.")


main()
