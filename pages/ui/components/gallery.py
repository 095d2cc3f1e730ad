"""A page of images as a grid: click opens, checkboxes select, the pager turns pages. Redrawn in place, without flicker.

Two calls in each run of the script: `gallery_event` tells what the user did, then `gallery` draws the result. Keyboard:
arrows move, Enter opens, Space selects, Shift+Space selects a range, PageUp and PageDown turn pages.
"""

import base64
from collections.abc import Sequence
from dataclasses import asdict, dataclass, field
from functools import cache
from pathlib import Path
from typing import Any

import streamlit as st

HTML = """
<div class="gallery">
  <div class="bar">
    <label class="all"><input type="checkbox">Select this page</label>
    <span class="count" role="status"></span>
    <span class="keys"></span>
  </div>
  <ul class="grid"></ul>
  <nav class="pager" aria-label="Pages of images" hidden>
    <button type="button" data-to="first">First</button>
    <button type="button" data-to="previous">Previous</button>
    <label class="number">Page <input type="number" min="1" step="1" aria-label="Page number"> <span></span></label>
    <button type="button" data-to="next">Next</button>
    <button type="button" data-to="last">Last</button>
    <span class="total"></span>
  </nav>
</div>
"""


@dataclass(frozen=True, slots=True)
class GalleryItem:
    """One cell.

    Attributes:
        id: What events call it: a path.
        alt: Its alternative text and tooltip.
        caption: The text below it.
        image: A JPEG; b"" if there is none, and then `reason` says why, or `address` where the browser gets it.
        badges: Short words on the image.
        dimmed: Shown but not used.
    """

    id: str
    alt: str
    caption: str
    image: bytes = b""
    reason: str = ""
    badges: tuple[str, ...] = ()
    dimmed: bool = False
    address: str = ""


@dataclass(frozen=True)
class Look:
    """How a gallery looks.

    Attributes:
        label: What screen readers call the list.
        cell: Least width of a cell in pixels; three always fit side by side.
        selectable: Whether cells have checkboxes.
        keys: What keyboard and mouse do, shown above cells with checkboxes.
        fill: Whether few cells grow to fill the row.
        opens: Whether a click opens a cell with a checkbox; else it selects it.
    """

    label: str = "Images"
    cell: int = 120
    selectable: bool = True
    keys: str = "Enter opens, Space selects, Shift+click selects a range"
    fill: bool = False
    opens: bool = True


@dataclass(frozen=True)
class Paging:
    """Page `page` of `pages`, from 1; `size` items fill a page, and all pages have `total`."""

    page: int
    pages: int
    size: int
    total: int


@dataclass(frozen=True, slots=True)
class GalleryEvent:
    """What the user did since the script's last run: `opened` is an item's id or "", `page` is the requested page or 0,
    `selected` and `unselected` are ids."""

    opened: str = ""
    page: int = 0
    selected: frozenset[str] = field(default=frozenset())
    unselected: frozenset[str] = field(default=frozenset())

    def apply(self, selected: frozenset[str]) -> frozenset[str]:
        """The selection after this event, from the one before it."""
        if not self.selected and not self.unselected:
            return selected
        return (selected | self.selected) - self.unselected


def gallery_event(key: str) -> GalleryEvent:
    """What the user did in the gallery `key`; call it once in each run, before `gallery`."""
    turn, event = read_event(getattr(st.session_state.get(key), "act", None))
    if turn:
        st.session_state[_turn_of(key)] = turn
    return event


def read_event(message: Any) -> tuple[int, GalleryEvent]:
    """The number and content of the browser's message; (0, nothing) if our script cannot have sent it."""
    match message:
        case {"turn": int(turn), "open": str(opened), "page": int(page), "on": list(on), "off": list(off)} if turn > 0:
            if all(isinstance(id, str) for id in on + off):
                return turn, GalleryEvent(opened, max(0, page), frozenset(on), frozenset(off))
    return 0, GalleryEvent()


def gallery(
    items: Sequence[GalleryItem],
    key: str,
    selected: frozenset[str] = frozenset(),
    *,
    look: Look = Look(),
    paging: Paging | None = None,
    focus: str = "",
) -> None:
    """Draws one page.

    Args:
        items: Those of this page.
        key: Name of the element on the page; it owns `st.session_state[key]`.
        selected: Every selected id, including those on other pages.
        look: How the grid looks and what it is called.
        paging: Which page this is; None if it is the only one.
        focus: The id of the cell to return to when the gallery appears again, such as after a large view.
    """
    # Registered on each call: the registry belongs to the runtime, which tests replace.
    draw = st.components.v2.component("gallery", html=HTML, css=_part("gallery.css"), js=_part("gallery.js"))
    data = {
        "items": [_as_data(item) for item in items],
        "selected": [item.id for item in items if item.id in selected],
        "numSelected": len(selected),
        **asdict(look),
        **asdict(paging or Paging(1, 1, len(items), len(items))),
        "focus": focus,
        "turn": st.session_state.get(_turn_of(key), 0),
    }
    draw(data=data, key=key, on_act_change=_nothing)


def _as_data(item: GalleryItem) -> dict[str, Any]:
    image = f"data:image/jpeg;base64,{base64.b64encode(item.image).decode()}" if item.image else item.address
    return {
        "id": item.id,
        "alt": item.alt,
        "caption": item.caption,
        "image": image,
        "reason": item.reason,
        "badges": list(item.badges),
        "dimmed": item.dimmed,
    }


@cache
def _part(name: str) -> str:
    return (Path(__file__).parent / name).read_text(encoding="utf-8")


def _turn_of(key: str) -> str:
    return f"{key}_turn"


def _nothing() -> None:
    """Streamlit wants a callback for each event that a component may send."""
