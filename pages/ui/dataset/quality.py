"""The trust report: what is wrong, why it matters, which pictures, and one click to mend it."""

from collections.abc import Set

import streamlit as st

from core.datasets import Dataset
from core.datasets.edits import Edits
from core.datasets.report import Report, Row, make_report, report_csv, to_remove
from core.datasets.selection import Filter
from core.errors import Cancelled
from core.jobs import Latest, Task
from pages.ui.clock import ask_again
from pages.ui.edits import apply_edit
from pages.ui.gallery import gallery, gallery_event
from pages.ui.lightbox import gallery_items
from pages.ui.pictures import open_picture, show_group
from pages.ui.progress import AT_ONCE, TICK, follow
from pages.ui.words import plain, show_error

FIRST = ("leaks", "label_conflicts", "duplicates", "near_duplicates", "unreadable")  # by the harm that they do
BY_ITSELF = 30_000  # files up to which the report is made unasked: a few seconds
SHOWN = 10  # pictures of a row; the gallery below has all
COMPARE = "Looks for damaged and odd files, duplicates, leaks and conflicting labels. Nothing is changed."
ONE_CLICK = {
    "leaks": ("Remove leaks", "Excludes the {} training copies: validation stays what it was."),
    "duplicates": ("Keep one of each", "Excludes the {} other copies."),
    "near_duplicates": ("Keep one of each", "Excludes the {} others: the largest of each group stays."),
}


@st.cache_resource(show_spinner=False)
def reports() -> Latest[Report]:
    """The report of the open dataset, one for all sessions."""
    return Latest()


def report_of(dataset: Dataset) -> Task[Report] | None:
    """The report, begun where it is not there. None where the dataset is so large that the user is to ask for it."""
    key = _key(dataset)
    task = reports().find(key)
    if task is None and len(dataset.records) <= BY_ITSELF:
        task = _ask(dataset)
    return task


def _key(dataset: Dataset) -> str:
    return f"{dataset.root} {dataset.fingerprint} {len(dataset.records)}"


def _ask(dataset: Dataset, again: bool = False) -> Task[Report]:
    task = reports().ask(_key(dataset), lambda tell: make_report(dataset, tell), again=again)
    task.wait(AT_ONCE)
    return task


def problems_in(report: Report | None) -> tuple[dict[str, Set[str]], dict[str, str]]:
    """For the gallery: the paths and the title of each problem that was found."""
    rows = [row for row in report.rows if row.records] if report else []
    paths: dict[str, Set[str]] = {row.key: frozenset(record.path for record in row.records) for row in rows}
    return paths, {row.key: row.title for row in rows}


@st.fragment
def flagged(task: Task[Report] | None) -> None:
    """How many files the report names, as soon as it is made. Runs nothing else of the page anew: the user may be
    clicking there."""
    problems, _ = problems_in(task.result if task else None)
    with st.container(gap=None):
        st.metric(
            "Flagged",
            f"{len(frozenset().union(*problems.values())):,}" if task and task.result else "…",
            help="Files that the report under Problems names; … until all pictures have been compared.",
        )
        ask_again("flagged_clock", TICK if task and not task.done else 0)


def trust(dataset: Dataset, task: Task[Report] | None) -> None:
    """Draws the report, or how far it is."""
    if task is None:
        st.write(f"All {len(dataset.records):,} files are compared when you ask for it: it takes a minute or more.")
        st.button("Compare all pictures", on_click=_again, args=(dataset,), type="primary", help=COMPARE)
        return
    report = task.result
    if not task.done:
        follow(task, "Comparing all pictures. Everything else on this page works meanwhile.", "You can check later.")
        return
    if report is None:
        if isinstance(task.error, Cancelled):
            st.info("Stopped: the pictures were not compared.")
        elif task.error is not None:
            show_error(task.error)
        st.button("Check again", on_click=_again, args=(dataset,), type="primary", help=COMPARE)
        return
    found = sorted(
        (row for row in report.rows if row.count),
        key=lambda row: FIRST.index(row.key) if row.key in FIRST else len(FIRST),
    )
    if found:
        st.write("A flagged picture is one to look at. Nothing is excluded unless you do it, and no file changes.")
    else:
        st.success("Nothing found: no damaged or odd files, no duplicates, no leaks, no conflicting labels.")
    for row in found:
        _row(dataset, report, row)
    clean = [row.title.lower() for row in report.rows if not row.count]
    if clean and found:
        st.caption(f"Looked for and not found: {', '.join(clean)}.")
    st.download_button(
        "Download the report as CSV",
        data=lambda: report_csv(report).encode(),
        file_name="report.csv",
        mime="text/csv",
        on_click="ignore",
        help="One line for each flagged picture: problem, path, class, split, group, detail.",
    )


def _again(dataset: Dataset) -> None:
    _ask(dataset, again=True)


def _row(dataset: Dataset, report: Report, row: Row) -> None:
    pictures = f"{len(row.records):,} {'picture' if len(row.records) == 1 else 'pictures'}"
    groups = f"{len(row.groups):,} {'group' if len(row.groups) == 1 else 'groups'} of " if row.groups else ""
    with st.container(border=True):
        words, buttons = st.columns([5, 2], vertical_alignment="center")
        words.markdown(f"**{plain(row.title)}**: {groups}{pictures}")
        words.caption(plain(row.why))
        with buttons.container(horizontal=True, horizontal_alignment="right"):
            _one_click(dataset, report, row)
            st.button(
                "Show all",
                key=f"trust_show_{row.key}",
                on_click=show_group,
                args=(f"{row.title.lower()}: {pictures}", Filter(problem=row.key)),
                help="In the gallery below, where they can be sorted, opened, excluded and relabelled.",
            )
        key = f"trust_{row.key}"
        if opened := gallery_event(key).opened:
            open_picture(opened)
        gallery(
            gallery_items(dataset, row.records[:SHOWN], {}),
            key,
            label=row.title,
            selectable=False,
            cell=96,
        )


def _one_click(dataset: Dataset, report: Report, row: Row) -> None:
    if row.key not in ONE_CLICK:
        return
    title, words = ONE_CLICK[row.key]
    records = to_remove(report, row.key)
    st.button(
        title,
        key=f"trust_fix_{row.key}",
        type="primary",
        disabled=not records,
        on_click=apply_edit,
        args=(lambda: Edits.load(dataset).exclude(records, f"{title}: {row.title.lower()}"),),
        help=words.format(f"{len(records):,}") + " Can be undone.",
    )
