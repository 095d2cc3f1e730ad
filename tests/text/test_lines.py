"""One line of any text, whatever a stranger put into it."""

import unicodedata

import pytest
from hypothesis import given
from hypothesis import strategies as st

from core.text.lines import error_line, is_hidden, one_line, quoted, shorten, visible

DIRECTION = "\u061c\u200e\u200f\u202a\u202b\u202c\u202d\u202e\u2066\u2067\u2068\u2069"
HOSTILE = st.text(
    st.characters() | st.sampled_from(f"{DIRECTION}\0\x1b\r\n\t\x85\u2028\ufeff\u200b\ud800\udce9\U000e0041")
)


@given(HOSTILE)
def test_a_line_is_one_line_of_what_can_be_seen_and_stays_so(text: str) -> None:
    line = one_line(text)
    assert not any(map(is_hidden, line))
    assert line == " ".join(line.split()) == one_line(line)
    assert line.encode().decode() == line
    assert len(line.splitlines()) <= 1
    assert set(line) <= set(unicodedata.normalize("NFC", text)) | set(unicodedata.normalize("NFC", line)) | {" "}


@given(HOSTILE, st.integers(1, 20))
def test_a_line_that_is_cut_is_the_beginning_of_the_whole(text: str, most: int) -> None:
    line = one_line(text, most)
    assert len(line) <= most
    assert one_line(text[: 10 * most]).startswith(line)
    assert one_line(line, most) == line


@pytest.mark.parametrize(
    ("typed", "line"),
    [
        ("  two\nlines\tand\x00\x1b[31m ", "two lines and[31m"),
        ("\u202egod\u202c a", "god a"),
        ("half \ud800 a pair", "half a pair"),
        ("👩\u200d🔬 she", "👩\u200d🔬 she"),
        ("می\u200cخواهم", "می\u200cخواهم"),
        ("e\u0301", "é"),
        (f"{DIRECTION} \u200b\ufeff", ""),
    ],
)
def test_what_hides_or_turns_others_goes_and_joiners_stay(typed: str, line: str) -> None:
    assert one_line(typed) == line


@given(HOSTILE)
def test_what_is_hidden_can_be_seen_as_its_escape(text: str) -> None:
    shown = visible(text)
    assert not any(is_hidden(letter) for letter in shown if letter != "\n")
    assert shown.encode().decode() == shown
    assert visible(shown) == shown


@pytest.mark.parametrize(
    ("text", "shown"),
    [("a\x1b[0m", "a\\x1b[0m"), ("\u202egpj", "\\u202egpj"), ("\udce9", "\\udce9"), ("two\nlines", "two\nlines")],
)
def test_an_escape_is_the_one_that_python_writes(text: str, shown: str) -> None:
    assert visible(text) == shown


@given(HOSTILE, st.integers(1, 50))
def test_a_short_text_ends_with_an_ellipsis_where_something_is_left_out(text: str, most: int) -> None:
    short = shorten(text, most)
    assert len(short) <= most
    assert (short == text) == (len(text) <= most)
    assert text.startswith(short.removesuffix("…"))
    assert not any(is_hidden(letter) for letter in quoted(text, most))


def test_an_error_that_says_nothing_is_named() -> None:
    assert error_line(ValueError("two\nlines " + "x" * 500), 20) == "two lines xxxxxxxxxx"
    assert error_line(EOFError()) == "EOFError"
