"""The lock between processes: one holder at a time, and a dead one holds nothing."""

import subprocess
import sys
import threading
from pathlib import Path

import pytest

from core.errors import PawlabError
from core.storage.locks import locked

HOLD = """
import sys, time
from pathlib import Path
from core.storage.locks import locked
with locked(Path(sys.argv[1])):
    print("held", flush=True)
    time.sleep(600)
"""
COUNT = """
import sys
from pathlib import Path
from core.storage.locks import locked
file = Path(sys.argv[1])
for _ in range(200):
    with locked(file.with_suffix(".lock")):
        file.write_text(str(int(file.read_text()) + 1))
"""


def test_the_lock_of_a_killed_holder_is_free(tmp_path: Path) -> None:
    file = tmp_path / "lock"
    with subprocess.Popen([sys.executable, "-c", HOLD, str(file)], stdout=subprocess.PIPE, text=True) as holder:
        assert holder.stdout is not None
        assert holder.stdout.readline() == "held\n"
        with pytest.raises(PawlabError, match="Another process"), locked(file, seconds=0):
            pass
        holder.kill()
        holder.wait()
        with locked(file, seconds=0):
            pass


def test_no_step_of_four_processes_is_lost(tmp_path: Path) -> None:
    file = tmp_path / "count"
    file.write_text("0")
    workers = [subprocess.Popen([sys.executable, "-c", COUNT, str(file)]) for _ in range(4)]
    assert [worker.wait() for worker in workers] == [0] * 4
    assert file.read_text() == "800"


def test_threads_of_one_process_exclude_each_other(tmp_path: Path) -> None:
    refused: list[bool] = []

    def try_it() -> None:
        try:
            with locked(tmp_path / "lock", seconds=0):
                refused.append(False)
        except PawlabError:
            refused.append(True)

    with locked(tmp_path / "lock"):
        thread = threading.Thread(target=try_it)
        thread.start()
        thread.join()
    try_it()
    assert refused == [True, False]


def test_an_error_in_the_block_gives_the_lock_back(tmp_path: Path) -> None:
    with pytest.raises(ZeroDivisionError), locked(tmp_path / "lock"):
        raise ZeroDivisionError
    with locked(tmp_path / "lock", seconds=0):
        pass
