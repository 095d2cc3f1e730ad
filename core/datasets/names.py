"""Names of classes and files that become folders and files elsewhere: on Windows, macOS and Linux, in any zip tool."""

import re
import unicodedata
from collections.abc import Iterable

from core.archives import is_ignored
from core.errors import DatasetError

FILE_BYTES = 120  # in UTF-8; file systems take 255, and Windows 260 characters for the whole path
CLASS_BYTES = 200
CLASS_CHARACTERS = 100
FORBIDDEN = '<>:"/\\|?*'
_DEVICE = re.compile(r"(con|prn|aux|nul|conin\$|conout\$|(com|lpt)[0-9¹²³])\s*(\.|$)", re.IGNORECASE)
_END = re.compile(r"[\s.]+$")  # Windows drops dots and spaces there
_DIRECTION = frozenset("\u061c\u200e\u200f\u202a\u202b\u202c\u202d\u202e\u2066\u2067\u2068\u2069")


def safe_name(name: str, longest: int = FILE_BYTES) -> str:
    """`name` as every file system takes it, changed as little as possible; the same when asked again.

    Replaces what Windows forbids, control characters and marks that turn the reading direction by "_"; drops spaces in
    front and spaces and dots at the end; puts "_" before a Windows device ("con.jpg") and before a name that a dataset
    ignores (".hidden", "Thumbs.db"). A longer name loses the end of its stem, not its suffix.

    Args:
        longest: Bytes in UTF-8, 60 or more.
    """
    text = "".join("_" if _is_bad(letter) else letter for letter in unicodedata.normalize("NFC", name))
    text = _END.sub("", text.lstrip())
    if not text or is_ignored(text) or _DEVICE.match(text):
        text = f"_{text}"
    if len(text.encode()) <= longest:
        return text
    stem, dot, suffix = text.rpartition(".")
    if not stem or len(suffix) > 10:
        stem, dot, suffix = text, "", ""
    room = longest - len((dot + suffix).encode())
    return _END.sub("", stem.encode()[:room].decode(errors="ignore")) + dot + suffix


def same_place(name: str) -> str:
    """What two names share that fall on one file where case and Unicode's spelling do not tell apart."""
    return unicodedata.normalize("NFC", unicodedata.normalize("NFC", name).casefold())


def check_class_name(name: str, classes: Iterable[str]) -> None:
    """Whether pictures may be relabelled to `name`: one of `classes`, or a new name that can become a folder.

    Raises:
        DatasetError: It is too long, differs from a class in nothing but case, or is not `safe_name` of itself.
    """
    classes = sorted(classes)
    if name in classes:
        return
    known = ", ".join(classes[:10]) + (", …" if len(classes) > 10 else "")
    expected = (
        f"one of {known}, or a new name of 1 to {CLASS_CHARACTERS} characters, without {' '.join(FORBIDDEN)}, not "
        "hidden, and not a name that Windows keeps for itself"
    )
    shown = repr(name if len(name) <= CLASS_CHARACTERS else name[:40] + "…")
    for other in classes:
        if same_place(other) == same_place(name):
            raise DatasetError(f"Received {shown} as a class beside {other!r}", expected, f"Write it as {other!r}")
    proposal = safe_name(name[:CLASS_CHARACTERS], CLASS_BYTES)
    if name != proposal:
        raise DatasetError(f"Received {shown} as a class", expected, f"For example: {proposal!r}")


def _is_bad(letter: str) -> bool:
    return letter in FORBIDDEN or letter in _DIRECTION or unicodedata.category(letter) in {"Cc", "Cs", "Zl", "Zp"}
