"""Whom the processes that a test starts want to reach, and their children, by an audit hook in each of them."""

import json
import os
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

TRACING = Path(__file__).parent / "tracing"
WORKERS = {
    "core.jobs.pool_worker",
    "core.runs.supervisor",
    "core.training.loop.worker_process",
    "core.training.keras.save",
}
"""The processes of a training run."""
OWN = {"127.0.0.1", "::1", "localhost", "", "None"}


@dataclass(frozen=True)
class Connections:
    """What was noted so far."""

    log: Path

    def programs(self) -> set[str]:
        """The modules of all processes that were traced: "streamlit", "core", "core.runs.supervisor"."""
        return {_program(command) for command, _, _ in self._lines()}

    def strangers(self) -> set[str]:
        """Every other machine that one of them looked up, or wanted to send something to, with its program."""
        hosts = {(_program(command), _host(address)) for command, event, address in self._lines() if event != "start"}
        return {f"{program} -> {host}" for program, host in hosts if host not in OWN}

    def _lines(self) -> list[tuple[list[str], str, Any]]:
        return [tuple(json.loads(line)[1:]) for line in self.log.read_text().splitlines()]


def _program(command: list[str]) -> str:
    return command[command.index("-m") + 1] if "-m" in command else Path(command[-1]).name


def _host(address: Any) -> str:
    """Of an internet address, its host; the path of a socket on this machine is nobody's."""
    return str(address[0]) if isinstance(address, list) else "" if str(address).startswith("/") else str(address)


@contextmanager
def traced(folder: Path) -> Iterator[Connections]:
    """Traces all Python processes that are started meanwhile; `folder` keeps the log."""
    connections = Connections(folder / "connections.jsonl")
    connections.log.touch()
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("PAWLAB_TRACED", str(connections.log))
        patch.setenv("PYTHONPATH", str(TRACING), prepend=os.pathsep)
        yield connections
