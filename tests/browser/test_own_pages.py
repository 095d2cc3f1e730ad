"""Only pages of this very server reach it: raw requests on every route, then Chromium on another port and name."""

import socket
import threading
from collections.abc import Iterator
from functools import partial
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from urllib.parse import urlsplit

import pytest
from playwright.sync_api import Browser

from tests.browser.chromium import launch
from tests.browser.conftest import Server

ROUTES = (
    "/",
    "/train",
    "/api/plotly.js",
    "/api/bundle?run=x",
    "/_stcore/health",
    "/_stcore/host-config",
    "/_stcore/metrics",
    "/_stcore/upload_file/x/y",
    "/media/x.png",
    "/_stcore/component/x/y.js",
)
SOCKETS = ("/_stcore/stream", "/api/live?run=x")


def status(server: Server, path: str, headers: dict[str, str], *, upgrade: bool = False) -> int:
    """The status of the response to a request with exactly these headers; HOST stands for the server's own."""
    own = urlsplit(server.url).netloc
    lines = {"Host": own, **{name.replace("_", "-"): value.replace("HOST", own) for name, value in headers.items()}}
    if upgrade:
        lines |= {"Upgrade": "websocket", "Connection": "Upgrade", "Sec-WebSocket-Version": "13"}
        lines |= {"Sec-WebSocket-Key": "AAAAAAAAAAAAAAAAAAAAAA==", "Sec-WebSocket-Protocol": "streamlit"}
    else:
        lines["Connection"] = "close"
    request = f"GET {path} HTTP/1.1\r\n" + "".join(f"{name}: {value}\r\n" for name, value in lines.items()) + "\r\n"
    host, port = own.split(":")
    with socket.create_connection((host, int(port)), timeout=15) as connection:
        connection.sendall(request.encode("latin-1"))
        return int(connection.recv(4096).split()[1])


STRANGERS = [
    {"Origin": "http://example.org"},
    {"Origin": "https://HOST"},  # another scheme
    {"Origin": "http://127.0.0.1"},  # another port
    {"Origin": "http://127.0.0.1:9"},
    {"Origin": "http://HOST.example.org"},
    {"Origin": "http://x@HOST"},
    {"Origin": "null"},
    {"Origin": ""},
    {"Origin": "http://["},
    {"Origin": "http://127.0.0.1:99999999"},
    {"Host": "example.org"},  # a name that was bent to this machine
    {"Host": "127.0.0.1.example.org"},
    {"Host": "["},
    {"Sec_Fetch_Site": "cross-site", "Sec_Fetch_Mode": "no-cors"},
    {"Sec_Fetch_Site": "same-site", "Sec_Fetch_Mode": "cors"},  # another port of this machine
]


@pytest.mark.parametrize("headers", STRANGERS, ids=str)
def test_strangers_reach_no_route(server: Server, headers: dict[str, str]) -> None:
    statuses = {path: status(server, path, headers) for path in ROUTES}
    statuses |= {path: status(server, path, headers, upgrade=True) for path in SOCKETS}
    assert set(statuses.values()) == {403}, statuses


@pytest.mark.parametrize(
    "headers", [{}, {"Origin": "http://HOST"}, {"Sec_Fetch_Site": "same-origin"}, {"Sec_Fetch_Site": "none"}], ids=str
)
def test_own_pages_and_programs_reach_every_route(server: Server, headers: dict[str, str]) -> None:
    statuses = {path: status(server, path, headers) for path in ROUTES}
    statuses |= {path: status(server, path, headers, upgrade=True) for path in SOCKETS}
    assert 403 not in statuses.values(), statuses
    assert statuses["/"] == statuses["/api/plotly.js"] == statuses["/_stcore/health"] == 200
    assert statuses["/_stcore/stream"] == 101


def test_a_link_from_another_site_opens_a_page_and_nothing_else(server: Server) -> None:
    click = {"Sec_Fetch_Site": "cross-site", "Sec_Fetch_Mode": "navigate"}
    assert status(server, "/train", click) == 200
    assert status(server, "/api/bundle?run=x", click) == 403
    assert status(server, "/media/x.png", click) == 403


ATTACK = """
<script>
const base = 'http://%s';
const socket = new WebSocket(base.replace('http', 'ws') + '/_stcore/stream', ['streamlit']);
const done = (what) => document.body.append(what + ';');
socket.onopen = () => done('socket open'); socket.onerror = () => done('socket refused');
fetch(base + '/_stcore/host-config').then(r => r.text()).then(() => done('read'), () => done('nothing read'));
</script><body>"""


@pytest.fixture
def stranger(server: Server, tmp_path: Path) -> Iterator[str]:
    """A site on another port of this machine, whose page attacks the server."""
    (tmp_path / "index.html").write_text(ATTACK % urlsplit(server.url).netloc)
    site = ThreadingHTTPServer(("127.0.0.1", 0), partial(SimpleHTTPRequestHandler, directory=str(tmp_path)))
    threading.Thread(target=site.serve_forever, daemon=True).start()
    yield f"http://127.0.0.1:{site.server_port}"
    site.shutdown()
    site.server_close()


def test_a_page_on_another_port_opens_no_socket_and_reads_nothing(browser: Browser, stranger: str) -> None:
    page = browser.new_page()
    page.goto(stranger)
    page.wait_for_function("document.body.textContent.split(';').length === 3")
    assert set((page.text_content("body") or "").strip().split(";")) == {"socket refused", "nothing read", ""}
    page.close()


def test_a_name_that_was_bent_to_this_machine_sees_only_the_reason(browser: Browser, server: Server) -> None:
    rebound = launch(browser.browser_type, ["--host-resolver-rules=MAP evil.test 127.0.0.1"])
    page = rebound.new_page()
    response = page.goto(f"http://evil.test:{urlsplit(server.url).port}/")
    assert response is not None
    assert response.status == 403
    assert "does not answer to the name 'evil.test" in page.content()
    rebound.close()
