"""How many sessions read one run's folder without waiting for each other."""

import threading
import time

import pytest

from core.runs.run import Run, create_run
from core.runs.settings import TrainingConfig
from core.runs.store import list_runs
from core.storage.files import EventLog
from pages.ui.shared import runs

BATCH = {"event": "batch", "time": 1.0, "epoch": 1, "batch": 1, "batches": 2, "loss": 1.0, "accuracy": 0.5}


@pytest.fixture
def run() -> Run:
    made = create_run("sample", TrainingConfig())
    made.log.append(BATCH)
    return made


def test_looks_of_one_moment_are_one_look(run: Run) -> None:
    first = runs.look_at(run)
    run.log.append({**BATCH, "batch": 2})
    assert runs.look_at(run) is first
    time.sleep(runs.FRESH)
    assert len(runs.look_at(run).history.batches) == 2
    assert len(first.history.batches) == 1, "what another session holds was changed"


def test_a_change_made_here_is_seen_at_once(run: Run) -> None:
    runs.look_at(run)
    run.log.append({"event": "status", "status": "cancelled", "time": 2.0})
    runs.renew(run)
    assert runs.look_at(run).status == "cancelled"


def test_who_comes_while_another_reads_does_not_wait(run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    old = runs.look_at(run)
    time.sleep(runs.FRESH)
    reading, go_on = threading.Event(), threading.Event()
    read = EventLog.read

    def slow(log: EventLog, offset: int = 0) -> tuple[list[dict[str, object]], int]:
        reading.set()
        go_on.wait(30)
        return read(log, offset)

    monkeypatch.setattr(EventLog, "read", slow)
    reader = threading.Thread(target=runs.look_at, args=(run,))
    reader.start()
    try:
        assert reading.wait(30)
        assert runs.look_at(run) is old
    finally:
        go_on.set()
        reader.join(30)


def test_the_curves_are_built_once_for_a_state(run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    history = runs.look_at(run).history
    drawn = runs.curves_of(run, history)
    monkeypatch.setattr(runs, "training_curves", pytest.fail)
    assert runs.curves_of(run, history) is drawn


def test_sessions_with_an_older_look_do_not_have_the_curves_built_again(
    run: Run, monkeypatch: pytest.MonkeyPatch
) -> None:
    old = runs.look_at(run).history
    run.log.append({**BATCH, "batch": 2})
    runs.renew(run)
    new = runs.look_at(run).history
    assert len(new.batches) == len(old.batches) + 1
    drawn = runs.curves_of(run, new)
    monkeypatch.setattr(runs, "training_curves", pytest.fail)
    assert runs.curves_of(run, old) is drawn
    runs.renew(run)
    assert runs.curves_of(run, runs.look_at(run).history) is drawn, "nothing is new"


def test_a_run_made_anew_under_the_same_name_is_read_from_its_beginning(run: Run) -> None:
    for batch in range(2, 50):
        run.log.append({**BATCH, "batch": batch})
    runs.look_at(run)
    run.log.path.write_text("")
    run.log.append(BATCH)
    runs.renew(run)
    assert len(runs.look_at(run).history.batches) == 1


def test_a_callback_that_is_repeated_for_one_press_makes_one_run() -> None:
    press, other = runs.new_press(), runs.new_press()
    made = [runs.once(press, lambda: create_run("sample", TrainingConfig())) for _ in range(2)]
    assert made[0] == made[1]
    assert runs.once(other, lambda: create_run("sample", TrainingConfig())) != made[0]
    assert len(list_runs().runs) == 2
