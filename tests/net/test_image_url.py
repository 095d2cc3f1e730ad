"""Images by address from real servers on this machine, which stand for the web's and for those within."""

import gzip
import socket
import ssl
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import suppress
from dataclasses import replace
from http.server import BaseHTTPRequestHandler
from pathlib import Path
from types import SimpleNamespace

import pytest

from core.errors import Cancelled, DownloadError, InputError, PawlabError
from core.net import public_hosts
from core.net.image_url import LIMITS, fetch_image
from core.net.public_hosts import Address, is_public, look_up, public_addresses
from tests.certificates import write_certificate
from tests.drawing import image_bytes
from tests.serving import Behaviour, Handler, Server, head, refuse, sender

IMAGE = image_bytes(1, (400, 300))
OUTSIDE, INSIDE = "127.0.0.1", "127.0.0.2"
"""Both are this machine's. The tests take the first for a host of the web; the second is what it is."""


def outside(address: Address) -> bool:
    return str(address) == OUTSIDE or is_public(address)


@pytest.fixture
def inner(server: Server) -> Iterator[Server]:
    """What must never be asked: a server within, at the same port as the one without."""
    inner = Server((INSIDE, server.server_port), Handler)
    inner.behaviour, inner.released, inner.paths, inner.asked = sender(IMAGE), threading.Event(), [], []
    thread = threading.Thread(target=inner.serve_forever, kwargs={"poll_interval": 0.01})
    thread.start()
    yield inner
    inner.shutdown()
    thread.join()
    inner.server_close()


