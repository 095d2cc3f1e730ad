"""Which process trains a run, and how it ended, stored in the run's folder.

supervisor.json   the process that starts the worker and sees how it ends: pid, when it and when the machine was started
worker.json       the process that trains: the same
exit.json         exists once the supervisor has seen the end: the worker's pid, and its exit code or minus the signal

Light, and so without pydantic: the supervisor imports it before the worker may begin.
"""

import os
import shutil
import signal
from pathlib import Path
from typing import Any

import psutil

from core.storage.files import MAX_LOG_BYTES, open_regular, read_json, write_json

TAIL_BYTES = 20_000
LOG_BYTES = 100_000
SAME_SECONDS = 0.1  # the kernel counts in hundredths
REASONS = {
    "SIGKILL": "by someone, or by the system because memory ran out",
    "SIGTERM": "it was told to end, by someone or because the machine was shut down",
    "SIGHUP": "its session was closed",
    "SIGABRT": "a library aborted",
    "SIGBUS": "a file was truncated while it was read, or the disk is full",
    "SIGSEGV": "a library crashed",
}


def record(directory: Path, role: str, pid: int) -> None:
    """Stores which process is the run's `supervisor` or `worker`.

    Raises:
        psutil.NoSuchProcess: There is no such process any more.
        OSError: The folder is gone or full.
    """
    facts = {"pid": pid, "started": psutil.Process(pid).create_time(), "boot": psutil.boot_time()}
    write_json(directory / f"{role}.json", facts)


def record_exit(directory: Path, pid: int, code: int) -> None:
    """Stores how the worker `pid` ended. After that nothing writes into the run's folder any more."""
    write_json(directory / "exit.json", {"pid": pid, "code": code})


def forget_exit(directory: Path) -> None:
    (directory / "exit.json").unlink(missing_ok=True)


def recorded(directory: Path, role: str) -> int:
    """The pid of the run's latest `supervisor` or `worker`, 0 where none is known."""
    pid = _read(directory / f"{role}.json").get("pid")
    return pid if isinstance(pid, int) else 0


def alive(directory: Path) -> bool:
    """Whether a process of the run lives. A zombie and another process with the same pid do not count.

    A supervisor counts until it has stored how the worker ended: whoever finds the run dead finds the reason too.
    """
    supervised = _lives(directory / "supervisor.json") and not (directory / "exit.json").exists()
    return supervised or _lives(directory / "worker.json")


def exit_reason(directory: Path) -> str:
    """One sentence on how the process of a run ended that logged no reason itself."""
    worker, end = _read(directory / "worker.json"), _read(directory / "exit.json")
    code = end.get("code")
    if not isinstance(code, int) or end.get("pid") != worker.get("pid"):
        started = worker.get("started")
        if isinstance(started, float) and started < psutil.boot_time():
            return "The machine was switched off or restarted during the training."
        return _full(directory) or "The training process ended without giving a reason."
    if code > 0 and (full := _full(directory)):  # its last words had no room
        return full
    if code >= 0:
        return f"The training process ended with exit code {code}, without giving a reason."
    try:
        name = signal.Signals(-code).name
    except ValueError:
        return f"The training process was killed by signal {-code}."
    words = f": {REASONS[name]}" if name in REASONS else ""
    return f"The training process was killed by signal {-code} ({name}){words}."


def log_end(directory: Path, lines: int) -> str:
    """The last lines of `worker.log`; reads no more than 20 kB of it."""
    try:
        with open_regular(directory / "worker.log", MAX_LOG_BYTES) as file:
            file.seek(max(0, file.seek(0, os.SEEK_END) - TAIL_BYTES))
            return "\n".join(file.read(TAIL_BYTES).decode(errors="replace").splitlines()[-lines:])
    except OSError:
        return ""


def _full(directory: Path) -> str:
    """That the disk has no room left, not even for a last line of the log; "" where it has."""
    try:
        if shutil.disk_usage(directory).free >= LOG_BYTES:
            return ""
    except OSError:
        return ""
    return (
        f"The training process ended, probably because the disk is full: {directory} has no room. Free some space, "
        "then resume it."
    )


def _lives(file: Path) -> bool:
    """When a process was started is known in seconds since the machine was. As times of day, both move when the clock
    is set, which happens while a run trains: by the network, after a sleep, or by hand."""
    try:
        facts = read_json(file)
        process, boot = psutil.Process(int(facts["pid"])), psutil.boot_time()
        clock_was_set_by = boot - float(facts.get("boot", boot))
        same: bool = abs(process.create_time() - clock_was_set_by - float(facts["started"])) < SAME_SECONDS
        return same and process.status() != psutil.STATUS_ZOMBIE
    except (OSError, ValueError, KeyError, TypeError, OverflowError, psutil.Error):
        return False


def _read(path: Path) -> dict[str, Any]:
    try:
        facts = read_json(path)
    except (OSError, ValueError):
        return {}
    return facts if isinstance(facts, dict) else {}
