"""What a worker does for `core.images.isolated`: decodes one image and sends the pixels.

A reply is ["pixels", shapes] with the arrays' bytes one behind the other, ["facts", what JSON holds], ["refused",
received, expected, fix], or ["large"] for an image that was left alone.
"""

from collections.abc import Iterator
from dataclasses import astuple
from pathlib import Path
from typing import Any

import numpy as np

from core.errors import ImageError, LargeImageError
from core.images import decode
from core.images.decode import Limits
from core.jobs.pool_worker import LARGE_MEMORY, MEMORY, limit_memory

Reply = tuple[list[Any], bytes | memoryview]


def serve(arguments: Any, content: bytearray) -> Iterator[Reply]:
    """Yields a reply for each path to [function of `core.images.decode`, paths, its other arguments, limits]; where a
    path is null, for the content."""
    function, paths, others, (pixels, large) = arguments
    limit_memory(LARGE_MEMORY if large else MEMORY)
    for path in paths:
        source = bytes(content) if path is None else Path(path)
        try:
            yield _reply(getattr(decode, function)(source, *others, Limits(pixels, large)))
        except LargeImageError:
            yield ["large"], b""
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
