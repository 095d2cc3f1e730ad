"""Reads, decodes and measures every file of a dataset once, on all cores, and remembers what it found.

What is remembered is keyed by path, size and time of change, so that reopening an unchanged folder decodes nothing and
ten new files cost ten decodes. The memory is a cache: where it is missing, broken or forged it is made again.
"""

import hashlib
import json
import os
from collections.abc import Generator, Iterable, Sequence
from contextlib import closing
from pathlib import Path

import PIL

from core.datasets.scan_file import Scanned, from_row, scan_file, stamp, to_row
from core.datasets.scan_pool import CannotStartError, Found, scan_in_processes
from core.files import write_atomic
from core.home import subfolder
from core.parallel import ordered_map
from core.progress import Progress, silent

DECODER = f"2, Pillow {PIL.__version__}"  # another decoder may judge differently: what an older one said is dropped
PROCESSES_FROM = 1000  # files to read: fewer are done by threads before processes have started


def scan_files(root: Path, paths: Iterable[str], progress: Progress = silent) -> dict[str, Scanned]:
    """Reads each of `paths` below `root`, whatever it is; no file stops the scan.

    Args:
        root: The folder that the paths are relative to.
        paths: With forward slashes.
        progress: Told of phase "scan", in files. When it raises, what was found so far is remembered.
    """
    paths = list(paths)
    memory = subfolder("cache", "index") / f"{hashlib.sha256(os.fsencode(root.resolve())).hexdigest()[:20]}.json"
    known = _recall(memory)
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
            _remember(memory, found)
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


def _remember(memory: Path, found: dict[str, Scanned]) -> None:
    # What could not be read has no digest, and may be readable next time without a sign of change.
    files = {path: to_row(scanned) for path, scanned in found.items() if scanned.digest}
    write_atomic(memory, json.dumps({"decoder": DECODER, "files": files}, separators=(",", ":")))


def _recall(memory: Path) -> dict[str, Scanned]:
    """What an earlier scan remembered; entries that it cannot have written are passed over."""
    try:
        content = json.loads(memory.read_bytes())
        if content["decoder"] != DECODER:
            return {}
        files = content["files"].items()
    except (OSError, ValueError, TypeError, KeyError, AttributeError, RecursionError):
        return {}
    known = {}
    for path, row in files:
        try:
            known[path] = from_row(row)
        except ValueError:
            continue
    return {path: scanned for path, scanned in known.items() if scanned.digest}
