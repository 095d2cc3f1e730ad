"""Every visit starts here: the session, the frame around the page, then the page."""

from pathlib import Path

import streamlit as st

from core.sessions.path import LABEL, PAGES, START
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


def to_start() -> None:
    """With what the address says."""
    st.switch_page(start, query_params=st.query_params.to_dict())


# Streamlit serves the default page at "/" alone, and its `url_path` is an address of no page.
start = st.Page("start.py", title=PAGES[START], url_path="root", default=True)
page = st.navigation(
    [
        start,
        # After "/train" people type "/start".
        *(st.Page(to_start, title=PAGES[START], url_path=address, visibility="hidden") for address in (START, "home")),
        *(st.Page(f"{name}.py", title=title, url_path=name) for name, title in PAGES.items() if name != START),
        st.Page("label.py", title="Label", url_path=LABEL, visibility="hidden"),
    ],
    position="top",
)
begin_session()
draw_header_again = header(page.url_path or START)
try:
    page.run()
    draw_header_again()
finally:  # also when the page stops early or a click interrupts it
    keep_session()
