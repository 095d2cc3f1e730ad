"""One GET request: redirects, limits that no server can outlast, and a caller who may stop it in the middle of a wait.

What blocks (the system's name look-up, a connection, a TLS handshake) runs on a thread that is left behind when time is
up; data is read in slices of `TICK` seconds. The very address that was looked up and checked is connected to, so that
no name can lead elsewhere in between (DNS rebinding).
"""

import math
import time
from collections.abc import Callable, Iterator, Mapping
from concurrent.futures import Future
from contextlib import closing, contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from threading import Thread
from typing import Any

import httpcore
import httpx

from core.errors import DownloadError
from core.jobs.progress import Progress
from core.net.addresses import shown
from core.net.public_hosts import look_up, public_addresses
from core.text.lines import error_line

TICK = 0.25  # seconds between two calls of the progress callback while nothing arrives
MAX_REDIRECTS = 5
CHUNK_BYTES = 64 * 1024


@dataclass(frozen=True)
class Limits:
    """What a file may be, and for how many seconds a connection, a wait for the next byte and everything may last.
    `kind` is what an error calls the file; `begins` says whether bytes are the first of one, `intact` whether a
    download is one."""

    max_bytes: int
    kind: str = "a file"
    begins: Callable[[bytes], bool] = lambda begin: True
    intact: Callable[[Path], bool] = lambda file: True
    connect_seconds: float = 3.0
    read_seconds: float = 10.0
    total_seconds: float = 300.0


class Refused(DownloadError):
    """What the server sends is not what is wanted: nothing of it is worth keeping."""


class Transfer(httpcore.NetworkBackend):
    """What is fetched and who is told; the deadline runs from here. `public`: only hosts that a stranger may ask."""

    def __init__(self, url: str, limits: Limits, progress: Progress, *, public: bool = False) -> None:
        self.url, self.name, self.limits, self.public = url, shown(url), limits, public
        self.done, self.total = 0, 0
        self._progress, self._deadline = progress, time.monotonic() + limits.total_seconds

    def check(self) -> None:
        """Raises what the progress callback raises, and `DownloadError` after the deadline."""
        self._progress("download", self.done, self.total)
        if time.monotonic() > self._deadline:
            raise DownloadError(f"{self.name} took longer than {self.limits.total_seconds:g} seconds")

    def connect_tcp(self, host: str, port: int, *_: Any, **__: Any) -> httpcore.NetworkStream:
        return self.watched(lambda: self._connect(host, port))

    def watched(self, connect: Callable[[], httpcore.NetworkStream]) -> httpcore.NetworkStream:
        """The stream that `connect` gives, unless that takes too long."""
        outcome: Future[httpcore.NetworkStream] = Future()

        def settle() -> None:
            try:
                outcome.set_result(connect())
            except Exception as error:
                outcome.set_exception(error)

        Thread(target=settle, daemon=True).start()
        for _ in range(math.ceil(self.limits.connect_seconds / TICK)):
            with suppress(TimeoutError):
                return _Stream(outcome.result(TICK), self)
            self.check()
        raise httpcore.ConnectTimeout(f"no connection within {self.limits.connect_seconds:g} seconds")

    def _connect(self, host: str, port: int) -> httpcore.NetworkStream:
        addresses = public_addresses(host, port) if self.public else look_up(host, port)
        seconds = self.limits.connect_seconds / min(len(addresses), 3)
        for address in addresses[:-1]:
            with suppress(httpcore.ConnectError, httpcore.ConnectTimeout):  # IPv6 without a route, one that is down
                return httpcore.SyncBackend().connect_tcp(address, port, seconds)
        return httpcore.SyncBackend().connect_tcp(addresses[-1], port, seconds)


