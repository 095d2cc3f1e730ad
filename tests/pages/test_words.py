"""Strangers' names where Streamlit reads Markdown, and figures in words."""

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pages.ui.words import duration, plain

JOINER = "\N{WORD JOINER}"
PARTS = ["http", "HTTPS", "://", "www", ".", "@", "a", "b.co", "[", "](", ")", "*", "\\", "é", "犬"]


def as_shown(markdown: str) -> str:
    """What is left of it on the page: without backslashes before punctuation, and what cannot be seen."""
    return re.sub(r"\\([!-/:-@\[-`{-~])", r"\1", markdown)


@given(st.lists(st.sampled_from([*PARTS, " "]), max_size=12).map("".join))
def test_a_name_is_shown_as_it_is_and_holds_no_address_that_becomes_a_link(name: str) -> None:
    shown = as_shown(plain(name))
    assert shown.replace(JOINER, "") == " ".join(name.split())
    # What mdast-util-gfm-autolink-literal looks for in the text when everything else has been read.
    assert not re.search(r"(?i)https?://|www\.|[-.\w+]@", shown)


def test_each_mark_of_markdown_is_escaped() -> None:
    marks = "!\"#$%&'()*+,-./:;<=>?@[\\]^_`{|}~"
    assert plain(marks).replace(JOINER, "") == "".join(f"\\{mark}" for mark in marks)


@pytest.mark.parametrize(
    ("seconds", "words"), [(0.0271, "27 ms"), (0.3, "0.3 s"), (12.4, "12 s"), (89.0, "89 s"), (300.0, "5 min")]
)
def test_a_duration_has_the_unit_in_which_it_says_something(seconds: float, words: str) -> None:
    assert duration(seconds) == words
