"""A budget of memory: never more than all of it, and first come, first served."""

import threading
import time
from concurrent.futures import ThreadPoolExecutor

import pytest

from core.jobs.budget import MemoryBudget


def test_no_more_than_the_total_is_taken_at_once() -> None:
    budget, lock = MemoryBudget(10), threading.Lock()
    taken: list[int] = [0]

    def work(size: int) -> None:
        with budget.take(size):
            with lock:
                taken.append(taken[-1] + size)
            time.sleep(0.002)
            with lock:
                taken.append(taken[-1] - size)

    with ThreadPoolExecutor(8) as threads:
        list(threads.map(work, [1, 9, 4, 10, 3, 3, 7, 2, 5, 6] * 5))
    assert 5 < max(taken) <= 10
    assert taken[-1] == 0


def test_a_large_request_is_not_overtaken() -> None:
    budget, order = MemoryBudget(10), list[str]()

    def work(name: str, size: int) -> None:
        with budget.take(size):
            order.append(name)

    with budget.take(5):
        threads = [threading.Thread(target=work, args=job) for job in (("large", 10), ("small", 1))]
        for thread in threads:
            thread.start()
            time.sleep(0.1)
        assert order == []
    for thread in threads:
        thread.join()
    assert order == ["large", "small"]


def test_what_is_left_by_an_error_is_free_again() -> None:
    budget = MemoryBudget(10)
    with pytest.raises(KeyError), budget.take(10):
        raise KeyError
    with budget.take(10):
        pass


def test_more_than_there_is_is_not_waited_for() -> None:
    with pytest.raises(ValueError, match="11 bytes of 10"), MemoryBudget(10).take(11):
        pass
