"""Zips on the web: downloaded once into `home()/downloads`, where their address finds them again."""

import time
import zipfile
from pathlib import Path

from core.datasets.public import cats_and_dogs
from core.datasets.source import Source
from core.errors import DownloadError
from core.jobs.progress import Progress, silent
from core.net.addresses import shown
from core.storage.files import write_json
from core.storage.home import subfolder

MAX_BYTES = 2 * 2**30
TOTAL_SECONDS = 2 * 3600.0
"""For one zip, all attempts together: 2 GB at 300 kB a second."""
READ_SECONDS = 20.0
TRIES = 8
"""Connections per download, as long as each brings bytes: an occasional break need not bother the user."""
INSTEAD = "Give the address of the zip itself, not of a page about it; or open a zip that you downloaded, by its path"


def bytes_so_far(source: Source) -> int:
    """How much of the zip an interrupted download has left, for the next one to go on from."""
    from core.net.download import kept_bytes  # httpx takes a tenth of a second to import, and most sources need none

    return kept_bytes(source.path)


def fetch_zip(source: Source, progress: Progress = silent, *, again: bool = False) -> Path:
    """Downloads the zip of `source` to `source.path`, unless it is there.

    Args:
        source: A remote one.
        progress: Told of the phase "download", in bytes.
        again: Download it anyway, because it may have changed. The old one stays if that fails.

    Returns:
        `source.path`.

    Raises:
        DownloadError: It cannot be downloaded, or is no zip. What arrived before a break is kept: the next call goes on
            from there.
        Cancelled: From `progress`; what arrived is kept too.
    """
    target = source.path
    if target.is_file() and not again:
        return target
    if not source.url:
        raise DownloadError(
            f"The zip of {shown(source.shown)} is no longer on this machine",
            "it to be there, because only the part of its address without secrets was stored",
            "Open it again with its full address",
        )
    known = cats_and_dogs() if source.kind == "public" else None
    exact, instead = (known.bytes, known.instead) if known else (None, INSTEAD)
    subfolder("downloads")
    digest = _fetch(source.url, target, exact, progress, instead)
    note = {"url": shown(source.url), "bytes": target.stat().st_size, "sha256": digest, "fetched": time.time()}
    write_json(target.with_suffix(".json"), note)
    return target


def _fetch(url: str, target: Path, exact_bytes: int | None, progress: Progress, instead: str) -> str:
    from core.net.download import download, kept_bytes
    from core.net.stream import Limits

    deadline = time.monotonic() + TOTAL_SECONDS
    for left in reversed(range(TRIES)):
        before = kept_bytes(target)
        try:
            limits = Limits(
                max_bytes=exact_bytes or MAX_BYTES,
                kind="a zip",
                begins=lambda begin: begin.startswith(b"PK\x03\x04"),
                intact=lambda file: zipfile.is_zipfile(file) and exact_bytes in (None, file.stat().st_size),
                connect_seconds=10.0,
                read_seconds=READ_SECONDS,
                total_seconds=max(1.0, deadline - time.monotonic()),
            )
            return download(url, target, limits, progress)
        except DownloadError as error:
            so_far = kept_bytes(target)
            if so_far > before and left and time.monotonic() < deadline:
                continue
            fix = f"Try again: it continues after the {so_far / 1e6:.1f} MB that are here" if so_far else ""
            raise DownloadError(error.received, error.expected, ". ".join(filter(None, (fix, instead)))) from error
    raise AssertionError("the last try returns or raises")