class Web:
    """The web as a test has it: these names, one more port, and `OUTSIDE` a host of it."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch, port: int) -> None:
        self.patch, self.answers, self.asked = monkeypatch, list[Sequence[str]](), list[str]()
        monkeypatch.setattr(public_hosts, "PORTS", public_hosts.PORTS | {port})
        self.allow(outside)
        self.lead_to([OUTSIDE])

    def allow(self, allows: Callable[[Address], bool]) -> None:
        self.patch.setattr(public_hosts, "is_public", allows)
        self.patch.setattr(public_hosts, "is_own", lambda address: False)

    def lead_to(self, *answers: Sequence[str]) -> None:
        """Every name leads to these addresses, in turn; the last stays."""
        self.answers = list(answers)
        self.patch.setattr(public_hosts, "look_up", self.look_up)

    def look_up(self, host: str, port: int) -> Sequence[str]:
        self.asked.append(host)
        return self.answers.pop(0) if len(self.answers) > 1 else self.answers[0]


@pytest.fixture
def web(server: Server, monkeypatch: pytest.MonkeyPatch) -> Web:
    return Web(monkeypatch, server.server_port)


def at(server: Server, path: str = "/cat.jpg", host: str = "pets.example") -> str:
    return f"http://{host}:{server.server_port}{path}"


def redirect(*locations: str) -> Behaviour:
    """Each answer leads to the next location; then the image."""
    waiting = list(locations)

    def behaviour(handler: BaseHTTPRequestHandler) -> None:
        head(handler, 0, 302, Location=waiting.pop(0)) if waiting else sender(IMAGE)(handler)

    return behaviour


def image(handler: BaseHTTPRequestHandler) -> None:
    head(handler, len(IMAGE), Content_Type="image/jpeg")
    handler.wfile.write(IMAGE)


def test_an_image_comes_whole_and_progress_counts_its_bytes(server: Server, web: Web) -> None:
    requested: list[str] = []

    def behaviour(handler: BaseHTTPRequestHandler) -> None:
        requested.append(handler.headers["Host"])
        image(handler)

    server.behaviour = behaviour
    states: list[tuple[str, int, int]] = []
    assert fetch_image(f" {at(server)}\n", lambda *state: states.append(state)) == IMAGE
    assert states[-1] == ("download", len(IMAGE), len(IMAGE))
    assert requested == [f"pets.example:{server.server_port}"]


def test_an_image_of_no_stated_type_or_length_comes_too(server: Server, web: Web) -> None:
    def behaviour(handler: BaseHTTPRequestHandler) -> None:
        head(handler, None)
        handler.wfile.write(IMAGE)

    server.behaviour = behaviour
    assert fetch_image(at(server)) == IMAGE


@pytest.mark.parametrize(
    "host",
    [
        *("127.0.0.1", "localhost", "LOCALHOST.", "pets.localhost", "2130706433", "0x7f.1", "0x7f000001", "127.1"),
        *("017700000001", "127。0。0。1", "127%2e0.0.1", "[::1]", "[::]", "[::ffff:127.0.0.1]", "[64:ff9b::7f00:1]"),
        *("[2002:7f00:1::1]", "[fe80::1]", "[fe80::1%25eth0]", "[fd00::1]", "10.0.0.1", "192.168.0.1", "172.16.0.1"),
        *("169.254.169.254", "0.0.0.0", "0", "224.0.0.1", "255.255.255.255", "100.64.0.1", ""),
    ],
)
def test_the_defaults_refuse_addresses_within(server: Server, monkeypatch: pytest.MonkeyPatch, host: str) -> None:
    server.behaviour = image
    monkeypatch.setattr(public_hosts, "PORTS", {server.server_port})
    with pytest.raises(PawlabError) as raised:
        fetch_image(at(server, host=host))
    assert server.paths == []
    assert raised.value.expected and raised.value.fix


@pytest.mark.parametrize(
    ("url", "reason"),
    [
        ("http://user:secret@pets.example:22/a.jpg", "port 22"),
        ("http://pets.example:6379/", "port 6379"),
        ("ftp://pets.example/a.jpg", "http"),
        ("file:///etc/passwd", "http"),
        ("data:image/png;base64,aaaa", "http"),
        ("/etc/passwd", "http"),
        ("", "http"),
        ("pets.example/a.jpg", "http"),
    ],
)
def test_an_address_of_another_kind_is_refused_before_anything_is_looked_up(web: Web, url: str, reason: str) -> None:
    with pytest.raises(InputError, match=reason) as raised:
        fetch_image(url)
    assert web.asked == []
    assert "secret" not in str(raised.value)
    assert "\n" not in str(raised.value)


@pytest.mark.parametrize("url", ["http://[::", "http://pets.example:port/", "http://pets.example:99999/", "http://\0/"])
def test_a_broken_address_is_refused_in_words(web: Web, url: str) -> None:
    with pytest.raises(PawlabError):
        fetch_image(url)


@pytest.mark.parametrize("answer", [[INSIDE], [OUTSIDE, INSIDE], [OUTSIDE, "10.0.0.1"], ["::ffff:127.0.0.2"], []])
def test_a_name_that_leads_within_is_refused_even_among_others(
    server: Server, inner: Server, web: Web, answer: list[str]
) -> None:
    server.behaviour = image
    web.lead_to(answer)
    with pytest.raises(InputError, match="not public"):
        fetch_image(at(server))
    assert server.paths == inner.paths == []


def test_a_name_that_changes_its_answer_is_reached_where_it_was_checked(
    server: Server, web: Web, inner: Server
) -> None:
    server.behaviour = image
    web.lead_to([OUTSIDE], [INSIDE])
    assert fetch_image(at(server)) == IMAGE
    assert web.asked == ["pets.example"]
    assert inner.paths == []


def test_a_name_that_changes_its_answer_between_redirects_is_refused(server: Server, web: Web, inner: Server) -> None:
    server.behaviour = redirect("/again.jpg")
    web.lead_to([OUTSIDE], [INSIDE])
    with pytest.raises(InputError, match="not public"):
        fetch_image(at(server))
    assert server.paths == ["/cat.jpg"]
    assert inner.paths == []


@pytest.mark.parametrize(
    "host", [INSIDE, "[::ffff:127.0.0.2]", "[64:ff9b::7f00:2]", "2130706434", "10.0.0.1", "user@127.0.0.2"]
)
def test_a_redirect_within_is_refused(
    server: Server, inner: Server, web: Web, monkeypatch: pytest.MonkeyPatch, host: str
) -> None:
    server.behaviour = redirect(at(server, "/secret", host))
    monkeypatch.setattr(public_hosts, "look_up", look_up)
    with pytest.raises(InputError):
        fetch_image(at(server, host=OUTSIDE))
    assert server.paths == ["/cat.jpg"]
    assert inner.paths == []


@pytest.mark.parametrize("location", ["file:///etc/passwd", "ftp://pets.example/x", "http://pets.example:22/", "//["])
def test_a_redirect_elsewhere_is_refused(server: Server, web: Web, location: str) -> None:
    server.behaviour = redirect(location)
    with pytest.raises(PawlabError):
        fetch_image(at(server))
    assert server.paths == ["/cat.jpg"]


def test_redirects_are_followed_and_looked_up_anew(server: Server, web: Web) -> None:
    server.behaviour = redirect("/2", at(server, "/3", "cdn.example"), "/4", "/5", "/6")
    assert fetch_image(at(server, "/1")) == IMAGE
    assert server.paths == ["/1", "/2", "/3", "/4", "/5", "/6"]
    assert web.asked == ["pets.example"] * 2 + ["cdn.example"] * 4


def test_a_redirect_loop_ends_after_five(server: Server, web: Web) -> None:
    server.behaviour = redirect(*["/again"] * 100)
    with pytest.raises(DownloadError, match="more than 5 times"):
        fetch_image(at(server))
    assert len(server.paths) == 6


def typed(kind: str, content: bytes = IMAGE) -> Behaviour:
    def behaviour(handler: BaseHTTPRequestHandler) -> None:
        head(handler, len(content), Content_Type=kind)
        handler.wfile.write(content)

    return behaviour


def announced(length: str) -> Behaviour:
    def behaviour(handler: BaseHTTPRequestHandler) -> None:
        head(handler, None, Content_Length=length, Content_Type="image/jpeg")
        handler.wfile.write(IMAGE)
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
    content = gzip.compress(IMAGE + bytes(50_000_000))
    head(handler, len(content), Content_Type="image/jpeg", Content_Encoding="gzip")
    with suppress(OSError):
        handler.wfile.write(content)


@pytest.mark.parametrize(
    ("behaviour", "reason"),
    [
        pytest.param(refuse, "answers 404", id="not found"),
        pytest.param(lambda handler: head(handler, None, 206), "answers 206", id="a part"),
        pytest.param(typed("text/html; charset=utf-8", b"<html>"), "something else", id="a page"),
        pytest.param(typed("image/jpeg", b"<!DOCTYPE html><html>"), "something else", id="a page called an image"),
        pytest.param(typed("image/svg+xml", b"<svg xmlns='http://www.w3.org/2000/svg'/>"), "something else", id="svg"),
        pytest.param(typed("image/jpeg", b"\xff"), "something else", id="one byte"),
        pytest.param(typed("image/jpeg", b""), "nothing", id="nothing"),
        pytest.param(endless(b"<html>"), "something else", id="an endless page"),
        pytest.param(endless(IMAGE), "more than 2,000,000 bytes", id="an endless body"),
        pytest.param(announced("2000001"), "more than 2,000,000 bytes", id="a length beyond the limit"),
        pytest.param(announced("9" * 30), "more than 2,000,000|could not be fetched", id="a huge length"),
        pytest.param(announced(str(len(IMAGE) + 1)), "could not be fetched|ended after", id="cut short"),
        pytest.param(packed, "something else", id="a gzip bomb"),
    ],
)
def test_what_is_no_image_within_limits_is_refused(server: Server, web: Web, behaviour: Behaviour, reason: str) -> None:
    server.behaviour = behaviour
    with pytest.raises(DownloadError, match=reason) as raised:
        fetch_image(at(server), limits=replace(LIMITS, max_bytes=2_000_000))
    assert raised.value.expected and raised.value.fix
    assert "\n" not in str(raised.value)


def drip_headers(handler: BaseHTTPRequestHandler) -> None:
    with suppress(OSError):
        handler.wfile.write(b"HTTP/1.1 200 OK\r\nX: ")
        while not handler.server.released.wait(0.02):  # type: ignore[attr-defined]
            handler.wfile.write(b"x")


@pytest.mark.parametrize("behaviour", [drip_headers, endless(IMAGE, b"x", 0.02)], ids=["headers", "body"])
def test_a_server_that_drips_is_given_up(server: Server, web: Web, behaviour: Behaviour) -> None:
    server.behaviour = behaviour
    with pytest.raises(DownloadError, match=r"longer than 0\.5 seconds"):
        fetch_image(at(server), limits=replace(LIMITS, total_seconds=0.5))


def test_a_look_up_that_hangs_is_given_up(server: Server, web: Web, monkeypatch: pytest.MonkeyPatch) -> None:
    def hang(host: str, port: int) -> Sequence[str]:
        server.released.wait(60)
        return []

    monkeypatch.setattr(public_hosts, "look_up", hang)
    with pytest.raises(DownloadError, match=r"longer than 0\.3 seconds"):
        fetch_image(at(server), limits=replace(LIMITS, total_seconds=0.3))


def test_a_name_that_nobody_has_is_said(monkeypatch: pytest.MonkeyPatch) -> None:
    def unknown(*_: object, **__: object) -> list[object]:
        raise socket.gaierror("Name or service not known")

    monkeypatch.setattr(socket, "getaddrinfo", unknown)
    with pytest.raises(DownloadError, match=r"no host.*pets\.example"):
        fetch_image("http://pets.example/cat.jpg")


def test_the_next_address_is_tried_where_one_does_not_answer(server: Server, web: Web) -> None:
    server.behaviour = image
    web.allow(lambda address: str(address) != INSIDE)
    web.lead_to(["127.0.0.3", OUTSIDE])
    assert fetch_image(at(server)) == IMAGE


def test_a_wait_can_be_stopped(server: Server, web: Web) -> None:
    server.behaviour = endless(IMAGE + bytes(64_000), b"", 60)

    def stop(phase: str, done: int, total: int) -> None:
        if done:
            raise Cancelled("Stopped")

    with pytest.raises(Cancelled):
        fetch_image(at(server), stop)


def over_tls(server: Server, folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The server with a certificate of pets.example, which is trusted."""
    certificate, key = write_certificate(folder, "pets.example")
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(certificate, key)
    server.socket = context.wrap_socket(server.socket, server_side=True)
    monkeypatch.setenv("SSL_CERT_FILE", str(certificate))


