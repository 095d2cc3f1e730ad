"""Text on one line, without characters that hide, move or rewrite what stands beside them."""

import unicodedata
from functools import cache

_JOINERS = "\u200c\u200d"  # between the letters of Persian and the parts of an emoji


@cache
def is_hidden(letter: str) -> bool:
    """True for a character that draws nothing itself: controls and line breaks, marks of direction, halves of surrogate
    pairs and what else Unicode calls a format. Spaces and joiners are not among them."""
    return unicodedata.category(letter) in ("Cc", "Cf", "Cs", "Zl", "Zp") and letter not in _JOINERS


def one_line(text: str, most: int | None = None) -> str:
    """`text` without hidden characters, with single spaces, in Unicode's composed form.

    Args:
        most: Characters after which the rest is dropped; none when left out.
    """
    if most is not None:
        text = text[: 10 * most]  # a stranger's text may have any length
    shown = "".join(letter for letter in text if letter.isspace() or not is_hidden(letter))
    return unicodedata.normalize("NFC", " ".join(shown.split()))[:most].rstrip()


def shorten(text: str, most: int) -> str:
    """`text`, with "…" in place of its end where it has more than `most` characters."""
    return text if len(text) <= most else text[: most - 1] + "…"


def quoted(text: str, most: int = 80) -> str:
    """`text` in quotes for a message, with escapes for what is hidden; shortened to `most` characters of it."""
    return repr(shorten(text, most))


def visible(text: str) -> str:
    """`text` with every hidden character written as its escape, newlines apart: as `\\x1b`, `\\u202e`, `\\udce9`."""
    return "".join(_escape(letter) if is_hidden(letter) and letter != "\n" else letter for letter in text)


def error_line(error: BaseException, most: int = 200) -> str:
    """What an error of another library says, on one line; its type where it says nothing."""
    return one_line(str(error), most) or type(error).__name__


def _escape(letter: str) -> str:
    return letter.encode("unicode_escape", "surrogatepass").decode()
