"""Dataset: open a source, see what is in it, find what is wrong with it, and fix it."""

import streamlit as st

from core.datasets import Dataset
from core.datasets.layout import loose_in_words
from core.datasets.quality.report import Report
from core.jobs.background import Task
from pages.ui.dataset.dataset_map import dataset_map
from pages.ui.dataset.edits import cleaned_zip, edit_actions, edits_bar
from pages.ui.dataset.examples import examples
from pages.ui.dataset.images import images
from pages.ui.dataset.link import view_from_link, write_view
from pages.ui.dataset.overview import overview
from pages.ui.dataset.project import save_section
from pages.ui.dataset.quality import flagged, problems_in, report_of, trust
from pages.ui.dataset.source_chooser import source_chooser
from pages.ui.label.chosen import label
from pages.ui.shared.data import dataset, opening_status, start
from pages.ui.shared.text import plain

VIEWS = {"numbers": "Overview", "problems": "Problems", "map": "Map", "export": "Export"}
# The numbers stay small beside the images: in one row, on a phone two in a row.
STYLE = """<style>
.st-key-numbers [data-testid='stMetricValue'] {font-size: 1.5rem; line-height: 1.2}
@media (max-width: 600px) {.st-key-numbers > div {flex: 1 1 40%; min-width: 40%}}
</style>"""


def main() -> None:
    st.title("Dataset")
    st.write("What a classifier learns from: look at the images, and fix what would mislead it.")
    source_chooser()
    # A container for each part: what appears in one does not move the others, which would draw them anew, and nothing
    # of the previous dataset is seen beside its successor.
    with st.container():
        opening_status()
        opened = dataset()
    task = report_of(opened)
    problems, titles = problems_in(task.result if task else None)
    with st.container():
        headline(opened, task)
    examples(opened)
    if opened.loose:
        with st.container(horizontal=True, vertical_alignment="center", key="loose"):
            st.info(plain(loose_in_words(opened.loose)))
            words = "The instant model learns from your class folders and suggests a class for each."
            if st.button("Label them", on_click=label, args=(opened.source,), help=words):
                st.switch_page("label.py")
    with st.container():
        edits_bar(opened)
    view = st.segmented_control(
        "View",
        list(VIEWS),
        format_func=lambda view: VIEWS[view],
        required=True,
        key=view_from_link("dataset_view", list(VIEWS)),
        help="Overview: counts, sizes, formats. Problems: damaged and unusual files, duplicates, leaks. Map: the "
        "images by their features, before training. Export: the cleaned dataset as a zip, or a project.",
        label_visibility="collapsed",
        persist_state="session",
    )
    write_view(str(view), list(VIEWS))
    with st.container():
        if view == "numbers":
            overview(opened)
        elif view == "problems":
            trust(opened, task)
        elif view == "map":
            dataset_map(opened)
        else:
            cleaned_zip(opened)
            save_section(opened)
    images(opened, problems, titles, edit_actions(opened))
    with st.container(horizontal=True, key="next_step"):
        words = "Shows how augmentation changes these images before you train on them."
        if st.button("Tune augmentation", type="primary", help=words):
            st.switch_page("augment.py")
        if st.button("Train", help="Goes on to training with the augmentation as it is set."):
            st.switch_page("train.py")


def headline(dataset: Dataset, task: Task[Report] | None) -> None:
    size = sum(record.bytes for record in dataset.records) / 1e6
    source = dataset.source
    with st.container(horizontal=True, vertical_alignment="center"):
        where = None if source.kind == "sample" else f"Its files are in {plain(str(dataset.root))}"
        st.subheader(plain(source.title), help=where, width="content")
        if source.kind == "sample":
            st.markdown("Drawings, not photos: a model trained on them recognises drawings.", width="content")
        if source.may_change:
            st.button(
                "Rescan folder" if source.kind == "folder" else "Reopen zip",
                on_click=start,
                args=(source,),
                type="tertiary",
                help="Picks up files that were added, changed or removed. Your edits stay.",
            )
        words = "Shows the next image without a label."
        if source.by_hand and st.button("Label more", on_click=label, args=(source,), type="tertiary", help=words):
            st.switch_page("label.py")
    st.html(STYLE)
    with st.container(horizontal=True, key="numbers", gap="small"):
        words = f"Images in use: readable and not excluded. All files take {size:,.1f} MB."
        st.metric("Images", f"{len(dataset.usable()):,}", help=words)
        st.metric("Classes", len(dataset.classes), help=plain(", ".join(dataset.classes[:30])))
        st.metric("Unreadable", f"{len(dataset.unreadable()):,}", help="Files that are damaged or not images.")
        flagged(task)


main()
