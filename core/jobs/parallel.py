"""Work on all cores with bounded memory, results in order."""

import os
from collections import deque
from collections.abc import Callable, Generator, Iterable
from concurrent.futures import Future, ThreadPoolExecutor
from typing import TypeVar

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
