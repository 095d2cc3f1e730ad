"""Reruns a fragment after a while, as long as it waits for something.

`run_every` cannot end by itself: its timer goes on until the whole page is run again, and a run of the whole page can
swallow what the user clicks at that moment. Here the browser asks until the fragment is drawn with nothing to wait for.
"""

import time

import streamlit as st

JS = """
export default function({data, parentElement, setTriggerValue}) {
  clearInterval(parentElement.clock);
  // Again and again: a run that is asked for while another begins can be lost.
  const ring = () => setTriggerValue('rang', data.drawn);
  if (data.seconds) parentElement.clock = setInterval(ring, 1000 * data.seconds);
  return () => clearInterval(parentElement.clock);
}
"""


def ask_again(key: str, seconds: float) -> None:
    """Draws a clock, which cannot be seen: the fragment around it runs again after `seconds`, with 0 never. Draw it
    with 0 rather than not at all: nothing on the page moves then.

    Args:
        key: Name of the element on the page.
    """
    # Registered on each call: the registry belongs to the runtime, which tests replace.
    draw = st.components.v2.component("clock", js=JS)
    draw(data={"seconds": seconds, "drawn": time.monotonic()}, key=key, height=1, on_rang_change=_nothing)


def _nothing() -> None:
    """Streamlit wants a callback for each event that a component may send."""
