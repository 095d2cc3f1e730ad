"""Pictures by address from real servers on this machine, which stand for the web's and for those within."""

import asyncio
import gzip
import ssl
import threading
import time
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from http.server import BaseHTTPRequestHandler
from ipaddress import ip_address
from pathlib import Path
from types import SimpleNamespace

import pytest

from core.errors import Cancelled, DownloadError, InputError, PawlabError
from core.inference.remote_image import LIMITS, Limits, fetch_image
from core.public_hosts import Address, is_public
from tests.certificates import write_certificate
from tests.drawing import image_bytes
from tests.serving import Behaviour, Handler, Server, head, refuse, sender

PICTURE = image_bytes(1, (400, 300))
OUTSIDE, INSIDE = "127.0.0.1", "127.0.0.2"
"""Both are this machine's. The tests' limits take the first for a host of the web; the second is what it is."""


def outside(address: Address) -> bool:
    return str(address) == OUTSIDE or is_public(address)


@pytest.fixture
def inner(server: Server) -> Iterator[Server]:
    """What must never be asked: a server within, at the same port as the one without."""
    inner = Server((INSIDE, server.server_port), Handler)
    inner.behaviour, inner.released, inner.paths, inner.asked = sender(PICTURE), threading.Event(), [], []
    thread = threading.Thread(target=inner.serve_forever, kwargs={"poll_interval": 0.01})
    thread.start()
    yield inner
    inner.shutdown()
    thread.join()
    inner.server_close()


class Names:
    """A look-up that gives the addresses in turn and notes who was asked for."""

    def __init__(self, *answers: Sequence[str]) -> None:
        self.answers, self.asked = list(answers), list[str]()

    def __call__(self, host: str, port: int) -> Sequence[str]:
        self.asked.append(host)
        return self.answers.pop(0) if len(self.answers) > 1 else self.answers[0]


def limits(server: Server, *answers: Sequence[str], total_seconds: float = 60.0, max_bytes: int = 2_000_000) -> Limits:
    names = Names(*(answers or ([OUTSIDE],)))
    return Limits(names, outside, frozenset({server.server_port}), total_seconds, max_bytes)


def at(server: Server, path: str = "/cat.jpg", host: str = "pets.example") -> str:
    return f"http://{host}:{server.server_port}{path}"


def redirect(*locations: str) -> Behaviour:
    """Each answer leads to the next location; then the picture."""
    waiting = list(locations)

    def behaviour(handler: BaseHTTPRequestHandler) -> None:
        head(handler, 0, 302, Location=waiting.pop(0)) if waiting else sender(PICTURE)(handler)

    return behaviour


def picture(handler: BaseHTTPRequestHandler) -> None:
    head(handler, len(PICTURE), Content_Type="image/jpeg")
    handler.wfile.write(PICTURE)


def test_a_picture_comes_whole_and_progress_counts_its_bytes(server: Server) -> None:
    hosts: list[str] = []

    def behaviour(handler: BaseHTTPRequestHandler) -> None:
        hosts.append(handler.headers["Host"])
        picture(handler)

    server.behaviour = behaviour
    seen: list[tuple[str, int, int]] = []
    assert fetch_image(f" {at(server)}\n", lambda *state: seen.append(state), limits(server)) == PICTURE
    assert seen[-1] == ("download", len(PICTURE), len(PICTURE))
    assert hosts == [f"pets.example:{server.server_port}"]


def test_a_picture_of_no_stated_type_or_length_comes_too(server: Server) -> None:
    def behaviour(handler: BaseHTTPRequestHandler) -> None:
        head(handler, None)
        handler.wfile.write(PICTURE)

    server.behaviour = behaviour
    assert fetch_image(at(server), limits=limits(server)) == PICTURE


def test_a_caller_with_a_running_event_loop_gets_its_picture(server: Server) -> None:
    server.behaviour = picture

    async def call() -> bytes:
        return fetch_image(at(server), limits=limits(server))

    with ThreadPoolExecutor(1) as pool:
        assert pool.submit(lambda: asyncio.run(call())).result() == PICTURE