@pytest.mark.parametrize(("host", "good"), [("pets.example", True), ("other.example", False), (OUTSIDE, False)])
def test_the_certificate_must_be_the_names_although_an_address_is_connected_to(
    server: Server, web: Web, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, host: str, good: bool
) -> None:
    over_tls(server, tmp_path, monkeypatch)
    server.behaviour = image
    url = at(server, host=host).replace("http:", "https:")
    if good:
        assert fetch_image(url) == IMAGE
    else:
        with pytest.raises(DownloadError, match="CERTIFICATE_VERIFY_FAILED"):
            fetch_image(url)
        assert server.paths == []


def test_a_redirect_from_https_to_http_is_refused(
    server: Server, web: Web, inner: Server, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    over_tls(inner, tmp_path, monkeypatch)
    inner.behaviour, server.behaviour = redirect(at(server)), image
    web.allow(lambda _: True)
    web.lead_to([INSIDE], [OUTSIDE])
    with pytest.raises(DownloadError, match=r"leads to http\. Expected https"):
        fetch_image(at(server).replace("http:", "https:"))
    assert (inner.paths, server.paths) == (["/cat.jpg"], [])


def test_a_proxy_of_the_environment_is_not_asked(
    server: Server, web: Web, inner: Server, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("HTTP_PROXY", f"http://{INSIDE}:{inner.server_port}")
    monkeypatch.delenv("NO_PROXY")
    server.behaviour = image
    assert fetch_image(at(server)) == IMAGE
    assert inner.paths == []


def test_a_public_address_of_this_machine_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    ours = {"eth0": [SimpleNamespace(address="8.8.4.4"), SimpleNamespace(address="2606:4700::5%eth0")]}
    monkeypatch.setattr("psutil.net_if_addrs", lambda: ours)
    for text in ("8.8.4.4", "2606:4700::5"):
        with pytest.raises(InputError, match="not public"):
            public_addresses(text, 443)
    assert public_addresses("8.8.8.8", 443) == ["8.8.8.8"]
