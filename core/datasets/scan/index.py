"""Reads, decodes and measures every file of a dataset once, on all cores, and remembers what it found.

What is remembered is keyed by path, size and time of change, so that reopening an unchanged folder decodes nothing and
ten new files cost ten decodes. The memory is a cache: where it is missing, broken or forged it is made again.
"""

import hashlib
import json
import os
import zlib
from collections.abc import Iterable, Mapping
from contextlib import closing, suppress
from pathlib import Path

import PIL

from core.datasets.scan.file import Scanned, from_row, stamp, to_row
from core.datasets.scan.pool import scan_in_processes
from core.jobs.progress import Progress, silent
from core.storage.files import crc32_of_rest, write_atomic
from core.storage.home import subfolder

DECODER = f"6, Pillow {PIL.__version__}"  # another decoder may judge differently: what an older one said is dropped


def scan_files(root: Path, paths: Iterable[str], progress: Progress = silent) -> dict[str, Scanned]:
    """Reads each of `paths` below `root`, whatever it is; no file stops the scan.

    Args:
        root: The folder that the paths are relative to.
        paths: With forward slashes.
        progress: Told of phase "scan", in files; of many files some at a time, and every half second even when nothing
            new was found. When it raises, what was found so far is remembered, and no process is at it any more.

    Raises:
        PawlabError: No process can be started here.
    """
    paths = list(paths)
    known = _recall(root)
    found = {path: known[path] for path in paths if path in known and _is_same(f"{root}/{path}", known[path])}
    todo = [path for path in paths if path not in found]
    progress("scan", len(found), len(paths))
    try:
        with closing(scan_in_processes(root, todo)) as results:
            for some in results:
                found.update(some)
                progress("scan", len(found), len(paths))
    finally:
        if todo or len(found) != len(known):
            with suppress(OSError):  # a full disk costs the next scan, not this one, nor the reason why it was stopped
                remember(root, found)
    return found


def _is_same(path: str, scanned: Scanned) -> bool:
    try:
        return stamp(path) == (scanned.bytes, scanned.changed)
    except (OSError, ValueError):
        return False


def remember(root: Path, found: Mapping[str, Scanned]) -> None:
    """Writes down what a scan found below `root`, in place of what was known."""
    # What could not be read has no digest, and may be readable next time without a sign of change.
    rows = ([path, *to_row(scanned)] for path, scanned in found.items() if scanned.digest)
    encode = json.JSONEncoder(separators=(",", ":")).encode  # json.dumps would make one for each line
    lines = "\n".join(encode(row) for row in rows).encode("ascii")
    write_atomic(_memory(root), encode([DECODER, zlib.crc32(lines)]).encode() + b"\n" + lines)


def move_memory(root: Path, target: Path) -> None:
    """What is remembered of `root` counts for `target`, to which the folder moved."""
    with suppress(OSError):
        _memory(root).replace(_memory(target))


def forget(root: Path) -> None:
    """Removes what is remembered of a folder that is gone."""
    with suppress(OSError):
        _memory(root).unlink(missing_ok=True)


def _recall(root: Path) -> dict[str, Scanned]:
    """What an earlier scan remembered; nothing where the file is not as written, by the CRC-32 in its first line.

    Line by line, because 100,000 files in one JSON object leave the server 30 MB larger.
    """
    known: dict[str, Scanned] = {}
    parse = json.JSONDecoder().raw_decode
    try:
        with _memory(root).open("rb") as file:
            if parse(file.readline().decode("ascii"))[0] != [DECODER, crc32_of_rest(file)]:
                return {}
            for line in file:
                path, *row = parse(line.decode("ascii"))[0]
                if type(path) is str and (scanned := from_row(row)).digest:
                    known[path] = scanned
    except (OSError, ValueError, TypeError, RecursionError):  # forged, sum and all
        return {}
    return known


def _memory(root: Path) -> Path:
    return subfolder("cache", "index") / f"{hashlib.sha256(os.fsencode(root.resolve())).hexdigest()[:20]}.jsonl"
