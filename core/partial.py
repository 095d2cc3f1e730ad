"""What came of a download before it broke, kept beside its target so that the next try goes on from there.

Two hidden files: the bytes, and a note of which file they begin. Without a sound note the bytes are worth nothing and
are dropped. One download at a time owns them, by a lock that ends with its process; a second one works in a file of its
own. Covers a kill at any moment; after a power cut the server's check of the overlap finds a tail that was lost.
"""

import hashlib
import json
import re
import uuid
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from email.utils import parsedate_to_datetime
from pathlib import Path

from core.files import write_json
from core.locks import try_lock

OVERLAP = 64 * 1024
"""Bytes that are fetched once more and compared: the last proof that both parts are of one file."""


@dataclass(frozen=True)
class Rest:
    """What is still wanted: from byte `start` on, of the file that `validator` names and that has `total` bytes."""

    start: int
    validator: str
    total: int

    def is_sent_with(self, headers: Mapping[str, str]) -> bool:
        """True where a 206's headers say that it is this part, of the same file."""
        part = re.fullmatch(r"bytes (\d{1,18})-(\d{1,18})/(\d{1,18})", headers.get("Content-Range", ""))
        same = validator_of(headers) in ("", self.validator)
        return part is not None and same and tuple(map(int, part.groups())) == (self.start, self.total - 1, self.total)


def validator_of(headers: Mapping[str, str]) -> str:
    """What names this very content: a strong ETag, else a Last-Modified that a second change would have moved; else ""
    (RFC 9110, section 8.8.2.2)."""
    etag = headers.get("ETag", "")
    if etag:
        return "" if etag.startswith("W/") else etag
    modified = headers.get("Last-Modified", "")
    try:
        age = parsedate_to_datetime(headers.get("Date", "")) - parsedate_to_datetime(modified)
        return modified if age.total_seconds() >= 1 else ""
    except (TypeError, ValueError):
        return ""


class Partial:
    """The bytes so far. `path` is where they are written; it exists once `begin` was called."""

    def __init__(self, path: Path, note: Path, url: str) -> None:
        self.path, self._note = path, note
        self._url = hashlib.sha256(url.encode()).hexdigest()  # addresses may hold passwords

    def rest(self) -> Rest | None:
        """What to ask for so that the bytes at hand can be used; None where there are none that can."""
        try:
            note = json.loads(self._note.read_bytes())
            match note:
                case {"url": self._url, "validator": str(validator), "total": int(total)} if validator:
                    start = self.path.stat().st_size - OVERLAP
                    return Rest(start, validator, total) if 0 < start < total else None
        except (OSError, ValueError, RecursionError):
            pass
        return None

    def begin(self, validator: str, total: int) -> None:
        """Forgets what was there. With an empty `validator` the bytes to come cannot be continued after a break."""
        self.drop()
        self.path.touch()
        if validator and total > OVERLAP:
            write_json(self._note, {"url": self._url, "validator": validator, "total": total})

    def move_to(self, target: Path) -> None:
        self.path.replace(target)
        self._note.unlink(missing_ok=True)

    def drop(self) -> None:
        self._note.unlink(missing_ok=True)  # first: bytes without a note are never continued
        self.path.unlink(missing_ok=True)


@contextmanager
def partial_of(target: Path, url: str, *, keep: bool) -> Iterator[Partial]:
    """Yields the partial file of a download of `url` to `target`, whose folder exists.

    Args:
        keep: Leave it when the block ends without `move_to`, where the next call can go on from it. Else it is a file
            that no other download touches, and vanishes.
    """
    if keep:
        with target.with_name(f".{target.name}.lock").open("ab") as lock:
            if try_lock(lock):
                mine = Partial(*_names(target, f".{target.name}.part"), url)
                try:
                    yield mine
                finally:
                    if mine.rest() is None:
                        mine.drop()
                return
    mine = Partial(*_names(target, f".{target.name}.{uuid.uuid4().hex[:8]}.tmp"), url)
    try:
        yield mine
    finally:
        mine.drop()


def kept_bytes(target: Path) -> int:
    """How many bytes of `target` a broken download has left; 0 where there are none."""
    part, note = _names(target, f".{target.name}.part")
    try:
        return part.stat().st_size if note.exists() else 0
    except OSError:
        return 0


def _names(target: Path, name: str) -> tuple[Path, Path]:
    return target.with_name(name), target.with_name(f"{name}.json")
