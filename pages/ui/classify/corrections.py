"""Whether an answer is right, as the user says; and, only where that is wanted, the picture kept with its right class
as a dataset on this machine."""

import streamlit as st

from core.datasets.corrections import (
    add_correction,
    correction_of,
    corrections,
    corrections_folder,
    corrections_source,
    drop_correction,
)
from core.errors import PawlabError
from core.inference.batch import Row
from pages.ui.classify_state import Kept, session
from pages.ui.data import start
from pages.ui.words import plain, show_error

KEEP = "classify_keep"
NONE = "\0none"  # a class's name holds no NUL
MOST_BUTTONS = 4


def judgement(row: Row, classes: tuple[str, ...]) -> None:
    """Draws the question, and what came of it."""
    assert row.answer is not None
    mine, id, label = session(), row.picture.id, row.answer.label
    options = [label, *(name for name in classes if name != label), NONE]

    def words(name: str) -> str:
        if name == NONE:
            return "Wrong, none of these"
        return f"Right: {name}" if name == label else f"Wrong, it is {name}"

    given = mine.judged.get(id)
    explained = "Your own count of right answers; nothing is kept unless you turn that on below."
    if len(options) <= MOST_BUTTONS:
        said = st.pills(
            "Is that right?",
            options,
            default=given,
            format_func=lambda name: plain(words(name)),
            key=f"judge_{id}",
            help=explained,
            wrap=True,
        )
    else:
        said = st.selectbox(
            "Is that right?",
            options,
            index=options.index(given) if given in options else None,
            format_func=words,
            key=f"judge_{id}",
            placeholder="Say what it is",
            help=explained,
        )
    if said is None:
        mine.judged.pop(id, None)
    else:
        mine.judged[id] = said
    keep = st.toggle(
        "Keep what I judge, to train with",
        key=KEEP,
        persist_state="session",
        help=f"Copies the picture, under the class that you gave it, to {corrections_folder()} on this machine. "
        "Nothing is sent anywhere.",
    )
    try:
        if said in (None, NONE):
            _take_back(row)
        elif keep:
            _keep(row, said)
    except PawlabError as error:
        show_error(error)
    _tally(row)
    _kept(row, keep)


def _keep(row: Row, label: str) -> None:
    kept, id = session().kept, row.picture.id
    if id in kept and kept[id].label == label:
        return
    content = row.picture.read()
    before = kept[id].before if id in kept else correction_of(content)
    add_correction(content, label, row.picture.path)
    kept[id] = Kept(label, before)


def _take_back(row: Row) -> None:
    """Leaves the corrections as they were before this session kept the picture."""
    kept = session().kept.get(row.picture.id)
    if kept is None:
        return
    content = row.picture.read()
    if kept.before:
        add_correction(content, kept.before, row.picture.path)
    else:
        drop_correction(content, row.picture.path)
    del session().kept[row.picture.id]


def _forget_judgement(row: Row) -> None:
    session().judged.pop(row.picture.id, None)
    st.session_state[f"judge_{row.picture.id}"] = None  # the run that follows takes the copy back


def _tally(row: Row) -> None:
    mine = session()
    answered = {one_id: one.answer.label for one_id, one in mine.known[1].items() if one.answer}
    judged = {one_id: name for one_id, name in mine.judged.items() if one_id in answered}
    if judged:
        right = sum(answered[one_id] == name for one_id, name in judged.items())
        st.caption(f"You judged {len(judged):,} here: {right:,} right.")


def _kept(row: Row, keep: bool) -> None:
    counts = corrections()
    if not (keep or counts):
        return
    if not counts:
        st.caption(f"Kept from now on in {plain(str(corrections_folder()))}, on this machine only.")
        return
    amounts = ", ".join(f"{plain(name)} {count:,}" for name, count in counts.items())
    st.caption(f"Kept so far: {amounts}, in {plain(str(corrections_folder()))}, on this machine only.")
    with st.container(horizontal=True):
        if row.picture.id in session().kept:
            st.button(
                "Take this one back",
                on_click=_forget_judgement,
                args=(row,),
                help="Removes the copy of this picture again, and what you judged of it.",
            )
        opens = st.button(
            "Open my corrections",
            disabled=len(counts) < 2,
            help="Opens them on the Dataset page, to look at or to train with. Needs pictures of two classes.",
        )
    if opens:
        try:
            start(corrections_source())
        except PawlabError as error:
            show_error(error)
        else:
            st.switch_page("dataset.py")
