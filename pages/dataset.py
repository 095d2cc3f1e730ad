"""Dataset: open a source, see what is in it, find what is wrong with it, and put it right."""

import streamlit as st

from core.datasets import Dataset
from pages.ui.data import dataset, opening_status
from pages.ui.dataset_map import dataset_map
from pages.ui.edits import cleaned_zip, edit_actions, edits_bar
from pages.ui.overview import overview
from pages.ui.pictures import pictures
from pages.ui.source_chooser import source_chooser
from pages.ui.trust import problems_in, report_of, trust
from pages.ui.words import plain

VIEWS = {"numbers": "Numbers", "problems": "Problems", "map": "Map", "export": "Export"}


def main() -> None:
    st.title("Dataset")
    st.write("Open labelled pictures, see what a network will learn from, and find what would mislead it.")
    source_chooser()
    opening_status()
    found = dataset()
    task = report_of(found)
    report = task.result if task else None
    problems, titles = problems_in(report)
    headline(found, len(frozenset().union(*problems.values())) if report else None)
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
    if view == "numbers":
        overview(found)
    elif view == "problems":
        trust(found, task)
    elif view == "map":
        dataset_map(found)
    else:
        cleaned_zip(found)
    pictures(found, problems, titles, edit_actions(found))


def headline(found: Dataset, flagged: int | None) -> None:
    size = sum(record.bytes for record in found.records) / 1e6
    st.subheader("Drawn sample" if found.origin == "sample" else plain(found.name))
    if found.origin == "sample":
        st.info("These pictures are drawings made by Pawlab, not photos: a model trained on them knows drawings only.")
    with st.container(horizontal=True):
        st.metric("Pictures", f"{len(found.usable()):,}", help="Files that can be read and are used.")
        st.metric("Classes", len(found.classes), help=plain(", ".join(found.classes[:30])))
        st.metric("Unreadable", f"{len(found.unreadable()):,}", help="Files that are no picture or are damaged.")
        shown = "…" if flagged is None else f"{flagged:,}"
        st.metric(
            "Flagged", shown, help="Files that the report under Problems names; … until it has been looked at or made."
        )
        st.metric("Size", f"{size:,.1f} MB", help="Of all files on disk.")


main()
