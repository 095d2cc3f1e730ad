"""The fold of a run's events: rates, and what a resume makes void."""

import pytest

from core.runs.history import Event, History
from tests.events import event


def progress(done: int, total: int, time: float) -> dict[str, object]:
    return event("progress", phase="features", done=done, total=total, time=time)


def test_the_rate_counts_from_the_first_progress_of_its_part() -> None:
    events = [progress(0, 100, 10), progress(50, 100, 15), progress(100, 100, 20)]
    assert History.of(events).rate == pytest.approx(10)
    events += [progress(10, 40, 21), progress(30, 40, 22)]  # the validation split begins
    assert History.of(events).rate == pytest.approx(20)


def test_what_came_after_the_resumed_epoch_is_void() -> None:
    def point(kind: str, epoch: int) -> dict[str, object]:
        return event(kind, epoch=epoch, batch=1, best=epoch == 1)

    events = [point(kind, epoch) for epoch in (1, 2, 3) for kind in ("batch", "epoch", "reduce_lr")]
    history = History.of([*events, event("start", epoch=2), point("batch", 2)])
    assert [batch["epoch"] for batch in history.batches] == [1, 2]
    assert [epoch["epoch"] for epoch in history.epochs] == [1]
    assert [drop["epoch"] for drop in history.drops] == [1]
    assert history.best == events[1]


def test_a_run_that_begins_anew_is_no_longer_at_the_step_where_it_was_stopped() -> None:
    events: list[Event] = [event("status", status="running"), event("phase", phase="save")]
    events.append(event("progress", phase="save", done=1, total=2, time=1.0))
    stopped = History.of([*events, event("status", status="cancelled")])
    assert (stopped.phase, stopped.done, stopped.total) == ("save", 1, 2)
    resumed = History.of([*events, event("status", status="cancelled"), events[0]])
    assert (resumed.phase, resumed.done, resumed.total) == ("", 0, 0)
