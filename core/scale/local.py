"""The engine that needs nothing: the threads of this process."""

from collections import deque
from collections.abc import Generator, Iterator
from contextlib import closing

import pyarrow as pa

from core.jobs.parallel import CORES, ordered_map
from core.scale.blocks import Block, Item
from core.scale.engine import Engine, check_worker
from core.scale.kernel import Kernel, Part, Worker


class LocalEngine(Engine):
    """As many threads as cores, and one more: while one waits for its images, the others keep all cores busy."""

    def __init__(self, threads: int = 0) -> None:
        self.threads = threads or CORES + 1

    def run(self, kernel: Kernel, blocks: Iterator[Block], expected: str) -> Generator[tuple[Worker, Part], None, None]:
        check_worker(kernel.worker, expected)
        ahead: deque[tuple[Block, int]] = deque()  # those whose files are being worked on, with their number of groups

        def groups() -> Iterator[tuple[Item, ...]]:
            for block in blocks:
                groups = kernel.groups(block)
                ahead.append((block, len(groups)))
                yield from groups

        tables: list[pa.Table] = []
        with closing(ordered_map(kernel.read_rows, groups(), kernel.kind, threads=self.threads)) as results:
            for table in results:
                tables.append(table)
                if len(tables) == ahead[0][1]:
                    yield kernel.worker, kernel.part(ahead.popleft()[0], tables)
                    tables = []
