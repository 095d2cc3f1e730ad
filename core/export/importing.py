"""A bundle becomes a run: everything is checked first, and it is refused whole or taken whole.

Limits come first, then names, checksums, the manifest, both models as data, and one blank picture in a process with
limits. The bundle's predict.py and notebook are not run and not kept, and its model.keras is only copied. What cannot
be known is who made it: checksums find damage, not intent.
"""

import shutil
import sys
import time
from collections.abc import Callable
from pathlib import Path
from uuid import uuid4

from core.archives import extract_zip
from core.datasets.actions import to_json
from core.datasets.public import published
from core.datasets.sources import SAMPLE
from core.errors import ArchiveError, ExportError, PawlabError, RunError
from core.evaluation.answers import load_answers
from core.evaluation.chosen import choose_threshold
from core.export.bounded import run_bounded
from core.export.checks import check_keras, check_onnx
from core.export.files import LIMITS, check_files, labels, refused
from core.export.manifest import MAX_BYTES, Manifest
from core.files import EventLog, read_json, sha256_file, write_atomic, write_json
from core.home import subfolder
from core.progress import Progress, silent
from core.training.labels import clean, extended
from core.training.runs import BROUGHT_IN, Run, load_run, new_folder
from core.training.second_stage import begins

TRIAL_SECONDS = 120.0
IMPORTED = " (imported)"  # behind the name that the run had
KEPT = ("model.keras", "model.onnx", "validation.npz")


def import_bundle(source: Path, name: str = "", progress: Progress = silent) -> Run:
    """The run that a bundle holds, as a finished run of this machine. Nothing is left behind where it is refused.

    Args:
        source: The zip.
        name: What to call the run; its old name and "(imported)" when left out.
        progress: Told of "extract" and "check".

    Raises:
        ArchiveError: It is no bundle, was changed or damaged, or holds what a bundle must not hold.
        PawlabError: The disk refuses.
        Cancelled: From `progress`.
    """
    scratch = subfolder("imports") / uuid4().hex[:12]
    try:
        scratch.mkdir()
        bundle = scratch / "bundle"
        try:
            extract_zip(source, bundle, progress, LIMITS)
        except ArchiveError as error:  # which speaks of datasets
            raise refused(error.received, "a bundle that Pawlab made") from error
        manifest = check_bundle(bundle, scratch, progress)
        return _adopt(bundle, manifest, clean(name), sha256_file(source))
    except OSError as error:
        raise PawlabError(f"The bundle cannot be brought in: {error.strerror or error}") from error
    finally:
        shutil.rmtree(scratch, ignore_errors=True)


def check_bundle(bundle: Path, scratch: Path, progress: Progress) -> Manifest:
    """Everything that can be wrong with an unpacked bundle.

    Raises:
        ArchiveError: Something is.
    """
    progress("check", 0, 4)
    check_files(bundle)
    manifest = _read_manifest(bundle)
    _check_labels(bundle, manifest)
    progress("check", 1, 4)
    check_onnx(bundle / "model.onnx", len(manifest.classes))
    progress("check", 2, 4)
    check_keras(bundle / "model.keras", scratch / "keras")
    progress("check", 3, 4)
    _try(bundle / "model.onnx", manifest, lambda: progress("check", 3, 4))
    progress("check", 4, 4)
    return manifest


def _read_manifest(bundle: Path) -> Manifest:
    file = bundle / "run.json"
    if file.stat().st_size > MAX_BYTES:
        raise refused(f"run.json has {file.stat().st_size / 1e6:.0f} MB", f"at most {MAX_BYTES / 1e6:.0f} MB")
    try:
        return Manifest.from_json(file.read_bytes())
    except (PawlabError, RecursionError) as error:
        reason = error.received if isinstance(error, PawlabError) else "it is nested too deep"
        raise refused(f"run.json of the bundle is broken: {reason}", "run.json as Pawlab wrote it") from error


def _check_labels(bundle: Path, manifest: Manifest) -> None:
    file = bundle / "labels.json"
    try:
        about = read_json(file) if file.stat().st_size <= MAX_BYTES else None
    except ValueError:
        about = None
    if about != labels(manifest):
        raise refused("labels.json does not fit run.json", "the same classes, size and threshold in both")


def _try(model: Path, manifest: Manifest, tick: Callable[[], None]) -> None:
    outputs = 1 if len(manifest.classes) == 2 else len(manifest.classes)
    command = [sys.executable, "-m", "core.export.trial", str(model), str(manifest.settings.image_size), str(outputs)]
    try:
        run_bounded(command, TRIAL_SECONDS, tick)
    except ExportError as error:
        raise refused(f"model.onnx does not answer: {error.received}", "a classifier that answers") from error


def _adopt(bundle: Path, manifest: Manifest, name: str, digest: str) -> Run:
    """The run's folder; config.json, without which a folder is no run, comes last."""
    now = time.time()
    name = name or extended(manifest.name, IMPORTED)
    directory = new_folder(name, now)
    try:
        for file in KEPT:
            if (bundle / file).is_file():
                shutil.move(bundle / file, directory / file)
        _write_log(directory, manifest, now)
        write_atomic(directory / "edits.json", to_json(()))
        settings = manifest.settings.model_dump(mode="json")
        write_json(directory / "run.json", _summary(directory, manifest, name, digest, now))
        asked = {"name": name, "source": source_of(manifest), "created": now, "settings": settings}
        if stage := manifest.second_stage:
            asked["fine_tuning"] = stage.to_json()
        write_json(directory / "config.json", asked)
        run = load_run(directory)
        if manifest.threshold > 0:
            choose_threshold(run, manifest.threshold)
        if (directory / "validation.npz").is_file():
            load_answers(run)
        return run
    except BaseException as error:
        shutil.rmtree(directory, ignore_errors=True)
        if isinstance(error, RunError):
            raise refused(f"validation.npz of the bundle is broken: {error.received}", "the run's answers") from error
        raise


def source_of(manifest: Manifest) -> str:
    """What an imported run says of its data. Never a path or an address out of the bundle: a page would open it."""
    if manifest.data == SAMPLE or published(manifest.data) is not None:
        return manifest.data
    return f"{BROUGHT_IN}{' '.join(manifest.data.replace('/', ' ').replace(chr(92), ' ').split())}"


def _summary(directory: Path, manifest: Manifest, name: str, digest: str, now: float) -> dict[str, object]:
    left_out = {"format", "version", "data", "history", "threshold"}
    if manifest.fine_tuning is None:
        left_out |= {"fine_tuning", "fine_tuned_from"}
    return {
        **manifest.model_dump(mode="json", exclude=left_out),
        "run": directory.name,
        "directory": str(directory),
        "name": name,
        "source": source_of(manifest),
        "status": "finished",
        "imported": {"name": manifest.name, "created": manifest.created, "at": now, "sha256": digest},
    }


def _write_log(directory: Path, manifest: Manifest, now: float) -> None:
    """The history, so that the curves are there too."""
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
