"""The report: written as a job, then downloaded."""

import streamlit as st

from core.errors import Cancelled
from core.training.runs import Run
from pages.ui.evaluation import Pictures, html_reports, prepare_report, report_key
from pages.ui.progress import follow
from pages.ui.words import show_error


def report_view(run: Run, found: Pictures | None) -> None:
    st.markdown("**A report to hand in or to keep**")
    st.caption(
        "One HTML file that any browser opens without a network: scores with intervals, matrix, curves, calibration, "
        "threshold, the surest mistakes with where the model looked, settings, data, the origin of the weights, "
        "versions, and what the numbers do not say."
    )
    key = report_key(run, found)
    task = html_reports().find(key)
    if task is None or (task.done and task.error is not None):
        if task is not None and isinstance(task.error, Cancelled):
            st.info("Stopped. Nothing was kept.")
        elif task is not None and task.error is not None:
            show_error(task.error)
        st.button(
            "Prepare the report",
            type="primary",
            on_click=prepare_report,
            args=(run, key),
            key="evaluate_report",
            help="Takes some seconds. It holds small versions of the surest mistakes' pictures.",
        )
        return
    if not task.done:
        follow(task, "Writing the report. You may leave this page: it goes on.", "Nothing is kept then.")
        return
    path = task.result
    if path is None or not path.is_file():
        st.info("The report is gone.")
        st.button("Prepare the report", on_click=prepare_report, args=(run, key), help="Writes it once more.")
        return
    st.markdown(f"Ready: {path.stat().st_size / 1e3:,.0f} kB.")
    st.download_button(
        "Download the report",
        data=path.read_bytes,
        file_name=path.name,
        mime="text/html",
        type="primary",
        on_click="ignore",
        help="Also on the command line: python -m core report RUN FILE.html",
    )
