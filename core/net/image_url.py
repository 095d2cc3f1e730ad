"""A picture from an address that somebody typed in, fetched by the server: what it may ask for is what anybody may.

Covers addresses of this machine and of its networks, whatever they are spelt as (`core.public_hosts`), names that lead
there, names that change their answer between the check and the connection (the very address that was checked is
connected to, with the name only in the Host header and for the certificate), redirects to any of these, and servers
that stall, drip, send too much, something else, or something packed. Uses no proxy: it would look the name up itself.
"""

import asyncio
import io
import socket
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass
from ipaddress import ip_address

import httpx

from core.addresses import is_address, shown
from core.errors import DownloadError, InputError, PawlabError
from core.image_files import FORMATS, MAX_BYTES
from core.images import MAGIC_BYTES, begins_as_image
from core.progress import Progress, silent
from core.public_hosts import Address, is_host, is_own, is_public
from core.supervision import Told, network_errors, supervised

MAX_REDIRECTS = 5
CONNECT_SECONDS = 5.0
READ_SECONDS = 10.0
TOTAL_SECONDS = 30.0
WANTED = "the http or https address of a picture on the public web"
INSTEAD = "Save the picture on your computer and give the file"


def _look_up(host: str, port: int) -> list[str]:
    return [str(found[4][0]) for found in socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)]


def _is_elsewhere(address: Address) -> bool:
    return is_public(address) and not is_own(address)


@dataclass(frozen=True)
class Limits:
    """What may be asked. The defaults are the only ones for a user's address; tests have others.

    Args:
        look_up: (host, port) -> addresses as text. Called once a host, before each connection.
        allows: Whether an address may be connected to.
        ports: The ports that may be.
        total_seconds: For everything, look-ups and redirects included.
        max_bytes: Of the picture.
    """

    look_up: Callable[[str, int], Sequence[str]] = _look_up
    allows: Callable[[Address], bool] = _is_elsewhere
    ports: frozenset[int] = frozenset({80, 443, 8000, 8080, 8443})
    total_seconds: float = TOTAL_SECONDS
    max_bytes: int = MAX_BYTES


LIMITS = Limits()


def fetch_image(url: str, progress: Progress = silent, limits: Limits = LIMITS) -> bytes:
    """The content of the picture at `url`: it begins as a picture that `core.images` decodes; whether it is a good one
    shows when it is decoded.

    Args:
        url: As typed, with http:// or https://.
        progress: Told of the phase "download", in bytes; what it raises stops the wait.

    Raises:
        InputError: `url`, or where it leads, is no address that may be asked.
        DownloadError: The server did not answer in time, or not with a picture.
        Cancelled: From `progress`.
    """
    url, told = url.strip(), Told("download", progress)
    if not is_address(url):
        raise InputError("The address does not begin with http:// or https://", WANTED, "Copy it from the browser")
    try:
        with network_errors(url, CONNECT_SECONDS, READ_SECONDS, limits.total_seconds):
            return supervised(_fetch(url, limits, told), limits.total_seconds, told)
    except DownloadError as error:
        raise DownloadError(error.received, error.expected or WANTED, error.fix or INSTEAD) from error
    except PawlabError:
        raise
    except OSError as error:
        raise DownloadError(f"{shown(url)} could not be fetched: {error.strerror or error}", WANTED, INSTEAD) from error


async def _fetch(url: str, limits: Limits, told: Told) -> bytes:
    async with httpx.AsyncClient(
        verify=httpx.create_ssl_context(),
        timeout=httpx.Timeout(READ_SECONDS, connect=CONNECT_SECONDS),
        # A connection is used once: the next host may share the address, and its certificate has not been checked yet.
        limits=httpx.Limits(max_keepalive_connections=0),
        trust_env=False,
        # identity: nothing inflates on the way
        headers={"Accept": "image/*", "Accept-Encoding": "identity", "User-Agent": "Pawlab"},
    ) as client:
        address = httpx.URL(url)
        for _ in range(MAX_REDIRECTS + 1):
            async with _answer(client, address, limits) as response:
                if not response.has_redirect_location:
                    return await _content(response, shown(str(address)), limits, told)
                following = address.join(response.headers["Location"])
            if (address.scheme, following.scheme) == ("https", "http"):
                raise DownloadError(f"{shown(url)} leads from https to http", "https all the way")
            address = following
        raise DownloadError(f"{shown(url)} redirects more than {MAX_REDIRECTS} times", "a picture")


