"""What a user calls a run: its name and a note. Kept beside `config.json`, which says what was asked and never changes.

Text that others wrote is cleaned where it is read: a name may come from a folder that was copied from elsewhere.
"""

import json
import unicodedata
from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from core.errors import ConfigError, RunError
from core.files import write_json

NAME_CHARACTERS = 60
NOTE_CHARACTERS = 500
MAX_BYTES = 100_000
# Their own characters would let a name run over the text beside it, right to left: names need only the marks.
_OVERRIDES = frozenset("\u202a\u202b\u202c\u202d\u202e\u2066\u2067\u2068\u2069")


@dataclass(frozen=True)
class Label:
    """`name` is "" where the run still has the one that it was created with."""

    name: str = ""
    note: str = ""


def clean(text: str, characters: int = NAME_CHARACTERS) -> str:
    """`text` on one line, without control characters, overrides of direction and halves of characters, cut off where
    it is too long."""
    kept = "".join(
        " " if letter.isspace() else letter
        for letter in text[: 10 * characters]
        if letter.isspace() or (unicodedata.category(letter) not in ("Cc", "Cs") and letter not in _OVERRIDES)
    )
    return " ".join(kept.split())[:characters].rstrip()


def extended(name: str, suffix: str) -> str:
    """`name` with `suffix` behind it; where both are too long for a name, `name` is cut off."""
    return f"{clean(name, NAME_CHARACTERS - len(suffix))}{suffix}"


def told_apart(words: Mapping[str, str]) -> dict[str, str]:
    """The same words for each run's id, with the id behind those that several share: two runs may have one name and
    have been made in the same minute. Streamlit knows what is chosen by its words alone, and takes the last of equals.
    """
    counts = Counter(words.values())
    return {run_id: f"{said} ({run_id})" if counts[said] > 1 else said for run_id, said in words.items()}


def read_label(directory: Path) -> Label:
    """The label of the run in a folder; an empty one where there is none or it cannot be read."""
    try:
        with (directory / "label.json").open("rb") as file:
            stored = json.loads(file.read(MAX_BYTES))
        return Label(clean(stored["name"]), clean(stored["note"], NOTE_CHARACTERS))
    except (OSError, ValueError, KeyError, TypeError, RecursionError):
        return Label()


def write_label(directory: Path, name: str, note: str) -> Label:
    """Gives the run in a folder another name and another note, both at once: readers see the old ones or the new ones.

    Raises:
        ConfigError: The name is empty, or one of them is too long.
        RunError: The folder is gone or cannot be written.
    """
    for what, text, most in (("name", name, NAME_CHARACTERS), ("note", note, NOTE_CHARACTERS)):
        if len(text) > most:
            raise ConfigError(f"Received a {what} of {len(text):,} characters", f"at most {most}")
    label = Label(clean(name), clean(note, NOTE_CHARACTERS))
    if not label.name:
        raise ConfigError("Received a name without a visible character", f"1 to {NAME_CHARACTERS} characters")
    if not (directory / "config.json").is_file():
        raise RunError(f"The run {directory.name} is gone", "a run of the list", "Reload the page")
    try:
        write_json(directory / "label.json", {"name": label.name, "note": label.note})
    except OSError as error:
        raise RunError(f"The folder of the run {directory.name} cannot be written: {error.strerror}") from error
    return label
