"""The engine beyond one machine: actors of Ray, each one core, one block after the other.

Ray starts processes on nodes, moves what they are sent and what they return, and says who died. What is done here: a
worker gets two blocks at a time and a third only for a finished one, so that no node holds more than a few blocks and
their parts, whatever the number of images; a block whose worker or node is lost goes to another; and a worker that
computes other bits is refused. Ray Data would do the first two, but wants to know every path before it begins.

Our own code goes to the nodes with the job; they need only the packages (`pip install "pawlab[ray]"`).
"""

import os
import socket
import time
from collections import deque
from collections.abc import Callable, Generator, Iterator
from contextlib import ExitStack, redirect_stdout
from types import TracebackType
from typing import Any, Self

from core.errors import ConfigError, InputError, PawlabError
from core.jobs.parallel import CORES
from core.jobs.process import PROJECT
from core.scale.blocks import Block
from core.scale.engine import Engine, check_worker
from core.scale.kernel import Kernel, Part, Worker
from core.storage.parts import PartsFolder
from core.text.lines import error_line

IN_FLIGHT = 2  # blocks of one worker: one that it computes, and the next
TRIES = 6  # of one block, whose worker may have been lost for another's fault
CONNECT_SECONDS = 5
START_SECONDS = 180  # without any worker that could work
OBJECT_STORE_BYTES = 500_000_000  # of a Ray of our own: some blocks, and the model


class _Actor:
    """A worker's side: one core. Its next block waits in line, so that it never waits for the driver."""

    def __init__(self, kernel: list[Any], out: str) -> None:
        import ray

        self._kernel: Kernel = ray.get(kernel[0])  # in a list Ray sends the reference, which a restart can resolve too
        self._folder = PartsFolder(out) if out else None

    def worker(self) -> Worker:
        return self._kernel.worker

    def part(self, block: Block) -> Part:
        part = self._kernel.part(block)
        if self._folder is None or part.content is None:
            return part
        self._folder.write(block.key, part.content)
        return Part(block, None, part.failed)


class RayEngine(Engine):
    """A context manager: it joins the cluster, or starts a Ray of its own on the loopback address, and leaves it."""

    def __init__(self, address: str, workers: int, note: Callable[[str], None], out: str = "") -> None:
        """Starts nothing yet.

        Args:
            address: Of a head node, or `ray://` and a client server; "" for a Ray of its own.
            workers: 0 for one on each core that the cluster has now.
            note: Told what a reader should know.
            out: An address where the workers write the parts themselves; "" where the parts come back.

        Raises:
            ConfigError: Ray is not installed.
        """
        self._ray = _ray()
        self._address, self._workers, self._note, self._out = address, workers, note, out

    def __enter__(self) -> Self:
        environment = {"OPENBLAS_NUM_THREADS": "1", "OMP_NUM_THREADS": "1"}
        options: dict[str, Any] = {"log_to_driver": False, "logging_level": "ERROR"}
        options["runtime_env"] = {"py_modules": [str(PROJECT / "core")], "env_vars": environment}
        if not self._address:
            os.environ.setdefault("RAY_USAGE_STATS_ENABLED", "0")  # it would tell its makers
            options |= {"num_cpus": self._workers or CORES, "include_dashboard": False}
            options |= {"_node_ip_address": "127.0.0.1", "object_store_memory": OBJECT_STORE_BYTES}
        self._quiet = ExitStack()  # Ray prints to stdout, which is for results, what is said below in fewer words
        self._quiet.enter_context(redirect_stdout(self._quiet.enter_context(open(os.devnull, "w"))))  # noqa: PTH123
        try:
            _check_answers(self._address)
            self._ray.init(self._address or "local", **options)
        except (self._ray.exceptions.RayError, RuntimeError, ValueError, OSError) as error:
            self._quiet.close()
            raise PawlabError(
                f"No Ray cluster answers at {self._address or 'this machine'}: {error_line(error)}",
                "the address of a head node, such as 192.168.1.5:6379, or ray://192.168.1.5:10001",
                "Where it asks for a token, set RAY_AUTH_MODE=token and its RAY_AUTH_TOKEN; see docs/scale.md",
            ) from error
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        self._ray.shutdown()
        self._quiet.close()

    def run(self, kernel: Kernel, blocks: Iterator[Block], expected: str) -> Generator[tuple[Worker, Part], None, None]:
        crew = _Crew(self._ray, kernel, self._out, expected, self._note)
        try:
            crew.hire(self._workers or max(1, int(self._ray.cluster_resources().get("CPU", 1))))
            yield from crew.work(blocks)
        finally:
            self.repeated += crew.repeated
            crew.dismiss()


