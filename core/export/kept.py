"""The bundle that a run's folder keeps: made once, found again as long as nothing that it says has changed."""

from dataclasses import asdict
from pathlib import Path

from core.errors import PawlabError, RunError
from core.evaluation.chosen import chosen_threshold
from core.export.bundle import Bundle, make_bundle
from core.files import read_json, write_json
from core.home import subfolder
from core.progress import Progress, silent
from core.training.runs import Run

ZIP, ABOUT = "bundle.zip", "bundle.json"


def bundle_key(run: Run) -> str:
    """Changes with everything of a run that its bundle holds: the model, the name and the confidence threshold.

    Raises:
        RunError: The run has no model.
    """
    try:
        written = (run.directory / "model.onnx").stat().st_mtime_ns
    except OSError as error:
        raise RunError(f"The model of the run {run.id} cannot be read: {error.strerror}", "model.onnx") from None
    return f"{run.directory} {written} {chosen_threshold(run)} {run.name}"


def keep_bundle(run: Run, progress: Progress = silent) -> Bundle:
    """Makes and verifies the bundle, in the run's folder. Raises as `make_bundle`."""
    key = bundle_key(run)
    bundle = make_bundle(run, run.directory / ZIP, progress)
    try:
        write_json(run.directory / ABOUT, {"key": key, "bundle": asdict(bundle)})
    except OSError as error:
        raise PawlabError(f"The run's folder cannot be written: {error.strerror}") from error
    return bundle


def kept_bundle(run: Run) -> Bundle | None:
    """The bundle that was made before, where it is still what would be made now.

    Raises:
        RunError: The run has no model.
    """
    key, file = bundle_key(run), run.directory / ZIP
    try:
        about = read_json(run.directory / ABOUT)
        bundle = Bundle(**{**about["bundle"], "path": str(file), "files": tuple(about["bundle"]["files"])})
        return bundle if about["key"] == key and file.stat().st_size == bundle.bytes else None
    except (OSError, ValueError, KeyError, TypeError):
        return None


def kept_file(run: Run) -> Path:
    """The bundle that `kept_bundle` finds, of a run in the store, for who sends it to somebody.

    Raises:
        RunError: There is none that was verified and is still what would be made now, or a link leads out of the store.
    """
    file = run.directory / ZIP
    if kept_bundle(run) is None or file.resolve() != subfolder("runs").resolve() / run.id / ZIP:
        raise RunError(f"The run {run.id} has no bundle", "one that was made and verified", "Make it: page Classify")
    return file
