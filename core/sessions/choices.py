"""What a person chose in one window: the open dataset, the augmentation, the controls. No other window changes it.

One small file for each session below `home()/sessions`, so that a session survives a reload, a second page and a
restart of the server. Files, runs, the queue and a dataset's edits are shared, and not kept here.
"""

import logging
import re
import secrets
import time
from contextlib import suppress
from pathlib import Path

from pydantic import BaseModel, ConfigDict

from core.augmentation import AugmentationConfig
from core.storage.files import write_json
from core.storage.home import home
from core.storage.models import load_model

ID = re.compile(r"[0-9a-f]{12}\Z")
MOST_KEPT = 200
DAYS_KEPT = 60
ENDED_SECONDS = 12 * 3600
"""A session that nobody has used for so long has ended."""
TOUCH_SECONDS = 600
Value = bool | int | float | str | None
Control = Value | tuple[Value, ...]


class Choices(BaseModel):
    """What one session chose.

    Attributes:
        version: Of Pawlab; controls may have other names and options in another one.
        source: Text of the open dataset's source (`core.datasets.source`); "" before one was opened.
        augmentation: Settings of the Augmentation page.
        controls: Values of controls by their keys: the training form, filters, views, the watched run.
    """

    model_config = ConfigDict(frozen=True, allow_inf_nan=False)

    version: str
    source: str = ""
    augmentation: AugmentationConfig = AugmentationConfig()
    controls: dict[str, Control] = {}


def new_session() -> str:
    """The id of a session that nobody has used yet: 12 hexadecimal digits."""
    return secrets.token_hex(6)


def load_choices(session: str) -> Choices | None:
    """What the session chose; None where there is no such session, or its file is broken."""
    if not ID.match(session):
        return None
    try:
        return load_model(_file(session), Choices)
    except (OSError, ValueError):
        return None


def save_choices(session: str, choices: Choices) -> None:
    """Stores them. A full disk must not keep anybody from working: it is only logged."""
    try:
        _file(session).parent.mkdir(parents=True, exist_ok=True)
        write_json(_file(session), choices.model_dump(mode="json"))
    except OSError as error:
        logging.getLogger(__name__).warning("the session was not saved: %s", error)


def touch_session(session: str) -> None:
    """Says that somebody uses the session. Call it whenever a page is drawn: it writes once in ten minutes."""
    with suppress(OSError):
        if time.time() - _file(session).stat().st_mtime > TOUCH_SECONDS:
            _file(session).touch()


def has_ended(session: str) -> bool:
    """Whether nobody has used the session for half a day, on any server."""
    try:
        return not ID.match(session) or time.time() - _file(session).stat().st_mtime > ENDED_SECONDS
    except OSError:
        return True


def drop_old_sessions() -> None:
    """Deletes the files of sessions that were not used for two months, and the oldest ones beyond 200."""
    with suppress(OSError):
        by_age = sorted(((file.stat().st_mtime, file) for file in _file("").parent.glob("*.json")), reverse=True)
        for place, (used, file) in enumerate(by_age):
            if place >= MOST_KEPT or time.time() - used > DAYS_KEPT * 86_400:
                file.unlink(missing_ok=True)


def _file(session: str) -> Path:
    return home() / "sessions" / f"{session}.json"