@pytest.mark.parametrize(
    "host",
    [
        *("127.0.0.1", "localhost", "LOCALHOST.", "pets.localhost", "2130706433", "0x7f.1", "0x7f000001", "127.1"),
        *("017700000001", "127。0。0。1", "127%2e0.0.1", "[::1]", "[::]", "[::ffff:127.0.0.1]", "[64:ff9b::7f00:1]"),
        *("[2002:7f00:1::1]", "[fe80::1]", "[fe80::1%25eth0]", "[fd00::1]", "10.0.0.1", "192.168.0.1", "172.16.0.1"),
        *("169.254.169.254", "0.0.0.0", "0", "224.0.0.1", "255.255.255.255", "100.64.0.1", ""),
    ],
)
def test_the_defaults_refuse_addresses_within(server: Server, host: str) -> None:
    server.behaviour = picture
    open_port = Limits(ports=frozenset({server.server_port}))
    with pytest.raises(PawlabError) as raised:
        fetch_image(at(server, host=host), limits=open_port)
    assert server.paths == []
    assert raised.value.expected and raised.value.fix


@pytest.mark.parametrize(
    ("url", "reason"),
    [
        ("http://user:secret@pets.example/a.jpg", "password"),
        ("http://secret@pets.example/a.jpg", "user name"),
        ("http://pets.example\\@secret.example/a.jpg", "user name"),
        ("http://pets.example:22/a.jpg", "port 22"),
        ("http://pets.example:6379/", "port 6379"),
        ("ftp://pets.example/a.jpg", "http"),
        ("file:///etc/passwd", "http"),
        ("data:image/png;base64,aaaa", "http"),
        ("/etc/passwd", "http"),
        ("", "http"),
        ("pets.example/a.jpg", "http"),
    ],
)
def test_an_address_of_another_kind_is_refused_before_anything_is_looked_up(url: str, reason: str) -> None:
    names = Names(["8.8.8.8"])
    with pytest.raises(InputError, match=reason) as raised:
        fetch_image(url, limits=Limits(look_up=names))
    assert names.asked == []
    assert "secret" not in str(raised.value)
    assert "\n" not in str(raised.value)


@pytest.mark.parametrize("url", ["http://[::", "http://pets.example:port/", "http://pets.example:99999/", "http://\0/"])
def test_a_broken_address_is_refused_in_words(url: str) -> None:
    with pytest.raises(PawlabError):
        fetch_image(url, limits=Limits(look_up=Names(["8.8.8.8"])))


@pytest.mark.parametrize("answer", [[INSIDE], [OUTSIDE, INSIDE], [OUTSIDE, "10.0.0.1"], ["::ffff:127.0.0.2"], []])
def test_a_name_that_leads_within_is_refused_even_among_others(
    server: Server, inner: Server, answer: list[str]
) -> None:
    server.behaviour = picture
    with pytest.raises(InputError, match="not public"):
        fetch_image(at(server), limits=limits(server, answer))
    assert server.paths == inner.paths == []


def test_a_name_that_changes_its_answer_is_reached_where_it_was_checked(server: Server, inner: Server) -> None:
    server.behaviour = picture
    changing = limits(server, [OUTSIDE], [INSIDE])
    assert fetch_image(at(server), limits=changing) == PICTURE
    assert isinstance(changing.look_up, Names)
    assert changing.look_up.asked == ["pets.example"]
    assert inner.paths == []


def test_a_name_that_changes_its_answer_between_redirects_is_refused(server: Server, inner: Server) -> None:
    server.behaviour = redirect("/again.jpg")
    with pytest.raises(InputError, match="not public"):
        fetch_image(at(server), limits=limits(server, [OUTSIDE], [INSIDE]))
    assert server.paths == ["/cat.jpg"]
    assert inner.paths == []


@pytest.mark.parametrize(
    "host", [INSIDE, "localhost", "[::ffff:127.0.0.2]", "[64:ff9b::7f00:2]", "2130706434", "10.0.0.1", "user@127.0.0.1"]
)
def test_a_redirect_within_is_refused(server: Server, inner: Server, host: str) -> None:
    server.behaviour = redirect(at(server, "/secret", host))
    real = Limits(ports=frozenset({server.server_port}), allows=outside)
    with pytest.raises(InputError):
        fetch_image(at(server, host=OUTSIDE), limits=real)
    assert server.paths == ["/cat.jpg"]
    assert inner.paths == []


@pytest.mark.parametrize("location", ["file:///etc/passwd", "ftp://pets.example/x", "http://pets.example:22/", "//["])
def test_a_redirect_elsewhere_is_refused(server: Server, location: str) -> None:
    server.behaviour = redirect(location)
    with pytest.raises(PawlabError):
        fetch_image(at(server), limits=limits(server))
    assert server.paths == ["/cat.jpg"]


