"""The workers of a job on Ray, and which block each has.

A worker has two blocks at a time, one that it computes and one that waits, so that no node holds more than a few blocks
and their parts, whatever the number of images. A block whose worker or node is lost goes to another, a node whose disk
is full gets no more of them, and a worker that computes other bits is refused.
"""

import os
import time
from collections import deque
from collections.abc import Callable, Generator, Iterator
from typing import Any

from core.errors import InputError, PawlabError
from core.scale.blocks import Block
from core.scale.engine import check_worker
from core.scale.joining import PROXIES
from core.scale.kernel import Kernel, Part, Worker
from core.storage.archives import DISK
from core.storage.parts import PartsFolder
from core.text.lines import error_line

IN_FLIGHT = 2  # blocks of one worker: one that it computes, and the next
TRIES = 6  # of one block, whose worker may have been lost for another's fault
START_SECONDS = 180  # without any worker that could work


class _Actor:
    """A worker's side: one core. Its next block waits in line, so that it never waits for the driver."""

    def __init__(self, proxies: dict[str, str] | None) -> None:
        if proxies is not None:
            for name in PROXIES:
                os.environ.pop(name, None)
            os.environ |= proxies

        import onnxruntime  # noqa: F401 - what takes longest, before there is anything to do

        import core.scale.features  # noqa: F401

    def begin(self, kernel: list[Any], out: str) -> tuple[Worker, str]:
        """Who it is, and its node."""
        import ray

        self._kernel: Kernel = ray.get(kernel[0])  # in a list Ray sends the reference
        self._folder = PartsFolder(out) if out else None
        return self._kernel.worker, ray.get_runtime_context().get_node_id()

    def part(self, block: Block) -> Part:
        part = self._kernel.part(block)
        if self._folder is None or part.content is None:
            return part
        self._folder.write(block.key, part.content)
        return Part(block, None, part.failed)


class Crew:
    """Hired first, so that workers start while there is no kernel yet; then `begin`, and `work`."""

    def __init__(self, ray: Any, out: str, note: Callable[[str], None], proxies: dict[str, str] | None) -> None:
        """Hires nobody yet.

        Args:
            out: An address where the workers write the parts themselves; "" where the parts come back.
            note: Told what a reader should know.
            proxies: What workers of a Ray of our own have for `PROXIES`.
        """
        self._ray, self._out, self._note, self._proxies = ray, out, note, proxies
        self._class = ray.remote(num_cpus=1)(_Actor)
        self._kernel: list[Any] = []  # its reference, once there is one
        self._expected = ""
        self._hired: list[Any] = []  # without a kernel
        self._starting: dict[Any, Any] = {}  # what tells who an actor is, once it has started
        self._ready: dict[Any, tuple[Worker, str]] = {}  # who an actor is, and its node
        self._busy: dict[Any, tuple[Any, Block]] = {}  # what becomes a part, of which actor
        self._returned: deque[Block] = deque()
        self._tries: dict[str, int] = {}
        self._failed_starts = 0
        self._alive = time.monotonic()
        self.repeated = 0

    def hire(self, number: int) -> None:
        """Asks for workers: they come when a core is free, also on nodes that join later."""
        self._hired += [self._class.remote(self._proxies) for _ in range(number)]
        if self._kernel:
            self._starting |= {actor.begin.remote(self._kernel, self._out): actor for actor in self._hired}
            self._hired = []

    def begin(self, kernel: Kernel, expected: str) -> None:
        """Sends the kernel. Workers must make `expected` of the probe; "" takes the first one's result for it."""
        self._kernel, self._expected, self._alive = [self._ray.put(kernel)], expected, time.monotonic()
        self.hire(0)

    def dismiss(self) -> None:
        for actor in [*self._hired, *self._starting.values(), *self._ready]:
            self._ray.kill(actor)

    def work(self, blocks: Iterator[Block]) -> Generator[tuple[Worker, Part], None, None]:
        """Yields a part for each block, with who made it."""
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
            worker, node = self._ray.get(reference)
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
            self._note(f"A worker is not used. {error}")
            if not self._ready and not self._starting:
                raise
            return
        self._expected, self._failed_starts = worker.probe, 0
        self._ready[actor] = worker, node

    def _receive(self, reference: Any) -> tuple[Worker, Part] | None:
        """A part; None where it is not to be had, and its block goes to another worker."""
        actor, block = self._busy[reference]
        try:
            part: Part = self._ray.get(reference)
        except self._ray.exceptions.RayTaskError as error:  # the worker lives: storage failed, or the code
            if getattr(_cause(error), "errno", None) in DISK and self._leave_node(self._ready[actor][1], error):
                return None
            del self._busy[reference]
            self._give_back(block, error)
            return None
        except self._ray.exceptions.RayError as error:
            worker, lost = self._drop(actor, error)
            self._note(f"A worker on {worker.processor} was lost. {lost} parts are begun again")
            self.hire(1)
            return None
        del self._busy[reference]
        self._alive = time.monotonic()
        return self._ready[actor][0], part

    def _leave_node(self, node: str, error: Exception) -> bool:
        """Gives its blocks to others, for good. False where there are no others."""
        here = [actor for actor, (_, place) in self._ready.items() if place == node]
        if len(here) == len(self._ready) and not self._starting:
            return False
        for actor in here:
            worker, _ = self._drop(actor, error)
        self._note(f"A node is not used any more, {worker.processor}: {error_line(_cause(error))}")
        return True

    def _drop(self, actor: Any, error: Exception) -> tuple[Worker, int]:
        """Ends a worker. Who that was, and how many blocks go to others."""
        lost = [(reference, block) for reference, (one, block) in self._busy.items() if one is actor]
        for reference, block in lost:
            del self._busy[reference]
            self._give_back(block, error)
        self._ray.kill(actor)
        return self._ready.pop(actor)[0], len(lost)

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


def _cause(error: Exception) -> BaseException:
    return getattr(error, "cause", None) or error
