"""Reads, decodes and measures every file of a dataset once, on all cores, and remembers what it found.

What is remembered is keyed by path, size and time of change, so that reopening an unchanged folder decodes nothing and
ten new files cost ten decodes. The memory is a cache: where it is missing, broken or forged it is made again.
"""

import hashlib
import json
import os
from collections.abc import Generator, Iterable, Mapping, Sequence
from contextlib import closing, suppress
from itertools import chain
from pathlib import Path

import PIL

from core.datasets.scan_file import Scanned, from_row, scan_file, stamp, to_row
from core.datasets.scan_pool import Found, scan_in_processes
from core.datasets.scan_process import CannotStartError
from core.files import write_atomic
from core.home import subfolder
from core.parallel import ordered_map
from core.progress import Progress, silent

DECODER = f"5, Pillow {PIL.__version__}"  # another decoder may judge differently: what an older one said is dropped
# Files to read. Processes take 0.3 seconds to start, in which threads do 1,000 small pictures; with 25,000 they take a
# third of the threads' time. In between they are worth it for what a hostile file cannot do to the server.
PROCESSES_FROM = 1000


def scan_files(root: Path, paths: Iterable[str], progress: Progress = silent) -> dict[str, Scanned]:
    """Reads each of `paths` below `root`, whatever it is; no file stops the scan.

    Args:
        root: The folder that the paths are relative to.
        paths: With forward slashes.
        progress: Told of phase "scan", in files; of many files some at a time, and every half second even when nothing
            new was found. When it raises, what was found so far is remembered, and every process has ended.
    """
    paths = list(paths)
    known = _recall(root)
    found = {path: known[path] for path in paths if path in known and _is_same(f"{root}/{path}", known[path])}
    todo = [path for path in paths if path not in found]
    progress("scan", len(found), len(paths))
    try:
        with closing(_scan(root, todo)) as results:
            for some in results:
                found.update(some)
                progress("scan", len(found), len(paths))
    finally:
        if todo or len(found) != len(known):
            with suppress(OSError):  # a full disk costs the next scan, not this one, nor the reason why it was stopped
                remember(root, found)
    return found


def _scan(root: Path, paths: Sequence[str]) -> Generator[Found, None, None]:
    if len(paths) >= PROCESSES_FROM:
        left = dict.fromkeys(paths)
        try:
            with closing(scan_in_processes(root, paths)) as results:
                for some in results:
                    yield some
                    for path, _ in some:
                        del left[path]
            return
        except CannotStartError:  # where a machine allows no processes, slowly is better than not at all
            paths = list(left)
    with closing(ordered_map(lambda path: scan_file(f"{root}/{path}"), paths, "scan")) as scanned:
        for path, one in zip(paths, scanned, strict=True):
            yield [(path, one)]


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
    write_atomic(_memory(root), "\n".join(encode(row) for row in chain([[DECODER]], rows)))


def _recall(root: Path) -> dict[str, Scanned]:
    """What an earlier scan remembered; lines that it cannot have written are passed over.

    Line by line, because 100,000 files in one JSON object leave the server 30 MB larger.
    """
    known: dict[str, Scanned] = {}
    parse = json.JSONDecoder().raw_decode
    try:
        with _memory(root).open(encoding="ascii", errors="replace") as lines:
            if lines.readline().rstrip() != json.dumps([DECODER]):
                return {}
            for line in lines:
                try:
                    path, *row = parse(line)[0]
                    if type(path) is str and (scanned := from_row(row)).digest:
                        known[path] = scanned
                except (ValueError, TypeError, RecursionError):
                    continue
    except OSError:
        return {}
    return known


def _memory(root: Path) -> Path:
    return subfolder("cache", "index") / f"{hashlib.sha256(os.fsencode(root.resolve())).hexdigest()[:20]}.jsonl"
