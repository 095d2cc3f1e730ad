"""Dataset: open a source, see what is in it, find what cannot be read."""

import streamlit as st

from core.datasets import Dataset
from pages.ui.data import dataset, opening_status
from pages.ui.pictures import pictures
from pages.ui.source_chooser import source_chooser
from pages.ui.words import plain


def main() -> None:
    st.title("Dataset")
    st.write("Open labelled pictures, see what a network will learn from, and find the files that it cannot read.")
    source_chooser()
    opening_status()
    open_now = dataset()
    headline(open_now)
    counts(open_now)
    unreadable(open_now)
    pictures(open_now)


def headline(found: Dataset) -> None:
    readable = found.usable()
    size = sum(record.bytes for record in found.records) / 1e6
    st.subheader("Drawn sample" if found.origin == "sample" else plain(found.name))
    if found.origin == "sample":
        st.info("These pictures are drawings made by Pawlab, not photos: a model trained on them knows drawings only.")
    with st.container(horizontal=True):
        st.metric("Pictures", f"{len(readable):,}", help="Files that can be read and will be used.")
        st.metric("Classes", len(found.classes), help=plain(", ".join(found.classes[:30])))
        st.metric("Unreadable", len(found.unreadable()), help="Files that are no picture or are damaged.")
        st.metric("Size", f"{size:,.1f} MB", help="Of all files on disk.")


def counts(found: Dataset) -> None:
    by_split = found.counts()
    table = {"class": list(found.classes)} | {split: list(by_class.values()) for split, by_class in by_split.items()}
    left, right = st.columns([3, 2])
    with left:
        st.bar_chart(table, x="class", y=list(by_split), stack=False, height=260, x_label="class", y_label="pictures")
    with right:
        sums = [sum(by_class[label] for by_class in by_split.values()) for label in found.classes]
        st.dataframe(table | {"all": sums}, width="stretch", hide_index=True)
        for split in by_split:
            names = [plain(record.path.rsplit("/", 1)[-1]) for record in found.usable(split)[:3]]
            st.caption(f"{split}: {', '.join(names)}, …")


def unreadable(found: Dataset) -> None:
    bad = found.unreadable()
    if bad:
        with st.expander(f"{len(bad):,} files that cannot be read, and why"):
            st.dataframe([{"file": r.path, "reason": r.reason} for r in bad], width="stretch", hide_index=True)


main()
