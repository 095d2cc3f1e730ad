"""A process that decodes for a scan: `python -m core.datasets.scan_worker`, started by `core.datasets.scan_pool`.

A decoder that crashes, or takes for ever, takes this process with it and not the server. Requests come on standard
input, one JSON line each: [root, whether to decode large pictures, [paths]]. Answers go to standard output: "ready",
then lines with a list of rows (`core.datasets.scan_file.to_row`) in the order of the paths, null for a large picture
that was left alone. It ends when its input does, so that it never outlives the one who started it.
"""

import faulthandler
import gc
import json
import os
import signal
import sys
import time
from typing import BinaryIO

from PIL import Image

from core.datasets.scan_file import Scanned, look_at, measured, to_row
from core.datasets.scan_process import FAILED, READY, SECONDS
from core.errors import LargeImageError

REQUEST_BYTES = 2**20
_TELL_EVERY = 0.05  # seconds


def work(requests: BinaryIO, answers: BinaryIO) -> None:
    """Answers every request until there are no more."""
    answers.write(READY)
    answers.flush()
    while line := requests.readline(REQUEST_BYTES):
        root, decode_large, paths = json.loads(line)
        seen: list[tuple[Scanned, Image.Image | None] | None] = []
        told = _watch()
        for path in paths:
            if time.monotonic() - told > _TELL_EVERY:
                _tell(answers, seen)
                seen = []
                told = _watch()
            try:
                seen.append(look_at(f"{root}/{path}", decode_large))
            except LargeImageError:
                seen.append(None)
        _tell(answers, seen)
        faulthandler.cancel_dump_traceback_later()


def _watch() -> float:
    """From now on, `SECONDS` until the next call. The watch is C's own thread: a decoder that hangs with Python's lock
    in its hands is ended all the same."""
    faulthandler.dump_traceback_later(SECONDS, exit=True)
    return time.monotonic()


def _tell(answers: BinaryIO, seen: list[tuple[Scanned, Image.Image | None] | None]) -> None:
    # Measured together: the decoder's and the measures' code drive each other out of the processor's cache, which costs
    # a fifth of the time where pictures are small.
    found = iter(measured([one for one in seen if one]))
    rows = [one and to_row(next(found)) for one in seen]
    answers.write(json.dumps(rows, separators=(",", ":")).encode() + b"\n")
    answers.flush()


def main() -> None:
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # a terminal's Ctrl-C is for the one who started us
    answers = os.fdopen(os.dup(1), "wb")
    os.dup2(2, 1)  # whatever a library prints must not reach the answers
    gc.freeze()
    gc.set_threshold(5000)  # a tenth of the time went into looking for cycles, which pictures do not form
    try:
        work(sys.stdin.buffer, answers)
    except Exception:  # nobody listens any more, or a bug of ours
        os._exit(FAILED)


if __name__ == "__main__":
    main()
