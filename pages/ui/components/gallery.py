"""A page of pictures as a grid: click opens, checkboxes select, the pager turns. Redrawn in place, without a flicker.

Two calls, so that one run of the script is enough: `gallery_event` first, to learn what the user did; then `gallery`
draws what follows from it. Keyboard: arrows move, Enter opens, Space selects, Shift+Space selects up to here, PageUp
and PageDown turn.
"""

import base64
from collections.abc import Sequence
from dataclasses import dataclass, field
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
  <nav class="pager" aria-label="Pages of pictures" hidden>
    <button type="button" data-to="first">First</button>
    <button type="button" data-to="previous">Previous</button>
    <label class="number">Page <input type="number" min="1" step="1"> <span></span></label>
    <button type="button" data-to="next">Next</button>
    <button type="button" data-to="last">Last</button>
    <span class="total"></span>
  </nav>
</div>
"""


@dataclass(frozen=True, slots=True)
class GalleryItem:
    """One cell.

    `id` comes back in events: a path. `alt` names the picture to those who cannot see it, and is its tooltip. `image`
    is a JPEG, b"" where there is none, and then `reason` says why. `dimmed` pictures are shown but not used.
    """

    id: str
    alt: str
    caption: str
    image: bytes = b""
    reason: str = ""
    badges: tuple[str, ...] = ()
    dimmed: bool = False


@dataclass(frozen=True, slots=True)
class GalleryEvent:
    """What the user did since the script's last run: `opened` is an item's id or "", `page` is the page that was asked
    for or 0, `selected` and `unselected` are ids."""

    opened: str = ""
    page: int = 0
    selected: frozenset[str] = field(default=frozenset())
    unselected: frozenset[str] = field(default=frozenset())

    def apply(self, selected: frozenset[str]) -> frozenset[str]:
        """The selection after this event, given the one before it."""
        if not self.selected and not self.unselected:
            return selected
        return (selected | self.selected) - self.unselected


def gallery_event(key: str) -> GalleryEvent:
    """What the user did to the gallery `key`; call it once in each run, before `gallery`."""
    said = getattr(st.session_state.get(key), "act", None)
    turn, event = read_event(said)
    if turn:
        st.session_state[_turn_of(key)] = turn
    return event


def read_event(said: Any) -> tuple[int, GalleryEvent]:
    """The number of the browser's message and what it says; (0, nothing) where it is none that ours can have sent."""
    match said:
        case {"turn": int(turn), "open": str(opened), "page": int(page), "on": list(on), "off": list(off)} if turn > 0:
            if all(isinstance(id, str) for id in on + off):
                return turn, GalleryEvent(opened, max(0, page), frozenset(on), frozenset(off))
    return 0, GalleryEvent()


def gallery(
    items: Sequence[GalleryItem],
    key: str,
    selected: frozenset[str] = frozenset(),
    *,
    label: str = "Pictures",
    page: int = 1,
    pages: int = 1,
    size: int = 0,
    total: int = 0,
    selectable: bool = True,
    cell: int = 120,
    focus: str = "",
    keys: str = "Enter opens, Space selects, Shift+click selects a range",
) -> None:
    """Draws one page.

    Args:
        items: Those of this page.
        key: Name of the element on the page. `st.session_state[key]` belongs to it.
        selected: Every selected id, also of other pages.
        label: What the list is called for those who cannot see it.
        page: Its number, from 1, of `pages`; the pager is hidden where there is one page only.
        size: Items of a full page.
        total: Items of all pages.
        selectable: Whether cells have checkboxes.
        cell: Least width of a cell in pixels; three always fit beside each other.
        keys: What the keyboard and the mouse do, shown where cells have checkboxes.
        focus: The id of the cell to return to when the gallery appears again, such as after a large view.
    """
    # Registered on each call: the registry belongs to the runtime, which tests replace.
    draw = st.components.v2.component("gallery", html=HTML, css=_part("gallery.css"), js=_part("gallery.js"))
    data = {
        "items": [_as_data(item) for item in items],
        "selected": [item.id for item in items if item.id in selected],
        "numSelected": len(selected),
        "label": label,
        "page": page,
        "pages": pages,
        "size": max(size, len(items)),
        "total": total or len(items),
        "selectable": selectable,
        "cell": cell,
        "focus": focus,
        "keys": keys,
        "turn": st.session_state.get(_turn_of(key), 0),
    }
    draw(data=data, key=key, on_act_change=_nothing)


def _as_data(item: GalleryItem) -> dict[str, Any]:
    image = f"data:image/jpeg;base64,{base64.b64encode(item.image).decode()}" if item.image else ""
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
