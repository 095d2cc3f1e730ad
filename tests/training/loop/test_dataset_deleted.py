"""The folder of images goes away while a run works: it says what is missing, keeps its epochs, and ends when the folder
is there again.

That it goes between epochs, from the command line, is shown in tests/cli/test_train.py; before Evaluate, in
tests/pages/test_evaluate.py; before an export, in tests/export/test_bundle.py.
"""

import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from core.jobs.process import PROJECT
from core.runs.run import Run, create_run, load_run
from tests.trained import SMALL, to_the_end

# A worker, in a process of its own, that loses its images when a certain event has been logged.
LOSING = """
import sys
from pathlib import Path
from core.runs.run import load_run
from core.training.loop.worker import Worker

class Losing(Worker):
    def emit(self, event, **fields):
        super().emit(event, **fields)
        data = Path(self.run.source)
        if data.exists() and ({moment}):
            data.rename(data.with_name("aside"))

Losing(load_run(Path(sys.argv[1]))).work()
"""
WITHIN_THE_PASS = "(event, fields.get('phase')) == ('progress', 'features') and fields['done'] > 0"


def phase(name: str) -> str:
    return f"(event, fields.get('phase')) == ('phase', {name!r})"


def lose(run: Run, moment: str) -> None:
    command = [sys.executable, "-c", LOSING.format(moment=moment), str(run.directory)]
    subprocess.run(command, cwd=PROJECT, check=True, capture_output=True)
    assert not Path(run.source).exists(), "the moment never came"
    assert run.status() == "failed"


@pytest.fixture
def run(ready_home: Path, drawn: Path, tmp_path: Path) -> Run:
    return create_run(str(shutil.copytree(drawn, tmp_path / "pets")), SMALL, "losing")


def test_it_is_said_what_is_missing_and_no_epoch_is_lost(run: Run) -> None:
    """One run that loses them in one phase after the other, and goes on each time that they are there again."""
    undecodable = "decoded when the dataset was opened and no longer does"
    for moment, words in (
        (phase("data"), "Found no folder and no zip at '/"),
        (phase("weights"), undecodable),
        (WITHIN_THE_PASS, undecodable),
        (phase("save"), "all other validation images are gone"),
    ):
        lose(run, moment)
        assert words in run.history().reason
        Path(run.source).with_name("aside").rename(run.source)
    before = run.history().epochs
    assert len(before) == SMALL.epochs
    after = to_the_end(load_run(run.directory)).history().epochs
    assert [point["epoch"] for point in after] == list(range(1, SMALL.epochs + 1))
    assert scores(after) == scores(before)


def scores(points: list[dict[str, Any]]) -> list[dict[str, Any]]:
    return [{name: value for name, value in point.items() if name not in ("time", "seconds")} for point in points]
