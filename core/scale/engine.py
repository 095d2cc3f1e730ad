"""What computes parts: the same rows, whichever it is."""

from abc import ABC, abstractmethod
from collections.abc import Generator, Iterator

from core.errors import InputError
from core.scale.blocks import Block
from core.scale.kernel import Kernel, Part, Worker


class Engine(ABC):
    """Computes parts from blocks.

    Attributes:
        repeated: Blocks that were begun again because their worker was lost.
    """

    repeated: int = 0

    @abstractmethod
    def run(self, kernel: Kernel, blocks: Iterator[Block], expected: str) -> Generator[tuple[Worker, Part], None, None]:
        """Yields a part for each block, in any order, with who made it. Takes blocks only a little ahead.

        Args:
            expected: What workers must make of the probe; "" takes the first worker's result for it.

        Raises:
            InputError: No worker is of the kind that is expected.
            PawlabError: The work cannot be done.
        """


def check_worker(worker: Worker, expected: str) -> None:
    """Raises `InputError`: it is of another kind than who began."""
    if expected and worker.probe != expected:
        raise InputError(
            f"{worker.processor} computes other numbers than the machine that began these parts",
            "machines of one kind of processor, with the same versions of the packages",
            "Continue where they were begun, or begin anew in another folder",
        )