@asynccontextmanager
async def _answer(client: httpx.AsyncClient, address: httpx.URL, limits: Limits) -> AsyncIterator[httpx.Response]:
    """The response to one request, its body not yet read, from the first of the checked addresses that is reached."""
    host = _checked_host(address, limits)
    port = address.port or (443 if address.scheme == "https" else 80)
    reachable = await _checked_addresses(address, host, port, limits)
    headers, extensions = {"Host": address.netloc.decode("ascii")}, {"sni_hostname": host.removesuffix(".")}
    failure: Exception | None = None
    for numeric in reachable:
        request = client.build_request(
            "GET", address.copy_with(host=numeric), headers=headers, extensions=None if host == numeric else extensions
        )
        try:
            response = await client.send(request, stream=True)
        except (httpx.ConnectError, httpx.ConnectTimeout) as error:  # IPv6 without a route, one of several that is down
            failure = error
            continue
        try:
            yield response
        finally:
            await response.aclose()
        return
    assert failure is not None
    raise failure


def _checked_host(address: httpx.URL, limits: Limits) -> str:
    host = address.raw_host.decode("ascii").lower()
    if address.scheme not in ("http", "https"):
        raise InputError(f"The address leads to {address.scheme or 'no scheme'}", WANTED, INSTEAD)
    if address.userinfo:
        raise InputError("The address holds a user name or a password", "one that everybody may open", INSTEAD)
    if address.port is not None and address.port not in limits.ports:
        ports = ", ".join(map(str, sorted(limits.ports)))
        raise InputError(f"The address leads to port {address.port}", f"none, or one of {ports}", INSTEAD)
    if not is_host(host):
        raise _not_public(address)
    return host


async def _checked_addresses(address: httpx.URL, host: str, port: int, limits: Limits) -> list[str]:
    """All addresses of the host. One that must not be asked condemns the others: who controls the name chose them."""
    try:
        texts = await asyncio.get_running_loop().run_in_executor(None, limits.look_up, host, port)
        found = [ip_address(text) for text in dict.fromkeys(texts)]
    except (OSError, UnicodeError) as error:  # UnicodeError: a name that is too long
        raise DownloadError(f"There is no host of the name in {shown(str(address))}", WANTED, "Check it") from error
    except ValueError as error:  # a scope: fe80::1%eth0
        raise _not_public(address) from error
    if not found or not all(map(limits.allows, found)):
        raise _not_public(address)
    return [str(one) for one in found]


async def _content(response: httpx.Response, name: str, limits: Limits, told: Told) -> bytes:
    if response.status_code != 200:
        raise DownloadError(f"{name} answers {response.status_code} {response.reason_phrase}".strip(), "a picture")
    kind = response.headers.get("Content-Type", "").partition(";")[0].strip().lower()
    if kind and not kind.startswith("image/"):
        raise _no_picture(f"{name} sends {kind[:60]!r}")
    if (encoding := response.headers.get("Content-Encoding", "identity")) != "identity":
        raise DownloadError(f"{name} sends its picture encoded as {encoding[:60]!r}", "the file as it is")
    announced = response.headers.get("Content-Length", "")
    total = int(announced) if announced.isdecimal() and len(announced) < 19 else 0
    if total > limits.max_bytes or len(announced) >= 19:
        raise _too_large(name, limits)
    content = io.BytesIO()  # its getvalue() copies nothing
    async for chunk in response.aiter_raw():
        content.write(chunk)
        done = content.tell()
        if done > limits.max_bytes:
            raise _too_large(name, limits)
        if done - len(chunk) < MAGIC_BYTES <= done:  # a page is recognised before all of it has come
            _check_begin(content.getbuffer(), name)
        told(done, total)
    if total and content.tell() != total:
        raise DownloadError(f"{name} ended after {content.tell()} of {total} bytes", "the whole picture", "Try again")
    _check_begin(content.getbuffer(), name)
    return content.getvalue()


def _check_begin(content: memoryview, name: str) -> None:
    begin = bytes(content[:MAGIC_BYTES])
    if not begins_as_image(begin):
        raise _no_picture(
            f"{name} sends something else: it begins with {begin!r}" if begin else f"{name} sends nothing"
        )


def _no_picture(received: str) -> DownloadError:
    fix = 'Give the address of the picture itself ("Copy image address" in the browser), not of a page that shows it'
    return DownloadError(received, f"a picture ({FORMATS})", fix)


def _too_large(name: str, limits: Limits) -> DownloadError:
    return DownloadError(f"{name} sends more than {limits.max_bytes:,} bytes", f"at most {limits.max_bytes:,}", INSTEAD)


def _not_public(address: httpx.URL) -> InputError:
    return InputError(
        f"{shown(str(address))} leads to this machine, to a network that is not public, or to no host", WANTED, INSTEAD
    )
