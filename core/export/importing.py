"""Imports a bundle as a run: everything is checked first, and it is accepted or refused as a whole.

Limits come first, then names, checksums, the manifest, both models as data, and one blank image in a process with
limits. The bundle's predict.py and notebook are neither run nor copied, and its model.keras is only copied. Who made it
cannot be known: checksums reveal damage, not intent.
"""

import shutil
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from uuid import uuid4

from core.backbone.neighbours import load_neighbours
from core.datasets.edits.actions import Action, to_json
from core.datasets.source import WORDS
from core.errors import ArchiveError, ExportError, PawlabError, RunError
from core.evaluation.predictions import load_predictions
from core.export.check_keras import check_keras
from core.export.check_onnx import check_base, check_onnx
from core.export.files import LIMITS, check_files, labels, refused
from core.export.manifest import MAX_BYTES, Manifest
from core.jobs.process import module_command, module_environment
from core.jobs.progress import Progress, silent
from core.jobs.subprocess_limits import run_bounded
from core.runs.choices import LEVEL, REJECTION, THRESHOLD
from core.runs.limits import BASE
from core.runs.names import NAME_CHARACTERS, extended
from core.runs.run import BROUGHT_IN, NEIGHBOURS, Run, load_run, new_folder
from core.storage.archives import extract_zip
from core.storage.files import EventLog, read_json, sha256_file, write_atomic, write_json
from core.storage.home import subfolder
from core.text.lines import error_line, one_line
from core.training.loop.second_stage import begins

TRIAL_SECONDS = 120.0
IMPORTED = " (imported)"  # appended to the original name
KEPT = ("base.onnx", "model.keras", "model.onnx", "neighbours.npz", "validation.npz")


@dataclass(frozen=True)
class CheckedBundle:
    """A bundle that passed every check, unpacked in `folder`, which `adopt_bundle` empties."""

    folder: Path
    manifest: Manifest
    digest: str


def import_bundle(source: Path, name: str = "", progress: Progress = silent) -> Run:
    """The run in a bundle, as a finished run of this machine. A refused bundle leaves nothing behind.

    Args:
        source: The zip.
        name: Of the new run; if left out, its old name with "(imported)".
        progress: Reports the phases "extract" and "check".

    Raises:
        ArchiveError: It is not a bundle, was changed or damaged, or contains what a bundle must not contain.
        PawlabError: The files cannot be written.
        Cancelled: From `progress`.
    """
    scratch = subfolder("imports") / uuid4().hex[:12]
    try:
        scratch.mkdir()
        return adopt_bundle(read_bundle(source, scratch, progress), one_line(name, NAME_CHARACTERS))
    except OSError as error:
        raise PawlabError(f"The bundle cannot be imported: {error.strerror or error}") from error
    finally:
        shutil.rmtree(scratch, ignore_errors=True)


def read_bundle(source: Path, scratch: Path, progress: Progress = silent) -> CheckedBundle:
    """Unpacks a bundle into `scratch`, an empty folder that the caller removes, and checks it. Raises as
    `import_bundle`, but OSError for what the disk refuses after it is unpacked."""
    folder = scratch / "bundle"
    try:
        extract_zip(source, folder, progress, LIMITS)
    except ArchiveError as error:  # whose message is about datasets
        raise refused(f"This is no bundle: {error.received}", "a bundle exported from Pawlab") from error
    return CheckedBundle(folder, check_bundle(folder, scratch, progress), sha256_file(source))


def check_bundle(bundle: Path, scratch: Path, progress: Progress) -> Manifest:
    """Checks everything in an unpacked bundle.

    Raises:
        ArchiveError: A check fails.
    """
    progress("check", 0, 4)
    check_files(bundle)
    manifest = _read_manifest(bundle)
    _check_labels(bundle, manifest)
    progress("check", 1, 4)
    check_onnx(bundle / "model.onnx", manifest.settings, len(manifest.classes))
    _check_neighbours(bundle, manifest)
    progress("check", 2, 4)
    check_keras(bundle / "model.keras", scratch / "keras")
    progress("check", 3, 4)
    for name in ("model.onnx", BASE):
        if (bundle / name).is_file():
            _try(bundle / name, manifest, lambda: progress("check", 3, 4))
    progress("check", 4, 4)
    return manifest


def _read_manifest(bundle: Path) -> Manifest:
    file = bundle / "run.json"
    if file.stat().st_size > MAX_BYTES:
        raise refused(f"run.json has {file.stat().st_size / 1e6:.0f} MB", f"at most {MAX_BYTES / 1e6:.0f} MB")
    try:
        return Manifest.from_json(file.read_bytes())
    except (PawlabError, RecursionError) as error:
        reason = error.received if isinstance(error, PawlabError) else "it is nested too deeply"
        raise refused(f"run.json of the bundle is broken: {reason}", "run.json as Pawlab wrote it") from error


def _check_labels(bundle: Path, manifest: Manifest) -> None:
    file = bundle / "labels.json"
    try:
        about = read_json(file) if file.stat().st_size <= MAX_BYTES else None
    except ValueError:
        about = None
    if about != labels(manifest):
        raise refused("labels.json does not match run.json", "the same classes, size and threshold in both")


