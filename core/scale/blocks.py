"""Files to work on, cut into blocks: what a worker is given at once, and what one part holds."""

import hashlib
import json
import zlib
from collections.abc import Iterable, Iterator
from dataclasses import dataclass

CUT_EVERY = 64  # of the paths, one in so many may end a block


@dataclass(frozen=True, slots=True)
class Item:
    """A file to work on.

    Attributes:
        path: What its row is called.
        file: The path or address with its bytes.
        label, split: What its folders say, or "".
        problem: Why it must not be opened, or "".
        stamp: Changes with its content, as far as a listing shows; "" where none does.
    """

    path: str
    file: str
    label: str = ""
    split: str = ""
    problem: str = ""
    stamp: str = ""


@dataclass(frozen=True, slots=True)
class Block:
    """Some files, and the key of what becomes of them: another file, setting or version gives another key."""

    key: str
    items: tuple[Item, ...]


def cut_into_blocks(items: Iterable[Item], most: int, identity: object) -> Iterator[Block]:
    """Cuts files into blocks of at most `most`, lazily.

    Where a block ends depends on the paths in it, not on its number of files alone: a file that comes or goes changes
    its own block and perhaps the next one, and a folder that grows is not computed anew.

    Args:
        items: In the order of their paths.
        identity: What else a row depends on, as JSON holds it.
    """
    block: list[Item] = []
    for item in items:
        block.append(item)
        may_end = len(block) > most // 2 and zlib.crc32(item.path.encode("utf-8", "backslashreplace")) % CUT_EVERY == 0
        if may_end or len(block) == most:
            yield _block(block, identity)
            block = []
    if block:
        yield _block(block, identity)


def _block(items: list[Item], identity: object) -> Block:
    files = [[item.path, item.label, item.split, item.problem, item.stamp] for item in items]
    content = json.dumps([identity, files], sort_keys=True).encode()
    return Block(hashlib.sha256(content).hexdigest()[:32], tuple(items))
