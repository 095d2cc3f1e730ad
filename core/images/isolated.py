"""Decoding where it can do no harm: `core.images.decode` in a worker that may be lost (`core.jobs.pool`).

Whatever a stranger sends comes through here: an upload, a zip, a frame of a camera, the image at an address, a folder
on the command line. A file that crashes the decoder, hangs it or wants too much memory is an `ImageError` like any
other, and no other file suffers. All functions may be called from many threads.

It costs 0.1 ms an image (0.4 where the cores are busy), and 0.4 s for the first one, in which a worker starts.

Small images are decoded side by side, each with `SMALL_MEMORY`; of larger ones as many as fit into `MAX_MEMORY`.
"""

from collections.abc import Sequence
from contextlib import nullcontext
from pathlib import Path
from typing import Any

import numpy as np

from core.errors import ImageError, LargeImageError
from core.images import decode
from core.images.crop import Crop
from core.images.decode import ImageFacts
from core.images.exif import Exif
from core.images.files import MAX_BYTES, MAX_JPEG_PIXELS, not_decoded
from core.images.limits import MAX_MEMORY, SMALL_MEMORY, Limits
from core.jobs.budget import MemoryBudget
from core.jobs.pool import POOL, WorkerDiedError

LARGE_IMAGES = MemoryBudget(MAX_MEMORY)
"""What all threads of this process take from while their workers decode images that are not small."""
SERVE = "core.images.serve:serve"
CRASHED = "the decoder crashed on it"


def load_image(
    source: bytes | Path, size: int, max_pixels: int = MAX_JPEG_PIXELS, *, crop: Crop = "squeeze"
) -> np.ndarray:
    """`core.images.decode.load_image` in a worker.

    Args:
        source: The file's content or where it lies.
        size: Side of the square in pixels, 1 or more.
        max_pixels: More than these are refused before anything is decoded, for who must answer many strangers at
            once.
        crop: How it becomes a square.

    Returns:
        uint8 (size, size, 3), RGB, 0..255.

    Raises:
        ImageError: The file is no image that we decode; `received` is the reason in a few words.
    """
    (square,) = _pixels("load_image", source, {"size": size, "crop": crop}, max_pixels, 1)
    return square


def load_images(sources: Sequence[bytes | Path], size: int, *, crop: Crop = "squeeze") -> list[np.ndarray | ImageError]:
    """`load_image` of each, or its error. Files are one request: a worker that waits for the next one, and a thread
    that waits for each reply, lose a third of the time of a small image."""
    replies = iter(_replies([str(source.absolute()) for source in sources if isinstance(source, Path)], size, crop))
    return [
        _loaded(source, size, crop, next(replies, None) if isinstance(source, Path) else None) for source in sources
    ]


def load_scanned_image(path: Path, size: int, *, crop: Crop = "squeeze") -> np.ndarray:
    """`load_image` of a file that a scan has decoded before: in this process, which saves the way to a worker for each
    of thousands of images. A large one is decoded in a worker all the same, within the memory of all.

    Raises:
        ImageError: As `load_image`.
    """
    try:
        return decode.load_image(path, size, Limits(memory=SMALL_MEMORY), crop=crop)
    except LargeImageError:
        return load_image(path, size, crop=crop)


def load_views(
    source: bytes | Path, size: int, longest: int, *, crop: Crop = "squeeze"
) -> tuple[np.ndarray, np.ndarray]:
    """`core.images.decode.load_views` in a worker: the image as a network sees it and as people do.

    Args:
        source: The file's content or where it lies.
        size: Side of the network's square in pixels.
        longest: The longest side of the other in pixels, at most.
        crop: How the first becomes a square.

    Returns:
        What `load_image` gives, and the whole image, uint8 (height, width, 3), RGB.

    Raises:
        ImageError: As `load_image`.
    """
    wanted = {"size": size, "longest": longest, "crop": crop}
    square, view = _pixels("load_views", source, wanted, MAX_JPEG_PIXELS, 2)
    return square, view


def decode_image(source: bytes | Path, longest: int | None = None) -> np.ndarray:
    """`core.images.decode.decode_image` in a worker: the whole image, for looking at.

    Args:
        source: The file's content or where it lies.
        longest: The longest side of the result in pixels, at most; the aspect is kept and nothing is enlarged.

    Returns:
        uint8 (height, width, 3), RGB, 0..255, the right way up.

    Raises:
        ImageError: As `load_image`.
    """
    (view,) = _pixels("decode_image", source, {"longest": longest}, MAX_JPEG_PIXELS, 1)
    return view


