"""A class that comes and goes: many sessions visit every page and leave, again and again. Does the server get larger?

    python -m benchmarks.sessions [--sessions 30] [--rounds 10] [--pause 2] [--data sample]

Sessions without a browser (`benchmarks.window`), over the real socket: in each round all of them come at once, open
every page, run each once more, and close their windows. Before each they look at what they see: for as many seconds
as `--pause` says on average, none at the least and twice that at the most, drawn by a seed. The store has one trained
run, so that Evaluate and Classify have something to show. Streamlit keeps up to 128 sessions for two minutes after
their window was lost: after the first round and after the last, that time is waited for, and one more window comes,
with which the lost ones are let go.

`memory_mb` and `descriptors` are the server's after each round; `settled` the same after the waits, and `ratio` the
last of these against the first. `rerun_ms` are the median and the 95th percentile of all runs of a page that is open
already, `first_ms` of those that open it; `alone_ms` are the reruns of one session alone. `cpu_ms` is the server's
processor time for one run of a page, which other work on the machine does not change. `errors` counts pages that ended
with an exception. The program ends with code 1 where there are some, or where memory or descriptors are not back within
10%.
"""

import argparse
import asyncio
import random
import sys
import time
from collections import Counter
from collections.abc import Awaitable
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
import psutil

from benchmarks.common import own_home, print_result
from benchmarks.server import PAGES, serving
from benchmarks.watchers import warm
from benchmarks.window import open_window
from core.datasets.current import remember_source
from core.runs.run import create_run
from core.runs.settings import preset
from tests.trained import to_the_end

KEPT_SECONDS = 125.0  # a little longer than `MemorySessionStorage` has it
WITHIN = 1.1


@dataclass
class Times:
    """Milliseconds of each run of a page, and the exceptions."""

    first: list[float] = field(default_factory=list)
    again: list[float] = field(default_factory=list)
    errors: Counter[str] = field(default_factory=Counter)

    async def visit_all(self, url: str, pauses: random.Random, pause: float) -> None:
        """One session: every page, each drawn twice."""
        try:
            async with open_window(url) as window:
                for page in PAGES.values():
                    await asyncio.sleep(pauses.uniform(0, 2 * pause))
                    self.first.append(await milliseconds(window.show(page)))
                    await asyncio.sleep(pauses.uniform(0, 2 * pause))
                    self.again.append(await milliseconds(window.rerun()))
        except Exception as error:
            self.errors[f"{type(error).__name__}: {str(error)[:200]}"] += 1


async def milliseconds(work: Awaitable[None]) -> float:
    began = time.perf_counter()
    await work
    return 1000 * (time.perf_counter() - began)


def percentiles(milliseconds: list[float]) -> list[int]:
    return [round(float(np.percentile(milliseconds, at))) for at in (50, 95)] if milliseconds else []


def measure(process: psutil.Process) -> dict[str, float]:
    return {"memory_mb": round(process.memory_info().rss / 1e6, 1), "descriptors": process.num_fds()}


async def come_and_go(url: str, sessions: int, pause: float) -> Times:
    times = Times()
    await asyncio.gather(*(times.visit_all(url, random.Random(number), pause) for number in range(sessions)))
    return times


def settle(url: str, process: psutil.Process) -> dict[str, float]:
    time.sleep(KEPT_SECONDS)
    asyncio.run(come_and_go(url, 1, 0))
    return measure(process)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else "")
    parser.add_argument("--sessions", type=int, default=30)
    parser.add_argument("--rounds", type=int, default=10)
    parser.add_argument("--pause", type=float, default=2.0)
    parser.add_argument("--data", default="sample")
    options = parser.parse_args()
    source = options.data if options.data == "sample" else str(Path(options.data).absolute())
    rounds, settled, classes = list[dict[str, float]](), list[dict[str, float]](), list[Times]()
    with own_home():
        to_the_end(create_run(source, preset("fast").changed(image_size=96, epochs=3), "trained"))
        remember_source(source)
        with serving("app.py") as (url, pid):
            warm(url)
            process = psutil.Process(pid)
            alone = asyncio.run(come_and_go(url, 1, 0))
            used = 0.0
            for number in range(options.rounds):
                before = sum(process.cpu_times()[:2])
                classes.append(asyncio.run(come_and_go(url, options.sessions, options.pause)))
                used += sum(process.cpu_times()[:2]) - before
                rounds.append(measure(process))
                print(rounds[-1], dict(classes[-1].errors), percentiles(classes[-1].again), file=sys.stderr)
                if number == 0:
                    settled.append(settle(url, process))
            settled.append(settle(url, process))
    first = [one for times in classes for one in times.first]
    again = [one for times in classes for one in times.again]
    ratio = {name: round(settled[-1][name] / settled[0][name], 3) for name in settled[0]}
    errors = sum((times.errors for times in classes), alone.errors)
    print_result(
        {
            "benchmark": "sessions",
            "sessions": options.sessions,
            "rounds": options.rounds,
            "memory_mb": [one["memory_mb"] for one in rounds],
            "descriptors": [one["descriptors"] for one in rounds],
            "settled": settled,
            "ratio": ratio,
            "rerun_ms": percentiles(again),
            "first_ms": percentiles(first),
            "alone_ms": percentiles(alone.again),
            "cpu_ms": round(1000 * used / max(1, len(first) + len(again)), 1),
            "errors": dict(errors),
        }
    )
    sys.exit(1 if errors or max(ratio.values()) > WITHIN else 0)


if __name__ == "__main__":
    main()
