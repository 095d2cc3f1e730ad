"""The user's edits, how to undo them, and the cleaned dataset as a zip."""

from collections.abc import Callable
from pathlib import Path

import streamlit as st

from core.datasets import Dataset, ImageRecord
from core.datasets.edits.actions import Action
from core.datasets.edits.apply import count_edits
from core.datasets.edits.edits import Edits
from core.datasets.edits.export_zip import write_cleaned
from core.errors import PawlabError
from core.jobs.background import SingleFlight
from core.sessions.choices import has_ended
from core.storage.home import subfolder
from core.text.file_names import file_name
from pages.ui.components.lightbox import Actions, act
from pages.ui.shared.job_widgets import file_asked_for, zip_ready
from pages.ui.shared.progress import AT_ONCE
from pages.ui.shared.session import session_id
from pages.ui.shared.text import plain, show_error

_FAILED = "edit_failed"
_JUST_DONE = "edit_just_done"  # root, time and title of the action, words, places where it is shown
_SEEN = "edits_seen"  # root, the actions by time and title with their authors, what is new from elsewhere


@st.cache_resource(show_spinner=False)
def zips() -> SingleFlight[Path]:
    """The zip that this server writes, one for all sessions."""
    return SingleFlight()


def edit_actions(dataset: Dataset) -> Actions:
    """What the gallery's and the large view's buttons do."""

    def edit(words: str, records: list[ImageRecord], change: Callable[[Edits], int]) -> None:
        make_edit(dataset, change, words, "images", *(record.path for record in records if len(records) == 1))

    return Actions(
        exclude=lambda records: edit("Excluded", records, lambda edits: edits.exclude(records)),
        include=lambda records: edit("Included", records, lambda edits: edits.include(records)),
        relabel=lambda records, label: edit("Relabelled", records, lambda edits: edits.relabel(records, label)),
        draw_undo=lambda place: draw_undo(dataset, place),
    )


def make_edit(dataset: Dataset, change: Callable[[Edits], int], words: str, *places: str) -> None:
    """Makes an edit, which `draw_undo` then shows at `places`."""
    edits = Edits(dataset, session_id())  # which first reads the edits on disk
    if number := change(edits):
        counted = f"{words} {number:,} {'image' if number == 1 else 'images'}."
        st.session_state[_JUST_DONE] = dataset.root, _key(edits.actions[-1]), counted, places


def draw_undo(dataset: Dataset, place: str) -> None:
    """What this session did at a place of the page, while that is the last thing it did, and a button to undo it."""
    root, key, words, places = st.session_state.get(_JUST_DONE, (None, None, "", ()))
    if root != dataset.root or place not in places:
        return
    edits = Edits.load(dataset, session_id(), has_ended)
    if edits.undoable is None or _key(edits.undoable) != key:
        return
    with st.container(horizontal=True, vertical_alignment="center", width="content", gap="small"):
        st.markdown(f"**{words}**", width="content")
        if st.button("Undo this", key=f"undo_this_{places.index(place)}", help="Takes this edit back."):
            act(lambda: _step(edits.undo))


def apply_edit(edit: Callable[[], object]) -> None:
    """Does it; `edits_bar` shows in the next run what went wrong. For `on_click` too."""
    try:
        edit()
    except PawlabError as error:
        st.session_state[_FAILED] = error


