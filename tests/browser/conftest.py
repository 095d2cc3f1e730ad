"""A real server on a free port, and a real Chromium that reports what it asks for and what it complains of."""

import os
import re
import shutil
import socket
import subprocess
import sys
import time
import urllib.request
from collections.abc import Iterator
from contextlib import closing
from dataclasses import dataclass, field
from pathlib import Path
from urllib.parse import urlsplit

import pytest
from PIL import Image
from playwright.sync_api import Browser, BrowserContext, ConsoleMessage, Page, Request, expect, sync_playwright

from core.jobs.process import PROJECT
from tests.browser.chromium import CAMERA, launch
from tests.trained import with_sample

PATIENCE = 120_000  # milliseconds: other tests run beside
LOOK_AGAIN = 100  # milliseconds; else whoever waits looks at every frame, which takes time from what is waited for
expect.set_options(timeout=PATIENCE)
STREAMLITS_OWN = re.compile(
    r"/(start|home|collect|label|dataset|augment|train|evaluate|improve|classify)/_stcore/(health|host-config)$"
)  # it guesses, gets a 404, goes on


# When the page last asked the server for something over its socket, and when it last heard from it.
LISTEN = """
globalThis.asked = 0;
globalThis.heard = 0;
const send = WebSocket.prototype.send;
WebSocket.prototype.send = function (message) {
  globalThis.asked = performance.now();
  if (!this.listened) this.addEventListener('message', () => { globalThis.heard = performance.now(); });
  this.listened = true;
  return send.call(this, message);
};
"""
# Not before what was asked last is answered: until the answer comes, the script still seems to rest. Some messages,
# such as the socket's heartbeat, have no answer. And not before the browser has drawn what came: React and the
# components draw later than the message that they draw, a loaded machine much later.
SETTLED = """
async () => {
  const rests = () => document.querySelector('[data-testid="stApp"]')?.dataset.testScriptState === 'notRunning'
    && (heard > asked || performance.now() - asked > 3000);
  const idle = () => new Promise((resolve) => {
    requestIdleCallback(() => requestAnimationFrame(resolve), {timeout: 2000});
    setTimeout(resolve, 4000);  // a page that nothing changes may get no frame
  });
  if (!rests()) return false;
  await idle();
  await idle();
  return rests();
}
"""


@dataclass(frozen=True)
class Server:
    url: str
    pid: int
    home: Path


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


@pytest.fixture(scope="session")
def server(tmp_path_factory: pytest.TempPathFactory, weights_cache: Path, drawn_sample: Path) -> Iterator[Server]:
    """The app as a user starts it, with pre-trained weights in its cache and the sample drawn; of all tests that do not
    mind."""
    yield from serve(with_sample(tmp_path_factory.mktemp("server-home"), drawn_sample), weights_cache)


@pytest.fixture
def fresh_server(tmp_path: Path, weights_cache: Path, drawn_sample: Path) -> Iterator[Server]:
    """One that no other test has used."""
    yield from serve(with_sample(tmp_path / "server-home", drawn_sample), weights_cache)


def serve(home: Path, weights_cache: Path) -> Iterator[Server]:
    shutil.copytree(weights_cache, home / "cache", dirs_exist_ok=True)
    port = free_port()
    process = subprocess.Popen(
        [sys.executable, "-m", "streamlit", "run", "app.py", "--server.port", str(port)],
        cwd=PROJECT,
        env={**os.environ, "PAWLAB_HOME": str(home)},
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )
    url = f"http://127.0.0.1:{port}"
    try:
        wait_until_healthy(url, process)
        yield Server(url, process.pid, home)
    finally:
        process.terminate()
        process.wait(20)


def wait_until_healthy(url: str, process: subprocess.Popen[bytes], seconds: float = 60) -> None:
    deadline = time.monotonic() + seconds
    while time.monotonic() < deadline and process.poll() is None:
        try:
            with urllib.request.urlopen(f"{url}/_stcore/health", timeout=1) as answer:
                if answer.status == 200:
                    return
        except OSError:
            time.sleep(0.1)
    pytest.fail(f"the server did not start: exit code {process.poll()}")


