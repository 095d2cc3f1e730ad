"""Which dataset is open, and which were before: one small file below `home()`, for a reload and a restart."""

from pathlib import Path
from typing import Any, TypeGuard

from core.addresses import is_address
from core.datasets.public import published
from core.files import read_json, write_json
from core.home import home

SAMPLE = "sample"
MOST_RECENT = 8


def current_source() -> str:
    """The source that was opened last, as `open_dataset` takes it; the drawn sample where there is none."""
    source = _read().get("source")
    return source if _is_text(source) else SAMPLE


def recent_paths() -> list[str]:
    """Folders and zips on this machine that were opened, the latest first, at most eight; those that are gone last."""
    return sorted(_recent(), key=lambda path: not _exists(path))


def remember_source(source: str) -> None:
    """Makes `source` the one that every page opens. Call it once the source has been opened without an error."""
    recent = _recent()
    if source != SAMPLE and not is_address(source) and published(source) is None:
        recent = [source, *(path for path in recent if path != source)]
    home().mkdir(parents=True, exist_ok=True)
    write_json(home() / "dataset.json", {"source": source, "recent": recent[:MOST_RECENT]})


def local_source(text: str) -> str:
    """The absolute path that a user typed, perhaps with ~ or in quotation marks as file managers copy it: the same
    place from wherever the server is started next."""
    text = text.strip()
    if len(text) > 1 and text[0] == text[-1] and text[0] in "\"'":
        text = text[1:-1]
    try:
        return str(Path(text).expanduser().absolute())
    except (OSError, RuntimeError):  # an unknown ~user
        return text


def may_change(source: str) -> bool:
    """Whether `source` lies in a place of the user's own, where files come and go. Pawlab's own copies stay."""
    if source == SAMPLE or is_address(source) or published(source) is not None:
        return False
    return not Path(source).is_relative_to(home())


def _recent() -> list[str]:
    """The latest first, those that are gone among them."""
    recent = _read().get("recent")
    paths = [path for path in recent if _is_text(path)] if isinstance(recent, list) else []
    return list(dict.fromkeys(paths))[:MOST_RECENT]


def _read() -> dict[str, Any]:
    """What was remembered; nothing where that cannot be read."""
    try:
        stored = read_json(home() / "dataset.json")
    except (OSError, ValueError, RecursionError):
        return {}
    return stored if isinstance(stored, dict) else {}


def _is_text(value: object) -> TypeGuard[str]:
    if not isinstance(value, str) or not value:
        return False
    try:
        value.encode()
    except UnicodeEncodeError:  # half a surrogate pair, which JSON can spell and nothing can show
        return False
    return True


def _exists(path: str) -> bool:
    try:
        return Path(path).expanduser().exists()
    except (OSError, ValueError, RuntimeError):
        return False
