"""Which dataset is open, and which were before: one small file below `home()`, for a reload and a restart."""

import logging
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Annotated

from pydantic import Field

from core.datasets.source import SAMPLE, Source, resolve_source
from core.storage.files import write_json
from core.storage.home import home
from core.storage.models import load_model

MOST_RECENT = 8
Text = Annotated[str, Field(min_length=1)]


@dataclass(frozen=True)
class Opened:
    """The content of dataset.json: texts of sources, the latest local ones first in `recent`."""

    source: Text = SAMPLE
    recent: tuple[Text, ...] = ()


def current_source() -> Source:
    """The source that was opened last; the drawn sample if there is none."""
    return resolve_source(_load().source)


def has_opened() -> bool:
    """Whether a dataset was opened with this `home()`: else `current_source` names what nobody has asked for."""
    try:
        return (home() / "dataset.json").is_file()
    except OSError:
        return False


def recent_paths() -> list[str]:
    """Folders and zips on this machine that were opened, the latest first, at most eight; missing ones last."""
    paths = list(dict.fromkeys(_load().recent))[:MOST_RECENT]
    return sorted(paths, key=lambda path: not _exists(path))


def remember_source(source: str | Path | Source) -> None:
    """Makes `source` the one that every page opens. Call it once the source has been opened without an error. A full
    disk must not keep anybody from working: it is only logged."""
    source = resolve_source(source)
    recent = _load().recent
    if source.kind in {"folder", "zip"}:
        text = source.files
        recent = (text, *(path for path in recent if path != text))
    try:
        home().mkdir(parents=True, exist_ok=True)
        write_json(home() / "dataset.json", asdict(Opened(source.text, recent[:MOST_RECENT])))
    except OSError as error:
        logging.getLogger(__name__).warning("the dataset that was opened is not remembered: %s", error)


def _load() -> Opened:
    try:
        return load_model(home() / "dataset.json", Opened)
    except (OSError, ValueError):  # a broken file counts as none
        return Opened()


def _exists(path: str) -> bool:
    try:
        return Path(path).expanduser().exists()
    except (OSError, ValueError, RuntimeError):
        return False
