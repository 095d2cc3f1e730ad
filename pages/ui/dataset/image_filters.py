"""The controls above a dataset's pictures: which to show, in which order."""

from collections.abc import Mapping, Set

import streamlit as st

from core.datasets import SPLITS
from core.datasets.selection import Catalog, Column, Filter, State

Asked = tuple[Filter, Column, bool]  # what `Catalog.choose` is to choose, sort by, and whether the largest come first
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
    "Least sharp": ("sharpness", False),
    "Most information": ("entropy", True),
    "Least information": ("entropy", False),
}
STATES: dict[State, str] = {
    "all": "All files",
    "usable": "Used",
    "excluded": "Excluded",
    "relabelled": "Relabelled",
    "unreadable": "Unreadable",
}
_AT_FIRST = {"state": "all", "sort": next(iter(SORTS))}
_AT_FIRST |= dict.fromkeys(("split", "label", "problem", "text", "format", "mode"), "")
ALL: Asked = (Filter(), *SORTS[_AT_FIRST["sort"]])


def picture_filters(catalog: Catalog, problems: Mapping[str, Set[str]], titles: Mapping[str, str]) -> Asked:
    """Draws them, and gives what they ask for.

    Args:
        problems: {key: paths of the pictures that have it}, and `titles` the words for each key.
    """
    splits = [split for split in SPLITS if split in catalog.splits]
    with st.container(horizontal=True, vertical_alignment="bottom", key="pictures_controls"):
        wanted = Filter(
            split=_choice("split", "Split", splits, "Which part of the data to look at."),
            label=_choice("label", "Class", catalog.dataset.classes, "The class as it is now."),
            state=_state(),
            problem=_choice("problem", "Problem", tuple(problems), "What may be wrong with it.", titles)
            if problems
            else "",
            text=st.text_input(
                "Name",
                key=_control("text"),
                width=150,
                placeholder="part of the path",
                help="Any part of the file's path, in upper or lower case.",
                persist_state="session",
            ).strip(),
            format=_choice("format", "Format", catalog.formats, "What the file is, whatever its name says."),
            mode=_choice("mode", "Pixels", catalog.modes, "How the pixels are stored: RGB colour, L grey, P palette."),
        )
        sort = st.selectbox(
            "Sort by",
            list(SORTS),
            key=_control("sort"),
            width=170,
            help="What cannot be read comes last.",
            persist_state="session",
        )
    return wanted, *SORTS[sort]


def _choice(
    name: str, label: str, options: tuple[str, ...] | list[str], words: str, titles: Mapping[str, str] | None = None
) -> str:
    """One of `options`, or "" for all of them. Nothing is drawn where there is no choice."""
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
        help="Used pictures are those that training takes: readable and not excluded.",
        persist_state="session",
    )


def clear_filters() -> None:
    """All pictures, in the first order."""
    for name, value in _AT_FIRST.items():
        # Set, not removed: the browser would send what it still holds with the next click, and the filter be back.
        st.session_state[_control(name)] = value


def _control(name: str) -> str:
    return f"pictures_control_{name}"
