"""A kernel that only counts bytes: what a job does shows without the base. Sent to workers by its name."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, ClassVar

import pyarrow as pa

from core.errors import ImageError
from core.scale.blocks import Item
from core.scale.kernel import Kernel
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
