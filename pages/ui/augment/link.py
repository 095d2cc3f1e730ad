"""The page's address says what the page shows: settings, seed, size and choice of pictures.

So a reload shows the same, the browser's Back takes a change back, and the address can be sent to others.
"""

import json
from collections.abc import Mapping
from urllib.parse import urlencode

import streamlit as st

from core.augmentation import AugmentationConfig
from core.datasets import Dataset
from core.errors import ConfigError
from pages.ui import augment_choice as choice
from pages.ui.augment_controls import show_settings
from pages.ui.augment_store import from_link, to_link
from pages.ui.words import plain, show_error

_ARRIVED = "augment_arrived"  # session key: the address of this run is none that this session wrote
_WRITTEN = "augment_link"  # session key: the query that this session has shown last
_IN_PLACE = "<script>history.replaceState(history.state, '', %s)</script>"
_DIGITS = 12  # of a picture's digest
# Query parameter: the session's key, least and greatest number.
_NUMBERS = {
    "seed": (choice.SEED, 0, choice.HIGHEST_SEED),
    "size": (choice.SIZE, *choice.SIZES),
    "originals": (choice.ORIGINALS, 1, choice.MOST),
    "copies": (choice.COPIES, 1, choice.MOST),
}


def read_link(found: Dataset) -> None:
    """Takes over what the address says, unless it is what this session wrote there. Call it in a run of the whole page
    only: a fragment's run may bring an address that is older than the last change.

    A bad value is explained, and then nothing of the link counts.
    """
    query = st.query_params.to_dict()
    st.session_state[_ARRIVED] = query != st.session_state.get(_WRITTEN)
    if not query or not st.session_state[_ARRIVED]:
        return
    try:
        config = from_link(query)
        numbers = {
            key: _number(query[name], name, *limits) for name, (key, *limits) in _NUMBERS.items() if name in query
        }
    except ConfigError as error:
        show_error(error)
        st.caption("The link was not used: these are the settings from before.")
        return
    show_settings(config)
    for key, number in numbers.items():
        st.session_state[key] = number
    if "class" in query:
        st.session_state[choice.BY], st.session_state[choice.CLASS] = choice.BY_CLASS, query["class"]
        if query["class"] not in found.classes:
            st.warning(f"This dataset has no class {plain(query['class'][:60])}, so all classes are shown.")
    elif "pictures" in query:
        digests = [digest for digest in query["pictures"][:200].split(",") if len(digest) == _DIGITS][: choice.MOST]
        missing = choice.pick(found, digests)
        if missing or not digests:
            st.warning("The link was made with other pictures: not all of them are in this dataset.")


def write_link(config: AugmentationConfig, found: Dataset) -> None:
    """Puts what the page shows into the address, without running anything again.

    Who has just come gets it in place: one more entry in the browser's history would send whoever goes back here again.
    """
    query = link(config, found)
    st.session_state[_WRITTEN] = query
    arrived = st.session_state.pop(_ARRIVED, False)
    if st.query_params.to_dict() == query:
        return
    if arrived:
        st.html(_IN_PLACE % json.dumps(f"?{urlencode(query)}"), unsafe_allow_javascript=True)
    else:
        st.query_params.from_dict(query)


def link(config: AugmentationConfig, found: Dataset) -> dict[str, str]:
    """The query. An uploaded picture is not in it: it stays on this machine."""
    query = {name: str(st.session_state[key]) for name, (key, *_) in _NUMBERS.items()}
    if st.session_state[choice.BY] == choice.BY_HAND and st.session_state[choice.CHOSEN]:
        query["pictures"] = ",".join(record.digest[:_DIGITS] for record in choice.records(found))
    elif st.session_state[choice.BY] == choice.BY_CLASS and st.session_state[choice.CLASS]:
        query["class"] = st.session_state[choice.CLASS]
    return {**to_link(config), **query}


def _number(text: str, name: str, least: int, greatest: int) -> int:
    if not (text.isascii() and text.isdecimal() and len(text) <= 10 and least <= int(text) <= greatest):
        raise ConfigError(
            f"Received {text[:20]!r} for {name} in the link", f"a whole number from {least} to {greatest}"
        )
    return int(text)


def as_text(query: Mapping[str, str]) -> str:
    """The address to copy, with this page's host."""
    base = str(st.context.url or "").split("?", 1)[0]
    return f"{base}?{urlencode(query, safe=',')}"
