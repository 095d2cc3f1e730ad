"""A run's history for other tools: a table to download, and where TensorBoard finds its files."""

import shlex

import streamlit as st

from core.runs.history import History
from core.runs.run import Run
from core.training.loop.tool_logs import FOLDER, history_csv


def tool_files(run: Run, history: History) -> None:
    folder = run.directory / FOLDER
    with st.expander("Training history: CSV and TensorBoard"):
        st.download_button(
            "Download history as CSV",
            data=lambda: history_csv(history.epochs).encode(),
            file_name=f"{run.id}.csv",
            mime="text/csv",
            on_click="ignore",
            key="history_csv",
            help="One row per epoch, as Keras' CSVLogger writes it: epochs count from 0.",
        )
        if folder.is_dir():
            st.caption("Open this run in TensorBoard (pip install tensorboard) with:")
            st.code(f"tensorboard --logdir {shlex.quote(str(folder))}", language=None, wrap_lines=True)
        else:
            st.caption("There are no TensorBoard files: an older version of Pawlab made this run.")