def _check_neighbours(bundle: Path, manifest: Manifest) -> None:
    """The reference set, and the frozen base of a fine-tuned run: both where run.json has a cut, else neither."""
    wanted = {NEIGHBOURS: manifest.unlike is not None, BASE: bool(manifest.unlike and manifest.fine_tuning)}
    for name, is_wanted in wanted.items():
        if (bundle / name).is_file() != is_wanted:
            raise refused(f"{name} does not match run.json", "what tells unlike images, in both or in neither")
    if manifest.unlike is None:
        return
    try:
        cut = load_neighbours(bundle / NEIGHBOURS, len(manifest.classes)).cut(manifest.unlike.rejection)
    except (OSError, KeyError, ValueError) as error:
        raise refused(f"{NEIGHBOURS} of the bundle is broken: {error_line(error)}", "the run's") from error
    if abs(cut - manifest.unlike.cut) > 1e-6:
        raise refused(f"The cut {manifest.unlike.cut:g} in run.json does not follow from {NEIGHBOURS}", f"{cut:g}")
    if manifest.fine_tuning:
        check_base(bundle / BASE)


def _try(model: Path, manifest: Manifest, tick: Callable[[], None]) -> None:
    outputs = 1 if len(manifest.classes) == 2 else len(manifest.classes)
    outputs = 0 if model.name == BASE else outputs
    command = module_command("core.export.trial", str(model), str(manifest.settings.image_size), str(outputs))
    try:
        run_bounded(command, TRIAL_SECONDS, tick, env=module_environment())
    except ExportError as error:
        raise refused(f"{model.name} cannot be run: {error.received}", "a model that runs") from error


def adopt_bundle(checked: CheckedBundle, name: str = "", *, source: str = "", actions: tuple[Action, ...] = ()) -> Run:
    """Makes the run's folder; config.json, which makes it a run, comes last.

    Args:
        name: If left out, its old name with "(imported)".
        source: The dataset on this machine that it was trained on, where that came along.
        actions: The edits that it was trained with.

    Raises:
        ArchiveError: Its predictions are broken. Nothing is left behind.
        OSError: The disk refuses. Nothing is left behind either.
    """
    bundle, manifest, now = checked.folder, checked.manifest, time.time()
    name = name or extended(manifest.name, IMPORTED)
    source = source or source_of(manifest)
    directory = new_folder(name, now)
    try:
        for file in KEPT:
            if (bundle / file).is_file():
                shutil.move(bundle / file, directory / file)
        _write_log(directory, manifest, now)
        write_atomic(directory / "edits.json", to_json(actions))
        settings = manifest.settings.model_dump(mode="json")
        write_json(directory / "run.json", {**_summary(checked, directory, name, now), "source": source})
        config = {"name": name, "source": source, "created": now, "settings": settings}
        if stage := manifest.second_stage:
            config["fine_tuning"] = stage.model_dump(mode="json")
        write_json(directory / "config.json", config)
        run = load_run(directory)
        if manifest.threshold > 0:
            THRESHOLD.keep(run, manifest.threshold)
        if manifest.unlike:
            REJECTION.keep(run, manifest.unlike.rejection)
        if manifest.sets:
            LEVEL.keep(run, manifest.sets.level)
        if (directory / "validation.npz").is_file():
            load_predictions(run)
        return run
    except BaseException as error:
        shutil.rmtree(directory, ignore_errors=True)
        if isinstance(error, RunError):
            raise refused(
                f"validation.npz of the bundle is broken: {error.received}", "the run's predictions"
            ) from error
        raise


def source_of(manifest: Manifest) -> str:
    """The source of an imported run. Never a path or an address from the bundle: a page would open it."""
    if manifest.data in WORDS:
        return manifest.data
    return f"{BROUGHT_IN}{' '.join(manifest.data.replace('/', ' ').replace(chr(92), ' ').split())}"


def _summary(checked: CheckedBundle, directory: Path, name: str, now: float) -> dict[str, object]:
    manifest = checked.manifest
    left_out = {"format", "version", "data", "history", "threshold", "unlike", "sets"}
    if manifest.fine_tuning is None:
        left_out |= {"fine_tuning", "fine_tuned_from"}
    return {
        **manifest.model_dump(mode="json", exclude=left_out),
        "run": directory.name,
        "directory": str(directory),
        "name": name,
        "status": "finished",
        "imported": {"name": manifest.name, "created": manifest.created, "at": now, "sha256": checked.digest},
    }


def _write_log(directory: Path, manifest: Manifest, now: float) -> None:
    """Writes the history, so that the run has its curves."""
    log = EventLog(directory / "events.jsonl")
    log.append({"event": "start", "time": now, "epoch": 1})
    stage = manifest.second_stage
    for point in manifest.history:
        if stage and point.epoch == stage.first_epoch:
            log.append(begins(stage, now))
        log.append({"event": "epoch", "time": now, **point.model_dump(mode="json")})
    for phase, seconds in manifest.seconds.items():
        if phase != "total":
            log.append({"event": "phase_end", "time": now, "phase": phase, "seconds": seconds})
    log.append({"event": "status", "time": now, "status": "finished", "reason": "Imported"})
