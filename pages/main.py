"""Every visit starts here: the page's frame, then the page."""

from pathlib import Path

import streamlit as st

STATIC = Path(__file__).parent / "static"

# Before the navigation, and with a local icon: otherwise the browser asks another host for one.
st.set_page_config(page_title="Pawlab", page_icon=str(STATIC / "icon.png"), layout="wide")
# Streamlit writes the chosen segment and a slider's value in the primary colour. In the dark theme no one colour is
# bright enough for that and dark enough below the white words of a primary button.
st.html(
    "<style>[data-testid='stButtonGroup'] [data-selected='true'], [data-testid='stSliderThumbValue'] *"
    " {color: inherit !important} [data-testid='stSliderThumbValue'] {color: inherit !important}</style>"
)
st.logo(str(STATIC / "logo.png"), size="medium")
dataset = st.Page("dataset.py", title="Dataset", url_path="home", default=True)
st.navigation(
    [
        dataset,
        # "/dataset" is what one types after "/train".
        st.Page(lambda: st.switch_page(dataset), title="Dataset", url_path="dataset", visibility="hidden"),
        st.Page("augment.py", title="Augmentation", url_path="augment"),
        st.Page("train.py", title="Training", url_path="train"),
        st.Page("evaluate.py", title="Evaluate", url_path="evaluate"),
        st.Page("classify.py", title="Classify", url_path="classify"),
    ],
    position="top",
).run()
