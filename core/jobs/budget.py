"""Memory that threads share: who needs some waits until it is free."""

import threading
from collections import deque
from collections.abc import Iterator
from contextlib import contextmanager


class MemoryBudget:
    """At most `total` bytes are taken at any time, in the order of asking: a large request is not overtaken by small
    ones for ever. It counts what its users say they need; nothing is allocated."""

    def __init__(self, total: int) -> None:
        self.total = total
        self._free = total
        self._waiting: deque[object] = deque()
        self._changed = threading.Condition()

    @contextmanager
    def take(self, size: int) -> Iterator[None]:
        """Waits until `size` bytes are free, and holds them during the block.

        Raises:
            ValueError: They are more than there are.
        """
        if size > self.total:
            raise ValueError(f"{size} bytes of {self.total}")
        me = object()
        with self._changed:
            self._waiting.append(me)
            try:
                self._changed.wait_for(lambda: self._waiting[0] is me and size <= self._free)
                self._free -= size
            finally:
                self._waiting.remove(me)
                self._changed.notify_all()
        try:
            yield
        finally:
            with self._changed:
                self._free += size
                self._changed.notify_all()
