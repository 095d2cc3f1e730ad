"""What asks a command to stop: Ctrl-C, SIGTERM, and SIGHUP when its terminal closes."""

import signal
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from types import FrameType
from typing import Any

STOP = (signal.SIGINT, signal.SIGTERM)
HANG_UP = (signal.SIGHUP,) if hasattr(signal, "SIGHUP") else ()  # Windows has none


@contextmanager
def on_stop(
    handler: Callable[[int, FrameType | None], Any], signals: Sequence[signal.Signals] = STOP + HANG_UP
) -> Iterator[None]:
    """Has `handler` called for these signals while the block runs. Those that our starter had ignored stay ignored:
    `nohup` and a shell's `&` ask for that."""
    heard = [number for number in signals if signal.getsignal(number) is not signal.SIG_IGN]
    before = [signal.signal(number, handler) for number in heard]
    try:
        yield
    finally:
        for number, old in zip(heard, before, strict=True):
            signal.signal(number, old)
