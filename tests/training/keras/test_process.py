"""The process that saves model.keras: what becomes of a run without it, and of it without the worker."""

import re
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path

import numpy as np
import pytest

from core.errors import PawlabError
from core.runs.run import create_run
from core.training.keras.process import TASK, KerasProcess
from tests.trained import SMALL

NOTHING = {"kernel": np.zeros(1, np.float32)}
IMAGE = np.zeros((1, 32, 32, 3), np.float32)


@pytest.fixture
def process(pawlab_home: Path, drawn: Path) -> Iterator[KerasProcess]:
    process = KerasProcess(create_run(str(drawn), SMALL, "saving").directory)
    with suppress(BrokenPipeError), process._process:  # closes its pipes, and waits; what it never read is lost
        yield process
        process._process.kill()


def test_one_that_was_killed_is_told_with_what_to_do_and_leaves_no_task(process: KerasProcess) -> None:
    process._process.kill()
    with pytest.raises(PawlabError, match=re.escape("ended with code -9")) as caught:
        process.save(NOTHING, NOTHING, IMAGE, np.zeros((1, 1), np.float32))
    assert "Resume the run" in caught.value.fix
    assert not (process.directory / TASK).exists()


def test_it_ends_when_the_worker_is_gone(process: KerasProcess) -> None:
    process._process.communicate(timeout=60)  # closes its input: what the system does however a worker ends
    assert process._process.returncode == 0
