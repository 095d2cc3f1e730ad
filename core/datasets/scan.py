"""Reads and decodes every file of a dataset once, on all cores, and remembers what it found.

What is remembered is keyed by path, size and time of change, so that reopening an unchanged folder decodes nothing and
ten new files cost ten decodes. The memory is a cache: where it is missing, broken or forged it is made again.
"""

import hashlib
import json
import os
import re
from collections.abc import Iterable
from contextlib import closing
from dataclasses import astuple, dataclass
from pathlib import Path
from typing import Any

import PIL

from core.errors import ImageError
from core.files import write_atomic
from core.home import subfolder
from core.images import ImageFacts, inspect_image, read_image_file
from core.parallel import ordered_map
from core.progress import Progress, silent

DECODER = f"1, Pillow {PIL.__version__}"  # another decoder may judge differently: what an older one said is dropped


@dataclass(frozen=True, slots=True)
class Scanned:
    """What a scan found in a file: `facts` when it decodes, else None and a `reason`.

    `bytes` and `changed` (nanoseconds, the file system's time of change) tell whether the file is still the same.
    `digest` is the hexadecimal SHA-256 of its content, "" when that could not be read.
    """

    bytes: int
    changed: int
    digest: str
    facts: ImageFacts | None
    reason: str


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
    found = {path: known[path] for path in paths if path in known and _is_same(root / path, known[path])}
    todo = [path for path in paths if path not in found]
    progress("scan", len(found), len(paths))
    try:
        with closing(ordered_map(lambda path: _scan_file(root / path), todo, "scan")) as results:
            for path, scanned in zip(todo, results, strict=True):
                found[path] = scanned
                progress("scan", len(found), len(paths))
    finally:
        if todo or len(found) != len(known):
            _remember(memory, found)
    return found


def _scan_file(path: Path) -> Scanned:
    size = changed = 0
    digest = ""
    try:
        size, changed = _stamp(path)
        content = read_image_file(path)
        digest = hashlib.sha256(content).hexdigest()
        return Scanned(size, changed, digest, inspect_image(content), "")
    except ImageError as error:
        return Scanned(size, changed, digest, None, error.received)
    except (OSError, ValueError) as error:
        return Scanned(size, changed, digest, None, f"the file cannot be read: {error}")


def _stamp(path: Path) -> tuple[int, int]:
    status = path.stat()
    return status.st_size, status.st_mtime_ns


def _is_same(path: Path, scanned: Scanned) -> bool:
    try:
        return _stamp(path) == (scanned.bytes, scanned.changed)
    except (OSError, ValueError):
        return False


def _remember(memory: Path, found: dict[str, Scanned]) -> None:
    files = {
        path: [one.bytes, one.changed, one.digest, astuple(one.facts) if one.facts else one.reason]
        for path, one in found.items()
        if one.digest  # what could not be read may be readable next time, without a sign of change
    }
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
    for path, entry in files:
        match entry:
            case [int(size), int(changed), str(digest), outcome] if re.fullmatch(r"[0-9a-f]{64}", digest):
                known[path] = Scanned(size, changed, digest, *_outcome(outcome))
    return {path: scanned for path, scanned in known.items() if scanned.facts or scanned.reason}


def _outcome(value: Any) -> tuple[ImageFacts | None, str]:
    match value:
        case str(reason):
            return None, reason
        case [int(width), int(height), str(format_), str(mode)] if width > 0 and height > 0:
            return ImageFacts(width, height, format_, mode), ""
    return None, ""
