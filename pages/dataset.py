"""Dataset: open a source, see what is in it, find what is wrong with it, and put it right."""

import streamlit as st

from core.datasets import Dataset
from core.datasets.current import may_change
from core.datasets.report import Report
from core.jobs import Task
from pages.ui.data import dataset, opening_status, start
from pages.ui.dataset_map import dataset_map
from pages.ui.edits import cleaned_zip, edit_actions, edits_bar
from pages.ui.overview import overview
from pages.ui.pictures import pictures
from pages.ui.source_chooser import source_chooser
from pages.ui.trust import flagged, problems_in, report_of, trust
from pages.ui.words import plain

VIEWS = {"numbers": "Numbers", "problems": "Problems", "map": "Map", "export": "Export"}


def main() -> None:
    st.title("Dataset")
    st.write("Open labelled pictures, see what a network will learn from, and find what would mislead it.")
    source_chooser()
    # A place of its own for each part: what comes and goes in one does not move the others to other places, where they
    # would be drawn anew, and what another dataset leaves to be replaced is never seen beside its successor.
    with st.container():
        opening_status()
        found = dataset()
    task = report_of(found)
    problems, titles = problems_in(task.result if task else None)
    with st.container():
        headline(found, task)
    with st.container():
        edits_bar(found)
    view = st.segmented_control(
        "What to look at",
        list(VIEWS),
        format_func=lambda view: VIEWS[view],
        default="numbers",
        required=True,
        key="dataset_view",
        help="Numbers: counts, sizes, formats. Problems: damaged and odd files, duplicates, leaks. Map: what the "
        "network sees before it is trained. Export: the cleaned dataset as a zip.",
        label_visibility="collapsed",
        persist_state="session",
    )
    with st.container():
        if view == "numbers":
            overview(found)
        elif view == "problems":
            trust(found, task)
        elif view == "map":
            dataset_map(found)
        else:
            cleaned_zip(found)
    pictures(found, problems, titles, edit_actions(found))


def headline(found: Dataset, task: Task[Report] | None) -> None:
    size = sum(record.bytes for record in found.records) / 1e6
    sample = found.origin == "sample"
    with st.container(horizontal=True, vertical_alignment="center"):
        st.subheader(
            "Drawn sample" if sample else plain(found.name),
            help=None if sample else f"Its files are in {plain(str(found.root))}",
            width="content",
        )
        if may_change(found.source):
            st.button(
                "Read again",
                on_click=start,
                args=(found.source,),
                type="tertiary",
                help="Takes in files that were added, changed or removed since. Your edits stay.",
            )
    if sample:
        st.info("These pictures are drawings made by Pawlab, not photos: a model trained on them knows drawings only.")
    with st.container(horizontal=True):
        st.metric("Pictures", f"{len(found.usable()):,}", help="Files that can be read and are used.")
        st.metric("Classes", len(found.classes), help=plain(", ".join(found.classes[:30])))
        st.metric("Unreadable", f"{len(found.unreadable()):,}", help="Files that are no picture or are damaged.")
        flagged(task)
        st.metric("Size", f"{size:,.1f} MB", help="Of all files on disk.")


main()
