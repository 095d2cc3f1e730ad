"""The store of runs: lists, finds, compares and deletes them."""

import re
import shutil
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

from core.errors import PawlabError, RunError
from core.jobs.process import PROGRAM
from core.runs.liveness import alive
from core.runs.names import NAME_CHARACTERS
from core.runs.queue_file import canonical, queue_lock, read_order, write_order
from core.runs.run import Run, load_run
from core.storage.home import entries, subfolder
from core.text.lines import one_line


@dataclass(frozen=True)
class RunList:
    """All runs, newest first, and {folder: reason} of those that cannot be read."""

    runs: list[Run]
    broken: dict[str, str]


def list_runs() -> RunList:
    """Every run in the store."""
    runs, broken = [], {}
    for directory in entries("runs"):
        if not _is(Path.is_dir, directory) and not directory.is_symlink():
            continue
        try:
            runs.append(load_run(directory))
        except RunError as error:
            broken[directory.name] = str(error)
    return RunList(sorted(runs, key=lambda run: run.created, reverse=True), broken)


def find_run(reference: str) -> Run:
    """A run by its id, its name (the newest of that name) or its folder's path.

    Raises:
        RunError: There is no such run.
    """
    folder = Path(reference)
    if re.fullmatch(r"[\w-]+", reference) and _is(Path.is_dir, subfolder("runs") / reference):
        folder = subfolder("runs") / reference
    elif not _is(Path.is_file, folder / "config.json"):
        named = [run for run in list_runs().runs if run.name == one_line(reference, NAME_CHARACTERS)]
        if not named:
            raise RunError(f"There is no run {reference!r}", "a run's id, name or folder", f"List them: {PROGRAM} runs")
        return named[0]
    return load_run(folder.absolute())


def _is(kind: Callable[[Path], bool], path: Path) -> bool:
    try:
        return kind(path)
    except OSError:  # a name too long for a file
        return False


def stored_run(run_id: str) -> Run:
    """The run with exactly this id. Opens no folder outside the store, whatever the id says.

    Raises:
        RunError: There is no such run, or it is broken.
    """
    for directory in entries("runs"):
        if directory.name == run_id and directory.is_dir():
            return load_run(directory)
    raise RunError(f"There is no run {run_id[:100]!r}", "the id of a run in the store", "Choose another model")


def best_run(runs: Sequence[Run], source: str) -> Run:
    """The run with the highest validation accuracy among the finished ones that were trained on `source`.

    Scores on different data cannot be compared, so runs on other data count only where none was trained on this one;
    runs that were stopped early only where none has finished. Of equals, the first.

    Args:
        runs: At least one, newest first, each with a model and a readable summary.
        source: The open dataset, as `core.datasets.current.current_source` names it.
    """
    return max(runs, key=lambda run: (run.source == source, *_worth(run)))


def _worth(run: Run) -> tuple[bool, float]:
    try:
        summary = run.summary()
        return summary.get("status", "finished") == "finished", float(summary["val_accuracy"])
    except (PawlabError, KeyError, TypeError, ValueError):
        return False, -1.0


def drop_run(run: Run) -> None:
    """Deletes a run with all its files; a queued one leaves the queue.

    Raises:
        RunError: It is training, or gone already.
        PawlabError: The disk refuses, or the queue is held by a process that hangs.
    """
    folder = canonical(run.directory)
    with queue_lock():  # so that it is not started meanwhile
        if not folder.is_dir():
            raise RunError(f"“{run.name}” is gone already", "a run of the list")
        check_idle(run)
        if folder in (order := read_order()).waiting:
            write_order(order.without(folder))
        shutil.rmtree(run.directory)


def check_idle(run: Run) -> None:
    """Raises `RunError` where a process works on the run."""
    if run.alive():
        raise RunError(f"“{run.name}” is training", "a run that has stopped", "Stop it first")


def drop_broken(folder: str) -> None:
    """Deletes what `RunList.broken` names: a folder of the store that holds no readable run.

    Raises:
        RunError: It is gone, or a process works in it.
        OSError: The disk refuses.
    """
    directory = next((one for one in entries("runs") if one.name == folder), None)
    if directory is None:
        raise RunError(f"The run {folder[:100]} is gone already", "a run of the list")
    if directory.is_symlink():
        directory.unlink()
        return
    if alive(directory):
        raise RunError(f"A process works in {folder}", "a run that has stopped")
    shutil.rmtree(directory)
