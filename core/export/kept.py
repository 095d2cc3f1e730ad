"""The exports in a run's folder: each made once, and valid as long as nothing in it has changed."""

from collections.abc import Callable
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Any, Generic, TypeVar

from pydantic import TypeAdapter

from core.errors import PawlabError, RunError
from core.export.bundle import Bundle, make_bundle
from core.export.page.build import Page, write_page
from core.jobs.progress import Progress, silent
from core.runs.choices import LEVEL, REJECTION, THRESHOLD
from core.runs.run import Run
from core.storage.files import read_json, write_json
from core.storage.home import subfolder

Export = TypeVar("Export", Bundle, Page)


def export_key(run: Run) -> str:
    """Changes with everything of a run that its exports contain: the model, the reference set, the name, the confidence
    threshold, the cut and the level of the sets.

    Raises:
        RunError: The run has no model.
    """
    chosen = f"{THRESHOLD.of(run)} {REJECTION.of(run)} {LEVEL.of(run)}"
    return f"{run.directory} {run.model_stamp()} {chosen} {run.name}"


@dataclass(frozen=True)
class Kept(Generic[Export]):
    """One kind of export.

    Attributes:
        file: Its name in the run's folder.
        about: That of the file beside it, which says what it was made from.
        kind: What is known about it, with its path and its size in bytes.
        make: Writes and verifies it.
    """

    file: str
    about: str
    kind: type[Export]
    make: Callable[[Run, Path, Progress], Export]

    def keep(self, run: Run, progress: Progress = silent) -> Export:
        """Makes and verifies it, in the run's folder. Raises as `make`."""
        key = export_key(run)
        export = self.make(run, run.directory / self.file, progress)
        self.note(run, key, export)
        return export

    def note(self, run: Run, key: str, export: Export) -> None:
        """Says that the file in the run's folder is `export`, made from the run as `key` has it.

        Raises:
            PawlabError: The run's folder cannot be written.
        """
        try:
            write_json(run.directory / self.about, {"key": key, "export": asdict(export)})
        except OSError as error:
            raise PawlabError(f"The run's folder cannot be written: {error.strerror}") from error

    def find(self, run: Run) -> Export | None:
        """The existing one, if it is still up to date.

        Raises:
            RunError: The run has no model.
        """
        key, file = export_key(run), run.directory / self.file
        try:
            about: dict[str, Any] = read_json(run.directory / self.about)
            export = replace(TypeAdapter(self.kind).validate_python(about["export"]), path=str(file))
            return export if about["key"] == key and file.stat().st_size == export.bytes else None
        except (OSError, ValueError, KeyError, TypeError):
            return None

    def path(self, run: Run) -> Path:
        """The file of `find`, of a run in the store, for downloads.

        Raises:
            RunError: There is no verified and current one, or a link leads out of the store.
        """
        file = run.directory / self.file
        if self.find(run) is None or file.resolve() != subfolder("runs").resolve() / run.id / self.file:
            raise RunError(f"The run {run.id} has no {self.file}", "a verified export", "Make it on the Classify page")
        return file


BUNDLE = Kept("bundle.zip", "bundle.json", Bundle, make_bundle)
PAGE = Kept("page.html", "page.json", Page, write_page)