def inspect_image(source: bytes | Path) -> ImageFacts:
    """The facts of an image, after a decode that proves that the whole file can be read.

    Raises:
        ImageError: As `load_image`.
    """
    facts, _ = _reply("inspect_image", source, {}, MAX_JPEG_PIXELS)
    match facts:
        case [int(), int(), str(), str(), int()]:
            return ImageFacts(*facts)
    raise not_decoded(CRASHED)


def read_exif(source: bytes | Path) -> Exif:
    """What a camera wrote into an image, as words; nothing where that is broken.

    Raises:
        ImageError: As `load_image`.
    """
    exif, _ = _reply("read_exif", source, {}, MAX_JPEG_PIXELS)
    match exif:
        case [dict() as facts, str(position), bool(block)] if all(isinstance(text, str) for text in facts.values()):
            return Exif(facts, position, block)
    raise not_decoded(CRASHED)


def _replies(paths: list[str], size: int, crop: Crop) -> list[Any]:
    """The worker's, up to its end, and then the reason if it took too long."""
    replies: list[Any] = []
    if paths:
        try:
            with POOL.worker() as worker:
                wanted = {"size": size, "crop": crop}
                worker.request(SERVE, ["load_image", paths, wanted, [MAX_JPEG_PIXELS, SMALL_MEMORY]])
                for _ in paths:
                    replies.append(worker.reply())  # noqa: PERF401 - those before its end count
        except WorkerDiedError as error:
            replies += [error.reason] if error.hung else []
    return replies


def _loaded(source: bytes | Path, size: int, crop: Crop, reply: Any) -> np.ndarray | ImageError:
    """What has no pixels yet (it is refused, or large, or nobody replied) is asked for alone."""
    try:
        match reply:
            case ["pixels", shapes], payload:
                return _arrays(shapes, payload, 1)[0]
            case str(reason):
                return not_decoded(reason)
        return load_image(source, size, crop=crop)
    except ImageError as error:
        return error


def _pixels(
    function: str, source: bytes | Path, arguments: dict[str, Any], max_pixels: int, num: int
) -> list[np.ndarray]:
    return _arrays(*_reply(function, source, arguments, max_pixels), num)


def _arrays(shapes: Any, payload: bytearray, num: int) -> list[np.ndarray]:
    """What the worker sends: `num` arrays, each of three channels."""
    try:
        ends = np.cumsum([height * width * 3 for height, width, channels in shapes])
        parts = np.split(np.frombuffer(payload, np.uint8), ends[: num - 1])
        return [part.reshape(height, width, 3) for part, (height, width, _) in zip(parts, shapes, strict=True)]
    except (TypeError, ValueError) as error:
        raise not_decoded(CRASHED) from error


def _reply(function: str, source: bytes | Path, arguments: dict[str, Any], max_pixels: int) -> tuple[Any, bytearray]:
    """What the worker found, which may say first how much memory it needs."""
    content, path = b"", None
    if isinstance(source, bytes):
        if len(source) > MAX_BYTES:
            raise not_decoded(f"the file has {len(source) / 2**20:.0f} MB")
        content = source
    else:
        path = str(source.absolute())  # a worker stands where we stood when it began
    memory = 0
    for _ in range(2):
        with LARGE_IMAGES.take(memory) if memory else nullcontext():
            message, payload = _ask([function, [path], arguments, [max_pixels, memory or SMALL_MEMORY]], content)
        match message:
            case ["large", int(need)] if 0 < need <= MAX_MEMORY:
                memory = need
            case ["pixels" | "facts", result]:
                return result, payload
            case ["refused", str(received), str(expected), str(fix)]:
                raise ImageError(received, expected, fix)
            case _:
                break
    raise not_decoded(CRASHED)


def _ask(request: list[Any], content: bytes) -> tuple[Any, bytearray]:
    """A worker may die of age, or of the file that it had before: a second one decides."""
    for attempt in (1, 2):
        try:
            with POOL.worker() as worker:
                worker.request(SERVE, request, content)
                return worker.reply()
        except WorkerDiedError as error:
            if error.hung or attempt == 2:
                raise not_decoded(error.reason) from error
    raise AssertionError
