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
  let inside = false; // whether the pointer went there by itself: a page that grew may have come under one that rests
  const moved = (event) => { inside = event.clientY > place.getBoundingClientRect().top; };
  const scrolled = () => {
    const shortened = performance.now() - changed < SETTLED;
    const pushed = shortened && page.scrollTop + page.clientHeight >= page.scrollHeight - 1; // nobody scrolled
    if (pushed) return;
    top = place.getBoundingClientRect().top;
    if (!changed) inside = pointer > top;
  };
  const byHand = () => { changed = 0; };
  const hold = () => {
    const now = place.getBoundingClientRect().top;
    if (now === top) return;
    changed = performance.now();
    if (inside && top > -place.parentElement.clientHeight) page.scrollTop += now - top;
    else top = now;
  };
  const observer = new ResizeObserver(hold);
  observer.observe(page.firstElementChild);
  addEventListener('pointermove', moved, {passive: true});
  page.addEventListener('scroll', scrolled, {passive: true});
  page.addEventListener('wheel', byHand, {passive: true});
  page.addEventListener('touchmove', byHand, {passive: true});
  return () => {
    observer.disconnect();
    removeEventListener('pointermove', moved);
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
