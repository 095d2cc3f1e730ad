"""Makes a run's bundle and verifies it: a zip that fails never appears.

First everything is made in a folder and tried there, so that the card can say what came out; then the finished zip is
unpacked again and tried once more, as whoever downloads it will.
"""

import json
import shutil
import tempfile
from dataclasses import dataclass
from importlib.metadata import version
from pathlib import Path
from uuid import uuid4

from core.archives import extract_zip
from core.errors import ExportError, PawlabError, RunError
from core.evaluation.answers import Answers, load_answers
from core.export.card import Verified, model_card
from core.export.compare import compare_keras, compare_script
from core.export.files import LIMITS, check_files, labels_json, write_sums, write_zip
from core.export.manifest import Manifest, manifest_of
from core.export.notebook import notebook
from core.export.samples import Samples, digests, take_samples
from core.inference.classifier import Answer, Classifier
from core.progress import Progress, silent
from core.training.runs import Run

PREDICT = Path(__file__).with_name("predict.py")
NOISE = 1e-6  # between two runs of the same graph, whose threads may add in another order
PACKAGES = ("numpy", "onnxruntime", "pillow")


@dataclass(frozen=True)
class Bundle:
    """A verified bundle: `difference`, `keras_difference` and `litert_difference` are the largest in a probability to
    the app's answers; None where there was nothing to compare, for the reason that stands beside it.

    `pictures` says on how many it was verified, `missing` why these are drawings, or "".
    """

    path: str
    bytes: int
    files: tuple[str, ...]
    pictures: int
    missing: str
    difference: float
    keras_difference: float | None
    keras_reason: str
    litert_difference: float | None
    litert_reason: str


def make_bundle(run: Run, target: Path, progress: Progress = silent, *, litert: bool = True) -> Bundle:
    """Writes the bundle of a run with a model to `target`, which appears only when it has been verified.

    Args:
        target: A file in a folder that exists; one that stands there is replaced.
        progress: Told of the phases of `open_dataset`, of "tensorflow", in steps, and of "bundle", "predict" and
            "unpack".
        litert: Whether to try for a LiteRT file too, which takes TensorFlow half a minute.

    Raises:
        RunError: The run has no model, or what it left is broken.
        ExportError: Some answer is not the app's.
        PawlabError: The disk refuses.
        Cancelled: From `progress`.
    """
    manifest = manifest_of(run)
    classifier = Classifier.open(run)
    temporary = target.with_name(f".{uuid4().hex[:12]}.tmp")
    try:
        with tempfile.TemporaryDirectory(prefix="pawlab-") as scratch:
            work = Path(scratch)
            for name in ("bundle", "samples", "keras", "out"):
                (work / name).mkdir()
            folder = work / "bundle"
            samples = take_samples(run, work / "samples", progress)
            expected = list(classifier.classify_all(samples.files))
            progress("bundle", 0, 0)
            write_models(run, folder, manifest)
            found = compare_script(folder, samples.files, expected, progress)
            good = tuple(
                file for file, answer in zip(samples.files, expected, strict=True) if isinstance(answer, Answer)
            )
            keras = compare_keras(folder / "model.keras", classifier, good, work / "keras", litert, progress)
            if keras.litert:
                shutil.move(keras.litert, folder / "model.tflite")
            progress("bundle", 0, 0)
            verified = Verified(found, len(samples.pictures), len(samples.awkward), samples.missing, keras)
            write_papers(run, folder, manifest, samples, verified)
            write_zip(folder, temporary)
            progress("unpack", 0, 0)
            extract_zip(temporary, work / "out" / "bundle", limits=LIMITS)
            check_files(work / "out" / "bundle")
            again = compare_script(work / "out" / "bundle", samples.files, expected, progress)
            if again > max(found, NOISE):  # else the card would say too little
                raise ExportError(f"predict.py differs by {again:.1e}, and by {found:.1e} before", "the same twice")
            files = tuple(sorted(path.name for path in folder.iterdir()))
        temporary.replace(target)
    except OSError as error:
        raise PawlabError(f"{target} cannot be written: {error.strerror or error}") from error
    finally:
        temporary.unlink(missing_ok=True)
    return Bundle(
        str(target),
        target.stat().st_size,
        files,
        len(samples.files),
        samples.missing,
        max(found, again),
        keras.difference,
        keras.reason,
        keras.litert_difference if keras.litert else None,
        keras.litert_reason,
    )


def write_models(run: Run, folder: Path, manifest: Manifest) -> None:
    """What answers: both models, predict.py and what it reads.

    Raises:
        RunError: The run has lost a model.
    """
    for name in ("model.onnx", "model.keras"):
        try:
            shutil.copyfile(run.directory / name, folder / name)
        except FileNotFoundError:
            missing = f"The run {run.id} has no {name}"
            raise RunError(missing, "both models, as Pawlab wrote them", "Train again") from None
    shutil.copyfile(PREDICT, folder / "predict.py")
    _write(folder / "requirements.txt", "".join(f"{name}=={version(name)}\n" for name in PACKAGES))
    _write(folder / "labels.json", labels_json(manifest))


def write_papers(run: Run, folder: Path, manifest: Manifest, samples: Samples, verified: Verified) -> None:
    """What is said of it, and the checksums, last."""
    if samples.dataset is not None:
        _write(folder / "data.json", json.dumps(digests(samples.dataset), ensure_ascii=False))
    answers = _answers(run, folder)
    _write(folder / "run.json", manifest.to_json() + "\n")
    _write(folder / "notebook.ipynb", notebook(manifest, samples.dataset is not None))
    _write(folder / "README.md", model_card(manifest, answers, verified))
    write_sums(folder)


def _answers(run: Run, folder: Path) -> Answers | None:
    """The run's validation answers, and their file into the bundle, where they are whole."""
    try:
        answers = load_answers(run)
    except RunError:
        return None
    shutil.copyfile(run.directory / "validation.npz", folder / "validation.npz")
    return answers


def _write(path: Path, text: str) -> None:
    path.write_text(text, encoding="utf-8", newline="\n")
