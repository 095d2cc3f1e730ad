"""The training images nearest to a classified one, with their labels: one that is wrong can be changed here."""

import streamlit as st

from core.datasets import Dataset, ImageRecord
from core.datasets.edits.edits import Edits
from core.datasets.selection import Catalog
from core.datasets.thumbnails import enlarged, thumbnails
from core.errors import ImageError
from core.evaluation.nearest import Neighbour, nearest_images, records_of
from core.evaluation.robustness import training_dataset
from core.inference.batch import Row
from core.inference.classifier import Classifier
from core.jobs.background import SingleFlight, Task
from core.runs.run import Run
from pages.ui.components.gallery import GalleryItem, Look, gallery, gallery_event
from pages.ui.components.lightbox import Actions, action_buttons, badges
from pages.ui.shared.classifier import model_key
from pages.ui.shared.edited import with_current_edits
from pages.ui.shared.grad_cam import beside
from pages.ui.shared.progress import AT_ONCE, follow
from pages.ui.shared.session import session_id
from pages.ui.shared.text import plain

KEY, OPEN = "classify_nearest", "classify_nearest_open"


@st.cache_resource(show_spinner=False)
def _training_sets() -> SingleFlight[Dataset]:
    """The training images that are open, one run's for all sessions."""
    return SingleFlight()


def nearest(run: Run, classifier: Classifier, row: Row) -> None:
    """Draws them. Where the run's images are gone, only their labels and distances, and why."""
    if classifier.neighbours is None:
        return
    try:
        neighbours = _nearest(f"{model_key(run)} {row.image.id}", classifier, row)
    except ImageError as error:  # its file is gone: the large view says so
        st.caption(f"The nearest training images are not known: {plain(error.received)}.")
        return
    st.markdown(
        "**Nearest training images**",
        help="What the frozen base sees as most similar, with the labels that the model was trained with and the "
        f"distances, among {len(classifier.neighbours.labels):,} of its training images. They are examples, no proof "
        "of why it predicts what it does. A wrong label can be changed: open the image.",
    )
    task = _opened(run)
    if task.result is not None:
        _gallery(with_current_edits(task.result), task.result, neighbours)
        return
    st.markdown(", ".join(f"{plain(one.label)} ({one.distance:.3f})" for one in neighbours))
    if not task.done:
        follow(task, "Opening the run's training images.", "Only labels and distances are shown.")
    elif task.error is not None:
        st.caption(f"The images cannot be shown. {plain(str(task.error))}")


def _gallery(edited: Catalog, dataset: Dataset, neighbours: list[Neighbour]) -> None:
    pairs = zip(neighbours, records_of(neighbours, dataset), strict=True)
    found = [(neighbour, record) for neighbour, record in pairs if record]
    opened = gallery_event(KEY).opened
    if opened in [record.path for _, record in found]:
        st.session_state[OPEN] = opened
    items = []
    for (neighbour, record), image in zip(found, thumbnails(dataset, [record for _, record in found]), strict=True):
        current = edited.find(record.path) or record
        caption = f"{current.label} · {neighbour.distance:.3f}"
        alt = f"{current.label}, {record.path}, distance {neighbour.distance:.3f}"
        items.append(
            GalleryItem(record.path, alt, caption, image.content, image.reason, badges(current, {}), current.excluded)
        )
    gallery(items, KEY, look=Look(label="Nearest training images", selectable=False, cell=96))
    for _, record in found:
        if record.path == st.session_state.get(OPEN):
            _large(edited, record)


def _large(edited: Catalog, trained_with: ImageRecord) -> None:
    record = edited.find(trained_with.path) or trained_with
    with st.container(border=True):
        image = enlarged(edited.dataset, record)
        if image.reason:
            st.error(f"This file cannot be shown: {plain(image.reason)}.")
        else:
            beside(image.content, f"{record.label}, {record.path}", longest=320)
        st.markdown(
            f"Labelled **{plain(record.label)}**{', excluded' if record.excluded else ''}. {plain(record.path)}"
        )
        edits = Edits(edited.dataset, session_id())  # each method reads what holds at that moment
        action_buttons(edited.dataset, record, Actions(edits.exclude, edits.include, edits.relabel))
        if record.excluded or record.label != trained_with.label:
            st.caption("Changed since this run. Train again to see what that changes.")
        st.button("Close", key="classify_nearest_close", on_click=_close, help="Closes this training image.")


def _close() -> None:
    st.session_state.pop(OPEN, None)


@st.cache_data(max_entries=200, show_spinner=False)
def _nearest(key: str, _classifier: Classifier, _row: Row) -> list[Neighbour]:
    return nearest_images(_classifier, _row.image.read())


def _opened(run: Run) -> Task[Dataset]:
    task = _training_sets().submit(model_key(run), lambda progress: training_dataset(run, progress))
    task.wait(AT_ONCE)
    return task
