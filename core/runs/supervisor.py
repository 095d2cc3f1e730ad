"""The process above the worker of one run: `python -m core.training.supervisor RUN_DIR`.

A process that is killed cannot say so, and only its parent learns how it ended. The server cannot be that parent, for
a run outlives it; so each run has one of its own, which takes 15 MB and sleeps. It starts the worker, writes down how
it ended, and starts the next run that waits: also when no page is open, and also after a worker that was killed.
Killed itself, it costs only that: the run goes on, and the next one is started by whoever looks at the queue.
"""

import os
import signal
import subprocess
import sys
from pathlib import Path

from core.training.life import record, record_exit, recorded
from core.training.order import canonical, queue_lock, read_order


def main(directory: str) -> None:
    """Sees the run in `directory` through to its end."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # a terminal's Ctrl-C is the command line's to translate
    folder = canonical(Path(directory))
    with queue_lock():  # our starter holds it until it has said that we are
        ours = recorded(folder, "supervisor") == os.getpid() and read_order().started == folder
    if not ours:
        return  # the starter was killed before: the run still waits, or another has started it since
    command = [sys.executable, "-m", "core.training.worker_process", str(folder)]
    worker = subprocess.Popen(command, stdin=subprocess.DEVNULL)
    record(folder, "worker", worker.pid)
    record_exit(folder, worker.pid, worker.wait())

    from core.training.queue import start_next  # only now: it takes 50 MB that the training may need

    start_next()


if __name__ == "__main__":
    main(sys.argv[1])
