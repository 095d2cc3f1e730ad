"""Every visit starts here: the session, the frame around the page, then the page."""

from pathlib import Path

import streamlit as st

from pages.ui.shared.header import header
from pages.ui.shared.session import begin_session, keep_session

STATIC = Path(__file__).parent / "static"

# Before the navigation, and with a local icon: otherwise the browser requests one from another host.
st.set_page_config(page_title="Pawlab", page_icon=str(STATIC / "icon.png"), layout="wide")
# A title with less room around it than Streamlit's: a run at work has one screen, and images stand higher.
# Streamlit writes the chosen segment and a slider's value in the primary colour. In the dark theme no single colour is
# both bright enough for that and dark enough under the white text of a primary button.
st.html(
    "<style>[data-testid='stMain'] h1 {padding: 0 0 0.6rem}"
    " [data-testid='stButtonGroup'] [data-selected='true'], [data-testid='stSliderThumbValue'] *"
    " {color: inherit !important} [data-testid='stSliderThumbValue'] {color: inherit !important}</style>"
)
st.logo(str(STATIC / "logo.png"), size="medium")


def to_dataset() -> None:
    """With the view that the address names."""
    st.switch_page(dataset, query_params=st.query_params.to_dict())


# Streamlit serves the default page at "/" alone, and its `url_path` is an address of no page.
dataset = st.Page("dataset.py", title="Dataset", url_path="root", default=True)
page = st.navigation(
    [
        st.Page("collect.py", title="Collect", url_path="collect"),
        dataset,
        # After "/train" people type "/dataset".
        *(
            st.Page(to_dataset, title="Dataset", url_path=address, visibility="hidden")
            for address in ("dataset", "home")
        ),
        st.Page("augment.py", title="Augmentation", url_path="augment"),
        st.Page("train.py", title="Training", url_path="train"),
        st.Page("evaluate.py", title="Evaluate", url_path="evaluate"),
        st.Page("classify.py", title="Classify", url_path="classify"),
    ],
    position="top",
)
begin_session()
draw_header_again = header(page.url_path or "dataset")
try:
    page.run()
    draw_header_again()
finally:  # also when the page stops early or a click interrupts it
    keep_session()
