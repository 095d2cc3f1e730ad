"""Work on all cores with bounded memory, results in order."""

import os
from collections import deque
from collections.abc import Callable, Generator, Iterable
from concurrent.futures import Future, ThreadPoolExecutor
from typing import TypeVar

Item = TypeVar("Item")
Result = TypeVar("Result")


def ordered_map(
    work: Callable[[Item], Result], items: Iterable[Item], name: str = "work"
) -> Generator[Result, None, None]:
    """Yields `work(item)` for each item in order, computed on as many threads as there are cores.

    Takes items only a little ahead of the result that is yielded, so that memory does not grow with their number.
    Leaving the loop early, by a break or an error, drops what has not begun and waits for what has.
    """
    cores = os.cpu_count() or 1
    waiting: deque[Future[Result]] = deque()
    pool = ThreadPoolExecutor(cores, name)
    try:
        for item in items:
            waiting.append(pool.submit(work, item))
            if len(waiting) > 4 * cores:
                yield waiting.popleft().result()
        while waiting:
            yield waiting.popleft().result()
    finally:
        pool.shutdown(cancel_futures=True)