class _Stream(httpcore.NetworkStream):
    def __init__(self, stream: httpcore.NetworkStream, transfer: Transfer) -> None:
        self._stream, self._transfer = stream, transfer
        vars(self).update(write=stream.write, close=stream.close, get_extra_info=stream.get_extra_info)  # as they are

    def read(self, max_bytes: int, timeout: float | None = None) -> bytes:
        for _ in range(math.ceil((timeout or 0.0) / TICK)):
            self._transfer.check()
            with suppress(httpcore.ReadTimeout):
                return self._stream.read(max_bytes, TICK)
        raise httpcore.ReadTimeout(f"nothing came for {timeout:g} seconds")

    def start_tls(self, *args: Any, **options: Any) -> httpcore.NetworkStream:
        return self._transfer.watched(lambda: self._stream.start_tls(*args, **options))


@contextmanager
def open_stream(transfer: Transfer, headers: Mapping[str, str]) -> Iterator[httpx.Response]:
    """Yields the response at the end of all redirects, its body not yet read: 200, with a Range also 206 or 416.

    Raises:
        DownloadError: Anything went wrong on the network, also while the block reads the body.
        InputError: The transfer is `public`, and this or where it leads is not.
    """
    name, limits = transfer.name, transfer.limits
    try:
        with _client(transfer) as client:
            request = client.build_request("GET", transfer.url, headers=headers)
            for _ in range(MAX_REDIRECTS + 1):
                with closing(client.send(request, stream=True)) as response:
                    if not response.next_request:
                        if response.status_code not in ((200, 206, 416) if "Range" in headers else (200,)):
                            status = f"{response.status_code} {response.reason_phrase}".strip()
                            raise DownloadError(f"{name} answers {status}", limits.kind)
                        yield response
                        return
                    if request.url.scheme == "https" != response.next_request.url.scheme:
                        raise DownloadError(f"{name} leads to {response.next_request.url.scheme}", "https")
                    request = response.next_request
        raise DownloadError(f"{name} redirects more than {MAX_REDIRECTS} times", limits.kind)
    except (httpx.InvalidURL, ValueError) as error:  # their texts quote the address, password and all
        raise DownloadError(f"{name} could not be fetched: it, or where it leads, is no address") from error
    except (httpx.HTTPError, ImportError) as error:  # ImportError: a SOCKS proxy takes a package that is not there
        raise DownloadError(f"{name} could not be fetched: {error_line(error)}") from error


def _client(transfer: Transfer) -> httpx.Client:
    """A client on the transfer's network. It keeps no connection: each request looks its host up anew."""
    client = httpx.Client(
        verify=httpx.create_ssl_context(),
        timeout=transfer.limits.read_seconds,
        limits=httpx.Limits(max_keepalive_connections=0),
        trust_env=not transfer.public,  # a proxy would look names up itself
        headers={"Accept-Encoding": "identity"},  # the length that is announced is then the length that we count
    )
    for transport in filter(None, (client._transport, *client._mounts.values())):
        if not (isinstance(transport, httpx.HTTPTransport) and hasattr(transport._pool, "_network_backend")):
            raise RuntimeError("httpx or httpcore moved its network: nothing would check what is connected to")
        transport._pool._network_backend = transfer
    return client


def read_body(response: httpx.Response, transfer: Transfer, done: int = 0, total: int = 0) -> Iterator[bytes]:
    """Yields the body, from byte `done` of a file of `total` bytes (0: as announced, if at all), checked as it comes.
    Each chunk is reported once the next is asked for."""
    name, limits = transfer.name, transfer.limits
    total = total or int(response.headers.get("Content-Length", 0))
    chunks = response.iter_raw(CHUNK_BYTES)
    while True:
        if max(done, total) > limits.max_bytes:
            raise Refused(f"{name} sends more than {limits.max_bytes:,} bytes", f"at most {limits.max_bytes:,}")
        transfer.done, transfer.total = done, total
        transfer.check()
        chunk = next(chunks, b"")
        if not done and not limits.begins(chunk):
            received = f"something else: it begins with {chunk[:16]!r}" if chunk else "nothing"
            raise Refused(f"{name} sends {received}", limits.kind)
        if not chunk:
            break
        yield chunk
        done += len(chunk)
    if total and done != total:
        raise DownloadError(f"{name} ended after {done} of {total} bytes", "the whole file")
