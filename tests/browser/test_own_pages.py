"""Only pages of this very server reach it: raw requests on every route, then Chromium on another port and name."""

import json
import re
import socket
import subprocess
import sys
import threading
from collections import Counter
from collections.abc import Iterator, Sequence
from functools import partial
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from typing import NamedTuple
from urllib.parse import urlsplit

import pytest
from playwright.sync_api import Browser, Response

from core.jobs.process import PROJECT
from tests.browser.chromium import launch
from tests.browser.conftest import Server

# What Streamlit builds of our routes and its own, in a process apart: it begins with a runtime of its own.
LIST = """
import json
from app import app
routes = app._build_starlette_app().routes
print(json.dumps([[route.path, sorted(getattr(route, "methods", None) or [])] for route in routes if route.path]))
"""
PAGES = ["/", "/train", "/static/js/x.js"]  # what lies in the folder that Streamlit serves, and every other path


class Routes(NamedTuple):
    """Every address of the app with a method of HTTP, and those of its sockets."""

    http: list[tuple[str, str]]
    sockets: list[str]

    @property
    def read(self) -> list[str]:
        return [path for method, path in self.http if method == "GET"]


@pytest.fixture(scope="session")
def routes() -> Routes:
    done = subprocess.run([sys.executable, "-c", LIST], cwd=PROJECT, capture_output=True, text=True, check=True)
    listed = [(re.sub(r"{.*?}", "x", path), methods) for path, methods in json.loads(done.stdout.splitlines()[-1])]
    http = [(method, path) for path, methods in listed for method in methods if method not in ("HEAD", "OPTIONS")]
    return Routes(
        [*(("GET", path) for path in PAGES), *http], [f"{path}?run=x" for path, methods in listed if not methods]
    )


def test_the_routes_are_those_that_the_app_has(routes: Routes) -> None:
    """Else those who attack them below would attack nothing."""
    assert {"/api/plotly.js", "/api/bundle", "/media/x", "/component/x", "/_stcore/metrics"} <= set(routes.read)
    assert ("PUT", "/_stcore/upload_file/x/x") in routes.http
    assert set(routes.sockets) == {"/_stcore/stream?run=x", "/api/live?run=x", "/api/collect?run=x"}


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
    {"Sec_Fetch_Site": "cross-site", "Sec_Fetch_Mode": "navigate", "Sec_Fetch_Dest": "iframe"},
]


@pytest.mark.parametrize("headers", STRANGERS, ids=str)
def test_strangers_reach_no_route(server: Server, routes: Routes, headers: dict[str, str]) -> None:
    statuses = {path: status(server, path, headers) for path in routes.read}
    statuses |= {path: status(server, path, headers, upgrade=True) for path in routes.sockets}
    assert set(statuses.values()) == {403}, statuses


@pytest.mark.parametrize(
    "headers", [{}, {"Origin": "http://HOST"}, {"Sec_Fetch_Site": "same-origin"}, {"Sec_Fetch_Site": "none"}], ids=str
)
def test_own_pages_and_programs_reach_every_route(server: Server, routes: Routes, headers: dict[str, str]) -> None:
    statuses = {path: status(server, path, headers) for path in routes.read}
    statuses |= {path: status(server, path, headers, upgrade=True) for path in routes.sockets}
    assert 403 not in statuses.values(), statuses
    assert statuses["/"] == statuses["/api/plotly.js"] == statuses["/_stcore/health"] == 200
    assert statuses["/_stcore/stream?run=x"] == 101


def test_a_link_from_another_site_opens_a_page_and_nothing_else(server: Server, routes: Routes) -> None:
    click = {"Sec_Fetch_Site": "cross-site", "Sec_Fetch_Mode": "navigate", "Sec_Fetch_Dest": "document"}
    statuses = {path: status(server, path, click) for path in routes.read}
    assert {path for path, code in statuses.items() if code != 403} == {"/", "/train"}
    assert statuses["/train"] == 200


# --- from a real browser ---------------------------------------------------------------------------------------------

