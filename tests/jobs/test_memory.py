"""The peak of a process is its own."""

import subprocess
import sys

import numpy as np

from core.jobs.memory import peak_memory
from core.jobs.process import PROJECT

HELD = 300 * 2**20


def test_the_peak_stays_when_memory_is_given_back() -> None:
    before = peak_memory()
    held = np.ones(HELD, np.uint8)
    assert held[-1] == 1
    del held
    assert peak_memory() >= before
    assert peak_memory() >= HELD


def test_what_the_process_that_starts_another_holds_is_not_counted() -> None:
    held = np.ones(HELD, np.uint8)
    code = "from core.jobs.memory import peak_memory; print(peak_memory())"
    done = subprocess.run([sys.executable, "-c", code], cwd=PROJECT, capture_output=True, text=True, timeout=60)
    assert held[-1] == 1
    assert 2**20 < int(done.stdout) < HELD // 2
