"""The memory of this process: its peak, and giving back what is free."""

import ctypes
import re
import sys
from contextlib import suppress
from functools import cache
from pathlib import Path

import psutil

LARGE = 4 * 2**20  # bytes: smaller arrays are needed again soon
_M_TRIM_THRESHOLD, _M_MMAP_THRESHOLD = -1, -3  # of malloc.h


def peak_memory() -> int:
    """The largest resident size of this process so far, in bytes."""
    if sys.platform == "win32":
        return int(psutil.Process().memory_info().peak_wset)
    with suppress(OSError):  # Linux: getrusage would count the parent's memory at the start
        status = Path("/proc/self/status").read_text(encoding="ascii", errors="replace")
        if match := re.search(r"VmHWM:\s*(\d+) kB", status):
            return int(match[1]) * 1024
    import resource

    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    return peak if sys.platform == "darwin" else peak * 1024  # kilobytes everywhere but on macOS


@cache
def give_back_large_arrays() -> None:
    """From now on what is freed in pieces of `LARGE` bytes goes back to the system at once. By itself glibc raises that
    limit to 32 MB as soon as something larger is freed, and keeps up to 64 MB for each thread: several times what is in
    use. Does nothing with another C library."""
    if sys.platform == "linux":
        with suppress(OSError, AttributeError):
            library = ctypes.CDLL(None)
            library.mallopt(_M_MMAP_THRESHOLD, LARGE)
            library.mallopt(_M_TRIM_THRESHOLD, 2 * LARGE)
