"""Dataset: open a source, see what is in it, find what cannot be read."""

import streamlit as st

from core.datasets import Dataset
from core.datasets.current import SAMPLE
from core.errors import PawlabError
from pages.ui.data import choose, dataset
from pages.ui.pictures import pictures
from pages.ui.words import plain, progress_bar, show_error

SOURCES = {"sample": "Drawn sample", "path": "Folder or zip on this machine", "upload": "Upload a zip"}


def main() -> None:
    st.title("Dataset")
    st.write("Open labelled pictures, see what a network will learn from, and find the files that it cannot read.")
    source_chooser()
    open_now = dataset()
    headline(open_now)
    counts(open_now)
    unreadable(open_now)
    pictures(open_now)


def source_chooser() -> None:
    with st.expander("Open another dataset"):
        kind = st.segmented_control(
            "Where are the pictures?",
            list(SOURCES),
            format_func=lambda kind: SOURCES[kind],
            default="sample",
            key="source_kind",
            help="Pictures stay on this machine. Any folder with one subfolder a class will do.",
        )
        if kind == "sample":
            st.write("Cats and dogs that Pawlab draws itself: needs no network and no photos of your own.")
            if st.button("Open the drawn sample", help="Takes a few seconds the first time."):
                open_source(SAMPLE)
        elif kind == "path":
            with st.form("path", border=False):
                path = st.text_input(
                    "Folder or zip",
                    placeholder="/home/me/pets",
                    help="train/ and validation/ with a folder a class in each, or just one folder a class. "
                    "Nothing in it is changed.",
                )
                if st.form_submit_button("Open", type="primary", help="Reads every picture once."):
                    if path.strip():
                        open_source(path.strip())
                    else:
                        st.warning("Type the path of a folder or a zip first.")
        elif kind == "upload":
            upload = st.file_uploader(
                "Zip with one folder a class",
                type="zip",
                help="Unpacked into Pawlab's own folder, once. Up to 200 MB; open larger ones by their path.",
            )
            if upload and st.button(
                "Open the uploaded zip", type="primary", help="Unpacks it and reads every picture."
            ):
                open_source(upload.getvalue())


def open_source(source: str | bytes) -> None:
    try:
        with progress_bar("Opening the data") as progress:
            choose(source, progress)
    except PawlabError as error:
        show_error(error)
        st.caption("The dataset that was open before is still open.")
        return
    st.rerun()


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
