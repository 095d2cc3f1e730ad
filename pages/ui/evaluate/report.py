"""The report: written as a job, then downloaded."""

import streamlit as st

from core.jobs.process import PROGRAM
from pages.ui.evaluate.state import Evaluation, html_reports, prepare_report, report_key
from pages.ui.shared.job_widgets import download, file_asked_for


def report_view(evaluation: Evaluation) -> None:
    st.markdown("**A report to keep or hand in**")
    st.caption(
        "One HTML file that opens in any browser, without a network: scores with 95% confidence intervals, confusion "
        "matrix, ROC and precision–recall curves, calibration, threshold, the most confident errors with Grad-CAM, "
        "data, settings, weights, versions, and the limits of all these numbers."
    )
    key = report_key(evaluation)
    path = file_asked_for(
        html_reports().find(key),
        "report",
        lambda: prepare_report(evaluation, key),
        note="Writing the report. It continues if you leave this page.",
        help="Takes a few seconds. The report contains small versions of the misclassified images it shows.",
        key="evaluate_report",
    )
    if path is not None:
        st.markdown(f"Ready: {path.stat().st_size / 1e3:,.0f} kB.")
        download(path, "report", "text/html", f"Also on the command line: {PROGRAM} report RUN FILE.html")
