"""Whether a prediction is right, according to the user; and, only where that is wanted, the image saved under its true
class in a dataset on this machine."""

import streamlit as st

from core.datasets.edits.corrections import (
    add_correction,
    correction_of,
    corrections,
    corrections_folder,
    corrections_source,
    drop_correction,
)
from core.errors import PawlabError
from core.inference.batch import Row
from pages.ui.classify.state import Saved, session
from pages.ui.shared.data import start
from pages.ui.shared.text import plain, show_error

SAVE = "classify_keep"
NONE = "\0none"  # a class's name holds no NUL
MAX_BUTTONS = 4


def check(row: Row, classes: tuple[str, ...]) -> None:
    """Asks whether the prediction is right, and draws what follows from the answer."""
    verdict = _verdict(row, classes)
    verdicts, id = session().verdicts, row.image.id
    if verdict is None:
        verdicts.pop(id, None)
    else:
        verdicts[id] = verdict
    is_on = st.toggle(
        "Save my corrections as training images",
        key=SAVE,
        persist_state="session",
        help=f"Copies each image that you check to {corrections_folder()} on this machine, under the class that you "
        "chose. Nothing is sent anywhere.",
    )
    try:
        if verdict in (None, NONE):
            _undo(row)
        elif is_on:
            _save(row, verdict)
    except PawlabError as error:
        show_error(error)
    _tally()
    if is_on and verdict == NONE:
        st.caption("Not saved: it shows none of the classes, so there is no folder for it.")
    _saved(row, is_on=is_on and verdict != NONE)


def _verdict(row: Row, classes: tuple[str, ...]) -> str | None:
    """The true class, `NONE`, or None where the user has not said."""
    assert row.prediction is not None
    id, label = row.image.id, row.prediction.label
    options = [label, *(name for name in classes if name != label), NONE]

    def words(name: str) -> str:
        if name == NONE:
            return "Wrong: none of these"
        return f"Right: {name}" if name == label else f"Wrong: it is {name}"

    earlier = session().verdicts.get(id)
    explained = "Counts how often the model is right. Nothing is saved unless you turn that on below."
    if len(options) <= MAX_BUTTONS:
        return st.pills(
            "Is this prediction right?",
            options,
            default=earlier,
            format_func=lambda name: plain(words(name)),
            key=f"judge_{id}",
            help=explained,
            wrap=True,
        )
    return st.selectbox(
        "Is this prediction right?",
        options,
        index=options.index(earlier) if earlier in options else None,
        format_func=words,
        key=f"judge_{id}",
        placeholder="Choose the true class",
        help=explained,
    )


def _save(row: Row, label: str) -> None:
    saved, id = session().saved, row.image.id
    if id in saved and saved[id].label == label:
        return
    content = row.image.read()
    before = saved[id].before if id in saved else correction_of(content)
    add_correction(content, label, row.image.path)
    saved[id] = Saved(label, before)


def _undo(row: Row) -> None:
    """Leaves the corrections as they were before this session saved the image."""
    saved = session().saved.get(row.image.id)
    if saved is None:
        return
    content = row.image.read()
    if saved.before:
        add_correction(content, saved.before, row.image.path)
    else:
        drop_correction(content, row.image.path)
    del session().saved[row.image.id]


def _forget_verdict(row: Row) -> None:
    session().verdicts.pop(row.image.id, None)
    st.session_state[f"judge_{row.image.id}"] = None  # the run that follows removes the copy


def _tally() -> None:
    predicted = {id: row.prediction.label for id, row in session().known[1].items() if row.prediction}
    checked = {id: name for id, name in session().verdicts.items() if id in predicted}
    if checked:
        right = sum(predicted[id] == name for id, name in checked.items())
        predictions = f"{len(checked):,} prediction{'' if len(checked) == 1 else 's'}"
        st.caption(f"You checked {predictions}; {right:,} {'was' if right == 1 else 'were'} right.")


def _saved(row: Row, *, is_on: bool) -> None:
    counts = corrections()
    if not (is_on or counts):
        return
    folder = plain(str(corrections_folder()))
    if not counts:
        st.caption(f"Images that you check are now saved in {folder}, on this machine only.")
        return
    amounts = ", ".join(f"{count:,} {plain(name)}" for name, count in counts.items())
    st.caption(f"Saved so far: {amounts}, in {folder}, on this machine only.")
    with st.container(horizontal=True, vertical_alignment="center"):
        if row.image.id in session().saved:
            st.button(
                "Undo this correction",
                on_click=_forget_verdict,
                args=(row,),
                help="Deletes the copy of this image and your answer.",
            )
        opens = st.button(
            "Open my corrections",
            disabled=len(counts) < 2,
            help="Opens them on the Dataset page, to look at them or to train with them.",
        )
        if len(counts) < 2:
            st.caption("A dataset needs images of two classes.", width="content")
    if opens:
        try:
            start(corrections_source())
        except PawlabError as error:
            show_error(error)
        else:
            st.switch_page("dataset.py")
