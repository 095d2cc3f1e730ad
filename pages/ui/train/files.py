"""A run's history for other tools: a table to download, and where TensorBoard finds its files."""

import shlex

import streamlit as st

from core.training.history import History
from core.training.runs import Run
from core.training.tool_logs import FOLDER, history_csv


def tool_files(run: Run, history: History) -> None:
    folder = run.directory / FOLDER
    with st.expander("The history for other tools"):
        st.download_button(
            "Download the history as CSV",
            data=lambda: history_csv(history.epochs).encode(),
            file_name=f"{run.id}.csv",
            mime="text/csv",
            on_click="ignore",
            key="history_csv",
            help="One line an epoch, as Keras' CSVLogger writes it: epochs count from 0 there.",
        )
        if folder.is_dir():
            st.caption("TensorBoard (pip install tensorboard) reads this run with the command:")
            st.code(f"tensorboard --logdir {shlex.quote(str(folder))}", language=None, wrap_lines=True)
        else:
            st.caption("There are no files for TensorBoard: this run is from before Pawlab wrote them.")
