"""What a worker makes of files: rows of a table. The same class works in a thread here and in a worker far away."""

import hashlib
import json
import platform
from abc import ABC, abstractmethod
from collections.abc import Iterable, Iterator, Sequence
from contextlib import closing
from dataclasses import dataclass, fields
from functools import cached_property
from importlib.resources import files
from typing import Any, ClassVar

import pyarrow as pa
import pyarrow.parquet as pq

from core.errors import ImageError
from core.jobs.parallel import ordered_map
from core.scale.blocks import Block, Item
from core.scale.reading import read_items
from core.storage.parts import FAILED, Kind
from core.storage.places import is_place_address

PROBE = Item("probe.jpg", "")
AHEAD = 4  # groups of files at addresses that are read at once


@dataclass(frozen=True)
class Worker:
    """Who computes: the digest of what it makes of the probe, and its processor and machine in words."""

    probe: str
    processor: str


@dataclass(frozen=True)
class Part:
    """A block's rows as a Parquet file; None where the worker has written it. `failed` rows have a reason."""

    block: Block
    content: bytes | None
    failed: int


class Kernel(ABC):
    """Makes rows. It is sent to workers as it is, so its fields are data; what a worker opens once is cached there.

    Attributes:
        at_once: Files that `rows` takes at once. The base always gets a batch of this shape.
        most: Files in one part.
    """

    kind: ClassVar[Kind]
    version: ClassVar[int]
    at_once: ClassVar[int] = 4

    def __getstate__(self) -> dict[str, Any]:
        """What is sent to a worker: not what was opened here."""
        return {field.name: getattr(self, field.name) for field in fields(self)}  # type: ignore[arg-type]

    @property
    @abstractmethod
    def most(self) -> int: ...

    @property
    @abstractmethod
    def settings(self) -> dict[str, Any]:
        """What the rows depend on beside the files, as JSON holds it."""

    @property
    def identity(self) -> object:
        return [self.kind, self.version, self.settings]

    @abstractmethod
    def rows(self, items: Sequence[Item], contents: Sequence[bytes | ImageError]) -> pa.Table:
        """The rows of at most `at_once` files, in their order; the last column is what is computed. Safe to call from
        several threads."""

    def part(self, block: Block, tables: Iterable[pa.Table] | None = None) -> Part:
        """A block's part, from its rows or computed now."""
        table = pa.concat_tables(tables or self._tables(block))
        failed = len(table) - table["reason"].to_pylist().count("")
        sink = pa.BufferOutputStream()
        table = table.combine_chunks().replace_schema_metadata({FAILED: str(failed)})
        pq.write_table(table, sink, compression="zstd", use_dictionary=["label", "split"], write_statistics=False)
        return Part(block, sink.getvalue().to_pybytes(), failed)

    def _tables(self, block: Block) -> Iterator[pa.Table]:
        """On one core. Files at addresses are read ahead of it, as many as this machine's cores can have waiting."""
        groups = self.groups(block)
        if not any(is_place_address(item.file) for item in block.items):
            yield from map(self.read_rows, groups)
            return
        with closing(ordered_map(read_items, groups, "ahead", threads=AHEAD)) as contents:
            yield from map(self.rows, groups, contents)

    def groups(self, block: Block) -> list[tuple[Item, ...]]:
        """The files of a block as `rows` takes them."""
        return [block.items[at : at + self.at_once] for at in range(0, len(block.items), self.at_once)]

    def read_rows(self, items: Sequence[Item]) -> pa.Table:
        """`rows` of files that are read now. Raises OSError where their storage fails."""
        return self.rows(items, read_items(items))

    @cached_property
    def worker(self) -> Worker:
        """Who this is: what it makes of the probe takes part in everything that decides bits, from decoder to head."""
        content = files("core.scale").joinpath("probe.jpg").read_bytes()
        rows = self.rows([PROBE], [content]).to_pylist()
        digest = hashlib.sha256(json.dumps(rows, default=str, sort_keys=True).encode()).hexdigest()
        return Worker(digest, f"{_processor()} ({platform.node()})")


def _processor() -> str:
    try:
        with open("/proc/cpuinfo", encoding="utf-8") as file:  # noqa: PTH123 - no file of ours
            names = (line.partition(":")[2].strip() for line in file if line.startswith("model name"))
            return next(names, platform.machine())
    except OSError:
        return platform.processor() or platform.machine()
