"""Makes a run's bundle and verifies it: a zip that fails never appears.

First everything is made in a folder and tested there, so that the model card can state the result; then the finished
zip is unpacked and tested again, as whoever downloads it will use it.
"""

import json
import shutil
import tempfile
from dataclasses import dataclass
from importlib.metadata import version
from pathlib import Path

from core.errors import ExportError, PawlabError, RunError
from core.evaluation.predictions import Predictions, load_predictions
from core.evaluation.splits import predict_test
from core.export.card import model_card
from core.export.compare import compare_keras, compare_script
from core.export.files import LIMITS, check_files, labels_json, write_sums, write_zip
from core.export.manifest import Manifest, manifest_of
from core.export.notebook import notebook
from core.export.samples import Samples, digests, take_samples
from core.export.verification import Verified
from core.inference.classifier import Classifier, Prediction
from core.jobs.progress import Progress, silent
from core.runs.limits import BASE, limits_of, neighbours_of
from core.runs.run import NEIGHBOURS, Run
from core.storage.archives import extract_zip
from core.storage.files import atomic_file

PREDICT = Path(__file__).with_name("predict.py")
NOISE = 1e-6  # between two runs of the same graph, whose threads may sum in different orders
PACKAGES = ("numpy", "onnxruntime", "pillow")


@dataclass(frozen=True)
class Bundle:
    """A verified bundle.

    Attributes:
        images: Number of images that it was verified on.
        missing: Why these are drawings, or "".
        difference, keras_difference, litert_difference: The largest difference between its probabilities and the app's;
            None where there was nothing to compare, for the reason beside it.
    """

    path: str
    bytes: int
    files: tuple[str, ...]
    images: int
    missing: str
    difference: float
    keras_difference: float | None
    keras_reason: str
    litert_difference: float | None
    litert_reason: str


@dataclass(frozen=True)
class Measured:
    """What the papers report: the images compared, the result, and the predictions on the test split, if any."""

    samples: Samples
    verified: Verified
    test: Predictions | None = None


def make_bundle(run: Run, target: Path, progress: Progress = silent, *, litert: bool = True) -> Bundle:
    """Writes the bundle of a run with a model to `target`, which appears only when it has been verified.

    Args:
        target: A file in a folder that exists; an existing file is replaced.
        progress: Reports the phases of `open_dataset`, "tensorflow", in steps, "bundle", "predict" and "unpack".
        litert: Whether to try a LiteRT file too, which takes TensorFlow half a minute.

    Raises:
        RunError: The run has no model, or its files are broken.
        ExportError: A prediction differs from the app's, or model.keras of an imported run does not load.
        PawlabError: The file cannot be written.
        Cancelled: From `progress`.
    """
    manifest = manifest_of(run)
    classifier = Classifier.open(run)
    try:
        with atomic_file(target) as temporary, tempfile.TemporaryDirectory(prefix="pawlab-") as scratch:
            work = Path(scratch)
            for name in ("bundle", "samples", "keras", "out"):
                (work / name).mkdir()
            folder = work / "bundle"
            samples = take_samples(run, work / "samples", progress)
            expected = list(classifier.classify_all(samples.files))
            progress("bundle", 0, 0)
            write_models(run, folder, manifest)
            limits = limits_of(run, classifier.neighbours)
            difference = compare_script(folder, samples.files, expected, limits, progress)
            both = zip(samples.files, expected, strict=True)
            good = tuple(file for file, prediction in both if isinstance(prediction, Prediction))
            model = folder / "model.keras"
            keras = compare_keras(
                model, classifier, good, work / "keras", progress, litert=litert, photos=samples.photos
            )
            if keras.difference is None and run.summary().get("imported"):
                raise ExportError(
                    f"model.keras, which came with the bundle of this run, gives no predictions: {keras.reason}",
                    "a model that loads",
                    "Ask whoever exported it for another bundle",
                )
            if keras.litert:
                shutil.move(keras.litert, folder / "model.tflite")
            progress("bundle", 0, 0)
            verified = Verified(difference, len(samples.images), len(samples.awkward), samples.missing, keras)
            test = predict_test(run, samples.dataset, progress) if samples.dataset else None
            write_papers(run, folder, manifest, Measured(samples, verified, test))
            write_zip(folder, temporary)
            progress("unpack", 0, 0)
            extract_zip(temporary, work / "out" / "bundle", limits=LIMITS)
            check_files(work / "out" / "bundle")
            again = compare_script(work / "out" / "bundle", samples.files, expected, limits, progress)
            if again > max(difference, NOISE):  # more than the model card states
                raise ExportError(
                    f"predict.py differs by {again:.1e}, and by {difference:.1e} before", "the same difference twice"
                )
            files = tuple(sorted(path.name for path in folder.iterdir()))
    except OSError as error:
        raise PawlabError(f"{target} cannot be written: {error.strerror or error}") from error
    return Bundle(
        str(target),
        target.stat().st_size,
        files,
        len(samples.files),
        samples.missing,
        max(difference, again),
        keras.difference,
        keras.reason,
        keras.litert_difference if keras.litert else None,
        keras.litert_reason,
    )


def write_models(run: Run, folder: Path, manifest: Manifest) -> None:
    """Writes both models, the reference set where the run has one, predict.py and its files.

    Raises:
        RunError: A model of the run is missing.
    """
    reference = (NEIGHBOURS, *([BASE] if run.fine_tuning else [])) if manifest.unlike else ()
    for name in ("model.onnx", "model.keras", *reference):
        try:
            shutil.copyfile(run.directory / name, folder / name)
        except FileNotFoundError:
            missing = f"The run {run.id} has no {name}"
            raise RunError(missing, "the models as Pawlab wrote them", "Train again") from None
    shutil.copyfile(PREDICT, folder / "predict.py")
    _write(folder / "requirements.txt", "".join(f"{name}=={version(name)}\n" for name in PACKAGES))
    _write(folder / "labels.json", labels_json(manifest))


def write_papers(run: Run, folder: Path, manifest: Manifest, measured: Measured) -> None:
    """Writes the description of the run, the model card, the notebook, and last the checksums."""
    dataset = measured.samples.dataset
    if dataset is not None:
        _write(folder / "data.json", json.dumps(digests(dataset), ensure_ascii=False))
    predictions = _predictions(run, folder)
    _write(folder / "run.json", manifest.to_json() + "\n")
    _write(folder / "notebook.ipynb", notebook(manifest, by_digest=dataset is not None))
    neighbours = neighbours_of(run) if manifest.unlike else None
    card = model_card(manifest, predictions, measured.verified, neighbours, measured.test)
    _write(folder / "README.md", card)
    write_sums(folder)


def _predictions(run: Run, folder: Path) -> Predictions | None:
    """The run's validation predictions, whose file is copied into the bundle; None where they are broken."""
    try:
        predictions = load_predictions(run)
    except RunError:
        return None
    shutil.copyfile(run.directory / "validation.npz", folder / "validation.npz")
    return predictions


def _write(path: Path, text: str) -> None:
    path.write_text(text, encoding="utf-8", newline="\n")
