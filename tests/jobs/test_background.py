"""Work on threads: joined, stopped, begun anew, explained when it fails."""

import threading

import pytest

from core.errors import Cancelled, DatasetError
from core.jobs.background import SingleFlight
from core.jobs.progress import Progress

SECONDS = 20


def test_asked_for_the_same_key_it_is_the_same_task() -> None:
    latest, gate, calls = SingleFlight[int](), threading.Event(), []

    def work(progress: Progress) -> int:
        calls.append(1)
        gate.wait(SECONDS)
        return 7

    first = latest.submit("a", work)
    assert latest.submit("a", work) is first
    gate.set()
    assert first.wait(SECONDS)
    assert latest.submit("a", work) is first
    assert (first.result, calls) == (7, [1])


def test_another_key_stops_the_task_before_and_works_after_it() -> None:
    latest, order = SingleFlight[str](), []

    def endless(progress: Progress) -> str:
        try:
            while True:
                progress("search", 0, 0)
        finally:
            order.append("stopped")

    def short(progress: Progress) -> str:
        order.append("begun")
        return "done"

    first = latest.submit("a", endless)
    second = latest.submit("b", short)
    assert second.wait(SECONDS)
    assert isinstance(first.error, Cancelled)
    assert (second.result, order) == ("done", ["stopped", "begun"])
    assert latest.find("a") is None


def test_a_stopped_task_is_begun_anew_only_when_asked_to() -> None:
    latest, gate = SingleFlight[int](), threading.Event()

    def work(progress: Progress) -> int:
        gate.wait(SECONDS)
        progress("search", 1, 2)
        return 3

    first = latest.submit("a", work)
    first.cancel()
    gate.set()
    assert first.wait(SECONDS)
    assert isinstance(first.error, Cancelled)
    assert latest.submit("a", work) is first
    again = latest.submit("a", work, again=True)
    assert again.wait(SECONDS)
    assert again.result == 3


@pytest.mark.parametrize(
    ("error", "words"), [(DatasetError("Found nothing"), "Found nothing"), (OSError("disk full"), "OSError: disk full")]
)
def test_a_failure_is_in_words(error: Exception, words: str) -> None:
    def work(progress: Progress) -> int:
        raise error

    task = SingleFlight[int]().submit("a", work)
    assert task.wait(SECONDS)
    assert words in str(task.error)
    assert task.result is None
