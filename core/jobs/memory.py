"""How much memory this process has used at most."""

import re
import sys
from contextlib import suppress
from pathlib import Path

import psutil


def peak_memory() -> int:
    """The largest resident size of this process so far, in bytes."""
    if sys.platform == "win32":
        return int(psutil.Process().memory_info().peak_wset)
    with suppress(OSError):  # Linux: getrusage would count what the process that started this one held then
        status = Path("/proc/self/status").read_text(encoding="ascii", errors="replace")
        if found := re.search(r"VmHWM:\s*(\d+) kB", status):
            return int(found[1]) * 1024
    import resource

    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    return peak if sys.platform == "darwin" else peak * 1024  # kilobytes everywhere but on macOS
