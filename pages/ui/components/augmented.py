"""Originals beside their augmented copies, redrawn in place without flicker.

The images travel as one image and are cut apart in the browser, so that all of them change at once. Pointing at a copy
shows its parameters; a click or Enter opens it large beside its original, without a request to the server. Keyboard:
arrows move in the grid and in the large view, Esc closes it.
"""

import base64
import hashlib
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache
from pathlib import Path

import streamlit as st

from core.images import contact_sheet as preview

HTML = """
<div class="augmented">
  <div class="bar">
    <label class="before"><input type="checkbox" role="switch">Show originals</label>
    <span class="note"></span>
  </div>
  <div class="grid" role="group"></div>
  <p class="drawn"></p>
  <dialog class="large" aria-labelledby="augmented-title">
    <header><h2 id="augmented-title"></h2><button type="button" class="close">Close</button></header>
    <div class="pair">
      <figure><canvas role="img" aria-label="The original"></canvas><figcaption>Original</figcaption></figure>
      <figure><canvas role="img" aria-label="The copy"></canvas><figcaption class="second"></figcaption></figure>
    </div>
    <p class="words" aria-live="polite"></p>
    <footer>
      <button type="button" data-step="-1">Previous</button>
      <button type="button" data-step="1">Next</button>
      <span>Arrow keys move, Esc closes</span>
    </footer>
  </dialog>
</div>
"""


@dataclass(frozen=True, slots=True)
class Copy:
    """An augmented image. `words` describe its parameters; `caption` stands under it, "" for none; `wrong` marks a
    misclassified one."""

    image: preview.Image
    words: str
    caption: str = ""
    wrong: bool = False


@dataclass(frozen=True, slots=True)
class Row:
    """An original and its copies. `name` identifies the image; `caption` stands under the original."""

    name: str
    original: preview.Image
    copies: tuple[Copy, ...]
    caption: str = ""
    wrong: bool = False


def augmented(
    rows: Sequence[Row],
    key: str,
    *,
    heads: Sequence[str] = (),
    label: str = "Originals and their augmented copies",
    hint: str = "",
    note: str = "",
    share: float = 0.6,
) -> bool:
    """Draws them. True when the images differ from those that this session drew last under this key.

    Args:
        rows: At least one; every image uint8 (size, size, 3), RGB, of one size.
        key: Name of the element on the page.
        heads: Column headings, the originals' first; none where it is empty.
        label: Name of the grid for screen readers.
        hint: Text under the grid while no copy is pointed at.
        note: A few words on the right above the grid.
        share: Part of the window's height that the grid may take.
    """
    # Registered on each call: the registry belongs to the runtime, which tests replace.
    draw = st.components.v2.component("augmented", html=HTML, css=_part("augmented.css"), js=_part("augmented.js"))
    sheet = preview.compose([[row.original, *(copy.image for copy in row.copies)] for row in rows])
    content = preview.as_jpeg(sheet)
    data = {
        "image": base64.b64encode(content).decode(),
        "size": len(rows[0].original),
        "rows": [_as_data(row) for row in rows],
        "heads": list(heads),
        "label": label,
        "hint": hint,
        "note": note,
        "share": share,
    }
    draw(data=data, key=key)
    drawn = hashlib.sha256(content).hexdigest()
    before, st.session_state[f"{key}_drawn"] = st.session_state.get(f"{key}_drawn"), drawn
    return drawn != before


def _as_data(row: Row) -> dict[str, object]:
    return {
        "name": row.name,
        "caption": row.caption,
        "wrong": row.wrong,
        "copies": [{"words": copy.words, "caption": copy.caption, "wrong": copy.wrong} for copy in row.copies],
    }


@cache
def _part(name: str) -> str:
    return (Path(__file__).parent / name).read_text(encoding="utf-8")
