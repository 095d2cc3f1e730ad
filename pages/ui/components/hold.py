"""Keeps what is under the pointer where it is while the page above it grows or shrinks: a click then hits what it was
meant for."""

import streamlit as st

JS = """
const SETTLED = 1000; // milliseconds in which a page that became shorter may become longer again
const page = document.querySelector('[data-testid="stMain"]');
let pointer = -1; // pixels from the top of the window
addEventListener('pointermove', (event) => { pointer = event.clientY; }, {passive: true});

export default function({parentElement}) {
  const place = parentElement.host;
  let top = place.getBoundingClientRect().top, changed = 0;
  const scrolled = () => {
    const shortened = performance.now() - changed < SETTLED;
    const pushed = shortened && page.scrollTop + page.clientHeight >= page.scrollHeight - 1; // nobody scrolled
    if (!pushed) top = place.getBoundingClientRect().top;
  };
  const byHand = () => { changed = 0; };
  const hold = () => {
    const now = place.getBoundingClientRect().top;
    if (now === top) return;
    changed = performance.now();
    if (pointer > top && top > -place.parentElement.clientHeight) page.scrollTop += now - top;
    else top = now;
  };
  const observer = new ResizeObserver(hold);
  observer.observe(page.firstElementChild);
  page.addEventListener('scroll', scrolled, {passive: true});
  page.addEventListener('wheel', byHand, {passive: true});
  page.addEventListener('touchmove', byHand, {passive: true});
  return () => {
    observer.disconnect();
    page.removeEventListener('scroll', scrolled);
    page.removeEventListener('wheel', byHand);
    page.removeEventListener('touchmove', byHand);
  };
}
"""


def hold_below(key: str) -> None:
    """Marks the place: what stands below it stays under the pointer. It takes no room."""
    # Registered on each call: the registry belongs to the runtime, which tests replace.
    draw = st.components.v2.component("hold", js=JS)
    draw(data={}, key=key, height=1)