def test_redirects_are_followed_and_looked_up_anew(server: Server) -> None:
    server.behaviour = redirect("/2", at(server, "/3", "cdn.example"), "/4", "/5", "/6")
    names = limits(server)
    assert fetch_image(at(server, "/1"), limits=names) == PICTURE
    assert server.paths == ["/1", "/2", "/3", "/4", "/5", "/6"]
    assert isinstance(names.look_up, Names)
    assert names.look_up.asked == ["pets.example"] * 2 + ["cdn.example"] * 4


def test_a_redirect_loop_ends_after_five(server: Server) -> None:
    server.behaviour = redirect(*["/again"] * 100)
    with pytest.raises(DownloadError, match="more than 5 times"):
        fetch_image(at(server), limits=limits(server))
    assert len(server.paths) == 6


def typed(kind: str, content: bytes = PICTURE) -> Behaviour:
    def behaviour(handler: BaseHTTPRequestHandler) -> None:
        head(handler, len(content), Content_Type=kind)
        handler.wfile.write(content)

    return behaviour


def announced(length: str) -> Behaviour:
    def behaviour(handler: BaseHTTPRequestHandler) -> None:
        head(handler, None, Content_Length=length, Content_Type="image/jpeg")
        handler.wfile.write(PICTURE)
        time.sleep(0.1)

    return behaviour


def endless(begin: bytes, chunk: bytes = bytes(64_000), pause: float = 0.0) -> Behaviour:
    def behaviour(handler: BaseHTTPRequestHandler) -> None:
        with suppress(OSError):
            head(handler, None, Content_Type="image/jpeg")
            handler.wfile.write(begin)
            while not handler.server.released.wait(pause):  # type: ignore[attr-defined]
                handler.wfile.write(chunk)

    return behaviour


def packed(handler: BaseHTTPRequestHandler) -> None:
    content = gzip.compress(PICTURE + bytes(50_000_000))
    head(handler, len(content), Content_Type="image/jpeg", Content_Encoding="gzip")
    with suppress(OSError):
        handler.wfile.write(content)


@pytest.mark.parametrize(
    ("behaviour", "reason"),
    [
        pytest.param(refuse, "answers 404", id="not found"),
        pytest.param(lambda handler: head(handler, None, 206), "answers 206", id="a part"),
        pytest.param(typed("text/html; charset=utf-8", b"<html>"), "sends 'text/html'", id="a page"),
        pytest.param(typed("text/plain"), "sends 'text/plain'", id="a picture called text"),
        pytest.param(typed("image/jpeg", b"<!DOCTYPE html><html>"), "something else", id="a page called a picture"),
        pytest.param(typed("image/svg+xml", b"<svg xmlns='http://www.w3.org/2000/svg'/>"), "something else", id="svg"),
        pytest.param(typed("image/jpeg", b"\xff"), "something else", id="one byte"),
        pytest.param(typed("image/jpeg", b""), "nothing", id="nothing"),
        pytest.param(endless(b"<html>"), "something else", id="an endless page"),
        pytest.param(endless(PICTURE), "more than 2,000,000 bytes", id="an endless body"),
        pytest.param(announced("2000001"), "more than 2,000,000 bytes", id="a length beyond the limit"),
        pytest.param(announced("9" * 30), "more than 2,000,000|could not be fetched", id="a huge length"),
        pytest.param(announced(str(len(PICTURE) + 1)), "could not be fetched|ended after", id="cut short"),
        pytest.param(packed, "encoded as 'gzip'", id="a gzip bomb"),
    ],
)
def test_what_is_no_picture_within_limits_is_refused(server: Server, behaviour: Behaviour, reason: str) -> None:
    server.behaviour = behaviour
    with pytest.raises(DownloadError, match=reason) as raised:
        fetch_image(at(server), limits=limits(server))
    assert raised.value.expected and raised.value.fix
    assert "\n" not in str(raised.value)


def drip_headers(handler: BaseHTTPRequestHandler) -> None:
    with suppress(OSError):
        handler.wfile.write(b"HTTP/1.1 200 OK\r\nX: ")
        while not handler.server.released.wait(0.02):  # type: ignore[attr-defined]
            handler.wfile.write(b"x")


