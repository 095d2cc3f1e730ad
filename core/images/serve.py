"""What a worker does for `core.images.isolated`: decodes one image and sends the pixels.

A reply is ["pixels", shapes] with the arrays' bytes one behind the other, ["facts", what JSON holds], ["refused",
received, expected, fix], or ["large", bytes] for an image that was left alone because it takes so much memory.
"""

from collections.abc import Iterator
from dataclasses import astuple
from pathlib import Path
from typing import Any

import numpy as np

from core.errors import ImageError, LargeImageError
from core.images import decode
from core.images.limits import Limits
from core.jobs.pool_worker import MEMORY, OWN_MEMORY, limit_memory

Reply = tuple[list[Any], bytes | memoryview]


def serve(arguments: Any, content: bytearray) -> Iterator[Reply]:
    """Yields a reply for each path to [function of `core.images.decode`, paths, its other arguments by name, limits];
    where a path is null, for the content."""
    function, paths, others, (pixels, memory) = arguments
    limit_memory(OWN_MEMORY + memory)
    for path in paths:
        source = bytes(content) if path is None else Path(path)
        try:
            yield _reply(getattr(decode, function)(source, **others, limits=Limits(pixels, memory)))
        except LargeImageError as error:
            yield ["large", error.memory], b""
        except ImageError as error:
            yield ["refused", error.received, error.expected, error.fix], b""
    limit_memory(MEMORY)


def _reply(result: Any) -> Reply:
    match result:
        case np.ndarray():
            return ["pixels", [result.shape]], _flat(result)
        case (np.ndarray() as first, np.ndarray() as second):
            return ["pixels", [first.shape, second.shape]], _flat(first).tobytes() + _flat(second)
        case (decode.ImageFacts() as facts, _):
            return ["facts", astuple(facts)], b""
        case _:
            return ["facts", astuple(result)], b""


def _flat(pixels: np.ndarray) -> memoryview:
    return np.ascontiguousarray(pixels).reshape(-1).data
