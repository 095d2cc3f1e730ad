"""The worker's end of the process that saves `model.keras` (`core.training.keras.save` is the other).

TensorFlow takes 4 s of a core to import, most of it with the GIL held. In the worker everything else would wait; in a
process of its own the import runs on another core while the worker reads images.
"""

import json
import subprocess
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from core.errors import ExportError, PawlabError
from core.jobs.process import module_command, module_environment

TASK = ".keras-task.npz"  # in the run's folder, while the process reads it
Arrays = Mapping[str, NDArray[Any]]


class KerasProcess:
    """A process with TensorFlow, which ends when this one does, however that ends."""

    def __init__(self, directory: Path) -> None:
        """Starts it for the run in `directory`. It gets ready in the background within seconds."""
        self.directory = directory
        self.peak_memory = 0
        """The largest resident size that it had, in bytes, as far as it has reported."""
        self._process = subprocess.Popen(
            module_command("core.training.keras.save", str(directory)),
            env=module_environment(),
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
        )

    def save(self, base: Arrays, head: Arrays, images: NDArray[np.float32], expected: NDArray[np.float32]) -> float:
        """Has it write `model.keras` into the run's folder, and waits until that has been checked.

        Args:
            base, head: The weights, as `core.training.keras.model.build_classifier` takes them.
            images, expected: As `core.training.keras.model.save_verified`.

        Returns:
            The largest difference in a probability.

        Raises:
            ExportError: The saved model gives other probabilities.
            PawlabError: The process ended; its output is in the run's `worker.log`.
        """
        task = self.directory / TASK
        arrays: dict[str, Any] = {f"base/{name}": values for name, values in base.items()}
        arrays |= {f"head/{name}": values for name, values in head.items()}
        try:
            np.savez(task, **arrays, images=images, expected=expected)
            reply = self._ask()
        finally:
            task.unlink(missing_ok=True)
        self.peak_memory = reply["peak_memory"]
        if "received" in reply:
            raise ExportError(reply["received"], reply["expected"], reply["fix"])
        return float(reply["difference"])

    def _ask(self) -> dict[str, Any]:
        assert self._process.stdin and self._process.stdout
        try:
            self._process.stdin.write(b"save\n")
            self._process.stdin.flush()
            reply: dict[str, Any] = json.loads(self._process.stdout.readline())
        except (OSError, ValueError) as error:
            raise PawlabError(
                f"The process that saves model.keras ended with code {self._process.wait()}",
                fix="Resume the run: all epochs are saved. If memory is short, close other programs first",
            ) from error
        return reply
