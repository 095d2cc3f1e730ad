"""The store of runs: all of them, one that somebody asks for, and one that goes."""

import re
import shutil
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from core.errors import RunError
from core.home import subfolder
from core.training.labels import clean
from core.training.order import canonical, queue_lock, read_order, write_order
from core.training.runs import Run, load_run


@dataclass(frozen=True)
class Shelf:
    """All runs, newest first, and the folders that hold no readable run, with the reason."""

    runs: list[Run]
    broken: dict[str, str]


def list_runs() -> Shelf:
    """Every run in the store."""
    runs, broken = [], {}
    for directory in subfolder("runs").iterdir():
        if not directory.is_dir():
            continue
        try:
            runs.append(load_run(directory))
        except RunError as error:
            broken[directory.name] = str(error)
    return Shelf(sorted(runs, key=lambda run: run.created, reverse=True), broken)


def find_run(reference: str) -> Run:
    """A run by its id, its name (the newest of that name) or its folder's path.

    Raises:
        RunError: There is no such run.
    """
    folder = Path(reference)
    if re.fullmatch(r"[\w-]+", reference) and _is(Path.is_dir, subfolder("runs") / reference):
        folder = subfolder("runs") / reference
    elif not _is(Path.is_file, folder / "config.json"):
        named = [run for run in list_runs().runs if run.name == clean(reference)]
        if not named:
            raise RunError(
                f"There is no run {reference!r}", "a run's id, name or folder", "List them: python -m core runs"
            )
        return named[0]
    return load_run(folder.absolute())


def _is(kind: Callable[[Path], bool], path: Path) -> bool:
    try:
        return kind(path)
    except OSError:  # a name too long for a file
        return False


def stored_run(run_id: str) -> Run:
    """The run of the store that has this very id, for who must not open another folder whatever is asked of him.

    Raises:
        RunError: There is no such run, or it is broken.
    """
    for directory in subfolder("runs").iterdir():
        if directory.name == run_id and directory.is_dir():
            return load_run(directory)
    raise RunError(f"There is no run {run_id[:100]!r}", "the id of a run in the store", "Choose another model")


def drop_run(run: Run) -> None:
    """Removes a run and all that it left; one that waits leaves the queue.

    Raises:
        RunError: It is at work, or gone already.
        PawlabError: The disk refuses, or the queue is held by a process that hangs.
    """
    folder = canonical(run.directory)
    with queue_lock():  # so that it is not started meanwhile
        if not folder.is_dir():
            raise RunError(f"The run {run.id} is gone already", "a run of the list")
        if run.alive():
            raise RunError(f"The run {run.id} is at work", "a run that stands still", "Stop it first")
        if folder in (order := read_order()).waiting:
            write_order(order.without(folder))
        shutil.rmtree(run.directory)
