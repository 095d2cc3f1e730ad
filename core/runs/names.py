"""Names and notes of runs. Stored beside `config.json`, which never changes.

Text that others wrote is cleaned where it is read: a name may come from a folder that was copied from elsewhere.
"""

import re
import time
from collections import Counter
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from pathlib import Path

from core.errors import ConfigError, RunError
from core.storage.files import write_json
from core.storage.models import load_model
from core.text.lines import one_line, shorten

FILE = "label.json"
NAME_CHARACTERS = 60
NOTE_CHARACTERS = 500
DATASET_CHARACTERS = 30  # of a default name
MAX_BYTES = 100_000


@dataclass(frozen=True)
class Label:
    """`name` is "" where the run still has the one that it was created with."""

    name: str = ""
    note: str = ""


def numbered(dataset: str, preset: str, number: int) -> str:
    """What a new run is called that nobody gave a name: "Cats and dogs, fast, 3"."""
    return f"{shorten(one_line(dataset), DATASET_CHARACTERS)}, {preset}, {number}"


def number_in(name: str) -> int:
    """The number that `numbered` put into a name, or that runs were once called by ("Run 3, fast"); 0 where there is
    none."""
    match = re.search(r"(?:\ARun |, (?:fast|notebook), )(\d{1,6})\b", name)
    return int(match[1]) if match else 0


def readable(name: str, preset: str, created: float) -> str:
    """`name`, or where it is empty or the bare time stamp that runs once had for a name, "Fast run of 28 Nov 14:03".

    Args:
        created: Seconds since 1970, up to the year 9999.
    """
    if name and not re.fullmatch(r"\d{8}-\d{6}[\w-]*", name):
        return name
    return f"{preset.capitalize()} run of {time.strftime('%d %b %H:%M', time.localtime(created))}"


def extended(name: str, suffix: str) -> str:
    """`name` followed by `suffix`; where both are too long for a name, `name` is cut off."""
    return f"{one_line(name, NAME_CHARACTERS - len(suffix))}{suffix}"


def disambiguate(words: Mapping[str, str]) -> dict[str, str]:
    """The same words for each run's id, followed by the id where several runs share them. Streamlit tells options apart
    by their words alone."""
    counts = Counter(words.values())
    return {run_id: f"{text} ({run_id})" if counts[text] > 1 else text for run_id, text in words.items()}


def read_label(directory: Path) -> Label:
    """The label of the run in a folder; an empty one where there is none or it cannot be read."""
    try:
        stored = load_model(directory / FILE, Label, max_bytes=MAX_BYTES)
    except (OSError, ValueError):
        return Label()
    return Label(one_line(stored.name, NAME_CHARACTERS), one_line(stored.note, NOTE_CHARACTERS))


def write_label(directory: Path, name: str, note: str) -> Label:
    """Renames the run in a folder and replaces its note, both at once for any reader.

    Raises:
        ConfigError: The name is empty, or one of them is too long.
        RunError: The folder is gone or cannot be written.
    """
    for what, text, most in (("name", name, NAME_CHARACTERS), ("note", note, NOTE_CHARACTERS)):
        if len(text) > most:
            raise ConfigError(f"Received a {what} of {len(text):,} characters", f"at most {most}")
    label = Label(one_line(name, NAME_CHARACTERS), one_line(note, NOTE_CHARACTERS))
    if not label.name:
        raise ConfigError("Received a name without a visible character", f"1 to {NAME_CHARACTERS} characters")
    if not (directory / "config.json").is_file():
        raise RunError("The run is gone", "a run of the list", "Reload the page")
    try:
        write_json(directory / FILE, asdict(label))
    except OSError as error:
        raise RunError(f"The folder {directory} cannot be written: {error.strerror}") from error
    return label
