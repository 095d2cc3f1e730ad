"""Strangers' names where markup is read: they show as they are, and do nothing."""

import html
import re
from html.parser import HTMLParser

from hypothesis import given
from hypothesis import strategies as st
from markdown_it import MarkdownIt

from core.text.lines import one_line, visible
from core.text.markup import escape_html, escape_markdown, escape_streamlit

JOINER = "\N{WORD JOINER}"
PARTS = ["http", "HTTPS", "://", "www", ".", "@", "a", "b.co", "[", "](", ")", "*", "\\", "é", "犬"]


def as_shown(markdown: str) -> str:
    """What is left of it on the page: without backslashes before punctuation, and what cannot be seen."""
    return re.sub(r"\\([!-/:-@\[-`{-~])", r"\1", markdown)


@given(st.lists(st.sampled_from([*PARTS, " "]), max_size=12).map("".join))
def test_a_name_is_shown_as_it_is_and_holds_no_address_that_becomes_a_link(name: str) -> None:
    shown = as_shown(escape_streamlit(name))
    assert shown.replace(JOINER, "") == " ".join(name.split())
    # What mdast-util-gfm-autolink-literal looks for in the text when everything else has been read.
    assert not re.search(r"(?i)https?://|www\.|[-.\w+]@", shown)


def test_each_mark_of_markdown_is_escaped() -> None:
    marks = "!\"#$%&'()*+,-./:;<=>?@[\\]^_`{|}~"
    assert escape_streamlit(marks).replace(JOINER, "") == "".join(f"\\{mark}" for mark in marks)


@given(st.text() | st.lists(st.sampled_from([*PARTS, "<b>", "&amp;", "'", '"', "\x1b", "\u202e"])).map("".join))
def test_a_name_is_text_in_html_and_its_escapes_are_those_of_visible(name: str) -> None:
    read: list[str] = []

    class Reader(HTMLParser):
        def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
            read.append(f"<{tag} {attrs}>")

        def handle_data(self, data: str) -> None:
            read.append(data)

    reader = Reader()
    reader.feed(escape_html(name))
    reader.close()
    assert "".join(read) == visible(name)
    assert not set(escape_html(name)) & set("<>\"'")


@given(
    st.lists(st.sampled_from([*PARTS, " ", "`", "#", "|", "<b>", "&lt;", "![", "~~", "_", "$", "- ", "1. "])).map(
        "".join
    )
)
def test_a_name_is_text_in_a_markdown_file(name: str) -> None:
    """Behind a word, as the README and the notebook have it: a line that begins as a list is another matter."""
    shown = MarkdownIt("commonmark").enable("table").render(f"Run {escape_markdown(name)}")
    assert html.unescape(shown.removeprefix("<p>").removesuffix("</p>\n")) == f"Run {one_line(name)}".rstrip()
