"""The order in which runs wait, on disk: `queue.json` under home, and the lock of those who change it.

An entry is the name of a folder under `runs/`, or the whole path of a run that lies elsewhere. What is not of this form
is passed over, and a broken file counts as an empty queue: no run is lost by it, each can be started by hand.

Read without pydantic: it refuses a path that is not Unicode, and would add 7 MB to every supervisor.
"""

import json
import re
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from core.errors import PawlabError
from core.storage.files import write_atomic
from core.storage.home import home, subfolder
from core.storage.locks import locked

MAX_WAITING = 1000
MAX_BYTES = 2**20


@dataclass(frozen=True)
class Order:
    """Folders of runs as `canonical` gives them. `waiting`: the next one first. `started`: the latest to be started."""

    waiting: tuple[Path, ...] = ()
    started: Path | None = None

    def without(self, directory: Path) -> "Order":
        return Order(tuple(folder for folder in self.waiting if folder != directory), self.started)


@contextmanager
def queue_lock() -> Iterator[None]:
    """Held while the order is changed and a run is started or removed; never while one is at work. Not reentrant.

    Raises:
        PawlabError: Somebody else held it for half a minute, or the disk refuses what the block writes.
    """
    try:
        with locked(subfolder() / "queue.lock"):
            yield
    except OSError as error:
        raise PawlabError(f"The store of runs cannot be changed: {error}", "a folder that can be written") from error


def read_order() -> Order:
    """The order as it is now; needs no lock, because the file is replaced as a whole."""
    try:
        with (home() / "queue.json").open("rb") as file:
            content = json.loads(file.read(MAX_BYTES))
        waiting = [_folder(entry) for entry in content["waiting"][:MAX_WAITING]]
        return Order(tuple(dict.fromkeys(folder for folder in waiting if folder)), _folder(content.get("started")))
    except (OSError, ValueError, KeyError, TypeError, AttributeError, RecursionError):
        return Order()


def write_order(order: Order) -> None:
    """Call under `queue_lock`."""
    started = _entry(order.started) if order.started else None
    content = {"waiting": [_entry(folder) for folder in order.waiting], "started": started}
    write_atomic(home() / "queue.json", json.dumps(content, indent=2))  # escaped: a path need not be Unicode


def canonical(directory: Path) -> Path:
    """One path for one folder, however it was written."""
    folder, runs = directory.resolve(), home() / "runs"
    return runs / folder.name if folder.parent == runs.resolve() else folder


def _entry(directory: Path) -> str:
    short = directory.parent == home() / "runs" and re.fullmatch(r"[\w-]+", directory.name)
    return directory.name if short else str(directory)


def _folder(entry: object) -> Path | None:
    if not isinstance(entry, str) or "\0" in entry:
        return None
    if re.fullmatch(r"[\w-]+", entry):
        return home() / "runs" / entry
    return Path(entry) if Path(entry).is_absolute() else None
