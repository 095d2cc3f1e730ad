"""Bounded downloads: nothing under the target's name unless it came whole, and never a wait without an end.

Covers servers that stall, drip, lie about the length, send too much, redirect for ever or to another kind of address.
Does not resume, and does not keep a server on the local network from being asked: the user chooses the address.
"""

import asyncio
import hashlib
import uuid
from collections.abc import Coroutine
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import httpx

from core.errors import DownloadError
from core.progress import Progress, silent

MAX_REDIRECTS = 5
_CHUNK_BYTES = 256 * 1024


def download(
    url: str,
    target: Path,
    *,
    max_bytes: int,
    sha256: str | None = None,
    connect_timeout: float = 3.0,
    read_timeout: float = 10.0,
    total_seconds: float = 300.0,
    phase: str = "download",
    progress: Progress = silent,
) -> str:
    """Fetches `url` into the file `target` and gives the content's hexadecimal SHA-256.

    Args:
        url: http or https.
        target: Written under a temporary name beside it, then renamed; its folder exists.
        max_bytes: A longer body is refused, by its Content-Length where there is one, else once that much came.
        sha256: What the content's SHA-256 must be.
        connect_timeout: Seconds to reach a server, name look-up included.
        read_timeout: Seconds without a byte.
        total_seconds: Seconds for everything, however lively the server is.
        phase: What `progress` calls the job; it counts bytes.

    Raises:
        DownloadError: Anything went wrong; `target` is as it was before.
    """
    timeout = httpx.Timeout(read_timeout, connect=connect_timeout)
    temporary = target.with_name(f".{target.name}.{uuid.uuid4().hex[:8]}.tmp")
    try:
        # asyncio for its timeout alone: it ends any wait, also for headers that come byte by byte
        fetch = asyncio.wait_for(_fetch(url, temporary, max_bytes, timeout, phase, progress), total_seconds)
        digest = _run(fetch)
        if sha256 is not None and digest != sha256.lower():
            raise DownloadError(f"{shown(url)} sent a file with SHA-256 {digest}", sha256)
        temporary.replace(target)
    except DownloadError:
        raise
    except TimeoutError as error:
        raise DownloadError(f"{shown(url)} took longer than {total_seconds:g} seconds") from error
    except httpx.ConnectTimeout as error:
        raise DownloadError(f"{shown(url)} could not be reached within {connect_timeout:g} seconds") from error
    except httpx.TimeoutException as error:
        raise DownloadError(f"{shown(url)} sent nothing for {read_timeout:g} seconds") from error
    # ImportError: the environment asks for a SOCKS proxy, which httpx does with an extra package only
    except (httpx.HTTPError, httpx.InvalidURL, ValueError, ImportError) as error:
        raise DownloadError(f"{shown(url)} could not be fetched: {_one_line(error)}") from error
    except OSError as error:
        raise DownloadError(f"{shown(url)} could not be stored in {target.parent}: {_one_line(error)}") from error
    finally:
        temporary.unlink(missing_ok=True)
    return digest


def _run(work: Coroutine[Any, Any, str]) -> str:
    """`asyncio.run`, on a thread of its own where this one runs an event loop already."""
    try:
        asyncio.get_running_loop()
    except RuntimeError:
        return asyncio.run(work)
    with ThreadPoolExecutor(1, "download") as pool:
        return pool.submit(asyncio.run, work).result()


def shown(url: str) -> str:
    """An address for messages and records: without user, password, query and fragment, which may be secret."""
    try:
        parts = urlsplit(url)
        host = parts.hostname or ""
        port = f":{parts.port}" if parts.port else ""
    except ValueError:
        return "The address"
    return f"{parts.scheme}://{host}{port}{parts.path}"


async def _fetch(
    url: str, temporary: Path, max_bytes: int, timeout: httpx.Timeout, phase: str, progress: Progress
) -> str:
    # identity: the length that the server names is then the length that we count, and nothing inflates on the way
    async with httpx.AsyncClient(timeout=timeout, headers={"Accept-Encoding": "identity"}) as client:
        address = httpx.URL(url)
        for _ in range(MAX_REDIRECTS + 1):
            if address.scheme not in ("http", "https"):
                raise DownloadError(f"{shown(url)} leads to {address.scheme or 'no scheme'}", "http or https")
            async with client.stream("GET", address) as response:
                if response.has_redirect_location:
                    following = address.join(response.headers["Location"])
                    if (address.scheme, following.scheme) == ("https", "http"):
                        raise DownloadError(f"{shown(url)} leads from https to http", "https all the way")
                    address = following
                    continue
                return await _store(response, url, temporary, max_bytes, phase, progress)
    raise DownloadError(f"{shown(url)} redirects more than {MAX_REDIRECTS} times", "a file")


async def _store(
    response: httpx.Response, url: str, temporary: Path, max_bytes: int, phase: str, progress: Progress
) -> str:
    if response.status_code != 200:
        raise DownloadError(f"{shown(url)} answers {response.status_code} {response.reason_phrase}".strip(), "a file")
    encoding = response.headers.get("Content-Encoding", "identity")
    if encoding != "identity":
        raise DownloadError(f"{shown(url)} sends its file encoded as {encoding}", "the file as it is")
    announced = response.headers.get("Content-Length", "")
    total = int(announced) if announced.isdecimal() else 0
    if total > max_bytes:
        raise DownloadError(f"{shown(url)} has {total} bytes", f"at most {max_bytes}")
    digest, done = hashlib.sha256(), 0
    progress(phase, 0, total)
    with temporary.open("wb") as file:
        async for chunk in response.aiter_raw(_CHUNK_BYTES):
            done += len(chunk)
            if done > max_bytes:
                raise DownloadError(f"{shown(url)} sends more than {max_bytes} bytes", f"at most {max_bytes}")
            file.write(chunk)
            digest.update(chunk)
            progress(phase, done, total)
    if announced and done != total:
        raise DownloadError(f"{shown(url)} ended after {done} of {announced} bytes", "the whole file")
    return digest.hexdigest()


def _one_line(error: Exception) -> str:
    return " ".join(str(error).split())[:200] or type(error).__name__