@pytest.mark.parametrize("behaviour", [drip_headers, endless(PICTURE, b"x", 0.02)], ids=["headers", "body"])
def test_a_server_that_drips_is_given_up(server: Server, behaviour: Behaviour) -> None:
    server.behaviour = behaviour
    with pytest.raises(DownloadError, match=r"longer than 0\.5 seconds"):
        fetch_image(at(server), limits=limits(server, total_seconds=0.5))


def test_a_look_up_that_hangs_is_given_up(server: Server) -> None:
    def hang(host: str, port: int) -> Sequence[str]:
        server.released.wait(60)
        return []

    with pytest.raises(DownloadError, match=r"longer than 0\.3 seconds"):
        fetch_image(at(server), limits=Limits(hang, outside, frozenset({server.server_port}), 0.3))


def test_a_name_that_nobody_has_is_said(server: Server) -> None:
    def unknown(host: str, port: int) -> Sequence[str]:
        raise OSError("Name or service not known")

    with pytest.raises(DownloadError, match=r"no host.*pets\.example"):
        fetch_image(at(server), limits=Limits(unknown, outside, frozenset({server.server_port})))


def test_the_next_address_is_tried_where_one_does_not_answer(server: Server) -> None:
    server.behaviour = picture
    asked = limits(server, ["127.0.0.3", OUTSIDE])
    both = Limits(asked.look_up, lambda address: str(address) != INSIDE, asked.ports)
    assert fetch_image(at(server), limits=both) == PICTURE


def test_a_wait_can_be_stopped(server: Server) -> None:
    server.behaviour = endless(PICTURE, b"", 60)

    def stop(phase: str, done: int, total: int) -> None:
        if done:
            raise Cancelled("Stopped")

    with pytest.raises(Cancelled):
        fetch_image(at(server), stop, limits(server))


def over_tls(server: Server, folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The server with a certificate of pets.example, which is trusted."""
    certificate, key = write_certificate(folder, "pets.example")
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(certificate, key)
    server.socket = context.wrap_socket(server.socket, server_side=True)
    monkeypatch.setenv("SSL_CERT_FILE", str(certificate))


@pytest.mark.parametrize(
    ("host", "good"), [("pets.example", True), ("pets.example.", True), ("other.example", False), (OUTSIDE, False)]
)
def test_the_certificate_must_be_the_names_although_an_address_is_connected_to(
    server: Server, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, host: str, good: bool
) -> None:
    over_tls(server, tmp_path, monkeypatch)
    server.behaviour = picture
    url = at(server, host=host).replace("http:", "https:")
    if good:
        assert fetch_image(url, limits=limits(server)) == PICTURE
    else:
        with pytest.raises(DownloadError, match="CERTIFICATE_VERIFY_FAILED"):
            fetch_image(url, limits=limits(server))
        assert server.paths == []


def test_a_redirect_from_https_to_http_is_refused(
    server: Server, inner: Server, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    over_tls(inner, tmp_path, monkeypatch)
    inner.behaviour, server.behaviour = redirect(at(server)), picture
    both = Limits(Names([INSIDE], [OUTSIDE]), lambda _: True, frozenset({server.server_port}))
    with pytest.raises(DownloadError, match="from https to http"):
        fetch_image(at(server).replace("http:", "https:"), limits=both)
    assert (inner.paths, server.paths) == (["/cat.jpg"], [])


def test_a_proxy_of_the_environment_is_not_asked(
    server: Server, inner: Server, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("HTTP_PROXY", f"http://{INSIDE}:{inner.server_port}")
    monkeypatch.delenv("NO_PROXY")
    server.behaviour = picture
    assert fetch_image(at(server), limits=limits(server)) == PICTURE
    assert inner.paths == []


def test_a_public_address_of_this_machine_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    ours = {"eth0": [SimpleNamespace(address="8.8.4.4"), SimpleNamespace(address="2606:4700::5%eth0")]}
    monkeypatch.setattr("psutil.net_if_addrs", lambda: ours)
    for text in ("8.8.4.4", "2606:4700::5"):
        assert not LIMITS.allows(ip_address(text))
    assert LIMITS.allows(ip_address("8.8.8.8"))


def test_the_defaults_are_the_strict_ones() -> None:
    assert not any(LIMITS.allows(ip_address(text)) for text in ("127.0.0.1", "10.0.0.1", "::1", "169.254.169.254"))
    assert LIMITS.allows(ip_address("8.8.8.8"))
    assert LIMITS.ports <= {80, 443, 8000, 8080, 8443}
    assert LIMITS.max_bytes == 64 * 2**20
