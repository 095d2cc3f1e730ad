"""Brings a place on the page into view when something far above it has changed what is shown there, and back."""

import uuid
from typing import Literal

import streamlit as st

_WISH = "reveal_{}"  # session key of a place: whether to go there once the page is drawn
JS = """
const HEAD = 64; // pixels: the bar that lies over the page's top
let done = '';
let before = 0; // pixels: how far the page was scrolled

let later;

export default function({data, parentElement}) {
  clearTimeout(later); // the user has gone on
  if (!data.wish || data.wish === done) return;
  done = data.wish; // the same data can come again, such as when the theme changes
  const page = document.querySelector('[data-testid="stMain"]');
  if (data.how === 'back') {
    page.scrollTop = before;
    return;
  }
  if (data.how === 'away') before = page.scrollTop;
  const go = () => {
    const top = parentElement.host.getBoundingClientRect().top - page.getBoundingClientRect().top;
    if (top < HEAD || top > page.clientHeight / 3) page.scrollTop += top - HEAD;
  };
  go();
  later = setTimeout(go, 150); // what is drawn below the place may not be there yet, and the page too short
}
"""


def reveal(how: Literal["here", "away", "back"] = "here", place: str = "page") -> None:
    """Asks for it once this session's page is drawn.

    Args:
        how: "here" moves the page only where the place cannot be seen well; "away" the same, and keeps where the page
            stood; "back" goes back to there.
        place: Name of the place, where a page has several.
    """
    st.session_state[_WISH.format(place)] = (uuid.uuid4().hex, how)


def revealed_here(place: str = "page") -> None:
    """The place. Call it after what stands there is drawn; it takes no room."""
    wish, how = st.session_state.pop(_WISH.format(place), ("", ""))
    # Registered on each call: the registry belongs to the runtime, which tests replace.
    draw = st.components.v2.component("reveal", js=JS)
    draw(data={"wish": wish, "how": how}, key=f"reveal_place_{place}", height=1)