# What a page can do to an address without asking: fetch with and without CORS, a script, an image, a frame, a beacon.
# How they were answered is noted outside; here only what the sockets say.
ATTACK = """
async ({base, http, sockets, tags}) => {
  const tries = [];
  for (const [method, path] of http) {
    for (const mode of ['cors', 'no-cors'])
      if (mode === 'cors' || ['GET', 'POST'].includes(method))
        tries.push(fetch(base + path, {method, mode, credentials: 'include', redirect: 'manual'}));
    if (method !== 'GET') continue;
    for (const tag of tags)
      tries.push(new Promise((done) => {
        const element = Object.assign(document.createElement(tag), {src: base + path, onload: done, onerror: done});
        document.body.append(element);
      }));
  }
  if (tags.length) navigator.sendBeacon(base + '/_stcore/agent/mcp', 'x');
  await Promise.allSettled(tries);
  return Promise.all(sockets.map((path) => new Promise((done) => {
    const socket = new WebSocket(base.replace('http', 'ws') + path, path.startsWith('/_stcore/') ? ['streamlit'] : []);
    socket.onopen = () => done('open');
    socket.onerror = () => done('refused');
  })));
}
"""


@pytest.fixture(scope="module")
def wide_browser(browser: Browser) -> Iterator[Browser]:
    """One for which names below .test mean this machine."""
    chromium = launch(browser.browser_type, ["--host-resolver-rules=MAP *.test 127.0.0.1"])
    yield chromium
    chromium.close()


@pytest.fixture(scope="module")
def other_port(tmp_path_factory: pytest.TempPathFactory) -> Iterator[int]:
    """That of another site on this machine, with an empty page."""
    folder = tmp_path_factory.mktemp("site")
    (folder / "index.html").write_text("<!doctype html><title>a site</title><body></body>")
    site = ThreadingHTTPServer(("127.0.0.1", 0), partial(SimpleHTTPRequestHandler, directory=str(folder)))
    threading.Thread(target=site.serve_forever, daemon=True).start()
    yield site.server_port
    site.shutdown()
    site.server_close()


TAGS = ("script", "img", "iframe")


def attack(
    browser: Browser, routes: Routes, origin: str, base: str, tags: Sequence[str] = TAGS
) -> tuple[Counter[int], list[str]]:
    """What a page of `origin` gets from the app at `base`: the statuses of all responses, and what the sockets did."""
    page, statuses = browser.new_page(), Counter[int]()
    page.goto(f"{origin}/")

    def note(response: Response) -> None:
        if response.url.startswith(base):
            statuses[response.status] += 1

    page.on("response", note)
    arguments = {"base": base, "http": routes.http, "sockets": routes.sockets, "tags": list(tags)}
    sockets = page.evaluate(ATTACK, arguments)
    page.wait_for_timeout(200)  # the beacon
    page.close()
    return statuses, sockets


@pytest.mark.parametrize(
    ("origin", "name"),
    [
        ("http://127.0.0.1:OTHER", "127.0.0.1"),  # another port
        ("http://site.test:OTHER", "127.0.0.1"),  # another name
        ("http://localhost:OWN", "127.0.0.1"),  # our own page, under its other name
        ("http://rebound.test:OWN", "rebound.test"),  # one that was bent to this machine: for the browser, its own page
    ],
)
def test_pages_of_others_reach_no_route(
    wide_browser: Browser, server: Server, routes: Routes, other_port: int, origin: str, name: str
) -> None:
    own = str(urlsplit(server.url).port)
    page = origin.replace("OTHER", str(other_port)).replace("OWN", own)
    statuses, sockets = attack(wide_browser, routes, page, f"http://{name}:{own}")
    assert set(statuses) == {403}
    assert statuses[403] > 3 * len(routes.read), "not all that was tried has arrived"
    assert sockets == ["refused"] * len(routes.sockets)


def test_own_pages_reach_every_route(wide_browser: Browser, server: Server, routes: Routes) -> None:
    """By fetch and over the sockets. Uploads have a check of Streamlit's own besides."""
    own = Routes([("GET", path) for path in routes.read], routes.sockets)
    statuses, sockets = attack(wide_browser, own, server.url, server.url, tags=())
    assert 403 not in statuses
    assert statuses[200] > 0
    assert sockets == ["open"] * len(routes.sockets)


def test_a_name_that_was_bent_to_this_machine_sees_only_the_reason(wide_browser: Browser, server: Server) -> None:
    page = wide_browser.new_page()
    response = page.goto(f"http://evil.test:{urlsplit(server.url).port}/")
    assert response is not None
    assert response.status == 403
    assert "does not answer to the name 'evil.test" in page.content()
    page.close()
