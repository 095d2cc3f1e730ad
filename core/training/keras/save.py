"""The process that saves `model.keras`: `python -m core.training.keras.save RUN_DIR`, started by
`core.training.keras.process`.

Imports TensorFlow and builds the base at once, then waits for a line on standard input: the arrays lie in the run's
folder. Replies with a JSON line. Ends when its input does, even in the middle of its work, so that it never outlives
the worker.
"""

import json
import os
import signal
import sys
from pathlib import Path
from queue import SimpleQueue
from threading import Thread
from typing import Any

import numpy as np

from core.errors import ExportError, PawlabError
from core.jobs.memory import peak_memory
from core.runs.disk_errors import storage_error
from core.runs.run import load_run
from core.training.keras.process import TASK


def main(directory: Path) -> None:
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # a terminal's Ctrl-C is the command line's to translate
    replies = os.fdopen(os.dup(1), "w", encoding="utf-8")
    os.dup2(2, 1)  # whatever a library prints must not reach the replies
    requests: SimpleQueue[bytes] = SimpleQueue()
    Thread(target=_listen, args=(requests,), daemon=True).start()

    from core.training.keras import model as keras_model

    config = load_run(directory).config
    untrained = keras_model.untrained_base(config.image_size)
    requests.get()
    with np.load(directory / TASK, allow_pickle=False) as task:
        base, head = (
            {name.removeprefix(part): task[name] for name in task if name.startswith(part)}
            for part in ("base/", "head/")
        )
        images, expected = task["images"], task["expected"]
    reply: dict[str, Any]
    try:
        model = keras_model.build_classifier(base, head, config, untrained=untrained)
        reply = {"difference": keras_model.save_verified(model, directory / "model.keras", images, expected)}
    except OSError as error:
        reply = _as_reply(storage_error(error, directory))
    except ExportError as error:
        reply = _as_reply(error)
    replies.write(json.dumps(reply | {"peak_memory": peak_memory()}) + "\n")
    replies.flush()
    os._exit(0)  # TensorFlow's own end takes a second


def _as_reply(error: PawlabError) -> dict[str, Any]:
    return {"received": error.received, "expected": error.expected, "fix": error.fix}


def _listen(requests: "SimpleQueue[bytes]") -> None:
    while line := sys.stdin.buffer.readline():
        requests.put(line)
    os._exit(0)  # the worker has ended


if __name__ == "__main__":
    main(Path(sys.argv[1]))
