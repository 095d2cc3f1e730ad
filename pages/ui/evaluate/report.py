"""The report: written as a job, then downloaded."""

import streamlit as st

from core.training.runs import Run
from pages.ui.asking import download, file_asked_for
from pages.ui.evaluation import Pictures, html_reports, prepare_report, report_key


def report_view(run: Run, found: Pictures | None) -> None:
    st.markdown("**A report to hand in or to keep**")
    st.caption(
        "One HTML file that any browser opens without a network: scores with intervals, matrix, curves, calibration, "
        "threshold, the surest mistakes with where the model looked, settings, data, the origin of the weights, "
        "versions, and what the numbers do not say."
    )
    key = report_key(run, found)
    path = file_asked_for(
        html_reports().find(key),
        "report",
        lambda: prepare_report(run, key),
        note="Writing the report. You may leave this page: it goes on.",
        help="Takes some seconds. It holds small versions of the surest mistakes' pictures.",
        key="evaluate_report",
    )
    if path is not None:
        st.markdown(f"Ready: {path.stat().st_size / 1e3:,.0f} kB.")
        download(path, "report", "text/html", "Also on the command line: python -m core report RUN FILE.html")
