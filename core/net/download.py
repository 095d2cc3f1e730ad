"""A file from the web: nothing under the target's name unless it came whole, and never a wait without an end.

What a broken download leaves are two hidden files beside its target: the bytes, and the strong ETag of the file that
they begin, without which they are dropped. Does not keep a server on the local network from being asked: the user
chooses the address.
"""

import hashlib
import re
import uuid
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import httpx

from core.errors import DownloadError
from core.jobs.progress import Progress, silent
from core.net.stream import CHUNK_BYTES, Limits, Refused, Transfer, open_stream, read_body
from core.storage.files import write_atomic
from core.storage.locks import try_lock
from core.text.lines import error_line


def download(url: str, target: Path, limits: Limits, progress: Progress = silent) -> str:
    """Fetches `url` into the file `target` and gives the content's hexadecimal SHA-256.

    What came before a break is kept beside `target`, whose folder exists, and the next call for the same `target` goes
    on from there. Where the server has another file by then, or cannot send a part, the whole is fetched anew. What
    `progress`, told of the phase "download" in bytes, raises stops it.

    Raises:
        DownloadError: Anything went wrong; `target` is as it was before.
    """
    transfer = Transfer(url, limits, progress)
    try:
        with _part_of(target) as part:
            digest = _fetch(transfer, part)
            part.replace(target)
            return digest
    except OSError as error:
        raise DownloadError(f"{transfer.name} could not be stored in {target.parent}: {error_line(error)}") from error


def kept_bytes(target: Path) -> int:
    """How many bytes of `target` a broken download has left; 0 where there are none."""
    return _kept(target.with_name(f".{target.name}.part"))[0]


@contextmanager
def _part_of(target: Path) -> Iterator[Path]:
    """The file that a download is written to. The lock ends with its process; who comes meanwhile has another file."""
    with target.with_name(f".{target.name}.lock").open("ab") as lock:
        owned = try_lock(lock)
        part = target.with_name(f".{target.name}.{'part' if owned else uuid.uuid4().hex[:8] + '.tmp'}")
        try:
            yield part
        except (Refused, OSError):
            _drop(part)
            raise
        finally:
            if not (owned and _kept(part)[0]):
                _drop(part)


def _kept(part: Path) -> tuple[int, str]:
    """How many bytes can be continued, and the ETag of their file; 0 where none can."""
    try:
        return part.stat().st_size, part.with_suffix(".etag").read_text()
    except (OSError, UnicodeError):
        return 0, ""


def _drop(part: Path) -> None:
    part.with_suffix(".etag").unlink(missing_ok=True)  # first: bytes without a note are never continued
    part.unlink(missing_ok=True)


def _fetch(transfer: Transfer, part: Path) -> str:
    start, etag = _kept(part)
    with open_stream(transfer, {"Range": f"bytes={start}-", "If-Range": etag} if start else {}) as response:
        if response.status_code == 200:
            return _store(response, transfer, part)
        sent = re.fullmatch(rf"bytes {start}-(\d{{1,18}})/(\d{{1,18}})", response.headers.get("Content-Range", ""))
        if sent and int(sent[1]) + 1 == int(sent[2]) and response.headers.get("ETag") == etag:
            return _store(response, transfer, part, start, int(sent[2]))
    _drop(part)  # another part than the one asked for, or none
    return _fetch(transfer, part)


def _store(response: httpx.Response, transfer: Transfer, part: Path, start: int = 0, total: int = 0) -> str:
    """Writes the body into `part`, from byte `start` on. Gives the whole's SHA-256."""
    if not start:
        _drop(part)
        if (etag := response.headers.get("ETag", "")).startswith('"') and etag.isascii():  # a strong one
            write_atomic(part.with_suffix(".etag"), etag)
    digest = hashlib.sha256()
    with part.open("r+b" if start else "wb") as file:
        for position in range(0, start, CHUNK_BYTES):
            digest.update(file.read(min(CHUNK_BYTES, start - position)))
            transfer.check()  # gigabytes take seconds, in which the caller may want to stop
        for chunk in read_body(response, transfer, start, total):
            file.write(chunk)
            digest.update(chunk)
    if not transfer.limits.intact(part):
        raise Refused(f"{transfer.name} sent {transfer.limits.kind} that is damaged", "a whole one")
    return digest.hexdigest()
