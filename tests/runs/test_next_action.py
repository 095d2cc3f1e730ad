"""What Start proposes: never what cannot be done, and the run that belongs to what is open."""

from collections.abc import Iterator
from itertools import product
from pathlib import Path

import pytest

from core.runs.next_action import MISTAKES, TRAIN, TRY, WATCH, next_action, run_to_show
from core.runs.run import Run
from core.runs.settings import TrainingConfig
from core.sessions.path import STEPS


def states() -> Iterator[tuple[set[str], bool, bool, bool]]:
    for evaluated, is_open, trains, has_model in product((False, True), repeat=4):
        yield ({"evaluate"} if evaluated else set()), is_open, trains, has_model


@pytest.mark.parametrize(("done", "is_open", "trains", "has_model"), list(states()))
def test_only_what_can_be_done_is_proposed(done: set[str], is_open: bool, trains: bool, has_model: bool) -> None:
    action = next_action(done, is_open=is_open, trains=trains, has_model=has_model)
    assert (action is WATCH) == trains
    assert (action is None) == (not (trains or is_open or has_model))
    assert action in (None, WATCH, TRY) or is_open, "needs images, and none are open"
    assert action in (None, WATCH, TRAIN) or has_model, "needs a model, and there is none"
    assert action != MISTAKES or "evaluate" not in done
    assert action is None or action.page in STEPS


def run(name: str, source: str) -> Run:
    return Run(Path(name), name, source, TrainingConfig(), 0)


def test_the_run_is_the_one_at_work_else_the_newest_of_the_open_dataset() -> None:
    runs = [run("c", "/cars"), run("b", "/pets"), run("a", "/pets")]
    assert run_to_show(runs, None, "/pets") == runs[1]
    assert run_to_show(runs, runs[0], "/pets") == runs[0]
    assert run_to_show(runs, None, "/birds") is None
    assert run_to_show(runs, None, None) == runs[0]
    assert run_to_show([], None, None) is None
