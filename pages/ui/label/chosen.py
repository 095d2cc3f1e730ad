"""What this session labels: the folder or zip, the names of its classes, and what it does not want to label now."""

from collections.abc import Iterable

import streamlit as st

from core.datasets.source import BY_HAND, Source, resolve_source
from core.errors import DatasetError
from pages.ui.shared.session import kept

_SOURCE = kept("label_source")
# The source's text, then its classes in the order of their keys, also those without images.
_NAMES = kept("label_names")
_SKIPPED = "label_skipped"  # the source's text and SHA-256s: kept by no reload, or nobody would ask for them again


def label(source: Source) -> None:
    """Makes it what the Label page shows, which the caller then switches to."""
    st.session_state[_SOURCE] = source.marked(BY_HAND).text


def labelled_source() -> Source | None:
    """What this session labels; None where it has chosen nothing."""
    text = st.session_state.get(_SOURCE)
    try:
        return resolve_source(text) if text else None
    except DatasetError:
        return None


def names_of(source: Source, with_images: Iterable[str]) -> tuple[str, ...]:
    """The classes, in the order of their keys: those that this session has named, then others that have images."""
    return tuple(dict.fromkeys((*_stored(_NAMES, source), *with_images)))


def set_names(source: Source, names: Iterable[str]) -> None:
    st.session_state[_NAMES] = (source.text, *names)


def skipped(source: Source) -> tuple[str, ...]:
    """The SHA-256s of images that come last."""
    return _stored(_SKIPPED, source)


def skip(source: Source, digest: str) -> None:
    others = (other for other in skipped(source) if other != digest)
    st.session_state[_SKIPPED] = (source.text, *others, digest)


def _stored(key: str, source: Source) -> tuple[str, ...]:
    stored = st.session_state.get(key, ())
    return tuple(stored[1:]) if stored[:1] == (source.text,) else ()
