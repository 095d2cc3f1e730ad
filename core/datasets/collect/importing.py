"""Many files into a class of a collection: what somebody uploads, drops or pastes."""

from collections.abc import Iterable, Iterator
from contextlib import closing
from dataclasses import dataclass

from core.datasets.collect.bursts import new_burst
from core.datasets.collect.collection import Collection
from core.errors import ImageError
from core.jobs.parallel import ordered_map
from core.jobs.progress import Progress, silent
from core.text.file_names import is_ignored

File = tuple[str, bytes]


@dataclass(frozen=True)
class Imported:
    """What became of the files: the paths of those that were kept, and (name, reason) of the others."""

    paths: tuple[str, ...]
    refused: tuple[tuple[str, str], ...]


def import_files(
    collection: Collection, label: str, files: Iterable[File], total: int = 0, progress: Progress = silent
) -> Imported:
    """Puts files into a class, each as a burst of its own: nobody knows which were taken together.

    Args:
        label: A class that is there.
        files: (name or path, content) of each, taken a few at a time. Hidden files and the like are left out.
        total: How many there are, for the progress; 0 where that is not known.
        progress: Told of "import", in files. What it raises stops the work; what was put into the class stays there.

    Raises:
        DatasetError, PawlabError: As `Collection.add`, but for an image that does not decode, which is refused.
        Cancelled: From `progress`.
    """

    def add(file: File) -> tuple[str, str, str]:
        name, content = file
        try:
            return name, collection.add(label, content, new_burst(), 1), ""
        except ImageError as error:
            return name, "", error.received

    paths: list[str] = []
    refused: list[tuple[str, str]] = []
    progress("import", 0, total)
    with closing(ordered_map(add, _wanted(files), "import")) as results:
        for number, (name, path, reason) in enumerate(results, 1):
            if path:
                paths.append(path)
            else:
                refused.append((name, reason))
            progress("import", number, total)
    return Imported(tuple(paths), tuple(refused))


def _wanted(files: Iterable[File]) -> Iterator[File]:
    for name, content in files:
        if not any(map(is_ignored, name.replace("\\", "/").split("/"))):
            yield name, content