def write_y4m(path: Path, file: Path, frames: int = 5) -> None:
    """An image as an uncompressed 320x240 video: what Chromium's fake camera shows."""
    with Image.open(file) as image:
        planes = image.convert("RGB").resize((320, 240)).convert("YCbCr").split()
    small = [plane.resize((160, 120)) for plane in planes[1:]]
    frame = b"FRAME\n" + b"".join(plane.tobytes() for plane in (planes[0], *small))
    path.write_bytes(b"YUV4MPEG2 W320 H240 F10:1 Ip A1:1 C420jpeg\n" + frame * frames)


@pytest.fixture(scope="session")
def browser(drawn: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Browser]:
    video = tmp_path_factory.mktemp("camera") / "dog.y4m"
    write_y4m(video, sorted((drawn / "train" / "dogs").iterdir())[0])
    with sync_playwright() as playwright:
        chromium = launch(playwright.chromium, [*CAMERA, f"--use-file-for-fake-video-capture={video}"])
        yield chromium
        chromium.close()


@dataclass
class Watched:
    """A page and everything it asked for, and every error on its console."""

    page: Page
    server: Server
    requests: list[str] = field(default_factory=list)
    complaints: list[str] = field(default_factory=list)

    def hosts(self) -> set[str | None]:
        """Whom the browser asked."""
        return {urlsplit(url).hostname for url in self.requests if url.startswith(("http", "ws"))}

    def open(self, path: str = "") -> None:
        self.page.goto(f"{self.server.url}/{path}")
        self.settle()

    def settle(self) -> None:
        """Waits until the script has run."""
        self.page.wait_for_function(SETTLED, timeout=120_000, polling=LOOK_AGAIN)

    def go(self, title: str) -> None:
        self.page.get_by_role("link", name=title, exact=True).first.click()
        self.page.get_by_role("heading", name=title, level=1).wait_for()
        self.settle()


def new_context(browser: Browser) -> BrowserContext:
    """A browser of its own as far as pages can tell: its cache and what pages have stored are empty."""
    context = browser.new_context(viewport={"width": 1280, "height": 800}, permissions=["camera"])
    context.add_init_script(LISTEN)
    return context


@pytest.fixture(scope="session")
def shared_context(browser: Browser) -> Iterator[BrowserContext]:
    """Keeps the scripts of Streamlit, which are the same in every test, and what Chromium has compiled of them: half of
    the work of opening a page."""
    with closing(new_context(browser)) as context:
        yield context


@pytest.fixture
def watched(shared_context: BrowserContext, server: Server) -> Iterator[Watched]:
    """A tab in which nothing is stored that a page of another test has stored."""
    watched = watch(shared_context.new_page(), server)
    yield watched
    for tab in shared_context.pages:
        tab.close()
    shared_context.clear_cookies()
    blank = shared_context.new_page()
    shared_context.new_cdp_session(blank).send(
        "Storage.clearDataForOrigin", {"origin": watched.server.url, "storageTypes": "all"}
    )
    blank.close()


@pytest.fixture
def watched_afresh(browser: Browser, fresh_server: Server) -> Iterator[Watched]:
    with closing(new_context(browser)) as context:
        yield watch(context.new_page(), fresh_server)


def watch(page: Page, server: Server) -> Watched:
    page.set_default_timeout(PATIENCE)
    watched = Watched(page, server)

    def complain(message: ConsoleMessage) -> None:
        if message.type == "error" and not STREAMLITS_OWN.search(message.location["url"]):
            watched.complaints.append(message.text)

    def note(request: Request) -> None:
        watched.requests.append(request.url)

    page.on("console", complain)
    page.on("pageerror", lambda error: watched.complaints.append(str(error)))
    page.on("request", note)
    return watched
