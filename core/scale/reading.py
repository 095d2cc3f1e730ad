"""The bytes of files, wherever they lie."""

from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from functools import cache, lru_cache
from pathlib import Path
from typing import Any
from urllib.parse import unquote

from core.errors import ImageError
from core.images.files import MAX_BYTES, not_decoded, read_image_file
from core.scale.blocks import Item
from core.storage.places import is_place_address, open_address

AT_ONCE = 16  # requests to storage at addresses, each of which waits for tens of milliseconds


def read_items(items: Sequence[Item]) -> list[bytes | ImageError]:
    """The content of each file, or why it has none. Safe to call from several threads.

    Raises:
        OSError: Storage at an address fails, which may pass: that says nothing of the file.
    """
    if any(is_place_address(item.file) for item in items):
        return list(_threads().map(_read_item, items))
    return [_read_item(item) for item in items]


def _read_item(item: Item) -> bytes | ImageError:
    try:
        if item.problem:
            return not_decoded(item.problem)
        return _read_address(item.file) if is_place_address(item.file) else read_image_file(Path(item.file))
    except ImageError as error:
        return error


def _read_address(address: str) -> bytes:
    path, question, query = address.partition("?")
    folder, _, name = path.rpartition("/")
    files, root = _opened(folder + question + query)
    try:
        with files.open_input_file(f"{root}/{unquote(name)}") as file:
            if (size := file.size()) > MAX_BYTES:
                raise not_decoded(f"the file has {size / 2**20:.0f} MB")
            content: bytes = file.read(size)
            return content
    except FileNotFoundError as error:
        raise not_decoded("the file cannot be read: no such file") from error


@lru_cache(64)
def _opened(folder: str) -> tuple[Any, str]:
    return open_address(folder)


@cache
def _threads() -> ThreadPoolExecutor:
    return ThreadPoolExecutor(AT_ONCE, "read")
