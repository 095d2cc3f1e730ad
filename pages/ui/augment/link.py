"""The page's address holds what the page shows: settings, seed, size and choice of images.

So a reload shows the same, the browser's Back button undoes a change, and the address can be shared.
"""

from collections.abc import Mapping
from urllib.parse import urlencode

import streamlit as st

from core.augmentation import AugmentationConfig
from core.datasets import Dataset
from core.errors import ConfigError
from pages.ui.augment import choice
from pages.ui.augment.controls import show_settings
from pages.ui.augment.store import from_link, to_link
from pages.ui.shared.session import page_query, show_page_query
from pages.ui.shared.text import plain, show_error

_ARRIVED = "augment_arrived"  # session key: the address of this run is none that this session wrote
_WRITTEN = "augment_link"  # session key: the query that this session has shown last
_DIGITS = 12  # of an image's digest
# Query parameter: the session's key, least and greatest number.
_NUMBERS = {
    "seed": (choice.SEED, 0, choice.HIGHEST_SEED),
    "size": (choice.SIZE, *choice.SIZES),
    "originals": (choice.ORIGINALS, 1, choice.MOST),
    "copies": (choice.COPIES, 1, choice.MOST),
}


def read_link(data: Dataset) -> None:
    """Applies what the address says, unless this session wrote it there. Call it only when the whole page runs: a
    fragment's run may bring an address that is older than the last change.

    A bad value is explained, and then nothing in the link is used.
    """
    query = page_query()
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
        st.caption("The link was ignored. These are your previous settings.")
        return
    show_settings(config, propose=False)
    for key, number in numbers.items():
        st.session_state[key] = number
    if "class" in query:
        st.session_state[choice.BY], st.session_state[choice.CLASS] = choice.BY_CLASS, query["class"]
        if query["class"] not in data.classes:
            st.warning(f"This dataset has no class {plain(query['class'][:60])}, so all classes are shown.")
    elif images := query.get("images") or query.get("pictures"):  # its name in old links
        digests = [digest for digest in images[:200].split(",") if len(digest) == _DIGITS][: choice.MOST]
        missing = choice.pick(data, digests)
        if missing or not digests:
            st.warning("Not all images of this link are in this dataset.")


def write_link(config: AugmentationConfig, data: Dataset) -> None:
    """Puts what the page shows into the address, without a rerun."""
    query = link(config, data)
    st.session_state[_WRITTEN] = query
    show_page_query(query, in_place=bool(st.session_state.pop(_ARRIVED, False)))


def link(config: AugmentationConfig, data: Dataset) -> dict[str, str]:
    """The query parameters. An uploaded image is not among them: it stays on this machine."""
    query = {name: str(st.session_state[key]) for name, (key, *_) in _NUMBERS.items()}
    if st.session_state[choice.BY] == choice.BY_HAND and st.session_state[choice.CHOSEN]:
        query["images"] = ",".join(record.digest[:_DIGITS] for record in choice.records(data))
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
