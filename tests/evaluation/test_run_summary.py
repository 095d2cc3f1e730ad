"""What the list says of a run, whatever its folder holds."""

import math
import time

import pytest

from core.evaluation.intervals import wilson_interval
from core.evaluation.run_summary import TAIL_BYTES, facts_of, mark_of
from core.runs.run import Run, create_run
from core.runs.settings import preset
from tests.events import event

EPOCH = event(
    "epoch",
    time=1.0,
    epoch=1,
    loss=1.0,
    accuracy=0.5,
    val_loss=0.9,
    val_accuracy=0.75,
    best=True,
)


@pytest.fixture
def run() -> Run:
    return create_run("sample", preset("fast"))


def say(run: Run, status: str) -> None:
    run.log.append(event("status", status=status, time=time.time()))


def test_a_finished_run_has_its_score_with_the_interval(trained: Run) -> None:
    facts, summary = facts_of(trained), trained.summary()
    assert facts.logged_status == "finished"
    assert facts.accuracy
    assert facts.accuracy.value == summary["val_accuracy"]
    right = round(summary["val_accuracy"] * 16)
    assert (facts.accuracy.low, facts.accuracy.high) == wilson_interval(right, 16)
    assert (facts.loss, facts.best_epoch) == (summary["val_loss"], summary["best_epoch"])
    assert facts.size > (trained.directory / "model.keras").stat().st_size


def test_a_run_without_a_model_has_its_best_epoch_and_no_interval(run: Run) -> None:
    assert facts_of(run).accuracy is None
    run.log.append(EPOCH)
    say(run, "running")
    facts = facts_of(run)
    assert facts.accuracy
    assert (facts.accuracy.value, facts.loss, facts.best_epoch, facts.logged_status) == (0.75, 0.9, 1, "running")
    assert math.isnan(facts.accuracy.low)


def test_the_latest_status_counts_wherever_it_stands_in_the_log(run: Run) -> None:
    say(run, "cancelled")
    say(run, "running")
    for number in range(TAIL_BYTES // 50):
        run.log.append(event("batch", epoch=1, batch=number + 1, note="no status here"))
    assert facts_of(run).logged_status == "running"
    with run.log.path.open("ab") as file:
        file.write(b'{"event": "status", "status": "finis')
    assert facts_of(run).logged_status == "running"


@pytest.mark.parametrize(
    "summary",
    [
        "",
        "[]",
        "{}",
        '{"val_accuracy": "x", "counts": {}}',
        '{"val_accuracy": 7, "val_loss": null, "best_epoch": 1, "counts": {"validation": {"a": 3}}}',
        '{"val_accuracy": 1, "val_loss": 1, "best_epoch": 1, "counts": {"validation": {"a": "b"}}}',
    ],
)
@pytest.mark.parametrize("log", ["", "7\n", '{"event": "status", "status": []}\n', '{"event": "epoch", "best": 1}\n'])
def test_a_broken_folder_has_no_score(run: Run, summary: str, log: str) -> None:
    (run.directory / "run.json").write_text(summary)
    run.log.path.write_text(log)
    facts = facts_of(run)
    assert facts.accuracy is None
    assert facts.best_epoch is None


def test_the_mark_changes_when_something_happens(run: Run) -> None:
    marks = {mark_of(run)}
    say(run, "running")
    marks.add(mark_of(run))
    (run.directory / "run.json").write_text("{}")
    marks.add(mark_of(run))
    assert len(marks) == 3