def edits_bar(dataset: Dataset) -> None:
    """How many images are edited, and buttons to undo that. Nothing if there never was an edit."""
    if error := st.session_state.pop(_FAILED, None):
        show_error(error)
    try:
        edits = Edits.load(dataset, session_id(), has_ended)
    except PawlabError as error:
        show_error(error)
        return
    _changed_elsewhere(dataset, edits)
    if not edits.actions and not edits.undone:
        return
    counts = count_edits(dataset)
    with st.container(border=True, horizontal=True, vertical_alignment="center", key="edits_bar"):
        st.markdown(
            f"**Your edits:** {counts['excluded']:,} excluded, {counts['relabelled']:,} relabelled. "
            "Your files are unchanged.",
            width="stretch",
        )
        last, again = edits.undoable, edits.redoable
        st.button(
            "Undo",
            on_click=apply_edit,
            args=(lambda: _step(edits.undo),),
            disabled=last is None,
            help=f"Undoes: {plain(last.title)}" if last else "You have made no edit that could be undone.",
        )
        st.button(
            "Redo",
            on_click=apply_edit,
            args=(lambda: _step(edits.redo),),
            disabled=again is None,
            help=f"Redoes: {plain(again.title)}" if again else "Nothing to redo.",
        )
        st.button(
            "Undo all edits",
            on_click=apply_edit,
            args=(edits.clear,),
            disabled=not any(counts.values()),
            help="Uses every image again, with its folder's class. You can undo this.",
        )


def _changed_elsewhere(dataset: Dataset, edits: Edits) -> None:
    """Says which edits another window made or undid since this session last looked, until that is dismissed."""
    now = {_key(action): action.author for action in edits.actions}
    root, before, news = st.session_state.get(_SEEN, (None, now, ()))
    if root != dataset.root:
        before, news = now, ()
    for (time, title), author in {**before, **now}.items():
        if author != session_id() and ((time, title) in before) != ((time, title) in now):
            news = (*news, title if (time, title) in now else f"undone: {title}")
    st.session_state[_SEEN] = dataset.root, now, news[-5:]
    if news:
        with st.container(horizontal=True, vertical_alignment="center", key="edits_elsewhere"):
            st.info(f"Changed in another window: {plain('; '.join(news[-5:]))}.")
            st.button("OK", on_click=_dismiss, key="edits_elsewhere_ok", help="Hides this message.")


def _step(step: Callable[[], Action]) -> None:
    """Undo or redo, which this session then has seen."""
    action = step()
    root, seen, news = st.session_state[_SEEN]
    key = _key(action)
    others = {other: author for other, author in seen.items() if other != key}
    st.session_state[_SEEN] = root, others if key in seen else {**seen, key: action.author}, news


def _key(action: Action) -> tuple[float, str]:
    return action.time, action.title


def _dismiss() -> None:
    root, now, _ = st.session_state[_SEEN]
    st.session_state[_SEEN] = root, now, ()


def cleaned_zip(dataset: Dataset) -> None:
    """Writes the dataset, with its edits, to a zip and offers it."""
    st.markdown("**Cleaned dataset**")
    st.caption(
        "A zip with train/CLASS and validation/CLASS folders. It holds the original files of all images in use, each "
        "under its current class."
    )
    left_out = len(dataset.records) - len(dataset.usable())
    why = "excluded, unreadable or unlabelled" if dataset.source.by_hand else "excluded or unreadable"
    st.markdown(
        f"{len(dataset.usable()):,} images in {len(dataset.classes):,} classes"
        + (f". {left_out:,} {why} {'file is' if left_out == 1 else 'files are'} left out." if left_out else ".")
    )
    key = f"{dataset.root} {dataset.fingerprint}"
    path = file_asked_for(
        zips().find(key),
        "zip",
        lambda: _prepare(key, dataset),
        note="Writing the zip. You can leave this page meanwhile.",
        help="Copies the images into a zip in Pawlab's own folder, a few hundred MB a second.",
        disabled=not dataset.classes,
    )
    if path is not None:
        zip_ready(path, "zip")


def _prepare(key: str, dataset: Dataset) -> None:
    zips().submit(key, lambda progress: _write(dataset, progress), again=True).wait(AT_ONCE)


def _write(dataset: Dataset, progress: Callable[[str, int, int], None]) -> Path:
    target = subfolder("exports") / f"{file_name(dataset.name, 100)}-{dataset.fingerprint[:8]}.zip"
    write_cleaned(dataset, target, progress=progress)
    return target
