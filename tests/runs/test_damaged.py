"""One damaged run folder takes one row: whatever is in it, it is read or refused with a reason, and others stay."""

import shutil
from pathlib import Path

import pytest

from core.errors import PawlabError
from core.evaluation.predictions import load_predictions
from core.evaluation.run_summary import facts_of
from core.export.manifest import manifest_of
from core.runs.comparison_chart import Line, comparison_curves
from core.runs.curves_chart import training_curves
from core.runs.longer import still_improving
from core.runs.passing_images import passed
from core.runs.queue import enqueue, withdraw
from core.runs.run import Run
from core.runs.sample_images import samples_at
from core.runs.start import reason
from core.runs.store import best_run, list_runs
from core.runs.threshold import chosen_threshold
from core.training.patience import patience_of
from tests.hostile_runs import damaged_copy

TRIED = 150


def read_all(run: Run) -> None:
    """What pages and commands read of a run, as they do it."""
    history = run.history()
    training_curves(history, run.last_epoch)
    comparison_curves([Line(run.name, history.epochs)], "a")
    samples_at(run.directory, history, history.best)
    passed(run.directory, history.passing)
    still_improving(run, history)
    patience_of(history.epochs, run.config, history.fine_tune)
    reason(run, history)
    facts_of(run)
    chosen_threshold(run)
    best_run([run], run.source)
    for read in (Run.summary, load_predictions, manifest_of, Run.edits):
        try:
            read(run)
        except PawlabError as error:
            assert len(str(error)) < 2000


@pytest.mark.parametrize("part", range(3))
def test_it_is_read_or_refused_and_hides_no_other(trained: Run, pawlab_home: Path, part: int) -> None:
    good = shutil.copytree(trained.directory, pawlab_home / "runs" / "good")
    failures = []
    for seed in range(part * TRIED, part * TRIED + TRIED):
        folder = pawlab_home / "runs" / "damaged"
        what = damaged_copy(good, folder, seed)
        try:
            listed = list_runs()
            assert "good" in {run.id for run in listed.runs}
            assert "damaged" in {run.id for run in listed.runs} | set(listed.broken)
            for run in (run for run in listed.runs if run.id == "damaged"):
                read_all(run)
                if run.status() in ("failed", "cancelled"):
                    enqueue(run)
                    withdraw(run)
        except OSError as error:  # a file that is a folder or a pipe: pages say so
            if not error.filename:
                failures.append(f"{what}: {error!r}")
        except PawlabError:
            pass
        except Exception as error:
            failures.append(f"{what}: {error!r}")
        shutil.rmtree(folder)
    assert not failures, "\n".join(failures)
