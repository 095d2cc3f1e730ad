"""What the commands share that fill folders of parts: their options, their engine, their progress, their last words."""

import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import asdict
from typing import TYPE_CHECKING, Annotated

import typer

from core.cli.console import note, print_json, say
from core.errors import ConfigError
from core.jobs.progress import Progress

if TYPE_CHECKING:
    from core.scale.engine import Engine
    from core.scale.job import Files, Outcome
    from core.scale.kernel import Kernel

EngineName = Annotated[str, typer.Option("--engine", help="'local' (this machine's cores) or 'ray' (a cluster).")]
Address = Annotated[
    str,
    typer.Option("--address", help="With --engine ray: the cluster's head node.", show_default="a Ray of its own"),
]
Workers = Annotated[
    int, typer.Option("--workers", min=0, help="How many work at once.", show_default="one for each core")
]
Out = Annotated[
    str, typer.Option("--out", metavar="DIR", help="Write Parquet parts into this folder, or an address of one.")
]
Resume = Annotated[bool, typer.Option("--resume", help="Compute only what is missing in the folder of parts.")]


def fill_parts(
    kernel: "Kernel", files: "Files", out: str, engine: "Engine", progress: Progress, *, resume: bool
) -> "Outcome":
    """Runs the job with a bar that says how fast it goes and how many files have a reason."""
    from core.scale.job import run_job
    from core.storage.parts import PartsFolder

    started, first = time.perf_counter(), -1

    def report(done: int, total: int, failed: int) -> None:
        nonlocal first, started
        if first < 0:  # what was there before, and how long it took to begin, say nothing of the pace
            first, started = done, time.perf_counter()
        pace = (done - first) / max(time.perf_counter() - started, 1e-9)
        words = f" {pace:.0f}/s" if done > first else ""
        progress(f"{kernel.kind}{words}{f', {failed:,} failed' if failed else ''}", done, total)

    return run_job(kernel, files, PartsFolder(out), engine, report, resume=resume)


@contextmanager
def chosen_engine(name: str, address: str, workers: int, out: str) -> Iterator["Engine"]:
    """The engine of that name, ready to work for a folder of parts.

    Raises:
        ConfigError: There is none, or its extra is not installed.
    """
    if name == "ray":
        from core.scale.cluster import RayEngine
        from core.storage.places import is_place_address

        with RayEngine(address, workers, note, out if is_place_address(out) else "") as engine:
            yield engine
        return
    if name != "local":
        raise ConfigError(f"Received {name!r} for --engine", "local or ray")
    if address:
        raise ConfigError("Received --address with --engine local", "it with --engine ray")
    from core.scale.local import LocalEngine

    yield LocalEngine(workers)


def print_outcome(outcome: "Outcome", seconds: float, out: str, *, json: bool) -> None:
    """The last lines of a job, and what a reader should look at."""
    if json:
        pace = round(outcome.new / max(seconds, 1e-9), 1)
        print_json({**asdict(outcome), "seconds": round(seconds, 3), "images_per_second": pace, "out": out})
        return
    again = f", {outcome.repeated:,} parts were begun again" if outcome.repeated else ""
    before = outcome.images - outcome.new
    earlier = f", {before:,} were there already" if before else ""
    say(f"{outcome.images:,} files in {outcome.parts:,} parts{earlier}{again}, {outcome.new / seconds:.0f} files/s")
    if outcome.failed:
        note(f"{outcome.failed:,} files are no images that can be read: the column reason says why")
    say(out)


def check_parts(out: str, engine: str, address: str, workers: int) -> None:
    """Raises `ConfigError`: options of engines without a folder of parts."""
    if not out and (engine != "local" or address or workers):
        raise ConfigError("Received --engine, --address or --workers without --out", "a folder for parts: --out DIR")
