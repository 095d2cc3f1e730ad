"""The bundle in a run's folder: made once, and valid as long as nothing in it has changed."""

from dataclasses import asdict
from pathlib import Path

from core.errors import PawlabError, RunError
from core.export.bundle import Bundle, make_bundle
from core.jobs.progress import Progress, silent
from core.runs.run import Run
from core.runs.threshold import chosen_threshold
from core.storage.files import read_json, write_json
from core.storage.home import subfolder

ZIP, ABOUT = "bundle.zip", "bundle.json"


def bundle_key(run: Run) -> str:
    """Changes with everything of a run that its bundle contains: the model, the name and the confidence threshold.

    Raises:
        RunError: The run has no model.
    """
    return f"{run.directory} {run.model_stamp()} {chosen_threshold(run)} {run.name}"


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
    """The existing bundle, if it is still up to date.

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
    """The file of `kept_bundle`, of a run in the store, for downloads.

    Raises:
        RunError: There is no verified and current bundle, or a link leads out of the store.
    """
    file = run.directory / ZIP
    if kept_bundle(run) is None or file.resolve() != subfolder("runs").resolve() / run.id / ZIP:
        raise RunError(f"The run {run.id} has no bundle", "a verified bundle", "Make it on the Classify page")
    return file
