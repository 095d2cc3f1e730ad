"""Fits side by side, one on each core. A product of small matrices gains little from several cores, and where others
work too, the threads of the BLAS wait for each other."""

from collections.abc import Callable, Iterable, Iterator
from contextlib import AbstractContextManager, closing
from functools import cache
from typing import TypeVar

from threadpoolctl import ThreadpoolController

from core.jobs.parallel import ordered_map

Item = TypeVar("Item")
Result = TypeVar("Result")


def on_all_cores(work: Callable[[Item], Result], items: Iterable[Item], name: str) -> Iterator[Result]:
    """Yields `work(item)` for each item, in order; `name` is that of the threads."""
    with one_thread(), closing(ordered_map(work, items, name)) as results:
        yield from results


def one_thread() -> AbstractContextManager[object]:
    """While it lasts, a product of matrices takes one core."""
    context: AbstractContextManager[object] = _controller().limit(limits=1, user_api="blas")
    return context


@cache
def _controller() -> ThreadpoolController:
    return ThreadpoolController()  # looks for the libraries of this process, which takes milliseconds
