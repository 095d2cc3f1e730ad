"""The controls above a dataset's images: which to show, in which order."""

from collections.abc import Mapping, Sequence, Set
from typing import NamedTuple

import streamlit as st

from core.datasets import SPLITS
from core.datasets.selection import Catalog, Column, Filter, State
from pages.ui.shared.session import kept


class Query(NamedTuple):
    """What `Catalog.choose` is to choose, and in which order."""

    wanted: Filter = Filter()
    sort: Column = "name"
    descending: bool = False


SORTS: dict[str, tuple[Column, bool]] = {
    "Name, A to Z": ("name", False),
    "Name, Z to A": ("name", True),
    "Most pixels": ("pixels", True),
    "Fewest pixels": ("pixels", False),
    "Largest file": ("bytes", True),
    "Smallest file": ("bytes", False),
    "Brightest": ("brightness", True),
    "Darkest": ("brightness", False),
    "Sharpest": ("sharpness", True),
    "Blurriest": ("sharpness", False),
    "Highest entropy": ("entropy", True),
    "Lowest entropy": ("entropy", False),
}
STATES: dict[State, str] = {
    "all": "All files",
    "usable": "In use",
    "excluded": "Excluded",
    "relabelled": "Relabelled",
    "unreadable": "Unreadable",
}
_AT_FIRST = {"state": "all", "sort": next(iter(SORTS))}
_AT_FIRST |= dict.fromkeys(("split", "label", "problem", "text", "format", "mode"), "")


def image_filters(catalog: Catalog, problems: Mapping[str, Set[str]], titles: Mapping[str, str]) -> Query:
    """Draws them and gives what they say.

    Args:
        problems: {key: paths of the images with this problem}.
        titles: {key: the problem in words}.
    """
    splits = [split for split in SPLITS if split in catalog.splits]
    with st.container(horizontal=True, vertical_alignment="bottom", key="images_controls"):
        wanted = Filter(
            split=_choice("split", "Split", splits, "Training, validation or test images."),
            label=_choice("label", "Class", catalog.dataset.classes, "The current class, after your edits."),
            state=_state(),
            problem=_choice("problem", "Problem", tuple(problems), "What may be wrong with the image.", titles)
            if problems
            else "",
            text=st.text_input(
                "Name",
                key=_control("text"),
                width=150,
                placeholder="Part of the path",
                help="Any part of the file's path; upper and lower case are the same.",
                persist_state="session",
            ).strip(),
            format=_choice("format", "Format", catalog.formats, "The real file format, whatever the file is called."),
            mode=_choice(
                "mode", "Colour mode", catalog.modes, "How pixels are stored: RGB is colour, L grey, P a palette."
            ),
        )
        sort = st.selectbox(
            "Sort by",
            list(SORTS),
            key=_control("sort"),
            width=170,
            help="Unreadable files come last.",
            persist_state="session",
        )
    return Query(wanted, *SORTS[sort])


def _choice(name: str, label: str, options: Sequence[str], words: str, titles: Mapping[str, str] | None = None) -> str:
    """One of `options`, or "" for all of them. Draws nothing if there is no choice."""
    if st.session_state.get(_control(name)) not in ("", None, *options):
        del st.session_state[_control(name)]  # of another dataset
    if len(options) < 2 and not titles:
        return ""
    chosen: str = st.selectbox(
        label,
        ["", *options],
        key=_control(name),
        width=130,
        format_func=lambda option: (titles or {}).get(option, option) if option else "All",
        help=words,
        persist_state="session",
    )
    return chosen


def _state() -> State:
    return st.selectbox(
        "Show",
        list(STATES),
        key=_control("state"),
        width=130,
        format_func=lambda state: STATES[state],
        help="Images in use are readable and not excluded: training takes these.",
        persist_state="session",
    )


def clear_filters() -> None:
    """All images, in the first order."""
    for name, value in _AT_FIRST.items():
        # Set, not removed: the browser would send what it still holds with the next click, and the filter be back.
        st.session_state[_control(name)] = value


def _control(name: str) -> str:
    return kept(f"images_control_{name}")
