"""The process above the worker of one run: `python -m core.runs.supervisor RUN_DIR`.

Only its parent learns how a killed process ended. The server cannot be that parent, because a run outlives it. So each
run has a parent of its own, which takes 15 MB and sleeps. It starts the worker, stores how it ended, and starts the
next queued run, also when no page is open or the worker was killed. If it is killed itself, the run goes on, and the
next look at the queue starts the next run.
"""

import os
import signal
import subprocess
import sys
from pathlib import Path

from core.jobs.process import module_command, module_environment
from core.runs.liveness import record, record_exit, recorded
from core.runs.queue_file import canonical, queue_lock, read_order


def main(directory: str) -> None:
    """Starts the worker of the run in `directory` and waits for its end."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # a terminal's Ctrl-C is the command line's to translate
    folder = canonical(Path(directory))
    with queue_lock():  # our starter holds it until it has said that we are
        ours = recorded(folder, "supervisor") == os.getpid() and read_order().started == folder
    if not ours:
        return  # the starter was killed before: the run still waits, or another has started it since
    command = module_command("core.training.loop.worker_process", str(folder))
    worker = subprocess.Popen(command, stdin=subprocess.DEVNULL, env=module_environment())
    record(folder, "worker", worker.pid)
    record_exit(folder, worker.pid, worker.wait())

    from core.runs.queue import start_next  # only now: it takes 50 MB that the training may need

    start_next()


if __name__ == "__main__":
    main(sys.argv[1])
