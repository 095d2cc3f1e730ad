"""Bounded downloads: nothing under the target's name unless it came whole, and never a wait without an end.

Covers servers that stall, drip, lie about the length, send too much, redirect for ever or to another kind of address,
and those that change the file between two parts of it. Does not keep a server on the local network from being asked:
the user chooses the address.
"""

import asyncio
import hashlib
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path

import httpx

from core.addresses import shown as shown
from core.errors import DownloadError
from core.partial import Partial, Rest, partial_of, validator_of
from core.progress import Progress, silent
from core.supervision import Told, network_errors, one_line, supervised

MAX_REDIRECTS = 5
_CHUNK_BYTES = 256 * 1024


def download(
    url: str,
    target: Path,
    *,
    max_bytes: int,
    exact_bytes: int | None = None,
    sha256: str | None = None,
    kind: str = "a file",
    begins: bytes = b"",
    resume: bool = False,
    connect_timeout: float = 3.0,
    read_timeout: float = 10.0,
    total_seconds: float = 300.0,
    phase: str = "download",
    progress: Progress = silent,
) -> str:
    """Fetches `url` into the file `target` and gives the content's hexadecimal SHA-256.

    Args:
        url: http or https.
        target: Written under a hidden name beside it, then renamed; its folder exists.
        max_bytes: A longer body is refused, by its Content-Length where there is one, else once that much came.
        exact_bytes: How long the body must be.
        sha256: What the content's SHA-256 must be.
        kind: What is wanted, in the words of an error.
        begins: The bytes that the content must begin with; other content is refused as soon as they are there.
        resume: Keep what came before a break (`core.partial`) and go on from it with the next call. Where the server
            has another file by then, or cannot send a part, the whole is fetched anew.
        connect_timeout: Seconds to reach a server, name look-up included.
        read_timeout: Seconds without a byte.
        total_seconds: Seconds for everything, however lively the server is.
        phase: What `progress` calls the job; it counts bytes.

    Raises:
        DownloadError: Anything went wrong; `target` is as it was before.
    """
    timeout = httpx.Timeout(read_timeout, connect=connect_timeout)
    wanted = _Wanted(url, max_bytes, exact_bytes, kind, begins)
    told = Told(phase, progress)
    try:
        with (
            network_errors(url, connect_timeout, read_timeout, total_seconds),
            partial_of(target, url, keep=resume) as partial,
        ):
            try:
                digest = supervised(_fetch(wanted, partial, timeout, told), total_seconds, told)
                if sha256 is not None and digest != sha256.lower():
                    raise _Refused(f"{shown(url)} sent a file with SHA-256 {digest}", sha256)
                partial.move_to(target)
            except (_Refused, OSError) as error:
                if not isinstance(error, TimeoutError):  # which is an OSError, and a reason to go on later
                    partial.drop()
                raise
    except OSError as error:
        raise DownloadError(f"{shown(url)} could not be stored in {target.parent}: {one_line(error)}") from error
    return digest


@dataclass(frozen=True)
class _Wanted:
    url: str
    max_bytes: int
    exact_bytes: int | None
    kind: str
    begins: bytes


class _Refused(DownloadError):
    """What the server sends is not what is wanted: nothing of it is worth keeping."""


class _AnotherFile(Exception):
    """The part that the server sends does not continue the bytes at hand."""


async def _fetch(wanted: _Wanted, partial: Partial, timeout: httpx.Timeout, told: Told) -> str:
    # identity: the length that the server names is then the length that we count, and nothing inflates on the way
    async with httpx.AsyncClient(timeout=timeout, headers={"Accept-Encoding": "identity"}) as client:
        if rest := partial.rest():
            asked = {"Range": f"bytes={rest.start}-", "If-Range": rest.validator}
            async with _answer(client, wanted.url, asked) as response:
                if response.status_code == 206 and rest.is_sent_with(response.headers):
                    try:
                        return await _store(response, wanted, partial, told, rest)
                    except _AnotherFile:
                        partial.drop()
                elif response.status_code not in (206, 416):  # 200 is the whole file, anything else an error
                    return await _store(response, wanted, partial, told)
        async with _answer(client, wanted.url, {}) as response:
            return await _store(response, wanted, partial, told)


@asynccontextmanager
async def _answer(client: httpx.AsyncClient, url: str, headers: Mapping[str, str]) -> AsyncIterator[httpx.Response]:
    """The response, its body not yet read, at the end of all redirects."""
    address = httpx.URL(url)
    for _ in range(MAX_REDIRECTS + 1):
        if address.scheme not in ("http", "https"):
            raise DownloadError(f"{shown(url)} leads to {address.scheme or 'no scheme'}", "http or https")
        async with client.stream("GET", address, headers=headers) as response:
            if not response.has_redirect_location:
                yield response
                return
            following = address.join(response.headers["Location"])
        if (address.scheme, following.scheme) == ("https", "http"):
            raise DownloadError(f"{shown(url)} leads from https to http", "https all the way")
        address = following
    raise DownloadError(f"{shown(url)} redirects more than {MAX_REDIRECTS} times", "a file")


async def _store(
    response: httpx.Response, wanted: _Wanted, partial: Partial, told: Told, rest: Rest | None = None
) -> str:
    """Writes the body into the partial file: all of it, or with `rest` from there on."""
    name, most = shown(wanted.url), wanted.max_bytes
    if response.status_code != (206 if rest else 200):
        raise DownloadError(f"{name} answers {response.status_code} {response.reason_phrase}".strip(), wanted.kind)
    encoding = response.headers.get("Content-Encoding", "identity")
    if encoding != "identity":
        raise _Refused(f"{name} sends its file encoded as {encoding}", "the file as it is")
    announced = response.headers.get("Content-Length", "")
    total = rest.total if rest else int(announced) if announced.isdecimal() else 0
    if total > most:
        raise _Refused(f"{name} has {total} bytes", f"at most {most}")
    if total and wanted.exact_bytes not in (None, total):
        raise _Refused(f"{name} has {total} bytes", f"{wanted.exact_bytes}: it is another file now")
    if rest is None:
        partial.begin(validator_of(response.headers), total)
    digest, done = hashlib.sha256(), rest.start if rest else 0
    with partial.path.open("r+b") as file:
        for position in range(0, done, _CHUNK_BYTES):
            digest.update(file.read(min(_CHUNK_BYTES, done - position)))
            await asyncio.sleep(0)  # gigabytes take seconds, in which the caller may want to stop
        told(done, total)
        async for chunk in response.aiter_raw(_CHUNK_BYTES):
            present = file.read(len(chunk)) if rest else b""
            if not chunk.startswith(present):
                raise _AnotherFile
            if done == 0 and not chunk.startswith(wanted.begins):
                raise _Refused(f"{name} sends something else: it begins with {chunk[:16]!r}", wanted.kind)
            done += len(chunk)
            if done > most:
                raise _Refused(f"{name} sends more than {most} bytes", f"at most {most}")
            file.seek(-len(present), 1)
            file.write(chunk)
            digest.update(chunk)
            told(done, total)
    if total and done != total:
        raise DownloadError(f"{name} ended after {done} of {total} bytes", "the whole file")
    if done < len(wanted.begins) or wanted.exact_bytes not in (None, done):
        raise _Refused(f"{name} sent {done} bytes", f"{wanted.exact_bytes or wanted.kind}")
    return digest.hexdigest()
