"""The control that chooses what a run is scored on: its validation or test split, or other labelled images."""

import streamlit as st

from core.datasets.source import WORDS, resolve_source, typed_dataset
from core.datasets.uploads import keep_zip
from core.errors import PawlabError
from core.evaluation.splits import TEST, VALIDATION, has_test_split
from core.net.addresses import is_address
from core.runs.run import Run
from pages.ui.dataset.source_chooser import FILE_MEGABYTES
from pages.ui.shared.session import kept, kept_choice
from pages.ui.shared.text import plain, show_error

ON, SOURCE = kept("evaluate_on"), kept("evaluate_source")
OTHER = "other"
_TYPED, _UPLOAD = "evaluate_typed", "evaluate_upload"


def choose_images(run: Run) -> str:
    """Draws the control. What was chosen, as `core.evaluation.splits.score` takes it; "" while other images are not
    named yet. Raises `RunError` where the run's summary is broken."""
    counts = run.summary()["counts"]
    own = [VALIDATION, TEST] if has_test_split(run) else [VALIDATION]
    if st.session_state.get(ON) not in (*own, OTHER):
        st.session_state[ON] = VALIDATION
    labels = {split: f"{split.capitalize()} · {sum(counts.get(split, {}).values()):,}" for split in own}
    on = st.segmented_control(
        "Score on",
        [*own, OTHER],
        format_func=lambda split: labels.get(split, "Other images"),
        required=True,
        key=kept_choice(ON, VALIDATION),
        persist_state="session",
        help="The validation split chose the best epoch; the test split (a folder test/ beside train/) chose nothing. "
        "Other images: any folder or zip with one folder per class.",
    )
    return _other_images(run) if on == OTHER else str(on)


def _other_images(run: Run) -> str:
    names = ", ".join(map(plain, run.summary()["classes"][:10]))
    with st.form("evaluate_other", border=True):
        left, right = st.columns(2, gap="medium")
        left.text_input(
            "Folder or zip",
            key=_TYPED,
            placeholder="/home/me/more-pets",
            help="On this machine, the name of a collection, sample or cats_and_dogs. Nothing in it is changed.",
        )
        right.file_uploader(
            "Or upload a zip",
            type="zip",
            key=_UPLOAD,
            max_upload_size=FILE_MEGABYTES,
            help=f"Unpacked once into Pawlab's own folder. Up to {FILE_MEGABYTES} MB.",
        )
        st.caption(f"One folder per class, called as the run's classes: {names}. Every image counts.")
        asked = st.form_submit_button("Score these images", type="primary", help="Reads and classifies every image.")
    if asked:
        _take()
    source = str(st.session_state.get(SOURCE, ""))
    if source:
        st.markdown(f"Images of **{plain(resolve_source(source).shown)}**.")
    return source


def _take() -> None:
    upload, typed = st.session_state[_UPLOAD], str(st.session_state[_TYPED]).strip()
    try:
        if upload:
            source = resolve_source(keep_zip(upload.getvalue(), upload.name))
        elif typed in WORDS:
            source = resolve_source(typed)
        elif is_address(typed):
            st.warning("Open the address on the Dataset page, which downloads it; or upload the zip here.")
            return
        elif typed:
            source = resolve_source(typed_dataset(typed))
        else:
            st.warning("Type the path of a folder or a zip, or upload a zip, first.")
            return
    except PawlabError as error:
        show_error(error)
        return
    st.session_state[SOURCE] = source.text
