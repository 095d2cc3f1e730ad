"""What a worker does for a scan: reads, decodes and measures files.

A reply is a list of rows (`core.datasets.scan.file.to_row`) in the order of the paths, the bytes of memory that it
takes for a large image that was left alone. Replies come every 50 ms, or after each file that takes longer.
"""

import time
from collections.abc import Iterator
from typing import Any

from PIL import Image

from core.datasets.scan.file import Scanned, look_at, measured, to_row
from core.errors import LargeImageError
from core.images.limits import Limits
from core.jobs.pool_worker import OWN_MEMORY, limit_memory

_REPLY_EVERY = 0.05  # seconds
Looked = tuple[Scanned, Image.Image | None]


def serve(arguments: Any, _: bytearray) -> Iterator[tuple[list[Any], bytes]]:
    """Yields the replies to [root, the bytes that decoding an image may take, [paths]]."""
    root, memory, paths = arguments
    limit_memory(OWN_MEMORY + memory)
    limits = Limits(memory=memory)
    looked: list[Looked | int] = []
    replied = time.monotonic()
    for path in paths:
        if looked and time.monotonic() - replied > _REPLY_EVERY:
            yield _rows(looked), b""
            looked = []
            replied = time.monotonic()
        try:
            looked.append(look_at(f"{root}/{path}", limits))
        except LargeImageError as error:
            looked.append(error.memory)
    yield _rows(looked), b""


def _rows(looked: list[Looked | int]) -> list[Any]:
    # Measured together: the decoder's and the measures' code drive each other out of the processor's cache, which costs
    # a fifth of the time where images are small.
    scanned = iter(measured([one for one in looked if not isinstance(one, int)]))
    return [one if isinstance(one, int) else to_row(next(scanned)) for one in looked]
