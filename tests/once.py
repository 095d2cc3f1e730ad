"""What takes long to make and is only read: made by the first worker of a test session that asks, for all of them."""

import os
import shutil
from collections.abc import Callable
from pathlib import Path

import pytest

from core.storage.locks import locked

PATIENCE = 600.0  # seconds; a test that waits longer has its own limit


def made_once(factory: pytest.TempPathFactory, name: str, make: Callable[[Path], object]) -> Path:
    """The folder `name` of this session, filled by `make`. After a failure, whoever asks next tries anew."""
    top = factory.getbasetemp()
    if "PYTEST_XDIST_WORKER" in os.environ:
        top = top.parent  # of all workers
    folder, done = top / f"once-{name}", top / f"once-{name}.done"
    with locked(top / f"once-{name}.lock", PATIENCE):
        if not done.exists():
            shutil.rmtree(folder, ignore_errors=True)
            folder.mkdir()
            make(folder)
            done.touch()
    return folder
