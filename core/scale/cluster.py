"""The engine beyond one machine: workers of Ray, each one core, that compute one block after the other.

Ray starts processes on nodes, moves what they are sent and what they return, and says who died. What is done here is in
`crew`: who gets which block. Ray Data would do that, but wants to know every path before it begins.
"""

import os
from collections.abc import Callable, Generator, Iterator
from contextlib import ExitStack
from types import TracebackType
from typing import Self

from core.scale.blocks import Block
from core.scale.crew import Crew
from core.scale.engine import Engine
from core.scale.joining import PROXIES, joined
from core.scale.kernel import Kernel, Part, Worker


class RayEngine(Engine):
    """A context manager: it joins the cluster, or starts a Ray of our own, and leaves it. Its workers start meanwhile:
    they have imported what they need when the command has found its files."""

    def __init__(self, address: str, workers: int, note: Callable[[str], None], out: str = "") -> None:
        """Starts nothing yet.

        Args:
            address: Of a head node, or `ray://` and a client server; "" for a Ray of our own.
            workers: 0 for one on each core that the cluster has now.
            note: Told what a reader should know.
            out: An address where the workers write the parts themselves; "" where the parts come back.
        """
        self._address, self._workers, self._note, self._out = address, workers, note, out

    def __enter__(self) -> Self:
        with ExitStack() as stack:
            ray = stack.enter_context(joined(self._address, self._workers))
            self._workers = self._workers or max(1, int(ray.cluster_resources().get("CPU", 1)))
            proxies = {name: os.environ[name] for name in PROXIES if name in os.environ}
            self._crew = Crew(ray, self._out, self._note, None if self._address else proxies)
            self._crew.hire(self._workers)
            self._open = stack.pop_all()
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        self._open.close()

    def run(self, kernel: Kernel, blocks: Iterator[Block], expected: str) -> Generator[tuple[Worker, Part], None, None]:
        try:
            self._crew.begin(kernel, expected)
            yield from self._crew.work(blocks)
        finally:
            self.repeated = self._crew.repeated
            self._crew.dismiss()
