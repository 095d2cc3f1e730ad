"""Names that become files and folders: on Windows, macOS and Linux, in any zip tool."""

import re
import unicodedata
from collections import Counter
from collections.abc import Iterable, Iterator

from core.text.lines import is_hidden

FILE_BYTES = 120  # in UTF-8; file systems take 255, and Windows 260 characters for the whole path
FORBIDDEN = '<>:"/\\|?*'  # by Windows
_IGNORED = frozenset({"__macosx", "thumbs.db", "desktop.ini"})
_DEVICE = re.compile(r"(con|prn|aux|nul|conin\$|conout\$|(com|lpt)[0-9¹²³])\s*(\.|$)", re.IGNORECASE)
_END = re.compile(r"[\s.]+$")  # Windows drops dots and spaces there


def file_name(text: str, longest: int = FILE_BYTES, fallback: str = "_") -> str:
    """`text` as every file system takes it, changed as little as possible; the same when asked again.

    Replaces what Windows forbids and hidden characters by "_"; drops spaces in front and spaces and dots
    at the end; puts "_" before a Windows device ("con.jpg") and before a name that a dataset ignores (".hidden",
    "Thumbs.db"). A longer name loses the end of its stem, not its suffix.

    Args:
        longest: Bytes in UTF-8, 60 or more.
        fallback: The name where nothing of `text` is left.
    """
    text = unicodedata.normalize("NFC", text)
    text = "".join("_" if letter in FORBIDDEN or is_hidden(letter) else letter for letter in text)
    text = _END.sub("", text.lstrip()) or fallback
    if is_ignored(text) or is_device(text):
        text = f"_{text}"
    if len(text.encode()) <= longest:
        return text
    stem, dot, suffix = text.rpartition(".")
    if not stem or len(suffix) > 10:
        stem, dot, suffix = text, "", ""
    room = longest - len((dot + suffix).encode())
    return _END.sub("", stem.encode()[:room].decode(errors="ignore")) + dot + suffix


def folded(text: str) -> str:
    """Equal for texts that differ only in case or in Unicode's spelling: on some file systems they name one file."""
    if text.isascii():
        return text.lower()
    return unicodedata.normalize("NFC", unicodedata.normalize("NFC", text).casefold())


def numbered(wanted: Iterable[tuple[str, str]]) -> Iterator[str]:
    """Stem and suffix together, with "-2", "-3", ... between them from the second collision on."""
    taken: set[str] = set()
    numbers: Counter[str] = Counter()
    for stem, suffix in wanted:
        path = stem + suffix
        place = folded(path)
        while folded(path) in taken:
            numbers[place] += 1
            path = f"{stem}-{numbers[place] + 1}{suffix}"
        taken.add(folded(path))
        yield path


def is_device(name: str) -> bool:
    """True for a name that Windows keeps for a device, whatever its suffix."""
    return _DEVICE.match(name) is not None


def is_ignored(name: str) -> bool:
    """True for a file or folder name that no dataset means: hidden ones and what macOS and Windows leave behind."""
    return name.startswith(".") or name.casefold() in _IGNORED