class _Crew:
    """The workers of one job, and which block each has."""

    def __init__(self, ray: Any, kernel: Kernel, out: str, expected: str, note: Callable[[str], None]) -> None:
        self._ray, self._expected, self._note = ray, expected, note
        self._kernel, self._out = [ray.put(kernel)], out
        self._class = ray.remote(num_cpus=1)(_Actor)
        self._starting: dict[Any, Any] = {}  # what tells who an actor is, once it has started
        self._ready: dict[Any, Worker] = {}
        self._busy: dict[Any, tuple[Any, Block]] = {}  # what becomes a part, of which actor
        self._returned: deque[Block] = deque()
        self._tries: dict[str, int] = {}
        self._failed_starts = 0
        self._refused: list[str] = []
        self._alive = time.monotonic()
        self.repeated = 0

    def hire(self, number: int) -> None:
        """Asks for workers: they come when a core is free, also on nodes that join later."""
        for _ in range(number):
            actor = self._class.remote(self._kernel, self._out)
            self._starting[actor.worker.remote()] = actor

    def dismiss(self) -> None:
        for actor in [*self._starting.values(), *self._ready]:
            self._ray.kill(actor)

    def work(self, blocks: Iterator[Block]) -> Generator[tuple[Worker, Part], None, None]:
        while True:
            self._hand_out(blocks)
            if self._ready and not self._busy:
                return
            done, _ = self._ray.wait([*self._busy, *self._starting], num_returns=1, timeout=1.0)
            self._check_alive()
            for reference in done:
                if reference in self._starting:
                    self._welcome(reference)
                elif reference in self._busy and (result := self._receive(reference)):
                    yield result

    def _hand_out(self, blocks: Iterator[Block]) -> None:
        for turn in range(IN_FLIGHT):  # one each, before anybody gets a second
            for actor in self._ready:
                has = sum(one is actor for one, _ in self._busy.values())
                if has > turn:
                    continue
                block = self._returned.popleft() if self._returned else next(blocks, None)
                if block is None:
                    return
                self._busy[actor.part.remote(block)] = actor, block

    def _welcome(self, reference: Any) -> None:
        """A worker has started, or failed to."""
        actor = self._starting.pop(reference)
        try:
            worker: Worker = self._ray.get(reference)
        except self._ray.exceptions.RayError as error:
            self._failed_starts += 1
            if self._failed_starts > 2 * TRIES:
                raise PawlabError(
                    f"Workers of the cluster do not start: {error_line(_cause(error))}",
                    'nodes with the packages of Pawlab (pip install "pawlab[ray]")',
                ) from error
            self.hire(1)
            return
        try:
            check_worker(worker, self._expected)
        except InputError as error:
            self._ray.kill(actor)
            self._refused.append(worker.processor)
            self._note(f"A worker is not used. {error}")
            if not self._ready and not self._starting:
                raise
            return
        self._expected, self._failed_starts = worker.probe, 0
        self._ready[actor] = worker

    def _receive(self, reference: Any) -> tuple[Worker, Part] | None:
        """A part; None where it is not to be had, and its block goes to another worker."""
        actor, block = self._busy[reference]
        try:
            part: Part = self._ray.get(reference)
        except self._ray.exceptions.RayTaskError as error:  # the worker lives: storage failed, or the code
            del self._busy[reference]
            self._give_back(block, error)
            return None
        except self._ray.exceptions.RayError as error:
            self._lose(actor, error)
            return None
        del self._busy[reference]
        self._alive = time.monotonic()
        return self._ready[actor], part

    def _lose(self, actor: Any, error: Exception) -> None:
        """Its blocks go to others, and another worker is asked for."""
        lost = [(reference, block) for reference, (one, block) in self._busy.items() if one is actor]
        for reference, block in lost:
            del self._busy[reference]
            self._give_back(block, error)
        worker = self._ready.pop(actor)
        self._note(f"A worker on {worker.processor} was lost. {len(lost)} parts are begun again")
        self._ray.kill(actor)
        self.hire(1)

    def _give_back(self, block: Block, error: Exception) -> None:
        self._tries[block.key] = self._tries.get(block.key, 0) + 1
        if self._tries[block.key] >= TRIES:
            raise PawlabError(
                f"{len(block.items)} files from {block.items[0].path} on failed {TRIES} times: "
                f"{error_line(_cause(error))}",
                "storage that can be read, and workers that stay",
                "Run the same command with --resume",
            ) from error
        self.repeated += 1
        self._returned.append(block)

    def _check_alive(self) -> None:
        if self._ready:
            self._alive = time.monotonic()
        elif time.monotonic() - self._alive > START_SECONDS:
            raise PawlabError(
                f"No worker has started for {START_SECONDS} seconds",
                "a cluster with a free core for each worker",
                "Look at `ray status`",
            )


def _check_answers(address: str) -> None:
    """Raises OSError where nobody listens: Ray itself would wait for minutes."""
    host, colon, port = address.removeprefix("ray://").rpartition(":")
    if colon and port.isdigit():
        socket.create_connection((host.strip("[]"), int(port)), CONNECT_SECONDS).close()


def _cause(error: Exception) -> BaseException:
    return getattr(error, "cause", None) or error


def _ray() -> Any:
    try:
        import ray
    except ImportError as error:
        raise ConfigError(
            "Received --engine ray, and Ray is not installed", "Pawlab with its extra", 'pip install "pawlab[ray]"'
        ) from error
    return ray
