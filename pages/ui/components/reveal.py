"""Scrolls to a place on the page when a control far above it has changed what is shown there, and back."""

import uuid
from typing import Literal

import streamlit as st

_REQUEST = "reveal_{}"  # session key of a place: whether to scroll there once the page is drawn
JS = """
const HEAD = 64; // pixels: the bar over the top of the page
const PHONE = 640; // pixels: up to this width columns stand below each other
const PAUSE = 100, PATIENCE = 5000; // milliseconds: what is below the place may come later, and the page is too short
const STILL = 5; // pauses in which nothing moved
let done = '';
let acted = 0; // pixels: how far the page was scrolled when the user last did something
let before = 0; // and when what was clicked took the page away
let later;

const main = () => document.querySelector('[data-testid="stMain"]');
for (const gesture of ['wheel', 'touchstart', 'pointerdown', 'keydown'])
  addEventListener(gesture, () => {
    clearTimeout(later); // the user has gone on
    acted = main()?.scrollTop ?? 0;
  }, {capture: true, passive: true});

export default function({data, parentElement}) {
  if (!data.request || data.request === done) return;
  done = data.request; // the same data can come again, such as when the theme changes
  if (data.how === 'phone' && innerWidth > PHONE) return;
  const page = main();
  if (data.how === 'away') before = acted; // the page may be shorter by now
  const missing = () => { // pixels that the page is still to be scrolled
    if (data.how === 'back') return before - page.scrollTop;
    const top = parentElement.host.getBoundingClientRect().top - page.getBoundingClientRect().top;
    return top < HEAD || top > page.clientHeight / 3 ? top - HEAD : 0;
  };
  const end = performance.now() + PATIENCE;
  let still = 0;
  const go = () => {
    const away = missing();
    page.scrollTop += away;
    still = Math.abs(away) < 1 ? still + 1 : 0;
    if (still < STILL && performance.now() < end) later = setTimeout(go, PAUSE);
  };
  clearTimeout(later);
  go();
}
"""


def reveal(how: Literal["here", "phone", "away", "back"] = "here", place: str = "page") -> None:
    """Requests it for when this session's page is drawn.

    Args:
        how: "here" scrolls only if the place is not in view, "phone" only on a narrow screen; "away" does it too, and
            remembers the position before; "back" returns to it.
        place: Name of the place, if a page has several.
    """
    st.session_state[_REQUEST.format(place)] = (uuid.uuid4().hex, how)


def revealed_here(place: str = "page") -> None:
    """Marks the place. Call it after what is there is drawn; it takes no room."""
    request, how = st.session_state.pop(_REQUEST.format(place), ("", ""))
    # Registered on each call: the registry belongs to the runtime, which tests replace.
    draw = st.components.v2.component("reveal", js=JS)
    draw(data={"request": request, "how": how}, key=f"reveal_place_{place}", height=1)
