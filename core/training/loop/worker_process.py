"""The process that trains one run: `python -m core.training.loop.worker_process RUN_DIR`.

Starts the process with TensorFlow before it imports anything heavy itself, so that both come up side by side.
"""

import os
import signal
import sys
from importlib import import_module
from pathlib import Path
from threading import Thread

from core.runs.liveness import record
from core.storage.files import read_json
from core.training.keras.process import KerasProcess


def main(directory: Path) -> None:
    """Works on the run in `directory`; the parent may already have written who works on it."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # a terminal's Ctrl-C is the command line's to translate
    record(directory, "worker", os.getpid())
    if "fine_tuning" in read_json(directory / "config.json"):  # which needs TensorFlow in this process, and saves here
        Thread(target=import_module, args=["core.training.keras.fine_tune_model"], daemon=True).start()
        keras = None
    else:
        keras = KerasProcess(directory)

    from core.runs.run import load_run
    from core.training.loop.worker import Worker

    Worker(load_run(directory), keras).work()
    sys.stdout.flush()
    sys.stderr.flush()
    os._exit(0)  # the interpreter's own end can hang on an import that a thread has not finished


if __name__ == "__main__":
    main(Path(sys.argv[1]).absolute())
