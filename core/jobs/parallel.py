"""Work on all cores with bounded memory, results in order."""

import os
from collections import deque
from collections.abc import Callable, Generator, Iterable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import AbstractContextManager, closing
from functools import cache
from typing import TypeVar

from threadpoolctl import ThreadpoolController

Item = TypeVar("Item")
Result = TypeVar("Result")
CORES = os.cpu_count() or 1


def ordered_map(
    work: Callable[[Item], Result], items: Iterable[Item], name: str = "work", *, threads: int = CORES
) -> Generator[Result, None, None]:
    """Yields `work(item)` for each item in order.

    Takes items only a little ahead of the yielded result, so that memory does not grow with their number. Leaving the
    loop early, by a break or an error, cancels what has not started and waits for the rest.

    Args:
        name: Of the threads.
        threads: How many compute at once.
    """
    waiting: deque[Future[Result]] = deque()
    pool = ThreadPoolExecutor(threads, name)
    try:
        for item in items:
            waiting.append(pool.submit(work, item))
            if len(waiting) > 4 * CORES:
                yield waiting.popleft().result()
        while waiting:
            yield waiting.popleft().result()
    finally:
        pool.shutdown(cancel_futures=True)


def fits_on_all_cores(work: Callable[[Item], Result], items: Iterable[Item], name: str) -> Iterator[Result]:
    """As `ordered_map`, for work whose products of small matrices gain little from several cores: each gets one."""
    with one_core_for_blas(), closing(ordered_map(work, items, name)) as results:
        yield from results


def one_core_for_blas() -> AbstractContextManager[object]:
    """While it is open, products and solvers of small matrices use one core: on a busy machine, threads that wait for
    one another take a hundred times longer."""
    context: AbstractContextManager[object] = _controller().limit(limits=1, user_api="blas")
    return context


@cache
def _controller() -> ThreadpoolController:
    return ThreadpoolController()  # looks for the libraries of this process, which takes milliseconds
