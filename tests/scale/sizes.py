"""Small kernels. One only counts bytes: what a job does shows without the base. Workers find them by their name."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, ClassVar

import pyarrow as pa

from core.errors import ImageError
from core.scale.blocks import Item
from core.scale.kernel import Kernel
from core.scale.scan import ScanKernel
from core.storage.parts import Kind


@dataclass(frozen=True)
class SizeKernel(Kernel):
    kind: ClassVar[Kind] = "scan"
    version: ClassVar[int] = 1

    factor: int = 1
    most: int = 8

    @property
    def settings(self) -> dict[str, Any]:
        return {"factor": self.factor}

    def rows(self, items: Sequence[Item], contents: Sequence[bytes | ImageError]) -> pa.Table:
        return pa.table(
            {
                "path": [item.path for item in items],
                "label": [item.label for item in items],
                "split": [item.split for item in items],
                "reason": ["" if isinstance(one, bytes) else one.received for one in contents],
                "size": [len(one) * self.factor if isinstance(one, bytes) else None for one in contents],
            }
        )


@dataclass(frozen=True)
class SmallScan(ScanKernel):
    """In many parts."""

    at_once: ClassVar[int] = 4
    most: ClassVar[int] = 4
