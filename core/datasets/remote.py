"""Zips on the web: fetched once into `home()/downloads`, and found there by their address ever after.

A source is an http(s) address, or a word of `core.datasets.public`. Addresses may hold secrets (a password, a token in
the query): what is shown, remembered or recorded is `remembered_as(url)`, which has none, and still finds the zip.
"""

import hashlib
import re
import time
import zipfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path, PurePosixPath
from urllib.parse import unquote, urlsplit

from core.addresses import is_address, shown
from core.datasets.public import published
from core.errors import ArchiveError, DatasetError, DownloadError
from core.files import write_json
from core.home import home, subfolder
from core.locks import locked
from core.partial import kept_bytes
from core.progress import Progress, silent

MAX_BYTES = 2 * 2**30
TOTAL_SECONDS = 2 * 3600.0
"""For one zip, all tries together: 2 GB at 300 KB a second."""
READ_SECONDS = 20.0
TRIES = 8
"""Connections a call, as long as each brings bytes: a break every now and then is no reason to bother the user."""
INSTEAD = "Give the address of the zip itself, not of a page about it; or open a zip that you downloaded, by its path"
_KEY = re.compile(r"#zip-([0-9a-f]{20})\Z")


def is_remote(source: object) -> bool:
    """True for a source that is fetched over the network."""
    return isinstance(source, str) and (is_address(source) or published(source) is not None)


def remembered_as(source: str) -> str:
    """The same source without anything secret: what to show, to remember and to record.

    An address that holds more than a host and a path loses the rest and gains a mark that finds the stored zip. Once
    that zip is gone, the full address must be given again.
    """
    # A host's capital letters are no secret.
    if not is_address(source) or _KEY.search(source) or shown(source).casefold() == source.casefold():
        return source
    return f"{shown(source)}#zip-{_key(source)}"


def name_of(source: str) -> str:
    """What the dataset is called: the zip's name without its ending, else the host."""
    if known := published(source):
        return known.name
    parts = urlsplit(shown(source))
    name = PurePosixPath(unquote(parts.path)).name.removesuffix(".zip")
    return " ".join("".join(c if c.isprintable() else " " for c in name).split())[:80] or parts.netloc or "zip"


def is_here(source: str) -> bool:
    """True where the zip has been fetched, so that opening it needs no network."""
    return _place(source, home() / "downloads").is_file()


def stored_zip(source: str) -> Path:
    """Where the zip lies once it has been fetched.

    Raises:
        DatasetError: It has not been.
    """
    if not is_here(source):
        raise DatasetError(f"{shown(source)} has not been downloaded", "a zip that was opened before", "Open it first")
    return _place(source, home() / "downloads")


def bytes_so_far(source: str) -> int:
    """How much of the zip a broken download has left to go on from."""
    return kept_bytes(_arriving(_place(source, home() / "downloads")))


def fetch_zip(source: str, progress: Progress = silent, *, again: bool = False) -> Path:
    """The zip of `source` on this machine, fetched where it is not there yet.

    Args:
        progress: Told of the phase "download", in bytes.
        again: Fetch it even so, because it may have changed. The old one stays where that fails.

    Raises:
        DownloadError: It cannot be had, or is no zip. What came before a break is kept: the next call goes on from it.
        Cancelled: From `progress`; what came is kept too.
    """
    target = _place(source, subfolder("downloads"))
    if target.is_file() and not again:
        return target
    if _KEY.search(source):
        raise DownloadError(
            f"The zip of {shown(source)} is no longer in {target.parent}",
            "it to be there, because only a part of its address was kept, for safety",
            "Open it again with its full address",
        )
    known = published(source)
    url, exact = (known.url, known.bytes) if known else (source, None)
    arrived = _arriving(target)
    digest = _fetch(url, arrived, exact, progress, known.instead if known else INSTEAD)
    with locked(target.with_name(f".{target.name}.lock")):
        if target.is_file() and not arrived.exists():  # another process fetched it too, and was a moment faster
            return target
        if not zipfile.is_zipfile(arrived):
            arrived.unlink()
            raise DownloadError(f"{shown(url)} sent a zip without its end", "a whole zip", "Ask whoever offers it")
        arrived.replace(target)
    note = {"url": shown(url), "bytes": target.stat().st_size, "sha256": digest, "fetched": time.time()}
    write_json(target.with_suffix(".json"), note)
    return target


@contextmanager
def fetched_zip(source: str, progress: Progress = silent) -> Iterator[Path]:
    """`fetch_zip` for a block that unpacks it: a zip that turns out to be broken is not kept for the next time."""
    path = fetch_zip(source, progress)
    try:
        yield path
    except ArchiveError:
        path.unlink(missing_ok=True)
        raise


def _fetch(url: str, target: Path, exact_bytes: int | None, progress: Progress, instead: str) -> str:
    from core.downloads import download  # httpx takes a tenth of a second to import, and most sources need none

    deadline = time.monotonic() + TOTAL_SECONDS
    for left in reversed(range(TRIES)):
        before = kept_bytes(target)
        try:
            return download(
                url,
                target,
                max_bytes=exact_bytes or MAX_BYTES,
                exact_bytes=exact_bytes,
                kind="a zip",
                begins=b"PK\x03\x04",
                resume=True,
                connect_timeout=10.0,
                read_timeout=READ_SECONDS,
                total_seconds=max(1.0, deadline - time.monotonic()),
                progress=progress,
            )
        except DownloadError as error:
            kept = kept_bytes(target)
            if kept > before and left and time.monotonic() < deadline:
                continue
            fix = f"Try again: it goes on after the {kept / 1e6:.1f} MB that are here" if kept else ""
            raise DownloadError(error.received, error.expected, ". ".join(filter(None, (fix, instead)))) from error
    raise AssertionError("the last try returns or raises")


def _place(source: str, folder: Path) -> Path:
    known = published(source)
    return folder / f"{_key(known.url if known else source)}.zip"


def _arriving(target: Path) -> Path:
    """Where the download lands: it takes the target's place once it proves to be a zip."""
    return target.with_suffix(".arriving")


def _key(source: str) -> str:
    mark = _KEY.search(source)
    return mark[1] if mark else hashlib.sha256(source.encode()).hexdigest()[:20]
