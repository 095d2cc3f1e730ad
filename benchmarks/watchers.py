"""A class watches one run: many sessions without browsers, each asking for news as a browser does.

    python -m benchmarks.watchers [--sessions 30] [--data SOURCE] [--epochs 60]

Speaks Streamlit's own protocol over one websocket a session: opens the Training page and runs its fragment again as
often as the page asks for. `rerun_ms` are the median and the 95th percentile of the times from asking to the end of the
prediction, over all sessions, while the head trains; `behind_seconds` the same of the times from an epoch's event until
a session has been sent its point. `cpu_ms` is the server's processor time for one rerun: other work on the machine
does not change it. `kept_up` counts the sessions that were sent every epoch. `floor_ms` is the 95th percentile of the
same number of sessions on a Streamlit app whose fragment writes one line.
"""

import argparse
import asyncio
import json
import os
import tempfile
import time
from collections.abc import Awaitable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
import psutil
from playwright.sync_api import sync_playwright
from streamlit.proto.ForwardMsg_pb2 import ForwardMsg
from websockets.asyncio.client import ClientConnection, connect

from benchmarks.common import own_home, print_result
from benchmarks.server import serving, visit
from benchmarks.watching import fill_cache
from benchmarks.window import rerun_request
from core.datasets.current import remember_source
from core.runs.run import ACTIVE, Run, create_run
from core.runs.settings import TrainingConfig
from core.runs.start import start_run
from tests.browser.chromium import launch

BARE = """
import streamlit as st
@st.fragment(run_every=0.5)
def part():
    st.write("One line")
part()
"""


@dataclass
class Session:
    """One watcher: what it was sent, and how long each rerun took."""

    seconds: list[float] = field(default_factory=list)
    arrivals: list[float] = field(default_factory=list)  # when each epoch arrived, by the machine's clock
    page: str = ""
    requested: float = 0.0

    async def watch(self, url: str, page: str, stop: asyncio.Event) -> None:
        address = f"ws{url.removeprefix('http')}/_stcore/stream"
        async with connect(address, subprotocols=["streamlit"], max_size=None) as socket:  # type: ignore[list-item]
            timers: list[asyncio.Task[None]] = []
            await self._ask(socket, page=page)
            listening = asyncio.create_task(self._listen(socket, timers))
            await asyncio.wait((listening, asyncio.create_task(stop.wait())), return_when=asyncio.FIRST_COMPLETED)
            if listening.done():
                listening.result()  # it ends by an error only
            for task in (*timers, listening):
                task.cancel()

    async def _listen(self, socket: ClientConnection, timers: list[asyncio.Task[None]]) -> None:
        async for content in socket:
            message = ForwardMsg()
            message.ParseFromString(bytes(content) if isinstance(content, bytes) else b"")
            match message.WhichOneof("type"):
                case "new_session":
                    self.page = message.new_session.page_script_hash
                    if not message.metadata.run.fragment_ids:  # the whole page: its timers begin anew
                        while timers:
                            timers.pop().cancel()
                case "navigation":  # as the browser does: before this it has the hash of the main script
                    self.page = message.navigation.page_script_hash
                case "auto_rerun":
                    rerun = message.auto_rerun
                    timers.append(asyncio.create_task(self._again(socket, rerun.interval, rerun.fragment_id)))
                case "script_finished" if self.requested:
                    self.seconds.append(time.perf_counter() - self.requested)
                    self.requested = 0.0
                case "delta":
                    self._note(message)

    async def _again(self, socket: ClientConnection, interval: float, fragment: str) -> None:
        while True:
            await asyncio.sleep(interval)
            await self._ask(socket, fragment=fragment)

    async def _ask(self, socket: ClientConnection, page: str = "", fragment: str = "") -> None:
        if fragment:
            self.requested = self.requested or time.perf_counter()  # the oldest request without a reply
        await socket.send(rerun_request(page, self.page, fragment))

    def _note(self, message: ForwardMsg) -> None:
        """How many epochs the chart has."""
        component = message.delta.new_element.bidi_component
        if "live_chart" not in component.component_name:
            return
        lines = json.loads(json.loads(component.json)["figure"])["data"]
        epochs = next((len(line["x"]) for line in lines if line.get("name") == "validation"), 0)
        self.arrivals += [time.time()] * (epochs - len(self.arrivals))


async def watch(url: str, page: str, number: int, done: Awaitable[None]) -> list[Session]:
    sessions, stop = [Session() for _ in range(number)], asyncio.Event()
    tasks = [asyncio.create_task(session.watch(url, page, stop)) for session in sessions]
    await done
    await asyncio.sleep(3)
    stop.set()
    await asyncio.gather(*tasks)
    return sessions


async def watch_run(url: str, number: int, run: Run) -> list[Session]:
    async def until_ended() -> None:
        while run.status() in ACTIVE:
            await asyncio.sleep(0.5)

    while not run.history().batches:  # from here on the head trains
        await asyncio.sleep(0.1)
    return await watch(url, "train", number, until_ended())


def warm(url: str) -> None:
    """One visit by a browser: what a first visit imports is not what a class waits for."""
    with sync_playwright() as playwright:
        browser = launch(playwright.chromium)
        page = browser.new_page()
        visit(page, url)
        page.wait_for_timeout(4000)
        browser.close()


def result(run: Run, sessions: list[Session], idle: list[Session], used: float, seconds: float) -> dict[str, Any]:
    """Args: `used` are the seconds of processor time that the server took in so many `seconds`."""
    epochs = [epoch["time"] for epoch in run.history().epochs]
    behind = [arrival - event for session in sessions for arrival, event in zip(session.arrivals, epochs, strict=False)]
    # Epochs before the session's first look were sent with it.
    behind = [seconds for seconds in behind if seconds < 60]
    times, floor = ([1000 * second for session in group for second in session.seconds] for group in (sessions, idle))
    return {
        "benchmark": "watchers",
        "sessions": len(sessions),
        "reruns": len(times),
        "rerun_ms": [round(float(np.percentile(times, at))) for at in (50, 95)],
        "floor_ms": round(float(np.percentile(floor, 95))),
        "behind_seconds": [round(float(np.percentile(behind, at)), 2) for at in (50, 95)],
        "kept_up": sum(len(session.arrivals) == len(epochs) for session in sessions),
        "cpu_ms": round(1000 * used / len(times), 1),
        "server_share": round(used / seconds, 2),
    }


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else "")
    parser.add_argument("--sessions", type=int, default=30)
    parser.add_argument("--data", default="sample")
    parser.add_argument("--epochs", type=int, default=60)
    options = parser.parse_args()
    source = options.data if options.data == "sample" else str(Path(options.data).absolute())
    with own_home(), tempfile.TemporaryDirectory() as folder:
        fill_cache(source, "notebook")
        remember_source(source)
        bare = Path(folder) / "bare.py"
        bare.write_text(BARE)
        with serving(os.fspath(bare)) as (url, _):
            warm(url)
            idle = asyncio.run(watch(url, "", options.sessions, asyncio.sleep(10)))
        with serving("app.py") as (url, pid):
            warm(f"{url}/train")
            config = TrainingConfig(epochs=options.epochs, early_stopping_patience=options.epochs)
            run = create_run(source, config)
            start_run(run)
            process = psutil.Process(pid)
            began, used = time.monotonic(), sum(process.cpu_times()[:2])
            sessions = asyncio.run(watch_run(url, options.sessions, run))
            used, took = sum(process.cpu_times()[:2]) - used, time.monotonic() - began
        print_result(result(run, sessions, idle, used, took))


if __name__ == "__main__":
    main()
