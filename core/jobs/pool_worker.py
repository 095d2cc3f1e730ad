"""A process that does what a stranger's file may break: `python -m core.jobs.pool_worker`, started by `core.jobs.pool`.

Requests come on standard input as [module, function, arguments] with a payload (`core.jobs.messages`). The function,
one of ours, is called as `function(arguments, payload)` and yields the replies, each a message and a payload. The
process ends when its input does, so that it never outlives the one who started it.
"""

import gc
import os
import signal
import sys
import time
from collections.abc import Callable, Iterator
from importlib import import_module
from typing import IO, Any

from core.jobs.messages import receive, send

try:
    import resource
except ImportError:  # on Windows, which limits nothing: there the pool alone ends what takes too long
    resource = None  # type: ignore[assignment]

READY = "ready"
DECODER = "core.images.serve"
"""Imported before the first request, which takes as long as a hundred images."""
SECONDS = 30
"""For one file, after which it counts as one that hangs its decoder; the slowest real ones take 5."""
OWN_MEMORY = 128 * 2**20
"""Bytes of data that a worker holds for itself: Python and the libraries, 60 MB, and copies on the way."""
MEMORY = 256 * 2**20
"""Bytes of data that a worker may hold, with those of a small image (`core.images.limits.SMALL_MEMORY`)."""

Serve = Callable[[Any, bytearray], Iterator[tuple[Any, bytes | memoryview]]]


def limit_memory(size: int) -> None:
    """From now on, this process cannot allocate beyond `size` bytes. A function may raise that while it works."""
    if resource:
        _limit(resource.RLIMIT_DATA, size)


def _limit_time() -> None:
    """Ends this process if the next reply takes far too long. The pool does so earlier, unless it is gone itself; here
    the system counts, so that a decoder that hangs with Python's lock in its hands is ended all the same."""
    if resource:
        _limit(resource.RLIMIT_CPU, int(time.process_time()) + 2 * SECONDS)


def _limit(what: int, value: int) -> None:
    _, hard = resource.getrlimit(what)
    resource.setrlimit(what, (value if hard == resource.RLIM_INFINITY else min(value, hard), hard))


def work(requests: IO[bytes], replies: IO[bytes]) -> None:
    """Answers every request until there are no more."""
    send(replies, READY)
    while True:
        (module, function, arguments), payload = receive(requests)
        serve: Serve = getattr(import_module(module), function)
        _limit_time()
        for reply in serve(arguments, payload):
            send(replies, *reply)
            _limit_time()


def main() -> None:
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # a terminal's Ctrl-C is for the one who started us
    replies = os.fdopen(os.dup(1), "wb")
    os.dup2(2, 1)  # whatever a library prints must not reach the replies
    limit_memory(MEMORY)
    if resource:
        _limit(resource.RLIMIT_CORE, 0)  # a crash leaves no file behind
    import_module(DECODER)
    gc.freeze()
    gc.set_threshold(5000)  # a tenth of the time went into looking for cycles, which images do not form
    try:
        work(sys.stdin.buffer, replies)
    except BaseException:  # nobody listens any more, or a bug of ours: the pool sees the end of the replies
        os._exit(1)


if __name__ == "__main__":
    main()
