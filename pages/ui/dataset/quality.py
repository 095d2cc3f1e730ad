"""The report on data quality: what is wrong, why it matters, which images, and one click to fix it."""

from collections.abc import Set

import streamlit as st

from core.datasets import Dataset
from core.datasets.edits.edits import Edits
from core.datasets.quality.report import Report, Row, make_report, report_csv, to_remove
from core.datasets.selection import Filter
from core.errors import Cancelled
from core.jobs.background import SingleFlight, Task
from pages.ui.components.clock import ask_again
from pages.ui.components.gallery import Look, gallery, gallery_event
from pages.ui.components.lightbox import gallery_items
from pages.ui.dataset.edits import apply_edit, draw_undo, make_edit
from pages.ui.dataset.images import open_image, show_group
from pages.ui.shared.progress import AT_ONCE, TICK, follow
from pages.ui.shared.text import plain, show_error

FIRST = ("leaks", "label_conflicts", "duplicates", "near_duplicates", "unreadable")  # by the harm they do
BY_ITSELF = 30_000  # files up to which the report is made automatically: a few seconds
SHOWN = 10  # images of a row; the gallery below has all
COMPARE = "Looks for damaged and unusual files, duplicates, leaks and conflicting labels. Changes nothing."
ONE_CLICK = {
    "leaks": (
        "Remove leaks",
        "Excludes {} copies so that validation and test share no image with training. Test stays.",
    ),
    "duplicates": ("Keep one of each", "Excludes the {} other copies."),
    "near_duplicates": ("Keep one of each", "Excludes the other {} and keeps the largest of each group."),
}


@st.cache_resource(show_spinner=False)
def reports() -> SingleFlight[Report]:
    """The report of the open dataset, one for all sessions."""
    return SingleFlight()


def report_of(dataset: Dataset) -> Task[Report] | None:
    """The report, begun if it is not there. None if the dataset is so large that the user has to ask for it."""
    key = _key(dataset)
    task = reports().find(key)
    if task is None and len(dataset.records) <= BY_ITSELF:
        task = _compare(dataset)
    return task


def _key(dataset: Dataset) -> str:
    return f"{dataset.root} {dataset.fingerprint} {len(dataset.records)}"


def _compare(dataset: Dataset, *, again: bool = False) -> Task[Report]:
    task = reports().submit(_key(dataset), lambda progress: make_report(dataset, progress), again=again)
    task.wait(AT_ONCE)
    return task


def problems_in(report: Report | None) -> tuple[dict[str, Set[str]], dict[str, str]]:
    """For the gallery: the paths and the title of each problem found."""
    rows = [row for row in report.rows if row.records] if report else []
    paths: dict[str, Set[str]] = {row.key: frozenset(record.path for record in row.records) for row in rows}
    return paths, {row.key: row.title for row in rows}


@st.fragment
def flagged(task: Task[Report] | None) -> None:
    """How many files the report lists, as soon as it is made. Reruns nothing else, where the user may be clicking."""
    problems, _ = problems_in(task.result if task else None)
    with st.container(gap=None):
        st.metric(
            "Flagged",
            f"{len(frozenset().union(*problems.values())):,}" if task and task.result else "…",
            help="Files that the Problems view lists; … while images are still being compared.",
        )
        ask_again("flagged_clock", TICK if task and not task.done else 0)


def trust(dataset: Dataset, task: Task[Report] | None) -> None:
    """Draws the report or its progress."""
    draw_undo(dataset, "problems")
    if task is None:
        st.write(f"Comparing all {len(dataset.records):,} files takes a minute or more, so it starts when you ask.")
        st.button("Compare all images", on_click=_again, args=(dataset,), type="primary", help=COMPARE)
        return
    report = task.result
    if not task.done:
        follow(task, "Comparing all images. You can use the rest of this page meanwhile.", "You can compare later.")
        return
    if report is None:
        if isinstance(task.error, Cancelled):
            st.info("Stopped: the images were not compared.")
        elif task.error is not None:
            show_error(task.error)
        st.button("Compare again", on_click=_again, args=(dataset,), type="primary", help=COMPARE)
        return
    rows = sorted(
        (row for row in report.rows if row.count),
        key=lambda row: FIRST.index(row.key) if row.key in FIRST else len(FIRST),
    )
    if rows:
        st.write("Look at the flagged images and decide. Nothing is excluded until you do it, and no file changes.")
    else:
        st.success("No problems found: no damaged or unusual files, duplicates, leaks or conflicting labels.")
    for row in rows:
        _row(dataset, report, row)
    clean = [row.title.lower() for row in report.rows if not row.count]
    if clean and rows:
        st.caption(f"Also checked, and not found: {', '.join(clean)}.")
    st.download_button(
        "Download report (CSV)",
        data=lambda: report_csv(report).encode(),
        file_name="report.csv",
        mime="text/csv",
        on_click="ignore",
        help="One row per flagged image: problem, path, class, split, group, detail.",
    )


def _again(dataset: Dataset) -> None:
    _compare(dataset, again=True)


def _row(dataset: Dataset, report: Report, row: Row) -> None:
    images = f"{len(row.records):,} {'image' if len(row.records) == 1 else 'images'}"
    groups = f"{len(row.groups):,} {'group' if len(row.groups) == 1 else 'groups'} of " if row.groups else ""
    with st.container(border=True):
        words, buttons = st.columns([5, 2], vertical_alignment="center")
        words.markdown(f"**{plain(row.title)}**: {groups}{images}")
        words.caption(plain(row.why))
        with buttons.container(horizontal=True, horizontal_alignment="right"):
            _one_click(dataset, report, row)
            st.button(
                "Show all",
                key=f"trust_show_{row.key}",
                on_click=show_group,
                args=(f"{row.title.lower()}: {images}", Filter(problem=row.key)),
                help="In the gallery below, where you can sort, open, exclude and relabel them.",
            )
        key = f"trust_{row.key}"
        if opened := gallery_event(key).opened:
            open_image(opened)
        gallery(
            gallery_items(dataset, row.records[:SHOWN], {}),
            key,
            look=Look(label=row.title, selectable=False, cell=96),
        )


def _one_click(dataset: Dataset, report: Report, row: Row) -> None:
    if row.key not in ONE_CLICK:
        return
    title, words = ONE_CLICK[row.key]
    records = to_remove(report, row.key)

    def exclude(edits: Edits) -> int:
        return edits.exclude(records, f"{title}: {row.title.lower()}")

    st.button(
        title,
        key=f"trust_fix_{row.key}",
        type="primary",
        disabled=not records,
        on_click=apply_edit,
        args=(lambda: make_edit(dataset, exclude, "Excluded", "problems"),),
        help=words.format(f"{len(records):,}") + " You can undo this.",
    )
