"""Start: what Pawlab is, where this session stands, and three ways in."""

import streamlit as st

from core.datasets.current import has_opened
from pages.ui.shared.data import open_if_any, opening_status
from pages.ui.shared.session import page_query
from pages.ui.start.pictures import pictures
from pages.ui.start.place import place
from pages.ui.start.ways import ways


def main() -> None:
    if "view" in page_query():  # of the Dataset page, which was the first one until 0.2.0
        st.switch_page("dataset.py", query_params=st.query_params.to_dict())
    st.title("Teach a computer to see")
    st.write(
        "Pawlab learns from your images to tell things apart, here on this machine, and shows you how it learns "
        "and what it gets wrong."
    )
    # Places of their own: pictures that come later move nothing below them.
    above, below = st.container(), st.container()
    with below:
        opened = open_if_any()
        opening_status()
        has_next = place(opened)
    with above:
        pictures(opened)
    ways(is_next=not (has_next or has_opened()))


main()
