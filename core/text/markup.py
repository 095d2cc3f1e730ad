"""Strangers' text where markup is read: it shows as it is, and makes no tag, link, image or formula."""

import html
import re

from core.text.lines import one_line, visible


def escape_html(value: object) -> str:
    """For between tags and in quoted attributes. Hidden characters become visible, as `visible` writes them."""
    return html.escape(visible(str(value)))


def escape_markdown(text: str) -> str:
    """For Markdown in a file (a README, a notebook), by entities: it stays legible as plain text too."""
    return "".join(f"&#{ord(letter)};" if letter in "\\`*_[]<>#!|~&$:@" else letter for letter in one_line(text))


def escape_streamlit(text: str) -> str:
    """For a place where Streamlit reads Markdown.

    Names of folders and files come from strangers' zips: a class called `![](https:example.org)` would otherwise make
    the browser ask that host for an image. Streamlit makes links of bare addresses too, even of escaped ones, once all
    else has been read: a word joiner, which cannot be seen, keeps their parts apart.

    Not for the options of `st.selectbox` and `st.multiselect`, which are no Markdown: they would show the backslashes.
    """
    text = re.sub(r"(?i)(?<=http)(?=s?://)|(?<=www)(?=\.)|(?=@)", "\N{WORD JOINER}", one_line(text))
    return re.sub(r"([!-/:-@\[-`{-~])", r"\\\1", text)
