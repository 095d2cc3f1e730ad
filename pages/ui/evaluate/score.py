"""A score of the Evaluate page."""

import streamlit as st


def show_score(label: str, value: str, below: str | None, words: str) -> None:
    """The score with its interval below it; two stand beside each other on a phone.

    Args:
        words: What it means, as help.
    """
    st.metric(label, value, below, delta_color="off", delta_arrow="off", help=words, width=150)
